"""The sections of `ccd.yaml` that become values of the core: queues, agents, calendars, recording, dialling."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from ccd.config.calendar import WEEKDAYS, OpeningHours, Span
from ccd.config.kind import (
    KINDS,
    Decimal,
    Duration,
    Flag,
    Identifier,
    Text,
    WholeNumber,
    between,
    matching,
    written,
)
from ccd.config.problem import expectation, nearest, shown
from ccd.config.prompt import Documented, PromptSetting
from ccd.config.scope import checked, problem
from ccd.config.secret import HASH
from ccd.core.configuration import RecordingMode, RecordingPolicy
from ccd.model.ids import SECOND, Length

DAY: Length = 86_400 * SECOND
DAY_LIMIT, WEEK_LIMIT = 48, 500
"""Openings of a day and of a week."""

Line = Annotated[Text, AfterValidator(matching(r"[^\x00-\x1f\x7f]{0,200}", "one line of up to 200 characters"))]


def on_a_switch(value: str, info: ValidationInfo) -> str:
    """A phone or trunk that names its switch names one that there is."""
    switch, colon, _ = value.partition(":")
    if colon:
        checked("switch", switch, info)
    return value


DEVICE = r"[A-Za-z0-9]{1,20}/[A-Za-z0-9_.@-]{1,60}"
Endpoint = Annotated[
    Text,
    AfterValidator(
        matching(rf"(([A-Za-z0-9_-]{{1,64}}:)?{DEVICE})?", "a phone as PJSIP/1001, or on another switch b:PJSIP/1001")
    ),
    AfterValidator(on_a_switch),
]
Number = Annotated[Text, AfterValidator(matching(r"(\+[1-9][0-9]{5,14})?", "a number as +34912345678"))]
DigitPattern = Annotated[Text, AfterValidator(matching(r"\+?[0-9X]{0,15}\*?", "a pattern as +34*, +349XXXXXXXX"))]
Code = Annotated[Text, AfterValidator(matching(r"[0-9*#]{0,8}", "up to 8 keys, or nothing"))]
Key = Annotated[Text, AfterValidator(matching(r"[0-9*#]?", "one key, or nothing"))]
Level = Annotated[WholeNumber, between(0, 1_000)]
Fraction = Annotated[Decimal, between(0, 1)]
Short = Annotated[Duration, between(0, 3_600 * SECOND, written)]
Ring = Annotated[Duration, between(SECOND, 300 * SECOND, written)]
QueueReference = Annotated[Text, *KINDS["queue"].__metadata__[1:]]
Role = Literal["agent", "supervisor", "admin"]
Dialler = Literal["agent", "supervisor", "admin", "flow", "dialler"]
DIALLERS: tuple[Dialler, ...] = ("agent", "supervisor", "admin", "flow")
"""Whom a rule is for that names nobody. A campaign dials by itself and by the thousand: it must be named."""
PinHash = Annotated[Text, AfterValidator(matching(HASH.pattern.removesuffix(r"\Z"), "a hash as `ccd hash` prints it"))]


def time_zone(value: str) -> str:
    """A time zone of the tz data base."""
    if not is_time_zone(value):
        known = available_timezones()
        near = nearest(value, known)
        raise problem(
            f"there is no time zone {shown(value)}" + expectation(near or "one as Europe/Madrid", value, known)
        )
    return value


def is_time_zone(name: str) -> bool:
    """Without a look at all of them, which takes 30 ms of a daemon's start."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not there, no name of one, a folder of them
        return False
    return True


TimeZone = Annotated[Text, AfterValidator(time_zone)]


class RecordingSection(Documented):
    """What is recorded."""

    mode: RecordingMode = "never"
    """`always`, `never`, `share` (some calls, drawn), `on_demand` (when the agent asks)."""
    share: Fraction = 1.0
    """With mode `share`: which part of the calls, 0 to 1."""
    announcement: PromptSetting | None = None
    """Played before the queue."""
    opt_out_key: Key = ""
    """The key by which the caller declines, during the announcement."""

    def policy(self) -> RecordingPolicy:
        """As the engine has it."""
        return RecordingPolicy(self.mode, self.share, self.announcement, self.opt_out_key)


class AnnouncementSection(Documented):
    """What a waiting caller hears besides music."""

    first_after: Annotated[Duration, between(SECOND, DAY, written)] = 10 * SECOND
    """The first one, after so much waiting."""
    every: Annotated[Duration, between(5 * SECOND, DAY, written)] = 30 * SECOND
    """Then again and again."""
    position: Flag = True
    """The place in the queue."""
    expected_wait: Flag = True
    """How long it will take."""
    message: PromptSetting | None = None
    """Something more."""


class QueueSection(Documented):
    """A queue and its rules."""

    name: Line = ""
    """The name that people read; else the id."""
    requires: dict[Identifier, Level] = Field(default_factory=dict)
    """Skill to least level, the most important skill first."""
    ring_time: Ring = 15 * SECOND
    """How long an agent's phone rings."""
    wrap_up_time: Short = 0
    """Time for the agent after a talk."""
    retry_time: Short = 5 * SECOND
    """An agent who did not answer gets no call for so long."""
    music: Identifier = "default"
    """The switch's class of music on hold."""
    announcements: AnnouncementSection | None = None
    """What a waiting caller hears besides music."""
    recording: RecordingSection | None = None
    """What is recorded; else as in `recording` of the site."""
    service_level_time: Annotated[Duration, between(SECOND, DAY, written)] = 20 * SECOND
    """Answered within this time counts for the service level."""
    caller_name: Line = ""
    """What an agent's phone shows before the caller's name."""
    auto_answer: Flag = False
    """The agents' phones are told to answer by themselves."""


class AgentSection(Documented):
    """An agent."""

    name: Line
    """The name."""
    number: Annotated[Text, AfterValidator(matching(r"[0-9]{1,16}", "up to 16 digits"))]
    """What is typed at a phone to log in."""
    pin_hash: PinHash | None = None
    """The PIN, hashed by `ccd hash`; without it there is no login at a phone."""
    skills: dict[Identifier, Level] = Field(default_factory=dict)
    """Skill to level, higher is better."""
    endpoint: Endpoint = ""
    """The usual phone; on another switch than the first with its name, `b:PJSIP/1001`."""
    role: Role = "agent"
    """What the dial policy lets this agent dial."""
    outbound_cli: Number = ""
    """The number presented when the agent calls out."""


class DialRuleSection(Documented):
    """A line of the dial policy."""

    name: Line
    """The rule's name, in records and messages."""
    pattern: DigitPattern
    """E.164 with `X` for one digit and a last `*` for any rest."""
    allow: Flag = True
    """False forbids."""
    roles: list[Dialler] = Field(default_factory=lambda: list(DIALLERS))
    """Who may; campaigns (`dialler`) only where they are named."""
    trunk: Endpoint = ""
    """The trunk to dial through; the rule is for calls on the switch that it is on."""
    outbound_cli: Number = ""
    """The number presented."""

    @model_validator(mode="after")
    def has_trunk(self) -> "DialRuleSection":
        """What may be dialled needs a way out."""
        if self.allow and not self.trunk:
            raise problem("`trunk` is missing: what may be dialled needs one")
        return self


class DialPolicySection(Documented):
    """Which numbers may be dialled; what no rule allows is forbidden."""

    emergency: list[Annotated[Text, AfterValidator(matching(r"\+?[0-9]{2,15}", "a number as 112"))]] = Field(
        default_factory=list
    )
    """Numbers that never pass ccd: the switch's own dialplan dials them."""
    rules: list[DialRuleSection] = Field(default_factory=list)
    """In order; the first that fits decides."""


def minutes(text: str) -> int | None:
    """`09:30` in minutes after midnight."""
    hour, colon, minute = text.strip().partition(":")
    if not (colon and hour.isascii() and hour.isdigit() and len(hour) <= 2 and minute.isascii() and minute.isdigit()):
        return None
    value = int(hour) * 60 + int(minute) if len(minute) == 2 and int(minute) < 60 else 1441
    return value if value <= 1440 else None


def spans(value: Any) -> tuple[Span, ...]:
    """`09:00-13:00, 15:00-18:00`, a list of such, or `closed`."""
    if isinstance(value, tuple):
        return value
    parts = value if isinstance(value, list) else str(value).split(",")
    if len(parts) > DAY_LIMIT:
        raise problem(f"{len(parts)} openings" + expectation(f"at most {DAY_LIMIT} a day"))
    return () if value == "closed" else tuple(span(part) for part in parts)


def span(part: Any) -> Span:
    """`09:00-18:00`; `22:00-06:00` ends on the next day."""
    ends = [minutes(end) for end in part.split("-")] if isinstance(part, str) else []
    if len(ends) != 2 or ends[0] is None or ends[1] is None or ends[0] == 1440 or ends[0] == ends[1]:
        raise problem(f"{shown(part)} is no opening" + expectation("as 09:00-18:00, or closed"))
    return ends[0], ends[1]


def weekdays(value: Any) -> tuple[int, ...]:
    """`monday`, `monday-friday`, `saturday, sunday`; Monday is 0."""
    if isinstance(value, tuple):
        return value
    days: list[int] = []
    for part in str(value).lower().split(","):
        first, _, last = part.strip().partition("-")
        for word in (first, last or first):
            if word not in WEEKDAYS:
                expected = "monday, monday-friday, saturday, sunday"
                raise problem(f"{shown(word)} is no day of the week" + expectation(expected, word, WEEKDAYS))
        begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        days += range(begin, end + 1) if begin <= end else [*range(begin, 7), *range(end + 1)]
    return tuple(days)


def check_week(hours: Mapping[tuple[int, ...], tuple[Span, ...]]) -> None:
    """A week has so many openings and no more."""
    openings = sum(len(days) * len(spans) for days, spans in hours.items())
    if openings > WEEK_LIMIT:
        raise problem(f"{openings} openings a week" + expectation(f"at most {WEEK_LIMIT}"))


def weekly(hours: Mapping[tuple[int, ...], tuple[Span, ...]]) -> tuple[tuple[Span, ...], ...]:
    """By day of the week, from Monday."""
    return tuple(
        tuple(span for days, spans in hours.items() if weekday in days for span in spans) for weekday in range(7)
    )


def day(value: Any) -> date:
    """`2026-12-24`."""
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError as error:
        raise problem(f"{shown(value)} is no date" + expectation("as 2026-12-24")) from error


Day = Annotated[date, BeforeValidator(day)]
Spans = Annotated[tuple[Span, ...], BeforeValidator(spans), WithJsonSchema({"type": ["string", "array"]})]
Weekdays = Annotated[tuple[int, ...], BeforeValidator(weekdays), WithJsonSchema({"type": "string"})]


class RegionHolidays(Documented):
    """The holidays of a country, from the `holidays` library."""

    country: Annotated[Text, AfterValidator(matching(r"[A-Z]{2}", "a country as ES"))] = ""
    """The country's two letters."""
    region: Annotated[Text, AfterValidator(matching(r"[A-Za-z0-9-]{0,12}", "a region as MD"))] = ""
    """The region, as the library names it."""

    @model_validator(mode="after")
    def is_known(self) -> Self:
        """Country and region that the library knows."""
        if not self.country:
            return self
        from holidays import list_supported_countries

        known = list_supported_countries()
        if self.country not in known:
            raise problem(f"no holidays are known for the country {shown(self.country)}")
        if self.region and self.region not in known[self.country]:
            expected = ", ".join(known[self.country]) or "none"
            raise problem(f"{self.country} has no region {shown(self.region)}" + expectation(f"one of {expected}"))
        return self


class PublicHolidays(RegionHolidays):
    """The same, and days of the site's own."""

    days: dict[Day, Line] = Field(default_factory=dict)
    """Further days and what they are called."""


class CalendarSection(Documented):
    """Opening hours."""

    time_zone: TimeZone | None = None
    """The time zone; else the site's."""
    hours: dict[Weekdays, Spans]
    """Days to openings: `monday-friday: 09:00-13:00, 15:00-18:00`."""
    holidays: PublicHolidays = Field(default_factory=PublicHolidays)
    """Days when it is closed."""
    special_days: dict[Day, Spans] = Field(default_factory=dict)
    """Days with hours of their own, holidays too."""

    @model_validator(mode="after")
    def is_bounded(self) -> "CalendarSection":
        """It is compiled for more than a year of days."""
        check_week(self.hours)
        return self

    def opening_hours(self, site_zone: str) -> OpeningHours:
        """As `calendar` compiles them."""
        return OpeningHours(
            self.time_zone or site_zone,
            weekly(self.hours),
            self.holidays.days,
            self.holidays.country,
            self.holidays.region,
            self.special_days,
        )
