"""`collect`."""

from ccd.model.command import Ask, Play
from ccd.model.ids import SECOND
from ccd.model.question import MatchSecret
from tests.core.flow.ivr import LEG, Ivr

ASK = """
flow: ask
steps:
  number:
    collect:
      prompt: {say: number}
      into: number
      min_length: 2
      max_length: 4
      pattern: "[1-8]+"
      invalid: {say: wrong}
      silence: {say: nothing}
      retries: 1
      otherwise: other
  got: {play: {say: "got {number}"}}
  other: {hangup: }
"""
SECRET = ASK.replace("into: number", "into: number\n      secret: true")


def test_the_terminator_ends_the_input() -> None:
    ivr = Ivr(ASK).call().heard().press("123#")
    assert ivr.variable("number") == "123"
    assert ivr.way() == ["number: collected"]


def test_the_greatest_length_ends_the_input_and_the_rest_is_kept() -> None:
    ivr = Ivr(ASK).call().heard().press("12345")
    assert ivr.variable("number") == "1234"
    (call,) = ivr.engine.floor.calls.values()
    assert call.digits == "5"


def test_a_pause_ends_the_input() -> None:
    ivr = Ivr(ASK).call().heard().press("12")
    ivr.wait(4 * SECOND)
    assert ivr.variable("number") == "12"


def test_each_digit_starts_the_clock_anew() -> None:
    ivr = Ivr(ASK).call().heard().press("1")
    ivr.wait(3 * SECOND)
    ivr.press("2")
    ivr.wait(3 * SECOND)
    assert ivr.way() == []
    ivr.press("3#")
    assert ivr.variable("number") == "123"


def test_the_first_digit_stops_the_prompt() -> None:
    ivr = Ivr(ASK).call().press("1")
    assert ivr.stops() == 1
    ivr.press("2#")
    assert ivr.variable("number") == "12"


def test_digits_typed_ahead_count() -> None:
    text = ASK.replace("steps:\n", "steps:\n  hello: {play: {say: hello}}\n")
    ivr = Ivr(text).call().press("12#").heard()
    assert ivr.variable("number") == "12"
    assert ivr.played()[0] == ("en:hello",)


def test_too_short_is_wrong_and_asked_again() -> None:
    ivr = Ivr(ASK).call().heard().press("1#")
    assert ivr.played()[-1] == ("en:wrong", "en:number")
    ivr.heard().press("12#")
    assert ivr.variable("number") == "12"


def test_what_does_not_fit_the_pattern_is_wrong() -> None:
    ivr = Ivr(ASK).call().heard().press("19#").heard().press("*1#")
    assert ivr.way()[0] == "number: invalid"
    assert ivr.variable("number") is None
    assert ivr.at() == "other"


def test_silence_is_told_then_given_up() -> None:
    ivr = Ivr(ASK).call().heard()
    ivr.wait(7 * SECOND)
    assert ivr.played()[-1] == ("en:nothing", "en:number")
    ivr.heard().wait(7 * SECOND)
    assert ivr.way()[0] == "number: timeout"


def test_the_terminator_alone_is_an_input_where_none_is_needed() -> None:
    text = ASK.replace("min_length: 2", "min_length: 0").replace("[1-8]+", "[1-8]*")
    ivr = Ivr(text).call().heard().press("#")
    assert ivr.variable("number") == ""
    assert ivr.way()[0] == "number: collected"


def test_a_secret_is_asked_about_by_token_and_never_known() -> None:
    ivr = Ivr(SECRET).call()
    token, terminator = ivr.engine.secret(LEG) or ("", "")
    assert terminator == "#"
    ivr.heard().press("???#")
    question = ivr.last(Ask).what
    assert question == MatchSecret(token, "[1-8]+")
    assert ivr.engine.secret(LEG) is None
    ivr.told(True)
    assert ivr.variable("number") == f"secret:{token}"
    assert ivr.way() == ["number: collected"]


def test_a_secret_that_does_not_fit_is_asked_again_under_another_token() -> None:
    ivr = Ivr(SECRET).call()
    first = ivr.engine.secret(LEG)
    ivr.heard().press("??#").told(False)
    assert ivr.played()[-1] == ("en:wrong", "en:number")
    assert ivr.engine.secret(LEG) not in (None, first)
    ivr.heard().press("??#")
    ivr.wait(3 * SECOND)
    assert ivr.way()[0] == "number: invalid"
    assert ivr.engine.secret(LEG) is None


def test_a_secret_forgets_what_was_typed_in_the_open() -> None:
    text = SECRET.replace("steps:\n", "steps:\n  hello: {play: {say: hello}}\n")
    ivr = Ivr(text).call().press("12#").heard()
    assert ivr.way() == ["hello: finished"]
    assert ivr.played()[-1] == ("en:number",)


def test_keys_while_a_secret_is_judged_are_dropped() -> None:
    ivr = Ivr(SECRET).call().heard().press("??#").press("5").told(True)
    (call,) = ivr.engine.floor.calls.values()
    assert call.digits == ""


def test_the_question_is_stopped_by_a_key() -> None:
    assert Ivr(ASK).call().last(Play) == Play(LEG, 1, ("en:number",), until_digit=True)


def test_what_is_too_short_is_on_record_as_invalid() -> None:
    ivr = Ivr(ASK.replace("retries: 1", "retries: 0")).call().heard().press("1#")
    assert ivr.way()[0] == "number: invalid"


def test_only_plain_digits_fit() -> None:
    text = ASK.replace("[1-8]+", "\\\\d+")
    ivr = Ivr(text).call().heard()
    for key in "1٣#":
        ivr.press(key)
    assert ivr.played()[-1] == ("en:wrong", "en:number")


def test_a_prompt_is_stopped_once() -> None:
    ivr = Ivr(ASK).call().press("12")
    assert ivr.stops() == 1
    ivr = Ivr(ASK).call().heard().press("12")
    assert ivr.stops() == 0
