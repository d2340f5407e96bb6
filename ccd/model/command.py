"""Outputs of the engine: intents, in the imperative. The switch drivers and the daemon carry them out."""

from typing import Literal

from msgspec import Struct

from ccd.model.ids import CallerId, CallId, Endpoint, LegId, Length, Moment, QuestionId, RecordingId, RequestId
from ccd.model.question import AnyQuestion


class Command(Struct, frozen=True, tag=True, gc=False):
    """Base of all intents.

    All fields are encoded, defaults too: digests are compared, and what counts as a default depends on which object a
    text is.
    """


# --- to a switch; the leg's id names the switch


class Answer(Command, frozen=True):
    """Answer an inbound leg. Result: `LegAnswered`."""

    leg: LegId


class Play(Command, frozen=True):
    """Play sounds one after the other. Result: `PlayEnded` of the same `serial`, always one.

    `sounds` are file names without extension, absolute or of the switch's own sounds. With `until_digit` any key
    stops it (`digit`); a later `Play`, `Hold` or `StopPlay` on the leg stops it (`stopped`), so does `Bridge`.
    """

    leg: LegId
    serial: int
    sounds: tuple[str, ...]
    until_digit: bool = False


class StopPlay(Command, frozen=True):
    """Stop what `Play` plays; nothing if nothing plays."""

    leg: LegId


class Hold(Command, frozen=True):
    """Music on hold until the next `Play`, `Bridge` or `HangUp`. No result."""

    leg: LegId
    music: str = "default"


class Ring(Command, frozen=True):
    """Let a caller who is not answered yet hear that it rings (180). No result."""

    leg: LegId


class RecordMessage(Command, frozen=True):
    """Record what the far end says (voicemail) to the file `name` (no extension) of the recordings' folder. The tone of
    `beep` is part of it: who hears it is recorded, whatever becomes of the daemon.

    Ends after `max_time`, after `silence_time` without speech, or at any key. Result: `MessageRecorded`.
    """

    leg: LegId
    serial: int
    name: str
    max_time: Length
    silence_time: Length
    beep: bool = True


class Dial(Command, frozen=True):
    """Ring `endpoint` as the new leg `leg` (the id is ours). Results: `LegAnswered` or `LegHungUp`.

    `number` is empty for a phone; with it the endpoint is a trunk and the number is dialled through it. `through` is
    the trunk to another switch, whose phone the endpoint is: what it is called there. A `barrier` does not leave before
    the journal that tells of it is safe on the disk: who is called must not be called twice, whatever happens.
    `machine`: have the switch listen whether a person or a machine answered before it says that anybody did (`detect`);
    with `message` a machine has also had its say by then, and records.
    """

    leg: LegId
    endpoint: Endpoint
    ring_time: Length
    number: str = ""
    outbound_cli: str = ""
    cli_name: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    through: Endpoint = Endpoint("")
    barrier: bool = False
    machine: Literal["", "detect", "message"] = ""


class Bridge(Command, frozen=True):
    """Join the customer's leg with an answered `other` one. Result: `LegsBridged` or `BridgeFailed`."""

    leg: LegId
    other: LegId


class HangUp(Command, frozen=True):
    """End a leg. Result: `LegHungUp`. `cause` is Q.850; 26 says "answered elsewhere" to a ringing phone."""

    leg: LegId
    cause: int = 16


class SetVariables(Command, frozen=True):
    """Write our ids onto the channel, so that a daemon with nothing but the switch can rebuild. No result."""

    leg: LegId
    variables: tuple[tuple[str, str], ...]


class StartRecording(Command, frozen=True):
    """Record the leg's bridged time into two channels; `muted` starts paused.

    The file is `recording` of the recordings' folder, raw and with the leg's own side right, which is left once it is
    in its place. Sent before the bridge. Result: `RecordingStarted` or
    `RecordingFailed`.
    """

    leg: LegId
    recording: RecordingId
    muted: bool = False


class PauseRecording(Command, frozen=True):
    """Write silence from now on. Result: `RecordingChanged`."""

    leg: LegId
    recording: RecordingId


class ResumeRecording(Command, frozen=True):
    """End of a pause. Result: `RecordingChanged`."""

    leg: LegId
    recording: RecordingId


class StopRecording(Command, frozen=True):
    """Close the file. Result: `RecordingChanged`."""

    leg: LegId
    recording: RecordingId


class HandBack(Command, frozen=True):
    """Give an inbound leg back to the dialplan at `extension`; ccd has nothing to do with it any more.

    Result: `LegHungUp` with cause 0 at once: for ccd the leg is over.
    """

    leg: LegId
    extension: str


# --- to the daemon


class Ask(Command, frozen=True):
    """A question to the world. Result: one `Answered`; at `deadline` the engine goes on without."""

    question: QuestionId
    what: AnyQuestion
    deadline: Moment


class UpdateCaller(Command, frozen=True):
    """Write fields of a caller's record; the same write twice changes nothing."""

    caller: CallerId
    fields: dict[str, str]


class BlockNumber(Command, frozen=True):
    """Put a number on the do-not-call list of this name, for whoever it belongs to said so in the call."""

    number: str
    list: str
    call: CallId


class Reply(Command, frozen=True):
    """The answer to a request: `refusal` is empty when it was carried out, else says why not."""

    request: RequestId
    refusal: str = ""


SwitchCommand = (
    Answer
    | Play
    | StopPlay
    | Hold
    | Ring
    | RecordMessage
    | Dial
    | Bridge
    | HangUp
    | SetVariables
    | StartRecording
    | PauseRecording
    | ResumeRecording
    | StopRecording
    | HandBack
)
AnyCommand = SwitchCommand | Ask | UpdateCaller | BlockNumber | Reply
