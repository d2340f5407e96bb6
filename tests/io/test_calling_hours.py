from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ccd.io.calling_hours import CLOSED, DAY, EPOCH, MINUTE, HoursTable
from ccd.model.campaign import CallingHours, Span
from ccd.model.ids import Moment
from tests.io.contacts import hours, moment

DAYTIME = hours([(480, 1260)])
ZONES = [
    "America/New_York",
    "America/Sao_Paulo",
    "Europe/Berlin",
    "Europe/Lisbon",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
    "America/Havana",
]
"""Lord Howe moves by half an hour, Havana at midnight."""


def is_open(table: HoursTable, zones: tuple[str, ...], now: Moment, prefix: str = "+") -> bool:
    return table.window(zones, prefix, now).closes_at > 0


def is_open_by_the_wall(entry: CallingHours, zone: str, now: Moment) -> bool:
    """What the hours say of the time that a clock there shows."""
    wall = (EPOCH + timedelta(microseconds=now)).astimezone(ZoneInfo(zone))
    minutes = wall.hour * 60 + wall.minute
    today, yesterday = entry.weekly[wall.weekday()], entry.weekly[wall.weekday() - 1]
    return any(begin <= minutes and (minutes < end or end <= begin) for begin, end in today) or any(
        end <= begin and minutes < end for begin, end in yesterday
    )


spans = st.lists(st.tuples(st.integers(0, 1439), st.integers(0, 1440)), max_size=2)
weeks = st.lists(spans, min_size=7, max_size=7).map(lambda days: tuple(tuple(day) for day in days))


@settings(deadline=None)
@given(
    weeks,
    st.lists(st.sampled_from(ZONES), min_size=1, max_size=2, unique=True),
    st.integers(moment("2026-01-01T00:00+00:00") // MINUTE, moment("2027-12-31T00:00+00:00") // MINUTE),
    st.integers(0, 2 * DAY),
)
@example(((((120, 180),),) * 7), ["Europe/Berlin"], moment("2026-10-25T00:30+00:00") // MINUTE, 0)
@example(((((0, 60),),) * 7), ["America/Havana"], moment("2026-11-01T04:30+00:00") // MINUTE, 0)
def test_what_counts_is_the_clock_on_the_wall(
    weekly: tuple[tuple[Span, ...], ...], zones: list[str], minute: int, later: int
) -> None:
    entry, now = CallingHours("site", ("+",), weekly), minute * MINUTE
    table = HoursTable((entry,))
    window = table.window(tuple(zones), "+", now)
    assert (window.closes_at > 0) == all(is_open_by_the_wall(entry, zone, now) for zone in zones)
    at = now + later
    if now <= at < window.until:  # so it stays
        assert (window.closes_at > 0) == all(is_open_by_the_wall(entry, zone, at) for zone in zones)
    if window.closes_at:
        assert not all(is_open_by_the_wall(entry, zone, window.closes_at) for zone in zones) or (
            window.closes_at - now > 10 * DAY
        )
    opens_at = table.opens_at(tuple(zones), "+", now, now)
    if opens_at and opens_at - now < 10 * DAY:
        assert all(is_open_by_the_wall(entry, zone, opens_at) for zone in zones)
        assert opens_at == now or not all(is_open_by_the_wall(entry, zone, opens_at - 1) for zone in zones)


def test_summer_time_moves_the_hours_with_it() -> None:
    table = HoursTable((DAYTIME,))
    berlin = ("Europe/Berlin",)
    assert not is_open(table, berlin, moment("2026-03-27T06:59+00:00"))
    assert is_open(table, berlin, moment("2026-03-27T07:00+00:00"))
    assert is_open(table, berlin, moment("2026-03-29T06:00+00:00"))
    assert not is_open(table, berlin, moment("2026-03-29T05:59+00:00"))


def test_an_hour_that_comes_twice_is_open_twice_and_one_that_does_not_come_never() -> None:
    table = HoursTable((hours([(120, 180)]),))
    berlin = ("Europe/Berlin",)
    first, second = moment("2026-10-25T02:30+02:00"), moment("2026-10-25T02:30+01:00")
    assert is_open(table, berlin, first)
    assert is_open(table, berlin, second)
    assert table.window(berlin, "+", first).closes_at == moment("2026-10-25T03:00+01:00")
    night = [moment("2026-03-29T00:00+00:00") + n * MINUTE for n in range(180)]
    assert not any(is_open(table, berlin, at) for at in night)


def test_who_may_be_in_several_zones_is_called_when_it_is_right_in_all() -> None:
    table = HoursTable((DAYTIME,))
    both = ("America/Chicago", "America/New_York")
    assert not is_open(table, both, moment("2026-11-25T08:30-05:00"))
    assert is_open(table, both, moment("2026-11-25T09:00-05:00"))
    assert table.window(both, "+", moment("2026-11-25T12:00-05:00")).closes_at == moment("2026-11-25T21:00-05:00")


@pytest.mark.parametrize("zones", [(), ("Mars/Olympus",), ("Europe/Berlin", "Mars/Olympus")])
def test_who_is_nowhere_is_not_called(zones: tuple[str, ...]) -> None:
    assert not is_open(HoursTable((hours(),)), zones, moment("2026-11-25T12:00+00:00"))


def test_the_longest_prefix_that_fits_holds_and_without_one_nobody_is_called() -> None:
    table = HoursTable((hours([(480, 1260)], "+1"), hours([(480, 1200)], "+1205", name="alabama")))
    evening, chicago = moment("2026-11-25T20:30-06:00"), ("America/Chicago",)
    assert is_open(table, chicago, evening, "+1")
    assert not is_open(table, chicago, evening, "+1205")
    assert table.window(chicago, "+", evening) == CLOSED
    assert table.opens_at(chicago, "+", evening, evening) == 0


def test_nobody_is_called_on_a_holiday_nor_from_the_evening_before_into_it() -> None:
    table = HoursTable((hours([(1200, 120)], country="ES"),))
    madrid = ("Europe/Madrid",)
    assert is_open(table, madrid, moment("2026-12-24T23:59+01:00"))
    assert table.window(madrid, "+", moment("2026-12-24T23:59+01:00")).closes_at == moment("2026-12-25T00:00+01:00")
    assert not is_open(table, madrid, moment("2026-12-25T21:00+01:00"))
    assert not is_open(table, madrid, moment("2026-12-26T01:00+01:00"))
    assert table.opens_at(madrid, "+", *[moment("2026-12-25T01:00+01:00")] * 2) == moment("2026-12-26T20:00+01:00")


def test_a_window_ends_with_the_day_though_it_is_open_on() -> None:
    window = HoursTable((hours(),)).window(("Europe/Berlin",), "+", moment("2026-11-25T12:00+01:00"))
    assert window.until == window.next_day == moment("2026-11-26T00:00+01:00")
    assert window.day_began == moment("2026-11-25T00:00+01:00")
    assert window.closes_at > window.next_day


def test_today_is_as_long_as_it_is_today_in_one_of_the_zones() -> None:
    window = HoursTable((hours(),)).window(
        ("America/Los_Angeles", "America/New_York"), "+", moment("2026-11-25T01:00-05:00")
    )
    assert window.day_began == moment("2026-11-24T00:00-08:00")
    assert window.next_day == moment("2026-11-25T00:00-08:00")


def test_what_holds_is_said() -> None:
    table = HoursTable((hours([(480, 1260), (1320, 60)]),))
    said = table.window(("America/Chicago",), "+", moment("2026-11-25T10:00-06:00")).said
    assert said == "within 08:00-21:00 at the callee (America/Chicago)"
    late = table.window(("America/Chicago",), "+", moment("2026-11-25T00:30-06:00")).said
    assert late == "within 22:00-01:00 at the callee (America/Chicago)"
    many = table.window(tuple(ZONES[:2] + ZONES[:2]), "+", moment("2026-11-25T15:00+00:00")).said
    assert many == "within 08:00-21:00 at the callee (America/New_York and 3 others)"


def test_hours_that_never_come_open_never() -> None:
    table = HoursTable((hours([]),))
    now = moment("2026-11-25T10:00-06:00")
    assert table.opens_at(("Europe/Berlin",), "+", now, now) == 0
    assert not is_open(table, ("Europe/Berlin",), now)
