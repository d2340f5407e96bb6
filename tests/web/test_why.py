"""Reasons in plain words."""

import pytest
from msgspec.structs import replace

from ccd.model.cdr import Candidate, Explanation, ShadowRemark
from ccd.model.ids import SECOND, AgentId
from ccd.web.why import why
from tests.web.centre import ANA, BEA, CARL, RECORD, SALES

OFFER = RECORD.offers[0]
REQUIRES = {SALES: (("sales", 1), ("english", 2))}
AT = OFFER.made_at


def reason(*candidates: Candidate, trigger: str = "caller", known: bool = True) -> str:
    explanation = Explanation(candidates) if candidates else None
    record = replace(RECORD, offers=(replace(OFFER, trigger=trigger, explanation=explanation),))
    return why(record, REQUIRES if known else {}).offers[0].reason


def idle(agent: AgentId, seconds: int, *levels: int, refusal: str = "") -> Candidate:
    return Candidate(agent, levels, AT - seconds * SECOND, refusal)


def test_the_first_skill_that_differs_decides() -> None:
    assert reason(idle(BEA, 5, 5, 3), idle(ANA, 9000, 5, 2)).endswith(
        "bea has the higher level in english: 3 against 2 of ana."
    )
    assert reason(idle(BEA, 5, 5), idle(ANA, 5, 4), known=False).endswith(
        "bea has the higher level in skill 1: 5 against 4 of ana."
    )


def test_then_the_longest_idle() -> None:
    said = reason(idle(BEA, 3700, 5, 3), idle(ANA, 95, 5, 3), idle(CARL, 99_999, 9, 9, refusal="paused"))
    assert said.endswith("Same levels; bea was idle longer: 1 h 1 min against 1 min 35 s of ana.")


def test_then_the_order_of_ids() -> None:
    assert reason(idle(BEA, 5, 5), idle(CARL, 5, 5)).endswith("the order of ids decided.")


def test_the_only_one() -> None:
    assert reason(idle(BEA, 5, 5)).endswith("bea was the only agent who could take the call.")
    said = reason(idle(BEA, 5, 5), idle(ANA, 5, refusal="paused"), idle(CARL, 5, refusal="phone in use"))
    assert said.endswith("bea was the only agent who could take the call; the 2 others could not.")


def test_an_agent_who_became_free_took_who_came_first() -> None:
    assert reason(trigger="agent") == "bea became free, and of all callers he may serve this one came first."


def test_a_choice_against_the_rule_is_not_glossed_over() -> None:
    assert "the lower level in sales: 1 against 5 of ana" in reason(idle(ANA, 5, 5), idle(BEA, 5, 1))


@pytest.mark.parametrize(
    ("remark", "said"),
    [
        (None, ""),
        (ShadowRemark("same", BEA), "The shadow policy would have done the same."),
        (ShadowRemark("other_agent", ANA), "The shadow policy would have offered it to ana."),
        (ShadowRemark("nobody"), "The shadow policy would have let the caller wait."),
        (ShadowRemark("no_queue"), "The shadow policy has no such queue."),
    ],
)
def test_what_the_shadow_policy_would_have_done(remark: ShadowRemark | None, said: str) -> None:
    record = replace(RECORD, offers=(replace(OFFER, explanation=Explanation((), remark)),))
    assert why(record, REQUIRES).offers[0].shadow == said
