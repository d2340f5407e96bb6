"""Outcomes of the engine: what was decided and what it meant.

They are journalled; call records, statistics and lists are folds over them.
"""

from typing import Literal

from msgspec import Struct

from ccd.model.campaign import AnsweredBy, AttemptOutcome, CampaignState, Decision
from ccd.model.ids import (
    AgentId,
    CallerId,
    CallId,
    CampaignId,
    ContactId,
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


# --- the dialler; an attempt is named by its call


class CampaignChanged(Fact, frozen=True):
    campaign: CampaignId
    old: CampaignState
    new: CampaignState
    reason: str
    by: str = ""


class AgentHeld(Fact, frozen=True):
    """From now on he is there for this campaign's calls and no others."""

    agent: AgentId
    campaign: CampaignId


class AgentLetGo(Fact, frozen=True):
    """He is not held any more: he left, or others need him."""

    agent: AgentId
    campaign: CampaignId
    reason: str


class CallsPlaced(Fact, frozen=True):
    """Why so many are dialled; an `AttemptBegan` for each follows. `allowed` is what cap and trunks left of them."""

    campaign: CampaignId
    decision: Decision
    allowed: int


class AttemptBegan(Fact, frozen=True):
    """A contact is dialled: from here on it counts as dialled. `reasons` is why that was allowed, rule by rule;
    `number_index` which of its numbers it is, `attempt` its how-manieth (1 is the first), `wanted` the agent that it is
    for, if for one.
    """

    campaign: CampaignId
    contact: ContactId
    call: CallId
    number: str
    number_index: int
    attempt: int
    trunk: Endpoint
    outbound_cli: str
    reasons: tuple[str, ...]
    wanted: AgentId = AgentId("")


class AttemptAnswered(Fact, frozen=True):
    campaign: CampaignId
    contact: ContactId
    call: CallId
    by: AnsweredBy


class AttemptConnected(Fact, frozen=True):
    """An agent talks with the one who answered; whether in time, `AttemptAbandoned` says, or is not there."""

    campaign: CampaignId
    contact: ContactId
    call: CallId
    agent: AgentId


class AttemptAbandoned(Fact, frozen=True):
    """Counted as the law counts it, at this moment: a person answered, and no agent was there in time."""

    campaign: CampaignId
    contact: ContactId
    call: CallId


class AttemptEnded(Fact, frozen=True):
    """What became of it. The contact is dialled again at `next_at`, at its `next_index`-th number; 0: never."""

    campaign: CampaignId
    contact: ContactId
    call: CallId
    outcome: AttemptOutcome
    cause: int = 0
    sip_code: int = 0
    next_at: Moment = 0
    next_index: int = 0
    locked_until: Moment = 0
    """Until then only for an agent who is held for it."""
    agent: AgentId = AgentId("")
    """Who talked."""


class ContactReturned(Fact, frozen=True):
    """Given to be dialled, and not dialled: as before, it waits for its turn."""

    campaign: CampaignId
    contact: ContactId
    reason: str


class ContactForbidden(Fact, frozen=True):
    """The last look before the dial said no. `is_final`: it is not tried again; else as `ContactReturned`."""

    campaign: CampaignId
    contact: ContactId
    number: str
    reason: str
    is_final: bool


class DispositionSet(Fact, frozen=True):
    """What the agent said of an attempt; `next_at` and `is_done` say what it means for the contact: 0 and false change
    nothing. `is_call_back`: that time was asked for, and comes before others; `personal` is whose call-back it is.
    """

    campaign: CampaignId
    contact: ContactId
    attempt: CallId
    agent: AgentId
    disposition: str
    next_at: Moment = 0
    is_done: bool = False
    personal: AgentId = AgentId("")
    note: str = ""
    is_call_back: bool = False


class ContactShown(Fact, frozen=True):
    """Preview: the agent looks at this contact; it is dialled when he says so, at `until` at the latest (0: never)."""

    campaign: CampaignId
    contact: ContactId
    agent: AgentId
    until: Moment = 0


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
    | CampaignChanged
    | AgentHeld
    | AgentLetGo
    | CallsPlaced
    | AttemptBegan
    | AttemptAnswered
    | AttemptConnected
    | AttemptAbandoned
    | AttemptEnded
    | ContactReturned
    | ContactForbidden
    | DispositionSet
    | ContactShown
)
