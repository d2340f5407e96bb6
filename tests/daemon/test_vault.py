"""Secrets stay in the vault; guessing a PIN is slow; the intake hides digits that an earlier input made secret."""

from ccd.daemon.guard import LOCKED, MOST_WRONG, PinGuard
from ccd.daemon.vault import HIDDEN, LONGEST, MOST_SECRETS, Vault
from ccd.model.event import DigitPressed
from ccd.model.ids import AgentId, LegId

LEG = LegId("pbx/b1/1.1")
ANNA = AgentId("anna")


def test_digits_are_hidden_and_the_terminator_is_not() -> None:
    vault = Vault()
    seen = "".join(vault.take(DigitPressed(LEG, digit), "t", "#").digit for digit in "1234#")
    assert seen == HIDDEN * 4 + "#"
    assert vault.reveal("t") == vault.reveal("secret:t") == "1234"
    assert vault.matches("t", "[0-9]{4}")
    assert not vault.matches("t", "[0-9]{3}")
    vault.forget("secret:t")
    assert vault.reveal("t") == ""


def test_vault_is_bounded() -> None:
    vault = Vault()
    for number in range(MOST_SECRETS + 5):
        vault.take(DigitPressed(LEG, "1"), str(number), "#")
    assert vault.reveal("0") == ""
    assert vault.reveal(str(MOST_SECRETS)) == "1"
    for _ in range(LONGEST * 2):
        vault.take(DigitPressed(LEG, "1"), "long", "#")
    assert len(vault.reveal("long")) == LONGEST


def test_too_many_wrong_pins_lock_for_a_while() -> None:
    guard = PinGuard()
    for attempt in range(MOST_WRONG):
        assert guard.may_try(ANNA, attempt)
        guard.tried(ANNA, attempt, False)
    assert not guard.may_try(ANNA, MOST_WRONG)
    assert guard.may_try(AgentId("bert"), MOST_WRONG)
    assert guard.may_try(ANNA, MOST_WRONG + LOCKED)


def test_a_right_pin_forgives_the_wrong_ones() -> None:
    guard = PinGuard()
    for attempt in range(MOST_WRONG - 1):
        guard.tried(ANNA, attempt, False)
    guard.tried(ANNA, 10, True)
    for attempt in range(11, 11 + MOST_WRONG - 1):
        guard.tried(ANNA, attempt, False)
    assert guard.may_try(ANNA, 20)
