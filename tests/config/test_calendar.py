"""Opening hours as tables of moments."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from ccd.config.calendar import OpeningHours, Span, compile_calendar
from ccd.core.configuration import Calendar
from ccd.core.flow.steps.hours import is_holiday
from ccd.model.ids import SECOND, Moment

MADRID = "Europe/Madrid"
OFFICE = (((540, 1080),),) * 5 + ((), ())
DAILY = (((540, 1080),),) * 7


def moment(text: str, zone: str = MADRID, fold: int = 0) -> Moment:
    """A wall-clock time in microseconds."""
    wall = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return round(wall.timestamp()) * SECOND


NOW = moment("2026-03-10T12:00")


def compiled(hours: OpeningHours) -> Calendar:
    """The tables around a day in March 2026."""
    return compile_calendar(hours, NOW)


def test_a_week() -> None:
    office = compiled(OpeningHours(MADRID, OFFICE))
    assert office.is_open(moment("2026-03-10T09:00"))
    assert office.is_open(moment("2026-03-10T17:59"))
    assert not office.is_open(moment("2026-03-10T18:00"))
    assert not office.is_open(moment("2026-03-10T08:59"))
    assert not office.is_open(moment("2026-03-14T12:00"))
    assert office.is_open(moment("2027-03-10T12:00"))


def test_the_wall_clock_counts_when_the_clocks_change() -> None:
    daily = compiled(OpeningHours(MADRID, DAILY))
    for day in ("2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25"):
        opens, closes = moment(f"{day}T09:00"), moment(f"{day}T18:00")
        assert [daily.is_open(at) for at in (opens - 1, opens, closes - 1, closes)] == [False, True, True, False]


def test_an_hour_that_does_not_come_and_one_that_comes_twice() -> None:
    night = compiled(OpeningHours(MADRID, (((120, 180),),) * 7))
    spring = [n for n, at in enumerate(night.opens) if moment("2026-03-29T00:00") <= at < moment("2026-03-30T00:00")]
    assert spring == []
    autumn = next(n for n, at in enumerate(night.opens) if at >= moment("2026-10-25T00:00"))
    assert night.closes[autumn] - night.opens[autumn] == 2 * 3600 * SECOND
    assert night.is_open(moment("2026-10-25T02:30", fold=0))
    assert night.is_open(moment("2026-10-25T02:30", fold=1))


def test_over_midnight_and_round_the_clock() -> None:
    bar = compiled(OpeningHours(MADRID, ((), (), (), (), ((1320, 360),), (), ())))
    assert bar.is_open(moment("2026-03-14T05:59"))
    assert not bar.is_open(moment("2026-03-14T06:00"))
    always = compiled(OpeningHours(MADRID, (((0, 1440),),) * 7))
    assert (len(always.opens), len(always.closes)) == (1, 1)


def test_holidays_of_a_country_and_region() -> None:
    shop = compiled(OpeningHours(MADRID, DAILY, country="ES", region="MD"))
    labour_day = moment("2026-05-01T12:00")
    assert not shop.is_open(labour_day)
    assert is_holiday(shop, labour_day)
    assert not is_holiday(shop, moment("2026-05-03T12:00"))
    regional = moment("2026-05-02T12:00")
    assert is_holiday(shop, regional)
    assert not is_holiday(compiled(OpeningHours(MADRID, DAILY, country="ES", region="CT")), regional)


def test_special_days_win_over_holidays() -> None:
    days = {date(2026, 12, 24): "Christmas Eve", date(2026, 12, 31): "New Year's Eve"}
    special = {date(2026, 12, 24): ((600, 720),), date(2026, 12, 23): ()}
    shop = compiled(OpeningHours(MADRID, DAILY, days, special=special))
    assert shop.is_open(moment("2026-12-24T10:00"))
    assert not shop.is_open(moment("2026-12-24T12:00"))
    assert is_holiday(shop, moment("2026-12-24T12:00"))
    assert not shop.is_open(moment("2026-12-31T10:00"))
    assert not shop.is_open(moment("2026-12-23T10:00"))
    assert not is_holiday(shop, moment("2026-12-23T10:00"))
    assert list(shop.holidays.values()) == ["Christmas Eve", "New Year's Eve"]


SPAN = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda span: span[0] != span[1])
SPANS = st.lists(SPAN, max_size=3).map(tuple)
ZONES = st.sampled_from([MADRID, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"])
Weekly = tuple[tuple[Span, ...], ...]


@given(ZONES, st.lists(SPANS, min_size=7, max_size=7).map(tuple), st.integers(0, 399 * 1440))
def test_the_tables_say_what_the_wall_clock_says(zone: str, weekly: Weekly, at: int) -> None:
    table = compile_calendar(OpeningHours(zone, weekly), NOW)
    bounds = [bound for pair in zip(table.opens, table.closes, strict=True) for bound in pair]
    assert bounds == sorted(set(bounds))
    instant = datetime.fromtimestamp(NOW / SECOND, UTC) + timedelta(minutes=at)
    wall = instant.astimezone(ZoneInfo(zone))
    if any(offset_changes(wall + timedelta(days=n)) for n in (-1, 0, 1)):
        return
    minute = wall.hour * 60 + wall.minute
    today, before = weekly[wall.weekday()], weekly[wall.weekday() - 1]
    since_today = any(a <= minute < (b if b > a else 1440) for a, b in today)
    since_yesterday = any(minute < b < a for a, b in before)
    assert table.is_open(round(instant.timestamp()) * SECOND) == (since_today or since_yesterday)


def offset_changes(wall: datetime) -> bool:
    """Whether the clocks change on that day."""
    day = wall.replace(hour=0, minute=0)
    return day.utcoffset() != (day + timedelta(days=1)).utcoffset()
