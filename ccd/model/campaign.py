"""The dialler's words: contacts as they are given to be dialled, what became of an attempt, why so many."""

from typing import Literal

from msgspec import Struct

from ccd.model.ids import AgentId, CallId, CampaignId, ContactId, Moment

CampaignState = Literal["stopped", "running", "paused", "draining"]
"""`paused` and `draining` dial nothing new; when the last line of a draining one has ended it is stopped."""
CampaignAction = Literal["start", "pause", "resume", "stop", "drain"]
AnsweredBy = Literal["person", "machine", "unknown"]
"""`unknown`: nobody saw it, and the worst is taken: it counts as a person."""
AttemptOutcome = Literal[
    "talked",
    "abandoned",
    "hung_up",
    "machine",
    "busy",
    "no_answer",
    "refused",
    "unreachable",
    "congested",
    "cancelled",
    "lost",
]
"""A dial's result. `talked` with an agent; `abandoned`: a person answered and no agent came in time; `hung_up`: he left
before that; `unreachable`: there is no such number; `congested`: the trunk or the switch could not; `cancelled`: we
gave it up while it rang; `lost`: nobody knows, it counts as dialled.
"""


class Contact(Struct, frozen=True, omit_defaults=True):
    """One to be dialled now, at `number` (E.164), the `number_index`-th of its `numbers`.

    The store has checked calling hours, do-not-call lists and counts, and says so in `checks`; that holds until
    `callable_until`. `agent` is set for a personal call-back. Until `locked_until` it may be dialled only for an agent
    who is held for it, as nobody came the last time.
    """

    id: ContactId
    number: str
    callable_until: Moment
    number_index: int = 0
    numbers: int = 1
    name: str = ""
    fields: dict[str, str] = {}
    zone: str = ""
    attempts: int = 0
    """Made so far, in all."""
    attempts_today: int = 0
    """On this day of the contact's own zone."""
    agent: AgentId = AgentId("")
    locked_until: Moment = 0
    checks: tuple[str, ...] = ()


class Batch(Struct, frozen=True, tag=True, omit_defaults=True):
    """Contacts given at once. Where there are fewer than asked for, `next_due` is when there may be more; 0: not before
    somebody adds or changes some.
    """

    contacts: tuple[Contact, ...] = ()
    next_due: Moment = 0


Span = tuple[int, int]
"""Minutes after local midnight, from and to; `to` not after `from` lies on the next day."""


class CallingHours(Struct, frozen=True):
    """When numbers that begin like one of `prefixes` (E.164, `+1205`; `+` is every number) may be called, in their own
    local time: seven days from Monday, and holidays of a country and region (as the `holidays` package names them) on
    which they may not.
    """

    name: str
    prefixes: tuple[str, ...]
    weekly: tuple[tuple[Span, ...], ...]
    country: str = ""
    region: str = ""


class ContactRules(Struct, frozen=True):
    """By what a campaign's contacts are chosen. Of `hours` the entry with the longest prefix that fits holds; a number
    that none fits is not called. `lists` are the do-not-call lists that hold.
    """

    campaign: CampaignId
    hours: tuple[CallingHours, ...]
    lists: tuple[str, ...]
    most_attempts: int
    most_attempts_a_day: int


class Decision(Struct, frozen=True, omit_defaults=True, gc=False):
    """How many calls to place and why; rates and chances are fractions, what an algorithm does not use is 0."""

    at: Moment
    algorithm: str
    calls_to_place: int
    reason: str
    """In words: what ended the counting."""
    free: int
    """Agents ready for this campaign, less answered calls that wait for one."""
    talking: int
    wrapping_up: int
    ringing: int
    answer_rate: float = 0.0
    answer_rate_error: float = 0.0
    """One standard deviation."""
    chance: float = 0.0
    """That the next dial's answer leaves somebody without an agent."""
    limit: float = 0.0
    """The chance up to which is dialled."""
    share: float = 0.0
    """The abandon share that the limit aims at."""
    surplus: float = 0.0
    """Abandons that the period still allows: target x live answers - abandoned."""


class Counts(Struct, frozen=True):
    """Counts of a campaign's period, as the law wants them: answers by people, those without an agent, machines."""

    live: int = 0
    abandoned: int = 0
    machines: int = 0


class UnknownAttempt(Struct, frozen=True):
    """An attempt whose end nobody saw. `is_answered`: a person had picked up, `is_connected`: an agent talked."""

    call: CallId
    contact: Contact
    is_answered: bool = False
    is_connected: bool = False


class CampaignStanding(Struct, frozen=True):
    """Where a campaign stood when a former daemon was last heard of. `counts` are of the period that began at `began`,
    `days` by days of UTC; `unknown` are attempts whose end nobody saw.
    """

    campaign: CampaignId
    state: CampaignState
    began: Moment
    counts: Counts
    days: dict[int, Counts]
    unknown: tuple[UnknownAttempt, ...] = ()
