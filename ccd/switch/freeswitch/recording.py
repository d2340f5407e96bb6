"""The recording of a leg's talks: `uuid_record` on that leg, begun with its first bridge, one file for all its talks.

The file is raw 16-bit, two channels of 8000 Hz, the leg's own side right (`RECORD_STEREO_SWAP`), of bridged time only
(`RECORD_BRIDGE_REQ`): what ccd's recordings' folder expects of every switch. Masked, silence of the same length is
written. Neither mask nor unmask raises an event, so their answers are the results.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from ccd.model.command import PauseRecording, ResumeRecording, StartRecording, StopRecording
from ccd.model.event import RecordingChanged, RecordingFailed, RecordingStarted
from ccd.model.ids import LegId, RecordingId
from ccd.switch.freeswitch.operation import UNBUFFERED
from ccd.switch.freeswitch.output import Output
from ccd.switch.freeswitch.question import Answer, is_success, said
from ccd.switch.freeswitch.text import UnsafeText, safe_name

State = Literal["paused", "recording", "stopped"]
Phase = Literal["none", "armed", "asked", "open", "running"]
RecordingCommand = StartRecording | PauseRecording | ResumeRecording | StopRecording
HOW = (
    ("RECORD_STEREO_SWAP", "true"),
    ("RECORD_BRIDGE_REQ", "true"),
    ("RECORD_MIN_SEC", "0"),
    ("record_sample_rate", "8000"),
    UNBUFFERED,
)
"""Without RECORD_MIN_SEC a file of less than three seconds is deleted."""


class Monitor:
    """One leg's recording: at most one at a time. Every command gets its one result, at the latest by `close`.

    `armed` until the first bridge is asked for, `asked` until FreeSWITCH has opened the file, `open` until there is
    talk, then `running`, also between talks.
    """

    def __init__(
        self, output: Output, leg: LegId, uuid: str, write: Callable[[Sequence[tuple[str, str]]], None]
    ) -> None:
        self._output = output
        self._leg = leg
        self._uuid = uuid
        self._write = write
        self._recording = RecordingId("")
        self._phase: Phase = "none"
        self._muted = False
        self._talks = False
        self._asked = 0
        self._recalled: list[RecordingCommand] = []

    @property
    def recording(self) -> RecordingId | None:
        """What the talks are recorded as, where they are."""
        return self._recording if self._phase != "none" else None

    def start(self, recording: RecordingId, muted: bool) -> None:
        """Arm it: it begins with the next talk. Result: RecordingStarted then."""
        try:
            safe_name(recording)
        except UnsafeText as error:
            self._fail(recording, str(error))
            return
        if self._phase != "none":
            self._fail(recording, f"{self._recording} is being recorded")
            return
        self._recording, self._muted, self._phase = recording, muted, "armed"
        self._write((*HOW, ("CCD_RECORDING", recording), ("CCD_RECORDING_STATE", "paused" if muted else "recording")))

    def talk_begins(self) -> None:
        """The bridge was asked for: what there is of it before both are in it is not written (RECORD_BRIDGE_REQ)."""
        if self._phase != "armed":
            return
        self._phase = "asked"
        recording = self._recording
        self._record("start", lambda answer: self._opened(recording, answer))
        if self._muted:
            self._record("mask")

    def talk_began(self) -> None:
        """The two are in the bridge."""
        self._talks = True
        self._tell_start()

    def was_heard(self) -> None:
        """The talk is over, and there is sound in it."""
        if self._phase in ("armed", "asked", "open"):
            self._recalled = [command for command in self._recalled if not isinstance(command, StartRecording)]
            self._phase = "open"
            self._tell_start()

    def pause(self, recording: RecordingId) -> None:
        """Silence from now on, also in the talks that follow."""
        self._switch(recording, True)

    def resume(self, recording: RecordingId) -> None:
        """The end of a pause."""
        self._switch(recording, False)

    def stop(self, recording: RecordingId) -> None:
        """Close the file; one that has not begun never does."""
        if recording != self._recording or self._phase == "none":
            self._fail(recording, "it does not run")
            return
        phase, self._phase = self._phase, "none"
        if phase != "running":
            self._fail(recording, "stopped before it began")
        if phase == "armed":
            self._output.emit(RecordingChanged(self._leg, recording, "stopped"))
        else:
            self._ask("stop", recording, "stopped")

    def close(self) -> None:
        """The leg is over, and the file with it."""
        if self._phase in ("armed", "asked", "open"):
            self._fail(self._recording, "the leg ended before it began")
            self._recalled = [command for command in self._recalled if not isinstance(command, StartRecording)]
        for command in self._recalled:
            if isinstance(command, StartRecording):
                self._output.emit(RecordingStarted(self._leg, command.recording))
            else:
                self._output.emit(RecordingChanged(self._leg, command.recording, "stopped"))
        self._recalled = []
        for _ in range(self._asked):
            self._output.emit(RecordingChanged(self._leg, self._recording, "stopped"))
        self._asked, self._phase = 0, "none"

    # --- after the link was away, or a former driver

    def recall(self, recording: RecordingId, muted: bool, has_talked: bool, due: Sequence[RecordingCommand]) -> None:
        """What a former driver had begun; of `due` it had not told the results."""
        self._recording, self._muted, self._talks = recording, muted, has_talked
        self._phase = "running" if has_talked else "armed"
        self._recalled = [*due]

    def link_returned(self, is_bridged: bool) -> None:
        """What was asked before the link was lost has no answer; what runs still does. To ask once more for a start, a
        mask or a stop changes nothing: of a file that is being recorded FreeSWITCH says +OK and goes on.
        """
        for _ in range(self._asked):
            self._fail(self._recording, "the link was lost")
        self._asked = 0
        if self._phase in ("asked", "open") or (self._phase == "armed" and is_bridged):
            self._phase, self._talks = "armed", is_bridged
            self.talk_begins()
        elif self._phase == "running" and self._muted:
            self._record("mask")
        self._recalled_results()

    def _recalled_results(self) -> None:
        due, self._recalled = self._recalled, []
        for command in due:
            match command:
                case StartRecording() if self._phase == "running":
                    self._output.emit(RecordingStarted(self._leg, command.recording))
                case PauseRecording() | ResumeRecording():
                    self._switch(command.recording, self._muted)
                case StopRecording():
                    self.stop(command.recording)
                case _:
                    pass

    # --- inside

    def _opened(self, recording: RecordingId, answer: Answer) -> None:
        if self._phase != "asked" or recording != self._recording:
            return
        if is_success(answer):
            self._phase = "open"
            self._tell_start()
        else:
            self._phase = "none"
            self._fail(recording, said(answer))

    def _tell_start(self) -> None:
        if self._phase == "open" and self._talks:
            self._phase = "running"
            self._output.emit(RecordingStarted(self._leg, self._recording))

    def _switch(self, recording: RecordingId, muted: bool) -> None:
        state: State = "paused" if muted else "recording"
        if recording != self._recording or self._phase == "none":
            self._fail(recording, "it does not run")
            return
        self._muted = muted
        self._write((("CCD_RECORDING_STATE", state),))
        if self._phase == "armed":
            self._output.emit(RecordingChanged(self._leg, recording, state))
        else:
            self._ask("mask" if muted else "unmask", recording, state)

    def _ask(self, action: str, recording: RecordingId, state: State) -> None:
        self._asked += 1
        self._record(action, lambda answer: self._answered(recording, state, answer))

    def _answered(self, recording: RecordingId, state: State, answer: Answer) -> None:
        if self._asked == 0:  # told when the leg ended
            return
        self._asked -= 1
        if is_success(answer):
            self._output.emit(RecordingChanged(self._leg, recording, state))
        else:
            self._fail(recording, said(answer))

    def _record(self, action: str, then: Callable[[Answer], None] | None = None) -> None:
        path = f"{self._output.settings.recordings}/{self._recording}.raw"
        self._output.api("uuid_record", f"{self._uuid} {action} {path}", then)

    def _fail(self, recording: RecordingId, reason: str) -> None:
        self._output.emit(RecordingFailed(self._leg, recording, reason))
