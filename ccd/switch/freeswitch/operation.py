"""What a leg does by executed applications: play, hold with music, record a message. Each tells its result once.

Their Event-UUIDs, which come back with what became of them, are made of the engine's serials: a daemon that begins anew
knows those of the former one.
"""

from typing import Literal

from ccd.model.command import Play, RecordMessage
from ccd.model.event import MessageRecorded, PlayEnded, PlayResult
from ccd.model.ids import MILLISECOND, SECOND, Length, Moment, RecordingId
from ccd.switch.freeswitch.output import Output
from ccd.switch.freeswitch.text import number, safe_file, safe_name
from ccd.wire.esl import Event

SOMETHING: Length = 1
"""The length of a message whose end nobody saw (the link was away, a former driver began it): the file knows it."""
UNBUFFERED = ("enable_file_write_buffering", "false")
"""Else FreeSWITCH writes 64 KiB at a time, 2 s of a talk, 4 of a message, which its death would take along."""
UNWRITTEN = SECOND
"""So much of a message may not have been written yet."""
LOUDNESS = 200
"""What counts as speech, in FreeSWITCH's own measure."""
TONE = "tone_stream://%(500,0,640)"
ANY, NONE = "any", "none"
"""`playback_terminators`: unset, the key `*` ends what plays."""
Fate = Literal["runs", "over", "never began"]


class Operation:
    """Something that holds a leg's slot: one application, or one after the other."""

    application = "playback"
    until_digit = False
    variables: tuple[tuple[str, str], ...] = ()
    """What the channel must have for it."""

    def begin(self) -> tuple[str, str]:
        """The argument and the Event-UUID of the next application."""
        raise NotImplementedError

    def executed(self, event: Event | None, hung_up: bool) -> bool:
        """It is over; whether another one follows. None: it never began."""
        return False

    def stop(self) -> None:
        """Its application is asked to end."""

    def digit(self) -> None:
        """A key of the far end ended it (only where `until_digit`)."""

    def lost(self) -> None:
        """No result will come any more, or it never began."""

    def goes_on_unseen(self, running: str) -> bool:
        """The link was away while it ran, and `running` is the argument of what the channel executed last. Whether it
        is to go on; then it is asked for its `fate`.
        """
        return False

    def fate(self) -> Fate:
        """What became of an application that nobody saw."""
        return "runs"


class Playing(Operation):
    """Sounds one after the other."""

    def __init__(self, output: Output, play: Play) -> None:
        self._play = play
        self._sounds = [safe_file(sound) + ".wav" for sound in play.sounds]
        self._next = 0
        self._told = False
        self._output = output
        self.until_digit = play.until_digit
        self.variables = (("playback_terminators", ANY if play.until_digit else NONE),)

    def begin(self) -> tuple[str, str]:
        self._next += 1
        return self._sounds[self._next - 1], f"play.{self._play.serial}.{self._next}"

    def executed(self, event: Event | None, hung_up: bool) -> bool:
        """Application-Response says FILE PLAYED, too, of what was broken off, but FILE NOT FOUND it says truly."""
        response = event.get("Application-Response") if event is not None else "PLAYBACK ERROR"
        if response == "FILE NOT FOUND":
            self._tell("failed")
        elif hung_up:
            self._tell("stopped")
        elif response != "FILE PLAYED":
            self._tell("failed")
        elif self.until_digit and event is not None and event.variable("playback_terminator_used"):
            self._tell("digit")
        elif self._next < len(self._sounds):
            return not self._told
        self._tell("finished")
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
            self._output.emit(PlayEnded(self._play.leg, self._play.serial, result))


class Music(Operation):
    """Music on hold, until it is stopped. Not `endless_playback`, which a break only restarts, and which lets no key
    be heard.
    """

    variables = (("playback_terminators", NONE),)

    def __init__(self, output: Output, music: str) -> None:
        self._argument = f"local_stream://{safe_name(music)}"
        self._output = output
        self._count = 0
        self._began: Moment = 0

    def begin(self) -> tuple[str, str]:
        self._count += 1
        self._began = self._output.now
        return self._argument, f"music.{self._began // MILLISECOND}.{self._count}"

    def executed(self, event: Event | None, hung_up: bool) -> bool:
        """It ends by itself only when the stream is loaded anew, or at once where there is none."""
        return self._output.now - self._began > SECOND

    def goes_on_unseen(self, running: str) -> bool:
        return running == self._argument


class Message(Operation):
    """A message of the far end, with the tone in front as part of it (`record_indication`). The result waits for the
    application's, which knows the length.
    """

    application = "record"

    def __init__(self, output: Output, record: RecordMessage) -> None:
        self._unknown: Length = 0
        self._record = record
        path = safe_file(f"{output.settings.recordings}/{record.name}")
        silence = max(1, round(record.silence_time / SECOND))
        self._argument = f"{path}.wav {max(1, -(-record.max_time // SECOND))} {LOUDNESS} {silence}"
        self.variables = (
            ("playback_terminators", ANY),
            ("record_indication", TONE if record.beep else ""),
            UNBUFFERED,
        )
        self._stopped = False
        self._told = False
        self._output = output

    def begin(self) -> tuple[str, str]:
        return self._argument, self.event_id

    @property
    def event_id(self) -> str:
        """Its Event-UUID."""
        return f"message.{self._record.serial}"

    def executed(self, event: Event | None, hung_up: bool) -> bool:
        length = 0 if event is None else number(event.variable("record_ms")) * MILLISECOND
        if self._stopped:
            self._tell("stopped", length)
        elif hung_up:
            self._tell("hung_up", length or self._unknown)
        else:
            self._tell("finished" if length else "failed", length)
        return False

    def stop(self) -> None:
        self._stopped = True

    def goes_on_unseen(self, running: str) -> bool:
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
