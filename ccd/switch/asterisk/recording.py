"""The recording of a leg's talks: MixMonitor, started by the dialplan in front of the bridge.

`CCD_MONITOR` holds MixMonitor's arguments; ccd-bridge starts it and empties the variable. That costs the bridge no wait
for an AGI slot, and the AMI account no write class `system`. The file is raw 16-bit stereo of 8000 Hz, the leg's own
side left (option D), only of the time in a bridge (b), whatever bridges there are. Muting writes silence.
"""

from typing import Literal

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
    """One leg's recording: at most one at a time. Every command gets its one result, at the latest by `close`."""

    def __init__(self, output: Output, leg: LegId, unique: str) -> None:
        self._output = output
        self._leg = leg
        self._unique = unique
        self._recording = RecordingId("")
        self._phase: Phase = "none"
        self._muted = False
        self._monitor_id = ""
        self._asked = 0

    def start(self, recording: RecordingId, muted: bool) -> None:
        """Arm it: it begins with the next bridge. Result: RecordingStarted then."""
        try:
            path = f"{self._output.settings.recordings}/{safe_name(recording)}.{EXTENSION}"
        except UnsafeText as error:
            self._fail(recording, str(error))
            return
        if self._phase != "none":
            self._fail(recording, f"{self._recording} is being recorded")
            return
        self._recording, self._muted, self._phase = recording, muted, "armed"
        self._set("CCD_RECORDING", recording)
        self._set("CCD_MONITOR", f"{path},bDi(CCD_MONITOR_ID)")

    def started(self) -> None:
        """MixMonitorStart on this leg: ask for the id that pausing and stopping need."""
        if self._phase != "armed":
            return
        self._phase = "started"
        if self._muted:  # at once and without an id, which would cost another way there and back
            self._output.act("MixMonitorMute", self._mute_headers(""))
            self._set("CCD_RECORDING_STATE", "paused")
        self._ask_id()

    def pause(self, recording: RecordingId) -> None:
        """Silence from now on; one that has not begun will begin so."""
        self._switch(recording, True)

    def resume(self, recording: RecordingId) -> None:
        """The end of a pause."""
        self._switch(recording, False)

    def stop(self, recording: RecordingId) -> None:
        """Close the file; one that has not begun never does."""
        if recording != self._recording or self._phase in ("none", "started"):
            self._fail(recording, "it does not run")
        elif self._phase == "armed":
            self._phase = "none"
            self._set("CCD_MONITOR", "")
            self._fail(recording, "stopped before it began")
            self._output.emit(RecordingChanged(self._leg, recording, "stopped"))
        else:
            headers = [("Channel", self._unique), ("MixMonitorID", self._monitor_id)]
            self._ask("StopMixMonitor", headers, recording, "stopped")

    def close(self) -> None:
        """The leg is over, and the file with it."""
        if self._phase in ("armed", "started"):
            self._fail(self._recording, "the leg ended before it began")
        for _ in range(self._asked):
            self._output.emit(RecordingChanged(self._leg, self._recording, "stopped"))
        self._asked, self._phase = 0, "none"

    def link_returned(self) -> None:
        """What was asked before the link was lost has no answer; what runs still does."""
        for _ in range(self._asked):
            self._fail(self._recording, "the link was lost")
        self._asked = 0
        if self._phase == "started":
            self._ask_id()

    def _ask_id(self) -> None:
        self._output.act("Getvar", [("Channel", self._unique), ("Variable", "CCD_MONITOR_ID")], self._told_id)

    def _told_id(self, answer: EventList | None) -> None:
        if self._phase != "started":
            return
        self._monitor_id = answer.response.get("Value") if answer is not None and answer.response is not None else ""
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
        elif self._phase == "armed":
            self._muted = muted
            self._output.emit(RecordingChanged(self._leg, recording, state))
        else:
            self._muted = muted
            self._ask("MixMonitorMute", self._mute_headers(self._monitor_id), recording, state)
            self._set("CCD_RECORDING_STATE", state)

    def _mute_headers(self, monitor_id: str) -> list[tuple[str, str]]:
        headers = [("Channel", self._unique), ("Direction", "both"), ("State", "1" if self._muted else "0")]
        return [*headers, ("MixMonitorID", monitor_id)] if monitor_id else headers

    def _ask(self, action: str, headers: list[tuple[str, str]], recording: RecordingId, state: State) -> None:
        self._asked += 1
        self._output.act(action, headers, lambda answer: self._answered(recording, state, answer))

    def _answered(self, recording: RecordingId, state: State, answer: EventList | None) -> None:
        if self._asked == 0:  # told when the leg ended
            return
        self._asked -= 1
        if not is_success(answer):
            self._fail(recording, said(answer))
            return
        if state == "stopped":
            self._phase = "none"
        self._output.emit(RecordingChanged(self._leg, recording, state))

    def _fail(self, recording: RecordingId, reason: str) -> None:
        self._output.emit(RecordingFailed(self._leg, recording, reason))

    def _set(self, name: str, value: str) -> None:
        self._output.act("Setvar", [("Channel", self._unique), ("Variable", name), ("Value", value)])
