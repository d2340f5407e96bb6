"""The call record: one a call, with every leg, step, queue visit, offer, talk and recording inside.

A moment of 0 is one that has not come (yet); a length of 0 likewise. A call keeps its record's id.
"""

from typing import Literal

from msgspec import Struct

from ccd.model.campaign import AnsweredBy, AttemptOutcome
from ccd.model.fact import Direction, OfferOutcome, VisitOutcome
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
)


class Step(Struct, frozen=True, omit_defaults=True):
    """A step of the flow that the caller went through; `result` is the verb's own word, empty while it runs."""

    flow: str
    step: str
    verb: str
    entered_at: Moment
    left_at: Moment = 0
    result: str = ""


class QueueVisit(Struct, frozen=True, omit_defaults=True):
    """One stay in one queue; `outcome` is None while the caller waits. `wait_time` counts from its entry."""

    queue: QueueId
    entered_at: Moment
    waiting_since: Moment
    priority: Length = 0
    left_at: Moment = 0
    outcome: VisitOutcome | None = None
    wait_time: Length = 0


class Candidate(Struct, frozen=True, omit_defaults=True):
    """An agent looked at for a caller: levels in the order of the queue's skills; `refusal` says why not he."""

    agent: AgentId
    levels: tuple[int, ...] = ()
    idle_since: Moment = 0
    refusal: str = ""


ShadowResult = Literal["same", "other_agent", "nobody", "no_queue", "sooner"]
"""What a shadow policy says of a decision. `nobody`: nobody whom it may ask is free. `no_queue`: it has no such queue.
`sooner`: it would have offered a call that waits."""


class ShadowRemark(Struct, frozen=True, omit_defaults=True):
    """What the shadow policy said of an offer; `would` is whom it would have taken, if anybody."""

    result: ShadowResult
    would: AgentId = AgentId("")


class Explanation(Struct, frozen=True, omit_defaults=True):
    """Why that agent: the candidates, best first; and what the shadow policy said, where there was one."""

    candidates: tuple[Candidate, ...]
    shadow: ShadowRemark | None = None


class Offer(Struct, frozen=True, omit_defaults=True):
    """An agent's phone rang for the call; `outcome` is None while it rings."""

    offer: OfferId
    agent: AgentId
    queue: QueueId
    leg: LegId
    made_at: Moment
    idle_since: Moment
    trigger: str
    ended_at: Moment = 0
    outcome: OfferOutcome | None = None
    cause: int = 0
    explanation: Explanation | None = None


class Talk(Struct, frozen=True, omit_defaults=True):
    """Two legs in one bridge; `agent` is empty where none takes part."""

    agent: AgentId
    leg: LegId
    other: LegId
    began_at: Moment
    ended_at: Moment = 0
    talk_time: Length = 0
    ended_by: str = ""


class Leg(Struct, frozen=True, omit_defaults=True):
    """A leg of the call; `endpoint` and `number` are of a dialled one. `why` is the dial policy's rule."""

    leg: LegId
    began_at: Moment
    endpoint: Endpoint = Endpoint("")
    number: str = ""
    why: str = ""
    ended_at: Moment = 0
    cause: int = 0
    sip_code: int = 0
    ended_by: str = ""


class ForbiddenDial(Struct, frozen=True):
    """A number that the dial policy did not let through, and its rule."""

    at: Moment
    number: str
    why: str


class Segment(Struct, frozen=True, omit_defaults=True):
    """A stretch of a recording, with sound or (`muted`) silent; they follow one another without a gap."""

    began_at: Moment
    muted: bool = False
    ended_at: Moment = 0
    by: str = ""


class Recording(Struct, frozen=True, omit_defaults=True):
    """A recording of the call; `path` (below the recordings' folder), `length` (samples a channel) and `checksum`
    (SHA-256, hex) are there when the file is. `lost` says what went wrong, if anything.
    """

    recording: RecordingId
    began_at: Moment
    why: str = ""
    segments: tuple[Segment, ...] = ()
    ended_at: Moment = 0
    ended_by: str = ""
    lost: str = ""
    path: str = ""
    length: int = 0
    checksum: str = ""


class Voicemail(Struct, frozen=True, omit_defaults=True):
    """A message left; `name` is the recording's id in the recordings' folder, `length` what the switch measured."""

    mailbox: str
    name: str
    left_at: Moment
    length: Length
    path: str = ""
    checksum: str = ""


class DialAttempt(Struct, frozen=True, omit_defaults=True):
    """Of a call that a campaign dialled: why that was allowed, and what became of it. `abandoned_at`: counted as
    abandoned then, for no agent was there in time.
    """

    campaign: CampaignId
    contact: ContactId
    attempt: int
    reasons: tuple[str, ...] = ()
    answered_at: Moment = 0
    answered_by: AnsweredBy | None = None
    abandoned_at: Moment = 0
    outcome: AttemptOutcome | None = None


class Cdr(Struct, frozen=True, omit_defaults=True):
    """The record of one call.

    `answered_at` is the first bridge of the caller (an outbound call: of the callee) with the other side. `wait_time`
    is the sum of the visits', `talk_time` that of the talks. `omitted` counts facts beyond the record's bound.
    """

    call: CallId
    direction: Direction
    started_at: Moment
    ani: str = ""
    ani_name: str = ""
    dnis: str = ""
    number: str = ""
    caller: CallerId = CallerId("")
    created: bool = False
    flow: str = ""
    flow_version: str = ""
    answered_at: Moment = 0
    ended_at: Moment = 0
    ended_by: str = ""
    cause: int = 0
    wait_time: Length = 0
    talk_time: Length = 0
    way: tuple[Step, ...] = ()
    visits: tuple[QueueVisit, ...] = ()
    offers: tuple[Offer, ...] = ()
    talks: tuple[Talk, ...] = ()
    legs: tuple[Leg, ...] = ()
    forbidden: tuple[ForbiddenDial, ...] = ()
    recordings: tuple[Recording, ...] = ()
    not_recorded: str = ""
    voicemails: tuple[Voicemail, ...] = ()
    attempt: DialAttempt | None = None
    broken: str = ""
    omitted: int = 0
