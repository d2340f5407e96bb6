"""Opening hours to tables of moments, for some 400 days around now: the engine then only compares numbers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays

from ccd.core.configuration import Calendar
from ccd.model.ids import Moment

DAYS_BEFORE = 7
DAYS_AFTER = 400
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Span = tuple[int, int]
"""Minutes after midnight, from and to; `to` not after `from` lies on the next day."""


@dataclass(frozen=True)
class OpeningHours:
    """A calendar as the site means it. `weekly` has a list for each day from Monday, `special` the days that differ."""

    time_zone: str
    weekly: tuple[tuple[Span, ...], ...]
    holidays: Mapping[date, str] = field(default_factory=dict)
    country: str = ""
    region: str = ""
    special: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)


def compile_calendar(hours: OpeningHours, now: Moment) -> Calendar:
    """The tables around `now`."""
    zone = ZoneInfo(hours.time_zone)
    today = (EPOCH + timedelta(microseconds=now)).astimezone(zone).date()
    days = [today + timedelta(days=n) for n in range(-DAYS_BEFORE, DAYS_AFTER)]
    closed = public_holidays(hours, days) | dict(hours.holidays)
    spans = merged(
        (moment(zone, day, begin), moment(zone, day, end if end > begin else end + 1440, closing=True))
        for day in days
        for begin, end in spans_of(hours, day, closed)
    )
    names = {moment(zone, day, 0): closed[day] for day in days if day in closed}
    ends = tuple(moment(zone, day, 1440) for day in days if day in closed)
    return Calendar(tuple(begin for begin, _ in spans), tuple(end for _, end in spans), names, ends)


def spans_of(hours: OpeningHours, day: date, closed: Mapping[date, str]) -> tuple[Span, ...]:
    """When it is open on a day: as its special hours say, never on a holiday, else as on that day of the week."""
    if day in hours.special:
        return hours.special[day]
    return () if day in closed else hours.weekly[day.weekday()]


def public_holidays(hours: OpeningHours, days: list[date]) -> dict[date, str]:
    """The holidays of the country and region."""
    if not hours.country:
        return {}
    years = range(days[0].year, days[-1].year + 1)
    table = holidays.country_holidays(hours.country, subdiv=hours.region or None, years=years)
    return {day: str(table[day]) for day in days if day in table}


def moment(zone: ZoneInfo, day: date, minutes: int, closing: bool = False) -> Moment:
    """A wall-clock time of a day. An hour that comes twice counts from its first begin to its second end; one that
    does not come is the same stretch of time later.
    """
    extra, minutes = divmod(minutes, 1440)
    wall = datetime.combine(day + timedelta(days=extra), time(minutes // 60, minutes % 60, fold=int(closing)), zone)
    if closing and wall.replace(fold=0).utcoffset() < wall.utcoffset():  # type: ignore[operator] # aware: never None
        wall = wall.replace(fold=0)
    return (wall.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def merged(spans: Iterable[tuple[Moment, Moment]]) -> list[tuple[Moment, Moment]]:
    """Sorted and disjoint; what touches becomes one."""
    out: list[tuple[Moment, Moment]] = []
    for begin, end in sorted(span for span in spans if span[0] < span[1]):
        if out and begin <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((begin, end))
    return out
