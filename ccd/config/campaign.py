"""The sections of `ccd.yaml` on campaigns: who is dialled, when and how often, and what the law wants of it."""

from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema, model_validator

from ccd.config.kind import (
    DURATION_SCHEMA,
    KINDS,
    Decimal,
    Duration,
    Flag,
    Identifier,
    Text,
    WholeNumber,
    between,
    duration,
    matching,
    of_kind,
    written,
)
from ccd.config.problem import expectation, listed
from ccd.config.prompt import Documented, PromptSetting
from ccd.config.scope import problem
from ccd.config.section import (
    DAY,
    DEVICE,
    Day,
    Fraction,
    Key,
    Line,
    QueueReference,
    RegionHolidays,
    Ring,
    Short,
    Spans,
    Weekdays,
    check_week,
    on_a_switch,
)
from ccd.core.configuration import PacingAlgorithm
from ccd.model.campaign import AttemptOutcome
from ccd.model.ids import MILLISECOND, SECOND, Length

GLOBAL = "global"
"""The do-not-call list that there always is, and that holds for every campaign."""
OUTCOMES: tuple[AttemptOutcome, ...] = get_args(AttemptOutcome)
LONGEST_PERIOD: Length = 366 * DAY
DAILY = "day"

Trunk = Annotated[
    Text,
    AfterValidator(matching(rf"([A-Za-z0-9_-]{{1,64}}:)?{DEVICE}", "a trunk as PJSIP/trunk, or on another switch b:…")),
    AfterValidator(on_a_switch),
]
Prefix = Annotated[Text, AfterValidator(matching(r"\+[0-9]{0,14}\*", "the begin of numbers as +34*, +1205*"))]
Cli = Annotated[Text, AfterValidator(matching(r"\+[1-9][0-9]{5,14}", "a number as +34912345678"))]
CalendarReference = Annotated[Text, *KINDS["calendar"].__metadata__[1:]]
ListReference = Annotated[Text, *KINDS["list"].__metadata__[1:]]
HoursReference = Annotated[Text, AfterValidator(of_kind("set of calling hours"))]


def period(value: Any) -> int | str:
    """`30d`, or `day` for the days of the site's calendar."""
    if value == DAILY:
        return DAILY
    length = duration(value)
    if not DAY <= length <= LONGEST_PERIOD:
        raise problem(f"{written(length)} is out of bounds" + expectation(f"day, or 1d to {written(LONGEST_PERIOD)}"))
    return length


def again(value: Any) -> Length:
    """After what time; `never` is 0."""
    return 0 if value == "never" else duration(value)


Period = Annotated[Any, PlainValidator(period), WithJsonSchema({"type": "string"})]
After = Annotated[
    int,
    BeforeValidator(again),
    between(0, 366 * DAY, written),
    WithJsonSchema({"anyOf": [{"const": "never"}, DURATION_SCHEMA]}),
]


class PacingSection(Documented):
    """How many lines are opened at a time."""

    algorithm: PacingAlgorithm = "predictive"
    """`preview` (the agent sees the contact first), `progressive` (a line an agent), `power` (a fixed number), or
    `predictive` (as many as the abandon share allows)."""
    ratio: Annotated[Decimal, between(1, 10)] = 1.5
    """With `power`: lines for each free agent."""
    preview_time: Short = 60 * SECOND
    """With `preview`: so long the agent may look before it is dialled; 0: never by itself."""


class AbandonSection(Documented):
    """What the law allows of answered calls without an agent."""

    target: Fraction = 0.03
    """The greatest share of answered calls that may find no agent in time."""
    law: Literal["us", "uk"] = "us"
    """What counts: `us` (of the calls that people answered), `uk` (less an estimate of machines among them)."""
    patience: Annotated[Duration, between(100 * MILLISECOND, 60 * SECOND, written)] = 2 * SECOND
    """So long after the answer the agent must be there."""
    hard: Flag = True
    """The share is never above the target, at no moment of the period; it costs some talk time."""
    spare: Annotated[WholeNumber, between(0, 1_000)] = 0
    """With `hard`: so many agents may vanish at once, and it holds yet."""
    period: Period | None = None
    """For what time the share counts: `30d`, or `day` for a day of the site's calendar; else as the law has it."""
    since: Day | None = None
    """The day from which periods are counted; else from 1970 on."""


class MachinesSection(Documented):
    """Answering machines."""

    detect: Flag = False
    """Asterisk listens who has answered (AMD) before anybody is told: a second or two later than without."""
    message: PromptSetting | None = None
    """With `detect`: left on the machine once it is silent; else it is hung up."""

    @model_validator(mode="after")
    def is_detected(self) -> "MachinesSection":
        """Who is not told apart is left nothing."""
        if self.message is not None and not self.detect:
            raise problem("`message` needs `detect: true`: machines are not told apart without it")
        return self


class AttemptsSection(Documented):
    """How often one contact is dialled at most."""

    all: Annotated[WholeNumber, between(1, 1_000)] = 8
    """In all."""
    a_day: Annotated[WholeNumber, between(1, 100)] = 3
    """On one day of its own time zone."""


class RetrySection(Documented):
    """When a contact is dialled again."""

    after: After = 0
    """After so long; `never`, and without it: not again."""
    next_number: Flag = False
    """At once at its next number, where it has one, and `after` the last at the first again."""


class DispositionSection(Documented):
    """What an agent's word for a call means; without any of these the outcome's own rule holds."""

    name: Line = ""
    """What agents read; else the code."""
    done: Flag = False
    """The contact is not dialled again."""
    after: After = 0
    """It is, after so long."""
    call_back: Flag = False
    """It is, at the time that the agent gives."""
    do_not_call: ListReference | None = None
    """It is not, and its number goes on this list."""

    @model_validator(mode="after")
    def has_one_meaning(self) -> "DispositionSection":
        """One meaning at most."""
        given = [name for name in ("done", "after", "call_back", "do_not_call") if getattr(self, name)]
        if len(given) > 1:
            raise problem(f"{listed(given)} exclude each other" + expectation("one of them"))
        return self


Retry = Annotated[
    RetrySection,
    BeforeValidator(
        lambda value: {"after": value} if isinstance(value, str) else value,
        json_schema_input_type=After | RetrySection,
    ),
]
"""A length of time, or a mapping."""
Clis = Annotated[
    list[Cli],
    BeforeValidator(
        lambda value: [value] if isinstance(value, str) else value,
        json_schema_input_type=Cli | list[Cli],
    ),
]
"""One number, or a list."""


class CampaignSection(Documented):
    """A list of contacts to be dialled, and its rules."""

    name: Line = ""
    """The name that people read; else the id."""
    queue: QueueReference
    """The queue whose agents talk with those who answer."""
    pacing: PacingSection = Field(default_factory=PacingSection)
    """How many lines are opened at a time."""
    abandon: AbandonSection = Field(default_factory=AbandonSection)
    """What the law allows of answered calls without an agent."""
    message: PromptSetting | None = None
    """Heard by who answers when no agent comes: who called, and how to be left alone."""
    opt_out_key: Key = "9"
    """The key that does that, during the message; empty: none."""
    opt_out_list: ListReference | None = None
    """The do-not-call list that the number goes on; else the first of `do_not_call`."""
    opt_out_message: PromptSetting | None = None
    """Says that it is done, instead of the text built in."""
    machines: MachinesSection = Field(default_factory=MachinesSection)
    """Answering machines."""
    ring_time: Ring = 25 * SECOND
    """How long a number rings; the law wants 15 s or more."""
    outbound_cli: Clis = Field(default_factory=list)
    """The number presented, or several; else that of the dial rule."""
    cli_choice: Literal["rotate", "local"] = "rotate"
    """Of several: one after the other, or the one most like the dialled number."""
    attempts: AttemptsSection = Field(default_factory=AttemptsSection)
    """How often one contact is dialled at most."""
    retry: dict[AttemptOutcome, Retry] = Field(default_factory=dict)
    """Outcome to when it is dialled again: a length of time, `never`, or a mapping."""
    dispositions: dict[Identifier, DispositionSection] = Field(default_factory=dict)
    """Code to what an agent's word for a call means; else four that are built in."""
    calendar: CalendarReference | None = None
    """The campaign's own opening hours; else always, as far as the contacts' calling hours go."""
    calling_hours: list[HoursReference] = Field(default_factory=list)
    """When contacts may be called in their own local time; else 08:00 to 21:00 every day."""
    do_not_call: list[ListReference] = Field(default_factory=lambda: [GLOBAL])
    """The do-not-call lists that hold; `global` always does."""
    rank: Annotated[WholeNumber, between(0, 1_000)] = 0
    """Of several campaigns the one with the greater rank gets free agents first."""
    inbound_first: Flag = True
    """A caller in a queue of the agent's who finds no other gets him before the campaign does."""

    @model_validator(mode="after")
    def has_message(self) -> "CampaignSection":
        """Whoever may be left without an agent hears something."""
        is_covered = self.pacing.algorithm == "progressive" and self.abandon.hard
        if self.message is None and self.pacing.algorithm != "preview" and not is_covered:
            raise problem("`message` is missing: what hears who answers when no agent comes?")
        return self

    def lists(self) -> tuple[str, ...]:
        """All do-not-call lists that hold."""
        return tuple(dict.fromkeys((*self.do_not_call, GLOBAL)))

    def own_list(self) -> str:
        """The list that a number goes on where nothing else is said."""
        return next(iter(self.do_not_call), GLOBAL)


class CallingHoursSection(Documented):
    """When people may be called, in their own local time."""

    numbers: list[Prefix] = Field(min_length=1)
    """For which numbers: `+1*`, `+1205*`; the longest that fits a number holds. `+*` is every number."""
    hours: dict[Weekdays, Spans]
    """Days to hours: `monday-friday: 08:00-21:00`; a day that is not there is without."""
    holidays: RegionHolidays = Field(default_factory=RegionHolidays)
    """Days on which they may not be called."""

    @model_validator(mode="after")
    def is_bounded(self) -> "CallingHoursSection":
        """It is looked at for each contact."""
        check_week(self.hours)
        return self


class TrunkLimitSection(Documented):
    """What a trunk may be asked to carry of calls that campaigns dial; 0: no limit."""

    calls: Annotated[WholeNumber, between(0, 100_000)] = 0
    """At a time."""
    calls_per_second: Annotated[WholeNumber, between(0, 1_000)] = 0
    """New ones."""
