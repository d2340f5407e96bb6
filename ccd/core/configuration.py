"""The frozen values that the engine decides by. `ccd.config` makes them from the site's YAML."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ccd.core.dial_policy import DialPolicy
from ccd.core.dialer import abandon
from ccd.core.display import showable
from ccd.core.flow.flow import Flow
from ccd.core.flow.prompt import Prompt
from ccd.core.network import NOBODY_SAID, Network
from ccd.model.campaign import AttemptOutcome
from ccd.model.ids import SECOND, AgentId, CampaignId, Endpoint, Length, Moment, QueueId

PacingAlgorithm = Literal["preview", "progressive", "power", "predictive"]
RecordingMode = Literal["always", "never", "share", "on_demand"]


@dataclass(frozen=True)
class RecordingPolicy:
    """What is recorded. `share` counts with mode `share` (0..1); the announcement is heard before the queue is entered.

    `opt_out_key` declines, during the announcement; empty: no choice.
    """

    mode: RecordingMode = "never"
    share: float = 1.0
    announcement: Prompt | None = None
    opt_out_key: str = ""


@dataclass(frozen=True)
class Announcements:
    """What a waiting caller hears besides music.

    `position[n - 1]` is played to number n, `expected_wait[m - 1]` to one who waits about m more minutes, both by
    language; beyond the last entry the last one is played. Never heard once an agent has answered.
    """

    first_after: Length = 10 * SECOND
    every: Length = 30 * SECOND
    position: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    expected_wait: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    message: Prompt | None = None


@dataclass(frozen=True)
class Queue:
    """A queue and its rules. `requires` lists (skill, minimum_level), the most important skill first."""

    id: QueueId
    name: str
    requires: tuple[tuple[str, int], ...] = ()
    ring_time: Length = 15 * SECOND
    wrap_up_time: Length = 0
    retry_time: Length = 5 * SECOND
    music: str = "default"
    announcements: Announcements | None = None
    recording: RecordingPolicy = RecordingPolicy()
    service_level_time: Length = 20 * SECOND
    caller_name: str = ""
    auto_answer: bool = False
    """The agents' phones are told to answer by themselves."""
    shown_name: str = field(init=False, compare=False)
    """`caller_name`, else `name`, for a phone's display."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "shown_name", showable(self.caller_name or self.name))


@dataclass(frozen=True)
class AgentProfile:
    """Who an agent is. `number` is typed at a phone to log in; `endpoint` is his usual phone, if he has one."""

    id: AgentId
    name: str
    number: str
    skills: Mapping[str, int] = field(default_factory=dict)
    endpoint: Endpoint = Endpoint("")
    role: str = "agent"
    outbound_cli: str = ""


@dataclass(frozen=True)
class Calendar:
    """Opening hours compiled to moments: sorted, disjoint [opens, closes) and what each closed stretch is called."""

    opens: tuple[Moment, ...]
    closes: tuple[Moment, ...]
    holidays: Mapping[Moment, str] = field(default_factory=dict)
    """Local midnights, as moments, of the days that are holidays, with their names."""
    holiday_ends: tuple[Moment, ...] = ()

    def is_open(self, now: Moment) -> bool:
        """Whether `now` lies within an opening."""
        i = bisect_right(self.opens, now) - 1
        return i >= 0 and now < self.closes[i]


@dataclass(frozen=True)
class FeatureCodes:
    """What agents dial on their phones, and the keys they press during a talk. Empty: not available."""

    log_in: str = "*71"
    log_out: str = "*72"
    pause: str = "*73"
    unpause: str = "*74"
    record: str = "*1"
    pause_recording: str = "*2"


@dataclass(frozen=True)
class PhonePrompts:
    """What the feature codes say."""

    agent_number: Prompt
    pin: Prompt
    logged_in: Prompt
    logged_out: Prompt
    paused: Prompt
    unpaused: Prompt
    refused: Prompt


@dataclass(frozen=True)
class NumberRoute:
    """What an inbound number (dnis) leads to."""

    flow: str
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RetryRule:
    """When a contact is dialled again after an outcome; with `next_number` at once at the next of its numbers, where it
    has one, and `after` the last of them at the first again.
    """

    after: Length
    next_number: bool = False


@dataclass(frozen=True)
class Disposition:
    """What an agent's word for an attempt means for the contact. `is_done`: never again; `after`: again then, 0 for
    what the outcome's rule says; `is_call_back`: at the time that the agent gives; `blocks`: the do-not-call list that
    its number goes on.
    """

    name: str
    is_done: bool = False
    after: Length = 0
    is_call_back: bool = False
    blocks: str = ""


@dataclass(frozen=True)
class Campaign:
    """A list with its rules. An answered call goes through `flow`, which leads it to `queue`, whose agents are held for
    it; who is in that queue longer than `cap.law.patience` is abandoned.

    `retry` says when a contact is dialled again: an outcome without a rule ends it. `hours` are the campaign's own,
    None for always; those of the contact are the store's business. The larger `rank` gets free agents first.
    """

    id: CampaignId
    name: str
    queue: QueueId
    flow: Flow
    algorithm: PacingAlgorithm = "predictive"
    power_ratio: float = 1.5
    preview_time: Length = 60 * SECOND
    """After it a contact that is looked at is dialled; 0: never by itself."""
    cap: abandon.Rules = field(default_factory=abandon.Rules)
    ring_time: Length = 25 * SECOND
    outbound_clis: tuple[str, ...] = ()
    is_local_cli: bool = False
    """Of the pool, the one nearest to the dialled number; else one after the other."""
    most_attempts: int = 8
    most_attempts_a_day: int = 3
    retry: Mapping[AttemptOutcome, RetryRule] = field(default_factory=dict)
    dispositions: Mapping[str, Disposition] = field(default_factory=dict)
    hours: "Calendar | None" = None
    rank: int = 0
    detects_machines: bool = False
    """The switch listens who has answered, before anybody is told; not every kind of switch can."""
    machine_step: str = ""
    """The step of the flow for machines; without one they are hung up."""
    has_inbound_first: bool = True
    """A held agent is lent to a caller who finds no other, as far as the cap allows."""


@dataclass(frozen=True)
class TrunkLimit:
    """What a trunk may be asked to carry of dialled calls: at a time, and new ones a second; 0: no limit."""

    calls: int = 0
    calls_per_second: int = 0


@dataclass(frozen=True)
class Site:
    """What holds for the whole centre."""

    name: str = "ccd"
    language: str = "en"
    missed_offers_limit: int = 3
    outbound_wrap_up_time: Length = 0
    outbound_recording: RecordingPolicy = RecordingPolicy()
    outbound_ring_time: Length = 60 * SECOND
    screen_pop_url: str = ""
    """Sent to the agent's phone in a header; `{call}`, `{caller}`, `{number}`, `{queue}` are filled in, quoted."""
    caller_lookup_time: Length = 1 * SECOND
    pause_reasons: tuple[str, ...] = ()
    most_calls: int = 2_000
    """Beyond so many calls at a time new ones are left to the dialplan's fallback."""


@dataclass(frozen=True)
class Configuration:
    """Everything the engine was told. `hash` names its content."""

    hash: str
    site: Site
    numbers: Mapping[str, NumberRoute]
    flows: Mapping[str, Flow]
    queues: Mapping[QueueId, Queue]
    agents: Mapping[AgentId, AgentProfile]
    calendars: Mapping[str, Calendar]
    dial_policy: DialPolicy
    feature_codes: FeatureCodes
    phone_prompts: PhonePrompts
    default_route: NumberRoute | None = None
    campaigns: Mapping[CampaignId, Campaign] = field(default_factory=dict)
    trunk_limits: Mapping[Endpoint, TrunkLimit] = field(default_factory=dict)
    network: Network = NOBODY_SAID
