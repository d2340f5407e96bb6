"""Inputs of the engine: what happened, in the past tense. Every one of them is journalled.

The legs of all switches obey one grammar. An inbound leg begins with `LegArrived`, a dialled one with our `Dial`; then
perhaps `LegAnswered`; every command that promises a result gets exactly one; `LegHungUp` comes once and nothing after.
"""

from typing import Literal

from msgspec import Struct

from ccd.model.campaign import CampaignAction, CampaignStanding
from ccd.model.ids import (
    AgentId,
    CallId,
    CampaignId,
    Endpoint,
    LegId,
    Length,
    Moment,
    QuestionId,
    RecordingId,
    RequestId,
    SwitchName,
)
from ccd.model.question import AnswerValue

EndpointState = Literal["idle", "ringing", "in_use", "unreachable"]
PlayResult = Literal["finished", "digit", "stopped", "failed", "lost"]
HungUpBy = Literal["far_end", "us", "switch"]


class Event(Struct, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Base of all inputs."""


# --- the switch


class SwitchUp(Event, frozen=True):
    """The link to a switch is logged in. A new `boot` says that the switch restarted and all its legs are gone."""

    switch: SwitchName
    boot: str


class SwitchDown(Event, frozen=True):
    """The link to a switch is lost; its calls go on without us. `heard_at` is when it was last heard of, 0 for unknown:
    nothing of before was missed.
    """

    switch: SwitchName
    reason: str
    heard_at: Moment = 0


class EndpointChanged(Event, frozen=True):
    """A phone's device state, as the switch tells it."""

    switch: SwitchName
    endpoint: Endpoint
    state: EndpointState


# --- a leg


class LegArrived(Event, frozen=True):
    """A leg came under our control: a caller from a trunk, or an agent's phone that dialled (`endpoint` is set).

    `ani`, `ani_name` and `dnis` are as received, hostile text; `number` is the other party in E.164 (the caller's on
    an inbound call, the dialled one on a phone's call) or empty where there is none.
    `variables` holds our own channel variables, found on a leg that a former daemon had (`CCD_CALL`, …); `bridge` is
    the switch's own id of the bridge that such a leg stands in, empty where it stands in none.
    """

    leg: LegId
    ani: str = ""
    ani_name: str = ""
    dnis: str = ""
    endpoint: Endpoint = Endpoint("")
    number: str = ""
    answered: bool = False
    variables: dict[str, str] = {}
    bridge: str = ""


class LegRinging(Event, frozen=True):
    """A dialled leg rings (180 or 183)."""

    leg: LegId


class LegAnswered(Event, frozen=True):
    """The far end answered a dialled leg, or our `Answer` of an inbound one was carried out. `is_machine`: the switch
    was asked to listen, and it is none of a person.
    """

    leg: LegId
    is_machine: bool = False


class LegsBridged(Event, frozen=True):
    """Audio flows between the two: result of `Bridge(leg, other)`. `at` is when it began to, where that is known to be
    earlier than it is told; else 0.
    """

    leg: LegId
    other: LegId
    at: Moment = 0


class BridgeFailed(Event, frozen=True):
    """The two were not joined (one of them went, mostly): result of `Bridge(leg, other)`."""

    leg: LegId
    other: LegId
    reason: str


class LegReturned(Event, frozen=True):
    """A leg left its bridge, or came back from being moved, and takes commands again.

    `at` is when that was, where it is known to be earlier than it is told; else 0.
    """

    leg: LegId
    at: Moment = 0


class LegReferred(Event, frozen=True):
    """The far end of a talk asked (REFER) to send this leg to `dialled`; the leg takes commands again."""

    leg: LegId
    dialled: str
    number: str = ""


class LegHeld(Event, frozen=True):
    """The phone put its call on hold (`held`) or took it back."""

    leg: LegId
    held: bool


class LegHungUp(Event, frozen=True):
    """The end of a leg, the last event of it. `cause` is the Q.850 code, `sip_code` 0 where there is none, `at` when it
    ended, where that is known to be earlier than it is told.
    """

    leg: LegId
    cause: int
    by: HungUpBy = "far_end"
    sip_code: int = 0
    at: Moment = 0


class DigitPressed(Event, frozen=True):
    """One key of the far end: `0`-`9`, `*`, `#`, `A`-`D`. While a secret is collected the digit reads `?`."""

    leg: LegId
    digit: str


class PlayEnded(Event, frozen=True):
    """Result of `Play` of the same `serial`; `lost` where nobody knows how far it came: the daemon began anew."""

    leg: LegId
    serial: int
    result: PlayResult


class MessageRecorded(Event, frozen=True):
    """Result of `RecordMessage` of the same `serial`; `length` is what was recorded, 0 for nothing."""

    leg: LegId
    serial: int
    length: Length
    result: Literal["finished", "hung_up", "stopped", "failed"]


class RecordingStarted(Event, frozen=True):
    """Result of `StartRecording`: the switch writes the file (muted if that was asked)."""

    leg: LegId
    recording: RecordingId


class RecordingChanged(Event, frozen=True):
    """Result of `PauseRecording`, `ResumeRecording` or `StopRecording`."""

    leg: LegId
    recording: RecordingId
    state: Literal["paused", "recording", "stopped"]


class RecordingFailed(Event, frozen=True):
    """Result of a recording command that the switch did not carry out."""

    leg: LegId
    recording: RecordingId
    reason: str


# --- everything else that the engine did not compute itself


class Answered(Event, frozen=True):
    """The answer to an `Ask`. `value` is None where nobody could tell in time or the asked service is away."""

    question: QuestionId
    value: AnswerValue = None


class ConfigurationLoaded(Event, frozen=True):
    """From now on this configuration holds; the engine was given its value under this hash beforehand."""

    hash: str


class AgentStanding(Struct, frozen=True):
    """Where an agent stood when a former daemon last journalled it."""

    agent: AgentId
    state: str
    reason: str
    endpoint: Endpoint
    idle_since: Moment
    since: Moment


class AgentsRestored(Event, frozen=True):
    """After a restart: the agents as they were, from the journal."""

    agents: tuple[AgentStanding, ...]


class CallsRecalled(Event, frozen=True):
    """After a restart: the calls on a switch that a former daemon had not seen the end of, by its journal."""

    calls: tuple[CallId, ...]
    switch: SwitchName = SwitchName("")


class CampaignsRestored(Event, frozen=True):
    """After a restart: the campaigns as they were, from the contact store."""

    campaigns: tuple[CampaignStanding, ...]


class TimersHeld(Event, frozen=True):
    """Nobody looked for a while (a daemon begins where another ended, or stood still): what became due meanwhile waits
    until it is known what happened, and no offers are made.
    """


class TimersReleased(Event, frozen=True):
    """It is known: what is due fires, and offers are made."""


class TimePassed(Event, frozen=True):
    """Nothing but the clock: the pump woke for `deadline()`."""


# --- requests of people and programs (HTTP API, command line); each is answered by one `Reply`


class Request(Event, frozen=True):
    """Base of the requests; `by` names who asked (a token's or an agent's name)."""

    request: RequestId
    by: str


class LogInRequested(Request, frozen=True):
    """Bind an agent to a phone; the credentials were checked at the door."""

    agent: AgentId
    endpoint: Endpoint


class LogOutRequested(Request, frozen=True):
    agent: AgentId


class PauseRequested(Request, frozen=True):
    agent: AgentId
    reason: str = ""


class UnpauseRequested(Request, frozen=True):
    agent: AgentId


class EndWrapUpRequested(Request, frozen=True):
    agent: AgentId


class HangUpRequested(Request, frozen=True):
    call: CallId


class RecordingRequested(Request, frozen=True):
    call: CallId
    action: Literal["start", "pause", "resume", "stop"]


class CampaignRequested(Request, frozen=True):
    """Start a campaign, or hold it up in one of the ways there are."""

    campaign: CampaignId
    action: CampaignAction


class ContactsChanged(Request, frozen=True):
    """There are more contacts of a campaign, or other ones: it may ask again."""

    campaign: CampaignId


class NumberBlocked(Request, frozen=True):
    """The number is on a do-not-call list now; what is not dialled yet of it is not dialled. `campaigns` are those that
    the list holds for.
    """

    number: str
    campaigns: tuple[CampaignId, ...]


class DispositionRequested(Request, frozen=True):
    """What came of an attempt, as the agent says, in the talk or after it. `call_back_at` with a disposition that is a
    call-back; `is_personal`: to the same agent.
    """

    attempt: CallId
    disposition: str
    call_back_at: Moment = 0
    is_personal: bool = False
    note: str = ""


class PreviewRequested(Request, frozen=True):
    """An agent has looked at the contact he was shown."""

    agent: AgentId
    action: Literal["accept", "skip"]


SwitchEvent = (
    SwitchUp
    | SwitchDown
    | EndpointChanged
    | LegArrived
    | LegRinging
    | LegAnswered
    | LegsBridged
    | BridgeFailed
    | LegReturned
    | LegReferred
    | LegHeld
    | LegHungUp
    | DigitPressed
    | PlayEnded
    | MessageRecorded
    | RecordingStarted
    | RecordingChanged
    | RecordingFailed
)
AnyRequest = (
    LogInRequested
    | LogOutRequested
    | PauseRequested
    | UnpauseRequested
    | EndWrapUpRequested
    | HangUpRequested
    | RecordingRequested
    | CampaignRequested
    | ContactsChanged
    | NumberBlocked
    | DispositionRequested
    | PreviewRequested
)
AnyEvent = (
    SwitchEvent
    | Answered
    | ConfigurationLoaded
    | AgentsRestored
    | CallsRecalled
    | CampaignsRestored
    | TimersHeld
    | TimersReleased
    | TimePassed
    | AnyRequest
)
