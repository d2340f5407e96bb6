"""When the law lets a number be called: by the clock of whoever is called, day by day, holidays left out.

What counts is the time on his wall at that instant, so an hour that comes twice is inside both times, and one that does
not come is not there. Who may be in several time zones is called when it is right in all of them; who is in none that
we know, not at all.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

import holidays

from ccd.io.number_zone import Zones, zone
from ccd.model.campaign import CallingHours
from ccd.model.ids import SECOND, Length, Moment

MINUTE: Length = 60 * SECOND
DAY: Length = 86_400 * SECOND
DAYS_BEFORE, DAYS_AFTER = 2, 18
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER: Moment = 1 << 62
MOST_NAMED = 3
MomentSpan = tuple[Moment, Moment]


class Window(NamedTuple):
    """How things are for some numbers at a moment, and stay until `until`."""

    closes_at: Moment
    """0: it is closed."""
    until: Moment
    day_began: Moment
    """The earliest midnight that one of the zones calls today's."""
    next_day: Moment
    said: str


CLOSED = Window(0, NEVER, 0, NEVER, "")


class HoursTable:
    """The calling hours of a campaign, computed for some days around now and kept."""

    def __init__(self, hours: tuple[CallingHours, ...]) -> None:
        self.hours = hours
        self.prefixes = tuple(sorted({prefix for entry in hours for prefix in entry.prefixes if prefix != "+"}))
        self._spans: dict[tuple[CallingHours, Zones], tuple[Moment, list[MomentSpan]]] = {}

    def entry(self, prefix: str) -> CallingHours | None:
        """The hours of numbers that begin so: those with the longest prefix that fits."""
        fitting = [(len(own), n) for n, entry in enumerate(self.hours) for own in entry.prefixes if _fits(own, prefix)]
        return self.hours[max(fitting, key=lambda found: (found[0], -found[1]))[1]] if fitting else None

    def window(self, zones: Zones, prefix: str, now: Moment) -> Window:
        """How things are now."""
        entry = self.entry(prefix)
        if entry is None or not zones:
            return CLOSED
        day_began, next_day = local_day(zones, now)
        spans = self._around(entry, zones, now)
        place = bisect_right(spans, (now, NEVER)) - 1
        if place >= 0 and now < spans[place][1]:
            closes_at = spans[place][1]
            return Window(closes_at, min(closes_at, next_day), day_began, next_day, said(entry, zones, now))
        opens_at = spans[place + 1][0] if place + 1 < len(spans) else _horizon(now)[1] - DAY
        return Window(0, min(opens_at, next_day), day_began, next_day, "")

    def opens_at(self, zones: Zones, prefix: str, now: Moment, at: Moment) -> Moment:
        """The first moment from `at` on (which is not before `now`) when it is open; one beyond what is computed is to
        be asked about again then. 0: never.
        """
        entry = self.entry(prefix)
        if entry is None or not zones or not any(entry.weekly):
            return 0
        if at >= _horizon(now)[1] - DAY:
            return at
        spans = self._around(entry, zones, now)
        return next((max(at, begin) for begin, end in spans if end > at), _horizon(now)[1] - DAY)

    def _around(self, entry: CallingHours, zones: Zones, now: Moment) -> list[MomentSpan]:
        begin, end = _horizon(now)
        known = self._spans.get((entry, zones))
        if known is None or known[0] != begin:
            known = self._spans[entry, zones] = begin, open_spans(entry, zones, begin, end)
        return known[1]


def open_spans(entry: CallingHours, zones: Zones, begin: Moment, end: Moment) -> list[MomentSpan]:
    """When it is open in all the zones: sorted and disjoint."""
    found = [(begin, end)]
    for name in zones:
        found = list(_both(found, _merged(_spans_in(entry, name, begin, end))))
    return found


def local_day(zones: Zones, now: Moment) -> MomentSpan:
    """The earliest midnight that one of the zones calls today's, and the next one that any of them has."""
    began, ends = now, NEVER
    for name in zones:
        place = zone(name)
        if place is not None:
            today = (EPOCH + timedelta(microseconds=now)).astimezone(place).date()
            began = min(began, _midnight(name, today))
            ends = min(ends, max(_midnight(name, today + timedelta(days=1)), now + 1))
    return began, ends


def said(entry: CallingHours, zones: Zones, now: Moment) -> str:
    """The hours that hold now, in words."""
    place = zone(zones[0])
    wall = (EPOCH + timedelta(microseconds=now)).astimezone(place)
    minutes = wall.hour * 60 + wall.minute
    today, yesterday = entry.weekly[wall.weekday()], entry.weekly[wall.weekday() - 1]
    spans = [(begin, end) for begin, end in today if begin <= minutes and (minutes < end or end <= begin)]
    spans += [(begin, end) for begin, end in yesterday if end <= begin and minutes < end]
    hours = " and ".join(f"{_clock(begin)}-{_clock(end)}" for begin, end in spans[:1]) or "the hours"
    where = ", ".join(zones) if len(zones) <= MOST_NAMED else f"{zones[0]} and {len(zones) - 1} others"
    return f"within {hours} at the callee ({where})"


def _spans_in(entry: CallingHours, name: str, begin: Moment, end: Moment) -> Iterator[MomentSpan]:
    for since, until, offset in _offsets(name, begin, end):
        for day in range((since + offset) // DAY, (until + offset - 1) // DAY + 1):
            for first, last in _of_day(entry, day):
                opens, closes = (day * DAY + minutes * MINUTE - offset for minutes in (first, last))
                if max(opens, since) < min(closes, until):
                    yield max(opens, since), min(closes, until)


def _of_day(entry: CallingHours, day: int) -> Iterator[tuple[int, int]]:
    """The minutes of a local day: what begins on it, until midnight, and what the day before left."""
    closed, weekday = _holidays(entry.country, entry.region), (day + 3) % 7
    if closed(day):
        return
    for begin, end in entry.weekly[weekday]:
        yield begin, end if end > begin else 1440
    if not closed(day - 1):
        for begin, end in entry.weekly[weekday - 1]:
            if end <= begin:
                yield 0, end


class _Holidays:
    """The holidays of a country and region, by days since 1970; a year is computed when it is asked about first."""

    def __init__(self, country: str, region: str) -> None:
        self._country, self._region = country, region
        self._years: dict[int, frozenset[int]] = {}

    def __call__(self, day: int) -> bool:
        if not self._country:
            return False
        year = (EPOCH + timedelta(days=day)).year
        if year not in self._years:
            table = holidays.country_holidays(self._country, subdiv=self._region or None, years=year)
            self._years[year] = frozenset((found - EPOCH.date()).days for found in table)
        return day in self._years[year]


_holidays = lru_cache(maxsize=1_024)(_Holidays)


@lru_cache(maxsize=4_096)
def _offsets(name: str, begin: Moment, end: Moment) -> tuple[tuple[Moment, Moment, Length], ...]:
    """The stretches of one offset from UTC each; none for a zone that is not known."""
    if zone(name) is None:
        return ()
    found, since = [], begin
    offset = _offset(name, begin)
    for mark in range(begin + DAY // 4, end + 1, DAY // 4):
        if _offset(name, mark) != offset:
            low, high = mark - DAY // 4, mark
            while high - low > SECOND:
                middle = (low + high) // 2 // SECOND * SECOND
                low, high = (middle, high) if _offset(name, middle) == offset else (low, middle)
            found.append((since, high, offset))
            since, offset = high, _offset(name, high)
    return (*found, (since, end, offset))


def _offset(name: str, at: Moment) -> Length:
    found = (EPOCH + timedelta(microseconds=at)).astimezone(zone(name)).utcoffset()
    return (found or timedelta()) // timedelta(microseconds=1)


@lru_cache(maxsize=4_096)
def _midnight(name: str, day: date) -> Moment:
    """When a day begins; one whose midnight does not come, at the instant after the gap."""
    return (datetime.combine(day, time(), zone(name)).astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def _horizon(now: Moment) -> MomentSpan:
    """What is computed: the same for all of a week, so that most is done once a week."""
    week = now // (7 * DAY) * 7 * DAY
    return week - DAYS_BEFORE * DAY, week + (7 + DAYS_AFTER) * DAY


def _fits(own: str, prefix: str) -> bool:
    return prefix.startswith(own) if own != "+" else True


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _merged(spans: Iterable[MomentSpan]) -> list[MomentSpan]:
    out: list[MomentSpan] = []
    for begin, end in sorted(spans):
        if out and begin <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((begin, end))
    return out


def _both(left: list[MomentSpan], right: list[MomentSpan]) -> Iterator[MomentSpan]:
    i = j = 0
    while i < len(left) and j < len(right):
        begin, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if begin < end:
            yield begin, end
        i, j = (i + 1, j) if left[i][1] < right[j][1] else (i, j + 1)
