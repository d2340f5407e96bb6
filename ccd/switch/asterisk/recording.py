"""The recording of a leg's talks: MixMonitor, started by the dialplan in front of the bridge.

`CCD_MONITOR` holds MixMonitor's arguments; ccd-bridge starts it. That costs the bridge no wait for an AGI slot, and the
AMI account no write class `system`. The file is raw 16-bit stereo of 8000 Hz (option D), only of the time in a bridge
(b), one talk appended to the other (a). Muting writes silence of the same length.

The monitor is carried by the *other* leg of each talk, not by the customer's, so the customer's side is the right one.
What is written to a channel is decoded for its monitors by one decoder for all its life, and that drops a stream whose
RTP sequence numbers begin behind those of the stream before: carried by the customer's leg, half of all second agents
were not heard in the recording (22.10.1, live test). The other leg is new for each talk.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from ccd.model.command import PauseRecording, ResumeRecording, StartRecording, StopRecording
from ccd.model.event import RecordingChanged, RecordingFailed, RecordingStarted
from ccd.model.ids import LegId, RecordingId
from ccd.switch.asterisk.action import is_success, said
from ccd.switch.asterisk.agi import UnsafeText, safe_name
from ccd.switch.asterisk.output import Output
from ccd.wire.ami import EventList

EXTENSION = "raw"
State = Literal["paused", "recording", "stopped"]
Phase = Literal["none", "armed", "started", "running"]


class Monitor:
    """One leg's recording: at most one at a time. Every command gets its one result, at the latest by `close`.

    `armed` until the first talk, `started` until its monitor's id is known, then `running`, also between talks.
    """

    def __init__(self, output: Output, leg: LegId, unique: str) -> None:
        self._output = output
        self._leg = leg
        self._unique = unique
        self._recording = RecordingId("")
        self._phase: Phase = "none"
        self._muted = False
        self._carrier = ""
        self._monitor_id = ""
        self._asked = 0
        self._recalled: list[StartRecording | PauseRecording | ResumeRecording | StopRecording] = []

    @property
    def recording(self) -> RecordingId | None:
        """What the next talk is recorded as, where it is."""
        return self._recording if self._phase != "none" else None

    @property
    def is_on(self) -> bool:
        """Whether the next talk is to be recorded."""
        return self._phase != "none"

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
        self._set(self._unique, "CCD_RECORDING", recording)

    def recall(
        self,
        recording: RecordingId,
        muted: bool,
        has_talked: bool,
        carrier: str,
        due: Sequence[StartRecording | PauseRecording | ResumeRecording | StopRecording],
    ) -> None:
        """What a former driver had begun; of `due` it had not told the results. In a talk it runs by the dialplan."""
        self._recording, self._muted, self._carrier = recording, muted, carrier
        self._phase = "running" if has_talked else "armed"
        self._recalled = [*due]

    def _recalled_results(self) -> None:
        """Once more what the former session may have left undone: to mute or stop twice changes nothing."""
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

    def carried_by(self, unique: str) -> None:
        """A talk is about to begin: the channel `unique` goes through ccd-bridge."""
        self.talk_ended()
        self._carrier = unique
        path = f"{self._output.settings.recordings}/{self._recording}.{EXTENSION}"
        self._set(unique, "CCD_MONITOR", f"{path},abDi(CCD_MONITOR_ID)")

    def monitor_started(self, unique: str) -> None:
        """MixMonitorStart on the carrier: ask for the id that pausing and stopping need."""
        if unique != self._carrier or self._phase == "none":
            return
        if self._phase == "armed":
            self._phase = "started"
        if self._muted:  # at once and without an id, which would cost another way there and back
            self._output.act("MixMonitorMute", self._mute_headers())
        self._ask_id()

    def start_was_missed(self) -> None:
        """The talk has begun, so its monitor has, or never will."""
        if self._phase == "armed":
            self.monitor_started(self._carrier)

    def was_heard(self) -> None:
        """The talk is over, and there is sound in it."""
        if self._phase in ("armed", "started"):
            self._phase = "running"
            self._recalled = [command for command in self._recalled if not isinstance(command, StartRecording)]
            self._output.emit(RecordingStarted(self._leg, self._recording))

    def talk_ended(self) -> None:
        """The leg is out of its bridge. Its carrier may go to another talk, which is not to be heard here."""
        if self._carrier:
            self._output.act("StopMixMonitor", self._headers())
            self._set(self._carrier, "CCD_MONITOR", "")
            self._carrier = self._monitor_id = ""

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
        if self._phase in ("armed", "started"):
            self._fail(recording, "stopped before it began")
        self._phase = "none"
        if self._carrier:
            self._ask("StopMixMonitor", self._headers(), recording, "stopped")
            self._carrier = self._monitor_id = ""
        else:
            self._output.emit(RecordingChanged(self._leg, recording, "stopped"))

    def close(self) -> None:
        """The leg is over, and the file with it."""
        if self._phase in ("armed", "started"):
            self._fail(self._recording, "the leg ended before it began")
        for command in self._recalled:
            if not isinstance(command, StartRecording):
                self._output.emit(RecordingChanged(self._leg, command.recording, "stopped"))
            elif self._phase == "running":
                self._output.emit(RecordingStarted(self._leg, command.recording))
        self._recalled = []
        self.talk_ended()
        for _ in range(self._asked):
            self._output.emit(RecordingChanged(self._leg, self._recording, "stopped"))
        self._asked, self._phase = 0, "none"

    def link_returned(self) -> None:
        """What was asked before the link was lost has no answer; what runs still does."""
        for _ in range(self._asked):
            self._fail(self._recording, "the link was lost")
        self._asked = 0
        if self._carrier and self._phase in ("started", "running"):
            if self._muted:  # whether the former session's command arrived is not known, and it may be sent twice
                self._output.act("MixMonitorMute", self._mute_headers())
            self._ask_id()
        self._recalled_results()

    def _ask_id(self) -> None:
        headers = [("Channel", self._carrier), ("Variable", "CCD_MONITOR_ID")]
        self._output.act("Getvar", headers, self._if_same_carrier(self._told_id))

    def _if_same_carrier(self, then: Callable[[EventList | None], None]) -> Callable[[EventList | None], None]:
        carrier = self._carrier
        return lambda answer: then(answer) if carrier == self._carrier else None

    def _told_id(self, answer: EventList | None) -> None:
        self._monitor_id = answer.response.get("Value") if answer is not None and answer.response is not None else ""
        if self._phase != "started":
            return
        if not self._monitor_id:
            self._phase = "none"
            self._fail(self._recording, f"no id: {said(answer)}")
            return
        self._phase = "running"
        self._output.emit(RecordingStarted(self._leg, self._recording))

    def _switch(self, recording: RecordingId, muted: bool) -> None:
        state: State = "paused" if muted else "recording"
        if recording != self._recording or self._phase == "none":
            self._fail(recording, "it does not run")
            return
        self._muted = muted
        self._set(self._unique, "CCD_RECORDING_STATE", state)
        if self._carrier:
            self._ask("MixMonitorMute", self._mute_headers(), recording, state)
        else:
            self._output.emit(RecordingChanged(self._leg, recording, state))

    def _headers(self) -> list[tuple[str, str]]:
        """Without an id all monitors of the channel are meant: ours, in the moment before its id is known."""
        headers = [("Channel", self._carrier)]
        return [*headers, ("MixMonitorID", self._monitor_id)] if self._monitor_id else headers

    def _mute_headers(self) -> list[tuple[str, str]]:
        return [*self._headers(), ("Direction", "both"), ("State", "1" if self._muted else "0")]

    def _ask(self, action: str, headers: list[tuple[str, str]], recording: RecordingId, state: State) -> None:
        self._asked += 1
        self._output.act(action, headers, lambda answer: self._answered(recording, state, answer))

    def _answered(self, recording: RecordingId, state: State, answer: EventList | None) -> None:
        if self._asked == 0:  # told when the leg ended
            return
        self._asked -= 1
        if is_success(answer):
            self._output.emit(RecordingChanged(self._leg, recording, state))
        else:
            self._fail(recording, said(answer))

    def _fail(self, recording: RecordingId, reason: str) -> None:
        self._output.emit(RecordingFailed(self._leg, recording, reason))

    def _set(self, unique: str, name: str, value: str) -> None:
        self._output.act("Setvar", [("Channel", unique), ("Variable", name), ("Value", value)])
