"""What agents dial on their phones: log in with number and PIN, log out, pause, unpause."""

import pytest

from ccd.core.configuration import FeatureCodes, Site
from ccd.core.view import call_views
from ccd.model import fact as f
from ccd.model.command import Answer, Ask, HangUp, Play
from ccd.model.event import Answered, DigitPressed, LegArrived, PlayEnded
from ccd.model.ids import SECOND, AgentId, Endpoint, LegId
from ccd.model.question import CheckPin
from ccd.model.view import CallView
from tests.core.centre import Centre, agent, leg
from tests.core.test_engine import centre, states

PHONE = Endpoint("PJSIP/desk")
ANNA = agent("anna", sales=1)
DIALLED = leg("2.1")


def dial(c: Centre, code: str, endpoint: Endpoint = PHONE, unique: str = "2.1") -> LegId:
    """A phone dials a code and is answered."""
    c.feed(LegArrived(leg(unique), ani="desk", dnis=code, endpoint=endpoint), 1)
    assert Answer(leg(unique)) in c.commands
    c.answer(leg(unique))
    return leg(unique)


def press(c: Centre, keys: str) -> None:
    """Keys, as the engine sees them: those of a secret masked but for the last one."""
    for key in keys:
        is_secret = c.engine.secret(DIALLED) is not None and key != "#"
        c.feed(DigitPressed(DIALLED, "?" if is_secret else key), 1)


def played(c: Centre) -> list[str]:
    """All prompts so far."""
    return [sound for one in c.commands if isinstance(one, Play) for sound in one.sounds]


def say_out(c: Centre) -> None:
    """The last prompt is over."""
    serial = [one.serial for one in c.commands if isinstance(one, Play)][-1]
    c.feed(PlayEnded(DIALLED, serial, "finished"), 1)


def check(c: Centre) -> Ask:
    """The question about the PIN."""
    return next(one for one in c.commands if isinstance(one, Ask))


@pytest.mark.parametrize(("is_right", "state", "said"), [(True, "ready", "in"), (False, "logged_out", "refused")])
def test_log_in_by_number_and_pin(is_right: bool, state: str, said: str) -> None:
    c = centre(ANNA)
    c.phone("desk", "in_use")
    dial(c, "*71")
    press(c, "1004#")
    assert c.engine.secret(DIALLED) is not None
    press(c, "4711#")
    assert c.engine.secret(DIALLED) is None
    asked = check(c)
    assert isinstance(asked.what, CheckPin)
    assert asked.what.agent == "anna"
    c.feed(Answered(asked.question, is_right), 1)
    assert states(c) == {"anna": state}
    assert played(c) == ["number", "pin", said]
    say_out(c)
    assert HangUp(DIALLED, 16) in c.commands
    assert "4711" not in repr([c.commands, c.facts])


def test_logged_in_at_the_phone_that_called_and_offered_calls_there_once_it_is_idle() -> None:
    c = centre(ANNA)
    c.phone("desk", "in_use")
    c.arrive("sales")
    dial(c, "*71")
    press(c, "1004#4711#")
    c.feed(Answered(check(c).question, True), 1)
    c.hung_up(DIALLED)
    assert not c.dialled()
    c.phone("desk", "idle")
    assert [one.endpoint for one in c.dialled()] == ["PJSIP/desk"]


def test_unknown_number_is_refused_after_the_pin_and_does_not_say_why() -> None:
    c = centre(ANNA)
    dial(c, "*71")
    press(c, "9999#4711#")
    assert played(c) == ["number", "pin", "refused"]
    assert not [one for one in c.commands if isinstance(one, Ask)]


def test_vault_that_does_not_answer_is_a_refusal() -> None:
    c = centre(ANNA)
    c.phone("desk", "idle")
    dial(c, "*71")
    press(c, "1004#4711#")
    c.wait(5 * SECOND)
    assert played(c)[-1] == "refused"
    assert states(c) == {"anna": "logged_out"}
    c.feed(Answered(check(c).question, True), 1)
    assert states(c) == {"anna": "logged_out"}, "late is never"


@pytest.mark.parametrize("keys", ["", "1004", "1004#47", "1" * 20, "1004#" + "1" * 20])
def test_silence_or_too_many_keys_end_in_a_refusal(keys: str) -> None:
    c = centre(ANNA)
    dial(c, "*71")
    press(c, keys)
    if not keys:
        say_out(c)
    c.wait(10 * SECOND)
    assert played(c)[-1] == "refused"
    say_out(c)
    assert HangUp(DIALLED, 16) in c.commands


def test_keys_before_the_answer_do_no_harm() -> None:
    c = centre(ANNA)
    c.feed(LegArrived(DIALLED, dnis="*71", endpoint=PHONE), 1)
    press(c, "1")
    c.answer(DIALLED)
    press(c, "004#4711#")
    assert isinstance(check(c).what, CheckPin)


def test_a_pin_typed_before_it_is_asked_for_is_forgotten() -> None:
    c = centre(ANNA)
    c.feed(LegArrived(DIALLED, dnis="*71", endpoint=PHONE), 1)
    press(c, "1004#4711#")
    c.answer(DIALLED)
    assert played(c) == ["number", "pin"]
    assert not [one for one in c.commands if isinstance(one, Ask)]
    press(c, "4711#")
    assert isinstance(check(c).what, CheckPin)


def test_the_vault_is_asked_about_what_was_typed_in_secret() -> None:
    c = centre(ANNA)
    dial(c, "*71")
    press(c, "1004#")
    secret = c.engine.secret(DIALLED)
    assert secret is not None
    token, terminator = secret
    assert terminator == "#"
    press(c, "4711#")
    assert check(c) == Ask(check(c).question, CheckPin(AgentId("anna"), token), c.now + 5 * SECOND)


@pytest.mark.parametrize(("keys", "said"), [("1" * 16, ["number"]), ("1004#" + "1" * 16, ["number", "pin"])])
def test_sixteen_keys_are_not_too_many_and_one_more_is(keys: str, said: list[str]) -> None:
    c = centre(ANNA)
    dial(c, "*71")
    press(c, keys)
    assert played(c) == said
    press(c, "1")
    assert played(c) == [*said, "refused"]


def test_keys_while_the_pin_is_checked_change_nothing() -> None:
    c = centre(ANNA)
    c.phone("desk", "idle")
    dial(c, "*71")
    press(c, "1004#4711#12#")
    c.feed(Answered(check(c).question, True), 1)
    assert states(c) == {"anna": "ready"}
    assert played(c) == ["number", "pin", "in"]


@pytest.mark.parametrize(
    ("is_right", "endpoint", "result"),
    [(True, PHONE, "1004"), (False, PHONE, "refused"), (True, Endpoint("PJSIP/nowhere"), "refused")],
)
def test_the_record_says_who_logged_in_or_that_nobody_did(is_right: bool, endpoint: Endpoint, result: str) -> None:
    c = centre(ANNA)
    c.phone("desk", "in_use")
    dial(c, "*71", endpoint)
    press(c, "1004#4711#")
    c.feed(Answered(check(c).question, is_right), 1)
    say_out(c)
    assert [(left.step, left.result) for left in c.of(f.StepLeft)] == [("log_in", result)]


def test_a_refusal_is_on_record_with_its_reason() -> None:
    c = centre(ANNA)
    dial(c, "*72")
    say_out(c)
    assert [left.result for left in c.of(f.StepLeft)] == ["nobody is logged in here"]


def test_the_call_of_a_code_as_people_see_it() -> None:
    c = centre(ANNA)
    c.log_in("anna")
    phone = Endpoint("PJSIP/anna")
    c.feed(LegArrived(DIALLED, "1004", "Anna", "*73", phone), 1)
    (view,) = call_views(c.engine.floor)
    assert view == CallView(
        view.id, "internal", "flow", c.now, "1004", "Anna", dnis="*73", flow="*73", step="change_state"
    )


def test_caller_who_leaves_while_he_types_leaves_nothing_behind() -> None:
    c = centre(ANNA)
    dial(c, "*71")
    press(c, "1004#47")
    c.hung_up(DIALLED)
    assert not c.engine.floor.calls
    c.wait(60 * SECOND)
    assert len(c.of(f.CallEnded)) == 1


@pytest.mark.parametrize(
    ("code", "state", "said", "reason"),
    [
        ("*72", "logged_out", "out", "log out"),
        ("*73", "paused", "paused", ""),
        ("*731", "paused", "paused", "lunch"),
        ("*732", "paused", "paused", "coaching"),
        ("*74", "ready", "refused", "log in"),
    ],
)
def test_codes_of_one_who_is_logged_in(code: str, state: str, said: str, reason: str) -> None:
    c = centre(ANNA, site=Site(pause_reasons=("lunch", "coaching")))
    c.log_in("anna")
    dial(c, code, Endpoint("PJSIP/anna"))
    assert states(c) == {"anna": state}
    assert c.engine.floor.agents["anna"].reason == reason  # type: ignore[index]
    assert played(c) == [said]


def test_unpause_by_code() -> None:
    c = centre(ANNA)
    c.log_in("anna")
    for unique, code in (("2.1", "*73"), ("2.2", "*74")):
        dial(c, code, Endpoint("PJSIP/anna"), unique)
    assert states(c) == {"anna": "ready"}
    assert played(c) == ["paused", "unpaused"]


@pytest.mark.parametrize("code", ["*739", "*730", "*73x", "*71*", "*7", "*"])
def test_what_is_no_code_is_a_number_and_forbidden(code: str) -> None:
    c = centre(ANNA, site=Site(pause_reasons=("lunch",)))
    c.log_in("anna")
    c.feed(LegArrived(DIALLED, dnis=code, endpoint=Endpoint("PJSIP/anna")), 1)
    assert HangUp(DIALLED, 21) in c.commands
    assert states(c) == {"anna": "ready"}


def test_codes_at_a_phone_without_login_are_refused() -> None:
    c = centre(ANNA)
    dial(c, "*72")
    assert played(c) == ["refused"]


def test_a_code_that_is_not_configured_does_not_exist() -> None:
    c = centre(ANNA, feature_codes=FeatureCodes(log_in=""))
    c.feed(LegArrived(DIALLED, dnis="", endpoint=PHONE), 1)
    assert HangUp(DIALLED, 21) in c.commands


def test_the_clock_of_an_earlier_key_does_not_end_the_check() -> None:
    c = centre(ANNA)
    c.phone("desk", "in_use")
    dial(c, "*71")
    press(c, "1004#4")
    c.wait(6 * SECOND)
    press(c, "7#")
    c.wait(4 * SECOND + 100)
    c.feed(Answered(check(c).question, True), 1)
    assert states(c) == {"anna": "ready"}
