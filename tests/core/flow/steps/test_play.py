"""`play`, and speech that depends on the call."""

from dataclasses import replace
from typing import Any

import pytest

from ccd.core.flow.prompt import Prompt, Sound
from ccd.core.flow.steps.collect import Collect
from ccd.core.flow.steps.menu import Menu
from ccd.core.flow.steps.play import Play as PlayStep
from ccd.model.command import Ask, Play, StopPlay
from ccd.model.event import Answered, ConfigurationLoaded, DigitPressed, HangUpRequested, PlayEnded
from ccd.model.ids import SECOND, RequestId
from ccd.model.question import Render
from tests.core.centre import Centre, configuration, flow
from tests.core.flow.ivr import LEG, Ivr

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


def test_keys_typed_ahead_pass_over_a_prompt_that_a_key_ends() -> None:
    text = HELLO.replace("steps:\n", "steps:\n  first: {play: {say: first}}\n")
    ivr = Ivr(text).call().press("1").heard()
    assert ivr.way() == ["first: finished", "hello: digit"]
    assert ivr.played() == [("en:first",)]


def test_a_prompt_that_a_key_ends_is_stopped_by_the_switch_itself() -> None:
    ivr = Ivr(HELLO).call()
    assert ivr.last(Play) == Play(LEG, 1, ("en:hello",), until_digit=True)
    ivr.press("1")
    assert ivr.last(StopPlay) == StopPlay(LEG)


def test_a_prompt_of_which_nobody_knows_how_far_it_came_is_played_again() -> None:
    ivr = Ivr(HELLO).call()
    again = ivr.feed(PlayEnded(LEG, 1, "lost"), 1)
    assert again.commands == (Play(LEG, 2, ("en:hello",), until_digit=True),)
    ivr.feed(PlayEnded(LEG, 1, "finished"), 1)
    assert ivr.way() == []
    ivr.heard()
    assert ivr.way() == ["hello: finished"]


def test_nothing_is_played_again_for_a_call_that_ends() -> None:
    ivr = Ivr(HELLO).call()
    (call,) = ivr.engine.floor.calls
    ivr.feed(HangUpRequested(RequestId("r"), "boss", call), 1)
    assert ivr.feed(PlayEnded(LEG, 1, "lost"), 1).commands == ()


@pytest.mark.parametrize("value", [None, 5, True])
def test_what_is_no_sound_is_left_out(value: Any) -> None:
    assert Ivr(HELLO).call().heard().told(value).played()[-1] == ("beep",)


def test_speech_told_late_is_dropped() -> None:
    ivr = Ivr(HELLO).call().heard()
    question = ivr.last(Ask).question
    ivr.wait(5 * SECOND)
    assert ivr.played()[-1] == ("beep",)
    assert ivr.feed(Answered(question, "cache/abc"), 1).commands == ()


@pytest.mark.parametrize(
    ("said", "rendered"),
    [
        ("{call.number}{call.ani}", "+34600600"),
        ("<{missing}>{ call.dnis }!", "<>f!"),
        ("{call.ani_name} {call.id}", "Ann {id}"),
        ("{caller.known}{caller.name}", "False"),
        ("{language}{call.dnis}", "enf"),
    ],
)
def test_speech_is_filled_with_what_is_known(said: str, rendered: str) -> None:
    ivr = Ivr(f'flow: f\nsteps:\n  a: {{play: {{say: "{said}"}}}}\n', ani_name="Ann").call()
    (call,) = ivr.engine.floor.calls
    assert ivr.last(Ask).what == Render(rendered.replace("{id}", call), "en")


def test_a_prompt_in_no_language_that_anybody_knows_is_silence() -> None:
    ivr = Ivr("flow: f\nsteps:\n  a: {play: {say: {en: hello}}}\n")
    step = replace(ivr.configuration.flows["f"].steps["a"], prompt=Prompt({}))  # type: ignore[type-var]
    flow = replace(ivr.configuration.flows["f"], steps={"a": step})
    ivr.configurations["h2"] = replace(ivr.configuration, hash="h2", flows={"f": flow})
    ivr.feed(ConfigurationLoaded("h2"))
    assert ivr.call().played() == [()]


def test_excuse_and_question_each_in_the_callers_language_else_the_sites() -> None:
    text = """
flow: f
steps:
  a: {set: {language: es}}
  b: {menu: {prompt: {say: {es: elija, en: choose}}, keys: {1: b}, invalid: {say: {fr: faux, en: wrong}}}}
"""
    ivr = Ivr(text).call().heard().press("9")
    assert ivr.played() == [("es:elija",), ("en:wrong", "es:elija")]
    other = text.replace("{es: elija, en: choose}", "{fr: choisir, en: choose}").replace(
        "{fr: faux, en", "{es: mal, en"
    )
    assert Ivr(other).call().heard().press("9").played() == [("en:choose",), ("es:mal", "en:choose")]


def test_the_sites_language_goes_before_the_one_that_is_written_first() -> None:
    said = Prompt({"de": (Sound("hallo"),), "en": (Sound("hello"),)})
    asked = Menu(said, {"1": "ask"}, invalid=said)
    for language, sounds in (("fr", ("hello", "hello")), ("de", ("hallo", "hallo")), ("", ("hello", "hello"))):
        for step, count in ((PlayStep(said), 1), (asked, 2), (Collect(said, "x", invalid=said), 2)):
            way = replace(flow("in", ask=step), language=language)
            made = Centre(configuration({"in": way}, (), ()))
            made.arrive("in", answered=True)
            if count == 2:
                made.feed(PlayEnded(LEG, 1, "finished"), 1)
                for key in "*#":
                    made.feed(DigitPressed(LEG, key), 1)
            (*_, last) = (one for one in made.commands if isinstance(one, Play))
            assert last.sounds == sounds[:count]
