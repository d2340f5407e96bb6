"""Decisions in words."""

from msgspec.structs import replace

from ccd.web.campaign_why import campaign_why, decision_said, percent
from tests.web.desk import CAMPAIGN, DECISION


def test_a_predictive_decision_tells_its_terms() -> None:
    assert decision_said(DECISION) == (
        "4 agents free, 3 in talk, 1 in wrap-up, 6 lines ringing. Of 100 dials 32.0 are answered by a person (give or "
        "take 1.2). The next line would leave somebody without an agent with a chance of 4.1 %, over the limit of 3 %. "
        "So 5 calls: chance over the limit."
    )


def test_a_simple_one_tells_less() -> None:
    simple = replace(DECISION, algorithm="progressive", calls_to_place=0, reason="a line for each free agent", free=-1)
    simple = replace(simple, answer_rate=0.0, limit=0.0)
    assert decision_said(simple) == (
        "1 answered calls without an agent, 3 in talk, 1 in wrap-up, 6 lines ringing. "
        "So no call: a line for each free agent."
    )


def test_what_keeps_a_campaign_from_dialling_comes_first() -> None:
    story = campaign_why(replace(CAMPAIGN, hindrance="no agent is there for it", decision=None), (), ())
    assert story.now[0] == "It dials nothing: no agent is there for it."
    assert len(story.now) == 2


def test_the_cap_before_any_answer_and_beyond_the_target() -> None:
    def cap_said(**changes: object) -> str:
        return campaign_why(replace(CAMPAIGN, cap=replace(CAMPAIGN.cap, **changes)), (), ()).now[1]

    assert cap_said(live=0) == "No live answers in this period yet; at most 3 % may be abandoned, in the hard mode."
    assert cap_said(surplus=-2.0, is_hard=False).endswith(
        "at most 3 % may be, as a target. That is 2.0 too many so far."
    )
    assert cap_said().endswith("0.6 more would still be within it.")


def test_a_full_trunk_is_named() -> None:
    (trunk,) = CAMPAIGN.trunks
    full = replace(CAMPAIGN, trunks=(replace(trunk, calls=30),))
    assert campaign_why(full, (), ()).now[-1] == "Trunks with no line left: PJSIP/trunk."


def test_percent() -> None:
    assert [percent(share) for share in (0.0, 0.03, 0.0275, 0.02754, 1.0)] == [
        "0 %",
        "3 %",
        "2.75 %",
        "2.75 %",
        "100 %",
    ]
