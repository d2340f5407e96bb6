"""Days of a report in the site's own time zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from ccd.daemon.contact_words import add_rules, days
from ccd.io.contact_add import AddRules
from ccd.model.campaign import CallingHours, ContactRules
from ccd.model.ids import SECOND, CampaignId, Moment

BERLIN = "Europe/Berlin"


def at(text: str, zone: str = BERLIN) -> Moment:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * SECOND


def test_the_first_day_begins_with_the_period() -> None:
    found = days(at("2026-11-01T10:00"), at("2026-11-03T10:00"), BERLIN)
    assert found == (at("2026-11-01T10:00"), at("2026-11-02T00:00"), at("2026-11-03T00:00"))


def test_a_day_of_summer_time_is_an_hour_shorter() -> None:
    first, second, third = days(at("2026-03-28T00:00"), at("2026-03-31T00:00"), BERLIN)
    assert (second - first, third - second) == (24 * 3_600 * SECOND, 23 * 3_600 * SECOND)


def test_a_period_that_ends_at_midnight_has_no_empty_day() -> None:
    assert days(at("2026-11-01T00:00"), at("2026-11-02T00:00"), BERLIN) == (at("2026-11-01T00:00"),)


@given(st.integers(0, 4_000_000_000), st.integers(1, 400 * 86_400), st.sampled_from([BERLIN, "UTC", "Asia/Kathmandu"]))
def test_days_are_in_order_and_within(began: int, length: int, zone: str) -> None:
    found = days(began * SECOND, (began + length) * SECOND, zone)
    assert found[0] == began * SECOND
    assert sorted(set(found)) == list(found)
    assert found[-1] < (began + length) * SECOND
    assert len(found) <= 402


def test_the_prefixes_of_the_hours_count_when_contacts_are_added() -> None:
    hours = tuple(CallingHours("h", prefixes, ((),) * 7) for prefixes in (("+", "+49"), ("+1205", "+49")))
    assert add_rules(ContactRules(CampaignId("c"), hours, ("own",), 8, 3)) == AddRules(("own",), ("+49", "+1205"))
    assert add_rules(None) == AddRules()
