"""`menu`."""

import pytest

from ccd.model.command import Play
from ccd.model.event import PlayEnded
from ccd.model.fact import FlowBroken
from ccd.model.ids import SECOND
from tests.core.flow.ivr import LEG, Ivr

SHOP = """
flow: shop
steps:
  choose:
    menu:
      prompt: {say: choices}
      invalid: {say: wrong}
      silence: {say: nothing}
      keys: {1: one, 2: two}
      timeout: 5s
      retries: 1
      otherwise: other
  one: {hangup: }
  two: {hangup: }
  other: {hangup: }
"""
DEAF = SHOP.replace("timeout: 5s", "barge_in: false")


def test_a_key_after_the_prompt_decides() -> None:
    ivr = Ivr(SHOP).call().heard().press("2")
    assert ivr.way()[0] == "choose: key 2"
    assert ivr.at() == "two"


def test_a_key_during_the_prompt_stops_it_and_decides() -> None:
    ivr = Ivr(SHOP).call().press("1")
    assert ivr.at() == "one"
    assert ivr.stops() == 1


def test_the_end_of_a_prompt_that_was_broken_into_is_stale() -> None:
    ivr = Ivr(SHOP).call()
    serial = ivr.last(Play).serial
    ivr.press("9")
    assert ivr.played() == [("en:choices",), ("en:wrong", "en:choices")]
    ivr.feed(PlayEnded(LEG, serial, "digit"), 1)
    ivr.wait(6 * SECOND)
    assert ivr.way() == []


def test_keys_typed_ahead_answer_at_once_and_nothing_is_played() -> None:
    text = SHOP.replace("steps:\n", "steps:\n  hello: {play: {say: hello}}\n")
    ivr = Ivr(text).call().press("2").heard()
    assert ivr.played() == [("en:hello",)]
    assert ivr.at() == "two"


def test_a_wrong_key_is_told_and_asked_again_then_given_up() -> None:
    ivr = Ivr(SHOP).call().heard().press("7")
    assert ivr.played()[-1] == ("en:wrong", "en:choices")
    ivr.heard().press("8")
    assert ivr.way()[0] == "choose: invalid"
    assert ivr.at() == "other"


def test_silence_is_told_and_asked_again_then_given_up() -> None:
    ivr = Ivr(SHOP).call().heard()
    ivr.wait(5 * SECOND)
    assert ivr.played()[-1] == ("en:nothing", "en:choices")
    ivr.heard().wait(5 * SECOND)
    assert ivr.way()[0] == "choose: timeout"


def test_a_key_stops_the_clock() -> None:
    ivr = Ivr(SHOP).call().heard()
    ivr.wait(4 * SECOND)
    ivr.press("7")
    ivr.wait(4 * SECOND)
    assert ivr.way() == []
    ivr.heard().press("1")
    assert ivr.at() == "one"


def test_without_barge_in_keys_before_the_end_are_forgotten() -> None:
    ivr = Ivr(DEAF).call().press("1")
    assert ivr.way() == []
    ivr.heard().press("2")
    assert ivr.at() == "two"


@pytest.mark.parametrize("result", ["failed", "stopped", "finished", "digit"])
def test_a_prompt_that_fails_strands_nobody(result: str) -> None:
    ivr = Ivr(SHOP).call().heard(result)
    ivr.wait(5 * SECOND)
    ivr.heard(result).wait(5 * SECOND)
    assert ivr.at() == "other"


def test_an_endless_menu_ends_the_call() -> None:
    text = "flow: f\nsteps:\n  a: {menu: {prompt: {say: x}, keys: {1: a}, retries: 0, otherwise: a}}\n"
    ivr = Ivr(text).call()
    for _ in range(1_100):
        if ivr.is_over():
            break
        ivr.press("1")
    assert ivr.of(FlowBroken)[0].reason == "too many steps"


def test_the_choices_are_stopped_by_a_key_unless_no_key_counts() -> None:
    assert Ivr(SHOP).call().last(Play) == Play(LEG, 1, ("en:choices",), until_digit=True)
    assert Ivr(DEAF).call().last(Play) == Play(LEG, 1, ("en:choices",), until_digit=False)


def test_the_key_after_the_one_that_decides_is_kept() -> None:
    text = SHOP.replace("steps:\n", "steps:\n  hello: {play: {say: hello}}\n").replace(
        "two: {hangup: }", "two: {queue: {queue: sales}}"
    )
    ivr = Ivr(text).call().press("21").heard()
    (call,) = ivr.engine.floor.calls.values()
    assert (ivr.at(), call.digits) == ("two", "1")


def test_a_key_after_the_prompt_stops_nothing() -> None:
    assert Ivr(SHOP).call().heard().press("1").stops() == 0
    wrong = Ivr(SHOP).call().press("9")
    assert wrong.stops() == 1
    assert wrong.heard().press("1").stops() == 1


def test_every_prompt_has_a_number_that_no_earlier_one_had() -> None:
    ivr = Ivr(SHOP.replace("retries: 1", "retries: 9")).call()
    for _ in range(3):
        ivr.press("9").heard().press("9")
    serials = [one.serial for one in ivr.commands if isinstance(one, Play)]
    assert len(serials) == 7
    assert serials == sorted(set(serials))


def test_the_clock_of_one_menu_does_not_end_the_next_one() -> None:
    text = SHOP.replace(
        "  one: {hangup: }", "  one: {menu: {prompt: {say: more}, keys: {1: two}, timeout: 5s, otherwise: other}}"
    )
    ivr = Ivr(text).call().heard()
    ivr.wait(3 * SECOND)
    ivr.press("1").heard()
    ivr.wait(3 * SECOND)
    assert ivr.at() == "one", "the first one's 5 s are over, its own are not"
    assert len(ivr.played()) == 2
