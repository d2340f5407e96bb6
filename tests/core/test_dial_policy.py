"""Which numbers may be dialled: fail closed."""

import pytest

from ccd.core.dial_policy import DialPolicy, DialRule, decide, is_emergency
from ccd.model.ids import Endpoint

TRUNK = Endpoint("PJSIP/trunk")
POLICY = DialPolicy(
    (
        DialRule("no premium", "+34803*", allow=False),
        DialRule("mobile", "+346XXXXXXXX", trunk=TRUNK, outbound_cli="+34900"),
        DialRule("spain", "+34*", roles=("supervisor",), trunk=TRUNK),
        DialRule("all", "+1*", roles=("flow",)),
    ),
    emergency=("112", "+34112"),
)


@pytest.mark.parametrize(
    ("role", "number", "allowed", "why"),
    [
        ("agent", "+34600123456", True, "rule mobile"),
        ("agent", "+346001234567", False, "no rule allows it for role agent"),
        ("agent", "+3460012345", False, "no rule allows it for role agent"),
        ("agent", "+34910123456", False, "no rule allows it for role agent"),
        ("supervisor", "+34910123456", True, "rule spain"),
        ("supervisor", "+34803123456", False, "rule no premium forbids it"),
        ("flow", "+12025550100", True, "rule all"),
        ("agent", "+12025550100", False, "no rule allows it for role agent"),
        ("agent", "112", False, "emergency numbers never pass ccd"),
        ("supervisor", "+34112", False, "emergency numbers never pass ccd"),
    ],
)
def test_first_rule_that_matches_decides(role: str, number: str, allowed: bool, why: str) -> None:
    decision = decide(POLICY, role, number)
    assert (decision.allowed, decision.why) == (allowed, why)


@pytest.mark.parametrize(
    "number",
    [
        "",
        "600123456",
        "+0600123456",
        "+34600123456\n",
        "+34600123456@evil",
        "+34 600123456",
        "+3460012345٣",
        "+" + "9" * 16,
    ],
)
def test_anything_but_plain_e164_is_forbidden(number: str) -> None:
    assert not decide(DialPolicy((DialRule("all", "*"),)), "agent", number).allowed


def test_without_rules_nothing_is_allowed() -> None:
    assert not decide(DialPolicy(), "admin", "+34600123456").allowed


def test_a_rules_pattern_is_text_but_for_its_own_signs() -> None:
    assert not decide(DialPolicy((DialRule("dot", "+34.*"),)), "agent", "+34600123456").allowed


def test_trunk_and_number_shown_come_from_the_rule() -> None:
    decision = decide(POLICY, "agent", "+34600123456")
    assert (decision.trunk, decision.outbound_cli) == (TRUNK, "+34900")


@pytest.mark.parametrize(
    ("number", "is_one"),
    [
        ("112", True),
        ("+1112", True),
        ("+353112", True),
        ("+3531112", False),
        ("+34600112", False),
        ("1112", False),
        ("9112", False),
        ("+353113", False),
    ],
)
def test_an_emergency_number_behind_a_countrys_code_is_one(number: str, is_one: bool) -> None:
    assert is_emergency(DialPolicy(emergency=("112",)), number) is is_one


def test_what_is_forbidden_is_false() -> None:
    for number in ("x", "112", "+34911111111", "+34803123456"):
        assert decide(POLICY, "agent", number).allowed is False


def test_a_rule_that_names_nobody_is_not_for_campaigns() -> None:
    """They dial by themselves and by the thousand: fail closed."""
    trunk = Endpoint("PJSIP/trunk")
    everybody, campaigns = (
        DialRule("all", "+34*", trunk=trunk),
        DialRule("own", "+34*", roles=("dialler",), trunk=trunk),
    )
    assert not decide(DialPolicy((everybody,)), "dialler", "+34910000001").allowed
    assert decide(DialPolicy((everybody, campaigns)), "dialler", "+34910000001").why == "rule own"
    assert not decide(DialPolicy((campaigns,)), "agent", "+34910000001").allowed
