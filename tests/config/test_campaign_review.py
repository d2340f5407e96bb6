"""What is allowed, and harms whoever is called."""

from pathlib import Path

import pytest

from tests.config.site import FLOW, warnings
from tests.config.test_campaign import SITE, SMALLEST, site

QUEUE = "ccd.yaml:11:12: warning: "


def test_a_right_campaign_has_none(tmp_path: Path) -> None:
    assert warnings(tmp_path, site(*SMALLEST)) == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            ("ring_time: 10s",),
            "13:16: warning: a number that rings for less than 15s was not called, by law (expected 15s)",
        ),
        (
            ("abandon: {patience: 5s}",),
            "13:25: warning: whoever waits longer than 2s was abandoned, by law",
        ),
        (
            ("pacing: {algorithm: power}", "abandon: {hard: false}"),
            "13:25: warning: `power` with `hard: false`: nothing holds the share of abandoned calls down",
        ),
    ],
)
def test_what_the_law_does_not_allow(tmp_path: Path, settings: tuple[str, ...], said: str) -> None:
    assert warnings(tmp_path, site(*SMALLEST, *settings)) == [f"ccd.yaml:{said}"]


def test_a_campaign_without_a_message(tmp_path: Path) -> None:
    assert warnings(tmp_path, site("queue: sales", "pacing: {algorithm: progressive}")) == [
        "ccd.yaml:10:3: warning: campaign `spring` has no `message`: who answers when no agent comes hears nothing"
    ]


def test_agents_who_must_pick_up_by_hand(tmp_path: Path) -> None:
    text = site(*SMALLEST).replace(", auto_answer: true", "")
    assert warnings(tmp_path, text) == [
        f"{QUEUE}agents of queue `sales` must pick up within 2s; give it `auto_answer: true`, or the campaign"
        " `pacing: {algorithm: preview}`"
    ]
    other = tmp_path / "preview"
    other.mkdir()
    preview = site(*SMALLEST, "pacing: {algorithm: preview}").replace(", auto_answer: true", "")
    assert warnings(other, preview) == []


@pytest.mark.parametrize("is_sites", [False, True])
def test_an_announcement_that_keeps_the_agent_away(tmp_path: Path, is_sites: bool) -> None:
    told = "{mode: always, announcement: {say: This call is recorded.}}"
    text = site(*SMALLEST)
    text = text + f"recording: {told}\n" if is_sites else text.replace("auto_answer", f"recording: {told}, auto_answer")
    assert warnings(tmp_path, text) == [
        f"{QUEUE}the recording announcement of queue `sales` keeps the agent away for as long as it lasts;"
        " `patience` is 2s"
    ]


def test_an_announcement_that_nobody_hears_keeps_nobody_away(tmp_path: Path) -> None:
    text = site(*SMALLEST) + "recording: {announcement: {say: This call is recorded.}}\n"
    assert warnings(tmp_path, text) == []


@pytest.mark.parametrize("roles", ["", "roles: [agent, flow], ", "allow: false, roles: [dialler], "])
def test_campaigns_that_may_dial_nothing(tmp_path: Path, roles: str) -> None:
    text = site(*SMALLEST).replace("roles: [dialler], ", roles)
    assert warnings(tmp_path, text) == [
        "ccd.yaml:9:1: warning: no rule of the dial policy lets campaigns dial: one must have `roles: [dialler]`"
    ]


def test_where_there_is_no_campaign_nobody_needs_a_rule(tmp_path: Path) -> None:
    assert warnings(tmp_path, SITE.replace("roles: [dialler], ", "")) == []


def test_a_limit_of_a_trunk_that_nothing_goes_through(tmp_path: Path) -> None:
    text = SITE + "trunk_limits: {PJSIP/trank: {calls: 1}, 'pbx:PJSIP/trunk': {calls: 1}}\n"
    said = "ccd.yaml:9:16: warning: no dial rule uses trunk PJSIP/trank (did you mean PJSIP/trunk?)"
    assert warnings(tmp_path, text) == [said]


def test_a_language_without_the_text_that_it_is_done(tmp_path: Path) -> None:
    language = "site: {language: fr}\nspeech: {voices: {fr: {program: espeak-ng, voice: fr}}}\n"
    found = warnings(tmp_path, site(*SMALLEST) + language, main=FLOW)
    assert "ccd.yaml:10:3: warning: there is no built-in `opt_out_message` in fr" in found
    other = tmp_path / "given"
    other.mkdir()
    given = site(*SMALLEST, "opt_out_message: {say: Au revoir.}") + language
    assert not any("opt_out_message" in line for line in warnings(other, given, main=FLOW))
