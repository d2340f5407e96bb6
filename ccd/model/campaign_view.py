"""Campaigns as people see them: how they stand, their contacts and attempts, what they may not call, their report.

As in `ccd.model.view` a moment of 0 is one that has not come, and `None` stands for "there is none".
"""

from typing import Literal

from msgspec import Struct

from ccd.model.campaign import AnsweredBy, AttemptOutcome, CampaignState, Decision
from ccd.model.ids import AgentId, CallId, CampaignId, ContactId, Endpoint, Length, Moment, QueueId

LawName = Literal["us", "uk"]
ContactState = Literal["waiting", "taken", "dialling", "done"]
"""`taken`: given to be dialled, and not dialled yet; `done`: not dialled any more."""
ImportKind = Literal["contacts", "do_not_call"]
ImportState = Literal["waiting", "running", "done", "failed"]


class CapView(Struct, frozen=True):
    """What the cap counts in its period, from `began` to `ends`: live answers, those of them without an agent in time,
    machines. `share` is by `law`'s definition, `surplus` = target x live - abandoned. `rolling_share`, of the last 30
    days, is reported and not promised. `is_stopped`: no dials until somebody resumes the campaign; `excess_losses`
    counts how often more held agents were lost than are covered.
    """

    law: LawName
    target: float
    is_hard: bool
    spare: int
    began: Moment
    ends: Moment
    live: int = 0
    abandoned: int = 0
    machines: int = 0
    share: float = 0.0
    rolling_share: float = 0.0
    surplus: float = 0.0
    is_stopped: bool = False
    excess_losses: int = 0


class TrunkUse(Struct, frozen=True):
    """Dialled calls on a trunk now, those of other campaigns too; the limits are 0 where there is none."""

    trunk: Endpoint
    calls: int
    most_calls: int = 0
    calls_per_second: int = 0


class ContactCounts(Struct, frozen=True):
    """A campaign's contacts. `due` are those of the waiting whose time has come, `done` is by what ended them."""

    waiting: int = 0
    due: int = 0
    taken: int = 0
    dialling: int = 0
    done: dict[str, int] = {}


class CampaignView(Struct, frozen=True):
    """A campaign. `hindrance` is what keeps it from dialling, in words; empty: nothing does.

    `ringing` lines, `waiting` answered calls without an agent yet; agents `ready`, `talking`, `wrapping_up` for it, of
    them `held` for nothing else. `at_hand` are contacts given and not dialled, `shown` those that agents look at.
    `decision` is the last one of its pacing, `contacts` None where the store is not asked or away.
    """

    id: CampaignId
    name: str
    queue: QueueId
    state: CampaignState
    reason: str
    algorithm: str
    cap: CapView
    rank: int = 0
    hindrance: str = ""
    ringing: int = 0
    waiting: int = 0
    ready: int = 0
    talking: int = 0
    wrapping_up: int = 0
    held: tuple[AgentId, ...] = ()
    shown: int = 0
    at_hand: int = 0
    decision: Decision | None = None
    trunks: tuple[TrunkUse, ...] = ()
    contacts: ContactCounts | None = None


class PlacedView(Struct, frozen=True):
    """A decision that led to dials, of which cap, trunks and contacts at hand left `allowed`; `said` is it in words."""

    decision: Decision
    allowed: int
    said: str = ""


class ChangeView(Struct, frozen=True):
    """A campaign went from one state to another."""

    at: Moment
    old: CampaignState
    new: CampaignState
    reason: str
    by: str = ""


class CampaignWhy(Struct, frozen=True):
    """What a campaign does and why: as it stands, `now` in words, its last decisions that dialled, newest first."""

    campaign: CampaignView
    now: tuple[str, ...] = ()
    placed: tuple[PlacedView, ...] = ()
    changes: tuple[ChangeView, ...] = ()


class AttemptView(Struct, frozen=True):
    """One dial of a contact. `reasons` is why it was allowed, rule by rule; `attempt` its how-manieth, 1 the first."""

    call: CallId
    campaign: CampaignId
    contact: ContactId
    number: str
    number_index: int
    attempt: int
    began_at: Moment
    trunk: Endpoint = Endpoint("")
    outbound_cli: str = ""
    reasons: tuple[str, ...] = ()
    answered_at: Moment = 0
    by: AnsweredBy | None = None
    connected_at: Moment = 0
    abandoned_at: Moment = 0
    ended_at: Moment = 0
    outcome: AttemptOutcome | None = None
    cause: int = 0
    sip_code: int = 0
    agent: AgentId = AgentId("")
    disposition: str = ""
    note: str = ""


class ContactView(Struct, frozen=True):
    """Somebody to reach. `number_index` says which of the numbers comes next, `due_at` when at the earliest; `result`
    is what ended it, or what came of the last attempt. `agent`: only he may be given it (a personal call-back); until
    `locked_until` only an agent who is held for it.
    """

    id: ContactId
    campaign: CampaignId
    numbers: tuple[str, ...]
    state: ContactState
    number_index: int = 0
    key: str = ""
    name: str = ""
    fields: dict[str, str] = {}
    zone: str = ""
    priority: int = 0
    due_at: Moment = 0
    result: str = ""
    is_call_back: bool = False
    agent: AgentId = AgentId("")
    locked_until: Moment = 0
    attempts: tuple[AttemptView, ...] = ()


class PreviewView(Struct, frozen=True):
    """The contact that an agent looks at; it is dialled when he says so, at `until` at the latest (0: never)."""

    campaign: CampaignId | None = None
    contact: ContactId | None = None
    name: str = ""
    number: str = ""
    fields: dict[str, str] = {}
    attempts: int = 0
    until: Moment = 0
    is_accepted: bool = False


class Blocked(Struct, frozen=True):
    """A number on a do-not-call list: since when, why, who put it there."""

    list: str
    at: Moment = 0
    reason: str = ""
    by: str = ""


class ImportView(Struct, frozen=True):
    """A file that was uploaded, on its way into `target`, a campaign or a do-not-call list. `size` and `done` are its
    bytes; `rows` were read, `added`, were there already (`duplicates`), are on a do-not-call list (`blocked`), or were
    wrong (`wrong`; which and why, the errors tell). `reason` says why it failed.
    """

    id: str
    kind: ImportKind
    target: str
    state: ImportState
    by: str
    began_at: Moment
    ended_at: Moment = 0
    size: int = 0
    done: int = 0
    rows: int = 0
    added: int = 0
    duplicates: int = 0
    blocked: int = 0
    wrong: int = 0
    reason: str = ""


class ReportDay(Struct, frozen=True):
    """A day, or the whole period, as the law counts: `dials` began in it; answers and abandoned calls count where the
    answer was. `unknown` are attempts of which nobody saw the end: they count as answered and abandoned.

    `us_share` = abandoned / live. `uk_share` = effective / (handled + effective), with handled = live - abandoned and
    effective = abandoned x (1 - machines / (machines + handled)).
    """

    began: Moment
    dials: int = 0
    live: int = 0
    abandoned: int = 0
    machines: int = 0
    talked: int = 0
    unknown: int = 0
    talk_time: Length = 0
    us_share: float = 0.0
    uk_share: float = 0.0


class LargestShare(Struct, frozen=True):
    """The largest share at any instant of the period, and when that was; `live` answers had been by then."""

    share: float = 0.0
    at: Moment = 0
    live: int = 0
    abandoned: int = 0


class CampaignReport(Struct, frozen=True):
    """The regulator's numbers of a campaign, from `began` until before `ended`, by the law that it is under and by the
    other. `longest_wait` of those who were given to an agent, from the answer. `days` are in the site's time zone.
    """

    campaign: CampaignId
    name: str
    law: LawName
    target: float
    began: Moment
    ended: Moment
    zone: str
    total: ReportDay
    largest_us: LargestShare
    largest_uk: LargestShare
    longest_wait: Length = 0
    outcomes: dict[str, int] = {}
    dispositions: dict[str, int] = {}
    days: tuple[ReportDay, ...] = ()
