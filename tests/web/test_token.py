"""Tokens: what is one, how it is compared."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccd.model.ids import AgentId
from ccd.web import token as module
from ccd.web.token import Token, Tokens, hash_token, make_token


def test_a_token_is_known_by_its_text_alone() -> None:
    text = make_token("wallboard")
    token = Token("wallboard", "supervisor", hash_token(text))
    assert Tokens([token]).identify(text) is token
    assert make_token("wallboard") != text
    assert text.startswith("ccd_wallboard_")
    assert text not in token.hash


@given(st.text(max_size=80) | st.from_regex(r"\Accd_[a-z-]{1,9}_[A-Za-z0-9_-]{43}\Z"))
def test_nothing_else_is(text: str) -> None:
    known = Token("a", "admin", hash_token("ccd_a_" + "x" * 43))
    assert Tokens([known]).identify(text) is None


def test_a_line_cannot_be_moved_to_another_name() -> None:
    text = make_token("low")
    stolen = Token("high", "admin", hash_token(text))
    tokens = Tokens([stolen])
    assert tokens.identify(text) is None
    assert tokens.identify(text.replace("ccd_low_", "ccd_high_")) is None


def test_comparing_takes_constant_time_whoever_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text, of a known name, an unknown one or no token at all, goes through one compare_digest of one length."""
    compared: list[tuple[int, int]] = []

    def digest(left: str, right: str) -> bool:
        compared.append((len(left), len(right)))
        return hmac.compare_digest(left, right)

    monkeypatch.setattr(module, "hmac", type("Counting", (), {"compare_digest": staticmethod(digest)}))
    text = make_token("known")
    tokens = Tokens([Token("known", "admin", hash_token(text))])
    for tried in (text, text[:-1] + "-", make_token("unknown"), "rubbish", ""):
        tokens.identify(tried)
    assert compared == [(71, 71)] * 5


@pytest.mark.parametrize(
    ("name", "role", "text", "agent"),
    [
        ("A", "admin", hash_token("x"), None),
        ("a_b", "admin", hash_token("x"), None),
        ("a", "king", hash_token("x"), None),
        ("a", "admin", "ccd_a_" + "x" * 43, None),
        ("a", "admin", "sha256:" + "0" * 63, None),
        ("a", "agent", hash_token("x"), None),
        ("a", "admin", hash_token("x"), AgentId("ana")),
    ],
)
def test_a_line_that_makes_no_sense_is_refused(name: str, role: module.Role, text: str, agent: AgentId | None) -> None:
    with pytest.raises(ValueError, match="token"):
        Token(name, role, text, agent)


def test_one_name_one_token() -> None:
    one, two = Token("a", "admin", hash_token("x")), Token("a", "supervisor", hash_token("y"))
    tokens = Tokens([one])
    with pytest.raises(ValueError, match="two tokens"):
        tokens.replace([one, two])
    assert tokens.holds(one)
    assert not tokens.holds(two)


def test_roles_include_the_lower_ones() -> None:
    supervisor = Token("a", "supervisor", hash_token("x"))
    assert [supervisor.is_at_least(role) for role in module.ROLES] == [True, True, False]
