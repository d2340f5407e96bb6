"""The sections on campaigns: how each setting is written, and what is wrong with it."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccd.config.campaign_rules import EVERYBODY
from ccd.core.configuration import Disposition, RetryRule
from ccd.core.dialer.abandon import DAY
from ccd.model.ids import SECOND, CampaignId
from tests.config.site import errors, loaded

SPRING = CampaignId("spring")
MINUTE, HOUR = 60 * SECOND, 3_600 * SECOND
SMALLEST = ("queue: sales", 'message: {say: "This was us."}')

SITE = """\
switches: {pbx: {kind: asterisk, username: ccd, secret_env: CCD_AMI, recordings: /var/spool/ccd}}
numbers: {"+34910000001": main}
queues: {sales: {requires: {sales: 2}, auto_answer: true}}
agents: {ana: {name: Ana, number: "1001", skills: {sales: 2}}}
calendars: {office: {hours: {monday-friday: 09:00-18:00}}}
dial_policy: {rules: [{name: all, pattern: "+34*", roles: [dialler], trunk: PJSIP/trunk}]}
calling_hours: {spain: {numbers: ["+34*"], hours: {monday: 10:00-12:00}}}
do_not_call: [offers]
"""


def site(*settings: str) -> str:
    """The site with one campaign, whose settings begin in line 11, column 5."""
    return SITE + "campaigns:\n  spring:\n" + "".join(f"    {setting}\n" for setting in settings)


def test_the_smallest_campaign_has_sensible_values(tmp_path: Path) -> None:
    found = loaded(tmp_path, site(*SMALLEST))
    assert found.warnings == ()
    campaign = found.configuration.campaigns[SPRING]
    assert (campaign.name, campaign.queue, campaign.algorithm) == ("spring", "sales", "predictive")
    assert (campaign.cap.target, campaign.cap.is_hard, campaign.cap.spare) == (0.03, True, 0)
    assert (campaign.cap.law.name, campaign.cap.law.patience) == ("us", 2 * SECOND)
    assert (campaign.most_attempts, campaign.most_attempts_a_day, campaign.ring_time) == (8, 3, 25 * SECOND)
    assert (campaign.outbound_clis, campaign.is_local_cli, campaign.hours) == ((), False, None)
    assert (campaign.rank, campaign.has_inbound_first) == (0, True)
    assert campaign.retry["busy"] == RetryRule(5 * MINUTE)
    assert campaign.retry["no_answer"].next_number
    assert "talked" not in campaign.retry
    assert campaign.dispositions["do_not_call"] == Disposition("Do not call", is_done=True, blocks="global")
    rules = found.contact_rules[SPRING]
    assert (rules.hours, rules.lists) == (EVERYBODY, ("global",))
    assert (rules.most_attempts, rules.most_attempts_a_day) == (8, 3)


def test_everything_that_is_written_arrives(tmp_path: Path) -> None:
    spring = """name: Spring
    opt_out_list: offers
    ring_time: 40s
    outbound_cli: ["+34910000001", "+34930000001"]
    cli_choice: local
    attempts: {all: 5, a_day: 2}
    pacing: {algorithm: power, ratio: 2.5, preview_time: 30s}
    abandon: {target: 0.02, law: uk, patience: 1500ms, hard: false, spare: 3, period: 7d}
    retry: {busy: 10m, no_answer: {after: 1h, next_number: true}, hung_up: never, talked: 30d}
    dispositions:
      sold: {name: Sold, done: true}
      later: {after: 7d}
      asked: {call_back: true}
      never: {do_not_call: offers}
      odd: {}
    calendar: office
    calling_hours: [spain]
    do_not_call: [offers]
    rank: 7
    inbound_first: false"""
    found = loaded(tmp_path, site(*SMALLEST, spring))
    campaign = found.configuration.campaigns[SPRING]
    assert (campaign.name, campaign.algorithm, campaign.power_ratio) == ("Spring", "power", 2.5)
    assert (campaign.preview_time, campaign.ring_time) == (30 * SECOND, 40 * SECOND)
    cap = campaign.cap
    assert (cap.target, cap.law.name, cap.law.patience) == (0.02, "uk", 1_500_000)
    assert (cap.is_hard, cap.spare, cap.period.length) == (False, 3, 7 * DAY)
    assert (campaign.outbound_clis, campaign.is_local_cli) == (("+34910000001", "+34930000001"), True)
    assert (campaign.rank, campaign.has_inbound_first) == (7, False)
    assert campaign.hours == found.configuration.calendars["office"]
    assert campaign.retry["busy"] == RetryRule(10 * MINUTE)
    assert campaign.retry["no_answer"] == RetryRule(HOUR, True)
    assert campaign.retry["hung_up"] == RetryRule(0)
    assert campaign.retry["talked"] == RetryRule(30 * DAY)
    assert campaign.retry["congested"] == RetryRule(15 * MINUTE)
    assert campaign.dispositions == {
        "sold": Disposition("Sold", is_done=True),
        "later": Disposition("later", after=7 * DAY),
        "asked": Disposition("asked", is_call_back=True),
        "never": Disposition("never", is_done=True, blocks="offers"),
        "odd": Disposition("odd"),
    }
    rules = found.contact_rules[SPRING]
    assert [entry.name for entry in rules.hours] == ["spain"]
    assert (rules.lists, rules.most_attempts, rules.most_attempts_a_day) == (("offers", "global"), 5, 2)


@pytest.mark.parametrize("pacing", ["preview", "progressive"])
def test_who_leaves_nobody_without_an_agent_needs_no_message(tmp_path: Path, pacing: str) -> None:
    assert errors(tmp_path, site("queue: sales", f"pacing: {{algorithm: {pacing}}}")) == []


@pytest.mark.parametrize(
    "settings",
    [
        (),
        ("pacing: {algorithm: progressive}", "abandon: {hard: false}"),
        ("pacing: {algorithm: power}",),
    ],
)
def test_all_others_do(tmp_path: Path, settings: tuple[str, ...]) -> None:
    (said,) = errors(tmp_path, site("queue: sales", *settings))
    assert said.startswith("ccd.yaml:11:5: error: `message` is missing: what hears who answers")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (
            "calendar: offic",
            "13:15: error: there is no calendar `offic` (expected one of office; did you mean office?)",
        ),
        (
            "calling_hours: [spian]",
            "13:21: error: there is no set of calling hours `spian` (expected one of spain; did you mean spain?)",
        ),
        (
            "do_not_call: [offer]",
            "13:19: error: there is no do-not-call list `offer` (expected one of global, offers; did you mean offers?)",
        ),
        ("opt_out_list: ofers", "13:19: error: there is no do-not-call list `ofers`"),
        (
            "retry: {bussy: 5m}",
            "13:13: error: `bussy` is not possible here (expected one of abandoned, busy, cancelled, congested,"
            " hung_up, lost, machine, no_answer, refused, talked, unreachable; did you mean busy?)",
        ),
        ("retry: {busy: soon}", "13:19: error: `soon` is no length of time"),
        ("retry: {busy: {aftr: 1h}}", "unknown key `aftr` (expected after, next_number"),
        ("pacing: {algorithm: predictiv}", "did you mean predictive?"),
        ("pacing: {ratio: 0.5}", "0.5 is out of bounds (expected 1 to 10)"),
        ("abandon: {period: 1h}", "1h is out of bounds (expected day, or 1d to 366d)"),
        ("abandon: {period: month}", "`month` is no length of time"),
        ("abandon: {target: 3}", "3.0 is out of bounds (expected 0 to 1)"),
        ("abandon: {since: tomorrow}", "`tomorrow` is no date"),
        ("outbound_cli: 0910", "`0910` does not fit (expected a number as +34912345678)"),
        ("outbound_cli: ['+34910000001', x]", "13:36: error: `x` does not fit"),
        (
            "dispositions: {sold: {done: true, after: 1d}}",
            "13:26: error: after, done exclude each other (expected one of them)",
        ),
        (
            "dispositions: {never: {do_not_call: ofers}}",
            "there is no do-not-call list `ofers`",
        ),
        ("attempts: {all: 0}", "0 is out of bounds (expected 1 to 1000)"),
    ],
)
def test_mistakes(tmp_path: Path, setting: str, said: str) -> None:
    found = errors(tmp_path, site(*SMALLEST, setting))
    assert len(found) == 1, found
    assert said in found[0], found


def test_a_campaign_has_a_queue_that_there_is(tmp_path: Path) -> None:
    (said,) = errors(tmp_path, site("queue: sals", SMALLEST[1]))
    assert said == "ccd.yaml:11:12: error: there is no queue `sals` (expected one of sales; did you mean sales?)"
    (tmp_path / "other").mkdir()
    (said,) = errors(tmp_path / "other", site(SMALLEST[1]))
    assert said == "ccd.yaml:11:5: error: `queue` is missing"


@pytest.mark.parametrize(
    ("setting", "column"), [("opt_out_list: offers", 19), ("dispositions: {never: {do_not_call: offers}}", 41)]
)
def test_whoever_is_to_be_left_alone_goes_on_a_list_that_the_campaign_heeds(
    tmp_path: Path, setting: str, column: int
) -> None:
    heeded = "(expected one of global, or `offers` in its `do_not_call`)"
    said = f"ccd.yaml:13:{column}: error: campaign `spring` does not heed the do-not-call list `offers` {heeded}"
    assert errors(tmp_path, site(*SMALLEST, setting)) == [said]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("trunk_limits: {PJSIP/trunk: {calls: -1}}", "9:37: error: -1 is out of bounds (expected 0 to 100000)"),
        ("trunk_limits: {trunk: {calls: 1}}", "9:16: error: `trunk` does not fit (expected a trunk as PJSIP/trunk"),
        ("trunk_limits: {'pbx2:PJSIP/trunk': {calls: 1}}", "there is no switch `pbx2` (expected one of pbx; did you"),
        (
            "trunk_limits: {PJSIP/trunk: {calls: 1}, 'pbx:PJSIP/trunk': {}}",
            "9:41: error: `pbx:PJSIP/trunk` is `PJSIP/trunk`, which is there already",
        ),
        ("trunk_limits: {gateway/trunk: {}}", "switch `pbx` is an Asterisk, which has no `gateway/trunk`"),
    ],
)
def test_mistakes_in_trunk_limits(tmp_path: Path, more: str, said: str) -> None:
    (found,) = errors(tmp_path, SITE + more + "\n")
    assert said in found


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ("numbers: [], hours: {}", "there is nothing in it (expected at least one entry)"),
        ("numbers: ['34*'], hours: {}", "`34*` does not fit (expected the begin of numbers as +34*, +1205*)"),
        ("numbers: ['+34'], hours: {}", "`+34` does not fit"),
        ("numbers: ['+34*']", "`hours` is missing"),
        ("numbers: ['+34*'], hours: {monday: 9-18}", "`9-18` is no opening"),
        ("numbers: ['+34*'], hours: {}, holidays: {country: XX}", "no holidays are known for the country `XX`"),
        ("numbers: ['+34*'], hours: {}, holidays: {country: ES, days: {}}", "unknown key `days`"),
        ("numbers: ['+34*'], hours: {}, time_zone: UTC", "unknown key `time_zone`"),
    ],
)
def test_mistakes_in_calling_hours(tmp_path: Path, hours: str, said: str) -> None:
    text = SITE.replace("calling_hours: {", f"calling_hours: {{other: {{{hours}}}, ")
    (found,) = errors(tmp_path, text)
    assert said in found


def test_two_calling_hours_of_one_campaign_are_not_for_the_same_numbers(tmp_path: Path) -> None:
    text = site(*SMALLEST, "calling_hours: [spain, again]")
    text = text.replace("calling_hours: {spain", "calling_hours: {again: {numbers: ['+35*', '+34*'], hours: {}}, spain")
    said = "ccd.yaml:13:28: error: calling hours `spain` and `again` are both for +34*"
    assert errors(tmp_path, text) == [said]


WORDS = [
    "sales",
    "offers",
    "never",
    "day",
    "30d",
    "uk",
    "preview",
    "power",
    "true",
    "+34*",
    "+34910000001",
    "[",
    "{x: ",
]
KEYS = [
    "queue",
    "message",
    "pacing",
    "abandon",
    "retry",
    "busy",
    "dispositions",
    "calling_hours",
    "do_not_call",
    "after",
]
ANYTHING = st.recursive(
    st.sampled_from(WORDS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda found: f"[{', '.join(found)}]"),
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=3).map(
            lambda found: "{" + ", ".join(f"{key}: {value}" for key, value in found.items()) + "}"
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(KEYS), ANYTHING)
def test_anything_in_a_campaign_gives_a_site_or_mistakes_with_their_places(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: str
) -> None:
    for said in errors(tmp_path_factory.mktemp("site"), site(*SMALLEST, f"{key}: {value}")):
        assert said.startswith("ccd.yaml:1"), said
