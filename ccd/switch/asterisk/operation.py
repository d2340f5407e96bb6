"""What a leg does by AGI commands: play, hold with music, record a message. Each tells its result once."""

from collections.abc import Callable
from typing import Literal

from ccd.model.command import Play, RecordMessage
from ccd.model.event import MessageRecorded, PlayEnded, PlayResult, SwitchEvent
from ccd.model.ids import SECOND, Length, RecordingId
from ccd.switch.asterisk.agi import Result, music_on, record_file, stream_file
from ccd.switch.asterisk.output import Output

Emit = Callable[[SwitchEvent], None]
SOMETHING: Length = 1
"""The length of a message whose end nobody saw (the link was away, a former driver began it): the file knows it."""
UNWRITTEN = 3 * SECOND
"""So much of a message Asterisk may not have written yet: it writes 32 KiB at a time, 2 s of one channel."""
Fate = Literal["runs", "over", "never began"]


class Operation:
    """Something that holds a leg's slot: one AGI command, or one after the other."""

    needs_move = False
    """Whether only a move of the leg ends the command."""
    until_digit = False

    def command(self) -> str:
        """The text of the next command."""
        raise NotImplementedError

    def executed(self, result: Result, hung_up: bool) -> bool:
        """The command's result; whether another command follows."""
        return False

    def stop(self) -> None:
        """Its command is asked to end."""

    def digit(self) -> None:
        """A key of the far end ended it (only where `until_digit`)."""

    def lost(self) -> None:
        """No result will come any more, or it never began."""

    def goes_on_unseen(self) -> bool:
        """The link was away while it ran. Whether it is to go on; then it is asked for its `fate`."""
        return False

    def fate(self) -> Fate:
        """What became of a command that nobody saw."""
        return "over"


class Playing(Operation):
    """Sounds one after the other."""

    def __init__(self, play: Play, emit: Emit) -> None:
        self._play = play
        self._commands = [stream_file(sound, play.until_digit) for sound in play.sounds]
        self._next = 0
        self._told = False
        self._emit = emit
        self.until_digit = play.until_digit

    def command(self) -> str:
        self._next += 1
        return self._commands[self._next - 1]

    def executed(self, result: Result, hung_up: bool) -> bool:
        if self._told:
            return False
        if result.code == 0 and self._next < len(self._commands):
            return True
        if result.code < 0:
            self._tell("stopped" if hung_up else "failed")
        else:
            self._tell("digit" if result.code else "finished")
        return False

    def stop(self) -> None:
        self._tell("stopped")

    def digit(self) -> None:
        self._tell("digit")

    def lost(self) -> None:
        self._tell("stopped")

    def _tell(self, result: PlayResult) -> None:
        if not self._told:
            self._told = True
            self._emit(PlayEnded(self._play.leg, self._play.serial, result))


class Music(Operation):
    """Music on hold: its command does not block, the music goes on until something else sounds."""

    def __init__(self, music: str) -> None:
        self._command = music_on(music)

    def command(self) -> str:
        return self._command


class Recording(Operation):
    """A message of the far end. The result waits for the command's, which knows the length."""

    needs_move = True

    def __init__(self, record: RecordMessage, output: Output) -> None:
        self._unknown: Length = 0
        self._record = record
        path = f"{output.settings.recordings}/{record.name}"
        self._command = record_file(path, record.max_time, record.silence_time, beep=record.beep)
        self._stopped = False
        self._told = False
        self._output = output

    def command(self) -> str:
        return self._command

    def executed(self, result: Result, hung_up: bool) -> bool:
        if self._stopped:  # by a move, which AGI takes for a hang-up
            self._tell("stopped", result.length)
        elif hung_up or result.word == "hangup":
            self._tell("hung_up", result.length)
        else:
            self._tell("failed" if result.code < 0 else "finished", result.length)
        return False

    def stop(self) -> None:
        self._stopped = True

    def goes_on_unseen(self) -> bool:
        self._unknown = SOMETHING
        return not self._stopped

    def fate(self) -> Fate:
        """By its file, which grows while it runs; silence would have ended it in time."""
        written = self._output.last_written(RecordingId(self._record.name))
        if not written:
            return "never began"
        return "over" if written + self._record.silence_time + UNWRITTEN < self._output.now else "runs"

    def lost(self) -> None:
        self._tell("stopped" if self._stopped else "hung_up", self._unknown)

    def _tell(self, result: Literal["finished", "hung_up", "stopped", "failed"], length: Length) -> None:
        if not self._told:
            self._told = True
            self._output.emit(MessageRecorded(self._record.leg, self._record.serial, length, result))
