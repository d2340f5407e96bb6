"""The centre as it stands, for those who look: the HTTP API, the command line, the metrics.

A moment of 0 is one that has not come. Lists are in the order of the configuration (agents, queues) or of arrival
(calls). `None` stands for "there is none", never for "unknown".
"""

from typing import Literal

from msgspec import Struct

from ccd.model.caller import Caller
from ccd.model.campaign_view import CampaignView
from ccd.model.cdr import Candidate, Cdr
from ccd.model.event import EndpointState
from ccd.model.fact import AgentState, AnyFact, Direction
from ccd.model.ids import AgentId, CallerId, CallId, Endpoint, Length, Moment, OfferId, QueueId, RecordingId, SwitchName

CallPhase = Literal["flow", "waiting", "dialling", "talking", "ending"]
RecordingState = Literal["none", "recording", "paused", "stopped", "declined", "lost"]


class SwitchView(Struct, frozen=True):
    """The link to a switch; `reason` says why it is down. `calls` are those whose customer is on it."""

    name: SwitchName
    up: bool
    since: Moment
    reason: str = ""
    calls: int = 0


class HealthPart(Struct, frozen=True):
    """One thing the centre needs (`switch asterisk`, `redis`, `journal`, `recordings`).

    `required` parts decide whether the centre is ready for calls; without the others it runs on, less well.
    """

    name: str
    ok: bool
    required: bool
    detail: str = ""


class Health(Struct, frozen=True):
    """`ready` says whether calls can be taken: every required part is well."""

    ready: bool
    parts: tuple[HealthPart, ...]


class AgentView(Struct, frozen=True):
    """An agent. `since` is the beginning of `state`, `idle_since` what the longest-idle rule counts from.

    `call` is the call that he is offered or talks in; `missed` the offers missed in a row; `back_off_until` the end of
    the rest after one.
    """

    id: AgentId
    name: str
    number: str
    state: AgentState
    since: Moment
    reason: str = ""
    idle_since: Moment = 0
    endpoint: Endpoint = Endpoint("")
    endpoint_state: EndpointState | None = None
    call: CallId | None = None
    skills: dict[str, int] = {}
    missed: int = 0
    back_off_until: Moment = 0


class CallView(Struct, frozen=True):
    """A call that runs. `position` counts from 1 within its queue; `agent` is who rings or talks."""

    id: CallId
    direction: Direction
    phase: CallPhase
    started_at: Moment
    ani: str = ""
    ani_name: str = ""
    number: str = ""
    dnis: str = ""
    caller: CallerId | None = None
    flow: str = ""
    step: str = ""
    queue: QueueId | None = None
    position: int = 0
    waiting_since: Moment = 0
    agent: AgentId | None = None
    talk_began_at: Moment = 0
    recording: RecordingId | None = None
    recording_state: RecordingState = "none"


class QueueView(Struct, frozen=True):
    """A queue: now (`waiting` callers, agents by state among those whose skills fit) and since `counted_since`.

    `staffed` agents are logged in, `ready` of them free, `talking` in a talk. Service level is
    `answered_in_time / offered` with `service_level_time` as the limit; `offered` counts the visits that ended.
    """

    id: QueueId
    name: str
    requires: tuple[tuple[str, int], ...] = ()
    waiting: int = 0
    longest_waiting_since: Moment = 0
    ready: int = 0
    staffed: int = 0
    talking: int = 0
    offered: int = 0
    answered: int = 0
    answered_in_time: int = 0
    abandoned: int = 0
    service_level_time: Length = 0
    counted_since: Moment = 0


class CentreView(Struct, frozen=True):
    """Everything at one moment; `configuration` is the hash of what holds."""

    at: Moment
    site: str
    version: str
    started_at: Moment
    configuration: str
    switches: tuple[SwitchView, ...]
    health: Health
    agents: tuple[AgentView, ...]
    calls: tuple[CallView, ...]
    queues: tuple[QueueView, ...]
    campaigns: tuple[CampaignView, ...] = ()


class CallPage(Struct, frozen=True):
    """Call records, the newest first; `next_before` asks for the next page, 0 when there is none."""

    calls: tuple[Cdr, ...]
    next_before: Moment = 0


class CallerPage(Struct, frozen=True):
    """Callers found; `next_cursor` asks for the next page, empty when there is none."""

    callers: tuple[Caller, ...]
    next_cursor: str = ""


class Noted(Struct, frozen=True):
    """A fact and when it became one."""

    at: Moment
    fact: AnyFact


class OfferReason(Struct, frozen=True):
    """Why an offer went to this agent, in plain words, and who else was looked at (best first).

    `skills` names what the candidates' `levels` are of; `shadow` is what the shadow policy would have done, where there
    was one.
    """

    offer: OfferId
    agent: AgentId
    queue: QueueId
    made_at: Moment
    outcome: str
    reason: str
    skills: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    shadow: str = ""


class Why(Struct, frozen=True):
    """What happened with a call and why: its record, and the reason of every offer."""

    call: Cdr
    offers: tuple[OfferReason, ...]
