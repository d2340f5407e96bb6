"""`play`, and speech that depends on the call."""

from ccd.model.command import Ask, Play
from ccd.model.ids import SECOND
from ccd.model.question import Render
from tests.core.flow.ivr import Ivr

HELLO = """
flow: hello
steps:
  hello: {play: {prompt: {say: hello}, barge_in: true}}
  more: {play: [{sound: beep}, {say: "you are {call.number}"}]}
"""


def test_it_goes_on_at_the_end() -> None:
    ivr = Ivr(HELLO).call().heard()
    assert ivr.way() == ["hello: finished"]
    assert ivr.last(Ask).what == Render("you are +34600", "en")


def test_a_key_ends_it_and_is_kept() -> None:
    ivr = Ivr(HELLO).call().press("1")
    (call,) = ivr.engine.floor.calls.values()
    assert (ivr.way(), call.digits, ivr.stops()) == (["hello: digit"], "1", 1)


def test_speech_is_played_when_it_is_rendered() -> None:
    ivr = Ivr(HELLO).call().heard().told("cache/abc")
    assert ivr.played()[-1] == ("beep", "cache/abc")


def test_speech_that_nobody_renders_is_left_out() -> None:
    ivr = Ivr(HELLO).call().heard()
    ivr.wait(6 * SECOND)
    assert ivr.played()[-1] == ("beep",)
    ivr.heard()
    assert ivr.is_over()


def test_a_sound_that_fails_is_passed_over() -> None:
    assert Ivr(HELLO).call().heard("failed").way() == ["hello: failed"]


def test_without_barge_in_a_key_is_kept_for_later() -> None:
    text = HELLO.replace(", barge_in: true", "")
    ivr = Ivr(text).call().press("3")
    assert ivr.way() == []
    assert ivr.last(Play).until_digit is False


def test_the_callers_language_chooses() -> None:
    text = "flow: f\nsteps:\n  a: {set: {language: es}}\n  b: {play: {say: {en: hello, es: hola}}}\n"
    assert Ivr(text).call().played() == [("es:hola",)]


def test_a_language_that_is_missing_falls_back_to_the_sites() -> None:
    text = "flow: f\nsteps:\n  a: {set: {language: fr}}\n  b: {play: {say: {es: hola, en: hello}}}\n"
    assert Ivr(text).call().played() == [("en:hello",)]
