"""Campaigns compiled: periods, calling hours, trunks."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from ccd.config.campaign import AbandonSection
from ccd.config.campaign_rules import RETRY, compile_period
from ccd.core.configuration import TrunkLimit
from ccd.core.dialer.abandon import DAY
from ccd.model.campaign import CallingHours
from ccd.model.ids import SECOND, CampaignId, Endpoint, Moment
from tests.config.site import NOW, errors, loaded
from tests.config.test_campaign import SITE, SMALLEST, site

MADRID = "Europe/Madrid"
ALWAYS = ((480, 1260),)


def midnight(day: date, zone: str) -> Moment:
    return round(datetime.combine(day, datetime.min.time(), ZoneInfo(zone)).timestamp()) * SECOND


def test_the_law_says_what_the_period_is_where_nobody_else_does() -> None:
    us, uk = (compile_period(AbandonSection(law=law), "UTC", NOW) for law in ("us", "uk"))
    assert (us.start, us.length, us.bounds) == (0, 30 * DAY, ())
    assert uk.begin(NOW) == NOW - NOW % DAY
    assert uk.end(NOW) == uk.begin(NOW) + DAY


def test_a_period_is_counted_from_a_day_of_the_site() -> None:
    begun = date(2026, 12, 1)
    period = compile_period(AbandonSection(period=7 * DAY, since=begun), MADRID, NOW)
    first = midnight(begun, MADRID)
    assert (period.begin(first), period.end(first)) == (first, first + 7 * DAY)
    assert period.begin(first - 1) == first - 7 * DAY


@given(st.sampled_from([MADRID, "America/New_York", "Asia/Kathmandu", "UTC"]), st.integers(0, 390 * 1440))
def test_a_calendar_day_is_one_of_the_sites_clock_however_long_it_is(zone: str, minutes: int) -> None:
    period = compile_period(AbandonSection(period="day"), zone, NOW)
    at = NOW + minutes * 60 * SECOND
    today = datetime.fromtimestamp(at / SECOND, UTC).astimezone(ZoneInfo(zone)).date()
    assert period.begin(at) == midnight(today, zone)
    assert period.end(at) == midnight(today + timedelta(days=1), zone)


def test_no_line_is_in_flight_for_longer_than_is_counted_on(tmp_path: Path) -> None:
    for ring_time, flight in (("25s", 90), ("2m", 150)):
        folder = tmp_path / ring_time
        folder.mkdir()
        found = loaded(folder, site(*SMALLEST, f"ring_time: {ring_time}"))
        assert found.configuration.campaigns[CampaignId("spring")].cap.longest_flight == flight * SECOND


def test_who_has_talked_is_not_dialled_again_and_everybody_else_has_a_rule() -> None:
    assert "talked" not in RETRY
    assert all(rule.after or rule.next_number for rule in RETRY.values())


def test_calling_hours_are_those_that_the_campaign_names(tmp_path: Path) -> None:
    more = """  bavaria:
    numbers: ["+4989*", "+49911*", "+4989*"]
    hours: {monday-friday: "08:00-12:00, 13:00-20:00", saturday: closed, sunday: closed, friday: 21:00-02:00}
    holidays: {country: DE, region: BY}
  everybody: {numbers: ["+*"], hours: {monday-sunday: 08:00-21:00}}
"""
    text = SITE.replace("calling_hours: {spain: ", "calling_hours:\n" + more + "  spain: ").replace(
        "12:00}}}", "12:00}}"
    )
    found = loaded(tmp_path, text + site(*SMALLEST, "calling_hours: [everybody, bavaria]").removeprefix(SITE))
    bavaria = CallingHours(
        "bavaria",
        ("+4989", "+49911"),
        (*[((480, 720), (780, 1200))] * 4, ((480, 720), (780, 1200), (1260, 120)), (), ()),
        "DE",
        "BY",
    )
    assert found.contact_rules[CampaignId("spring")].hours == (
        CallingHours("everybody", ("+",), (ALWAYS,) * 7),
        bavaria,
    )


def test_trunks_have_their_whole_names(tmp_path: Path) -> None:
    text = SITE.replace(
        "switches: {", "switches: {main: {kind: asterisk, username: c, secret_env: X, recordings: /r}, "
    )
    text = text.replace("roles: [dialler], trunk: ", "roles: [dialler], trunk: pbx:")
    limits = "{'main:PJSIP/a': {calls: 3}, 'pbx:PJSIP/a': {calls_per_second: 2}}"
    found = loaded(tmp_path, text + f"trunk_limits: {limits}\n")
    assert found.configuration.trunk_limits == {
        Endpoint("PJSIP/a"): TrunkLimit(calls=3),
        Endpoint("pbx:PJSIP/a"): TrunkLimit(calls_per_second=2),
    }


def test_a_rule_is_for_campaigns_only_where_it_names_them(tmp_path: Path) -> None:
    """The wrong word is told with the right one."""
    policy = SITE.replace("rules: [", "rules: [{name: people, pattern: '+34*', trunk: PJSIP/trunk}, ")
    people, campaigns = loaded(tmp_path, policy).configuration.dial_policy.rules
    assert (people.roles, campaigns.roles) == (("agent", "supervisor", "admin", "flow"), ("dialler",))
    (tmp_path / "other").mkdir()
    assert errors(tmp_path / "other", SITE.replace("[dialler]", "[dialer]"))[0].endswith("did you mean dialler?)")


def test_the_hash_names_campaigns_too(tmp_path: Path) -> None:
    hashes = set()
    for number, setting in enumerate(("rank: 1", "rank: 2", "message_2")):
        folder = tmp_path / str(number)
        folder.mkdir()
        text = site(*SMALLEST, setting) if setting != "message_2" else site(*SMALLEST).replace("was us", "was Example")
        hashes.add(loaded(folder, text).configuration.hash)
    assert len(hashes) == 3
