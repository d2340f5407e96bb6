"""What is recorded, and what becomes of the recording of a call."""

import hashlib
from typing import TYPE_CHECKING

from ccd.core.call import Call, Recording
from ccd.core.configuration import RecordingPolicy
from ccd.model.command import PauseRecording, ResumeRecording, StartRecording, StopRecording
from ccd.model.event import RecordingChanged, RecordingFailed
from ccd.model.fact import (
    RecordingBegan,
    RecordingDeclined,
    RecordingEnded,
    RecordingLost,
    RecordingPaused,
    RecordingResumed,
)
from ccd.model.ids import CallId, Moment, RecordingId

if TYPE_CHECKING:
    from ccd.core.floor import Floor

NEVER = "policy: never"


def prepare(floor: "Floor", call: Call, policy: RecordingPolicy) -> None:
    """Have the switch ready to record from the next bridge on, once a call, if policy, flow and caller want it."""
    if call.recording is not None or call.recording_declined:
        return
    mode = call.recording_mode or policy.mode
    refusal = NEVER if mode == "never" else why_not(floor, call, mode, policy)
    if refusal:
        call.recording_declined = True
        floor.note(RecordingDeclined(call.id, refusal))
        return
    muted = mode == "on_demand"
    call.recording = Recording(RecordingId(f"{call.id}-talk"), muted, muted, mode)
    floor.send_last(StartRecording(call.leg, call.recording.id, muted))


def why_not(floor: "Floor", call: Call, mode: str, policy: RecordingPolicy) -> str:
    """Why a call is not recorded that might be; empty if it is."""
    if mode == "share" and draw(floor.seed, call.id) >= policy.share:
        return f"policy: a share of {policy.share:g}, not drawn"
    return ""


def draw(seed: int, call: CallId) -> float:
    """A number in [0, 1) that depends on the seed and the call alone."""
    digest = hashlib.blake2b(f"{seed}/{call}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def on_talk_began(floor: "Floor", call: Call, began_at: Moment) -> None:
    """The first bridge: from here on there is sound in the file, or since `began_at`."""
    recording = call.recording
    if recording is None or recording.begun:
        return
    recording.begun = True
    if recording.failure:
        lose(floor, call, recording)
    else:
        floor.note(RecordingBegan(call.id, recording.id, recording.paused, recording.by, began_at))


def on_customer_gone(floor: "Floor", call: Call, at: Moment) -> None:
    """The customer's leg ended, and the recording with it; at `at`, where that is known to be earlier."""
    recording = call.recording
    if recording is not None and recording.begun and not recording.ended:
        by = recording.by if recording.stopped else "hang-up"
        recording.stopped = recording.ended = True
        floor.note(RecordingEnded(call.id, recording.id, by, at if call.talk_began < at < floor.now else 0))


def request(floor: "Floor", call: Call, action: str, by: str) -> str:
    """Start, pause, resume or stop on request; returns why not, or nothing."""
    recording = call.recording
    if recording is None:
        return "this call is not recorded"
    if recording.stopped or call.leg not in floor.legs:
        return "the recording has ended"
    if action == "stop":
        recording.stopped = True
        floor.send(StopRecording(call.leg, recording.id))
    elif action == "pause":
        if recording.paused:
            return "the recording is paused already"
        recording.paused = True
        floor.send(PauseRecording(call.leg, recording.id))
    else:
        if not recording.paused:
            return "the recording is running already"
        recording.paused = False
        floor.send(ResumeRecording(call.leg, recording.id))
    recording.by = by
    return ""


def toggle(floor: "Floor", call: Call, what: str, by: str) -> None:
    """The agent's key: `record` starts an on-demand recording or stops it, `pause` pauses and resumes."""
    recording = call.recording
    if recording is None:
        return
    if what == "record" and not recording.paused:
        request(floor, call, "stop", by)
    else:
        request(floor, call, "resume" if recording.paused else "pause", by)


def on_changed(floor: "Floor", call: Call, event: RecordingChanged) -> None:
    """The switch did what it was told."""
    by = call.recording.by if call.recording else ""
    if call.recording is not None and event.state == "stopped":
        call.recording.ended = True
    kinds: dict[str, type[RecordingPaused | RecordingResumed | RecordingEnded]] = {
        "paused": RecordingPaused,
        "recording": RecordingResumed,
        "stopped": RecordingEnded,
    }
    floor.note(kinds[event.state](call.id, event.recording, by))


def on_failed(floor: "Floor", call: Call, event: RecordingFailed) -> None:
    """The switch did not; the call goes on. It is a loss only if there is talk: a caller who gave up lost nothing."""
    recording = call.recording
    if recording is None or recording.stopped:
        return
    recording.failure = event.reason
    if recording.begun:
        lose(floor, call, recording)


def lose(floor: "Floor", call: Call, recording: Recording) -> None:
    """There is talk that is not recorded: an alarm."""
    recording.stopped = recording.ended = True
    floor.note(RecordingLost(call.id, recording.id, recording.failure))
