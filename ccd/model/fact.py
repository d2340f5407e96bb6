"""Outcomes of the engine: what was decided and what it meant.

They are journalled; call records, statistics and lists are folds over them.
"""

from typing import Literal

from msgspec import Struct

from ccd.model.ids import (
    AgentId,
    CallerId,
    CallId,
    Endpoint,
    LegId,
    Length,
    Moment,
    OfferId,
    QueueId,
    RecordingId,
    SwitchName,
)

AgentState = Literal["logged_out", "ready", "offered", "talking", "wrap_up", "paused"]
Direction = Literal["inbound", "outbound", "internal"]
OfferOutcome = Literal["accepted", "refused", "busy", "expired", "unreachable", "withdrawn", "lost"]
VisitOutcome = Literal[
    "answered", "abandoned", "overflowed", "no_agent", "voicemail", "callback", "lost", "handed_back"
]


class Fact(Struct, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Base of all outcomes."""


class CallStarted(Fact, frozen=True):
    call: CallId
    leg: LegId
    direction: Direction
    ani: str
    ani_name: str
    dnis: str
    number: str
    flow: str = ""
    flow_version: str = ""


class CallerIdentified(Fact, frozen=True):
    call: CallId
    caller: CallerId
    created: bool


class StepEntered(Fact, frozen=True):
    call: CallId
    flow: str
    step: str
    verb: str


class StepLeft(Fact, frozen=True):
    """`result` is the verb's own word: `key 2`, `timeout`, `true`; never what was collected in secret."""

    call: CallId
    step: str
    result: str


class LegDialled(Fact, frozen=True):
    """A leg of ours outside or to a colleague; `why` is the dial policy's rule. Of an agent's leg `OfferMade` tells."""

    call: CallId
    leg: LegId
    endpoint: Endpoint
    number: str = ""
    why: str = ""


class DialForbidden(Fact, frozen=True):
    call: CallId
    number: str
    why: str


class LegEnded(Fact, frozen=True):
    call: CallId
    leg: LegId
    cause: int
    by: str
    sip_code: int = 0
    ended_at: Moment = 0
    """Where that is earlier than it was told."""


class QueueEntered(Fact, frozen=True):
    call: CallId
    queue: QueueId
    waiting_since: Moment
    priority: Length


class OfferMade(Fact, frozen=True):
    """The pair that was chosen: the best agent for this caller, or who waits longest of those this agent may serve.

    `leg` is the agent's, dialled for it at `endpoint`; `idle_since` is the agent's, `trigger` says which side of the
    pair made the match possible.
    """

    offer: OfferId
    call: CallId
    queue: QueueId
    agent: AgentId
    leg: LegId
    idle_since: Moment
    trigger: Literal["caller", "agent"]
    endpoint: Endpoint = Endpoint("")


class OfferEnded(Fact, frozen=True):
    offer: OfferId
    call: CallId
    agent: AgentId
    outcome: OfferOutcome
    cause: int = 0


class QueueLeft(Fact, frozen=True):
    call: CallId
    queue: QueueId
    outcome: VisitOutcome
    wait_time: Length


class TalkBegan(Fact, frozen=True):
    """Two legs were bridged; `agent` is empty where none takes part. `began_at` where that was earlier than it is told
    (nobody was there to see it), else 0.
    """

    call: CallId
    leg: LegId
    other: LegId
    agent: AgentId
    began_at: Moment = 0


class TalkEnded(Fact, frozen=True):
    """`ended_at` where that was earlier than it is told (nobody was there to see it), else 0."""

    call: CallId
    talk_time: Length
    ended_by: Literal["caller", "agent", "us", "switch"]
    ended_at: Moment = 0


class AgentChanged(Fact, frozen=True):
    """`idle_since` counts from login or the end of wrap-up; `endpoint` is the phone of the login."""

    agent: AgentId
    old: AgentState
    new: AgentState
    reason: str
    endpoint: Endpoint
    idle_since: Moment
    back_off_until: Moment = 0


class EndpointNoted(Fact, frozen=True):
    endpoint: Endpoint
    state: str


class SwitchNoted(Fact, frozen=True):
    """Whether a switch obeys; the first one of the configuration has no name here, as in its phones' names."""

    switch: SwitchName
    is_up: bool


class RecordingBegan(Fact, frozen=True):
    call: CallId
    recording: RecordingId
    muted: bool
    why: str
    began_at: Moment = 0


class RecordingPaused(Fact, frozen=True):
    call: CallId
    recording: RecordingId
    by: str


class RecordingResumed(Fact, frozen=True):
    call: CallId
    recording: RecordingId
    by: str


class RecordingEnded(Fact, frozen=True):
    """`ended_at` as that of `TalkEnded`."""

    call: CallId
    recording: RecordingId
    by: str
    ended_at: Moment = 0


class RecordingLost(Fact, frozen=True):
    """The switch did not do it; an alarm, not a detail."""

    call: CallId
    recording: RecordingId
    reason: str


class RecordingDeclined(Fact, frozen=True):
    """Why a call is not recorded: policy, share, the caller's opt-out."""

    call: CallId
    why: str


class MessageLeft(Fact, frozen=True):
    """A voicemail: file `name` of the recordings' folder."""

    call: CallId
    mailbox: str
    name: str
    length: Length


class CallEnded(Fact, frozen=True):
    call: CallId
    ended_by: Literal["caller", "agent", "us", "switch"]
    cause: int
    ended_at: Moment = 0
    """Where that is earlier than it was told."""


class ConfigurationTaken(Fact, frozen=True):
    hash: str


class FlowBroken(Fact, frozen=True):
    """A flow did what it cannot do (too many steps, a step that is not there); the call was ended with an excuse."""

    call: CallId
    step: str
    reason: str


AnyFact = (
    CallStarted
    | CallerIdentified
    | StepEntered
    | StepLeft
    | LegDialled
    | DialForbidden
    | LegEnded
    | QueueEntered
    | OfferMade
    | OfferEnded
    | QueueLeft
    | TalkBegan
    | TalkEnded
    | AgentChanged
    | EndpointNoted
    | SwitchNoted
    | RecordingBegan
    | RecordingPaused
    | RecordingResumed
    | RecordingEnded
    | RecordingLost
    | RecordingDeclined
    | MessageLeft
    | CallEnded
    | ConfigurationTaken
    | FlowBroken
)
