"""Nothing that a caller says gets out of the line, the variable or the name it is put into."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccd.model.command import Dial
from ccd.model.ids import SECOND, Endpoint
from ccd.switch.asterisk.originate import caller_id, clean, originate
from ccd.switch.state import VALUE_LIMIT
from ccd.wire.ami import Action, IllegalValue, render
from tests.switch.asterisk.scripted import SETTINGS, leg

LEG = leg("a1")
AUTO_ANSWER = (("Call-Info", "<sip:ccd>;answer-after=0"), ("Alert-Info", "<http://ccd.invalid>;info=alert-autoanswer"))


def split_as_asterisk_does(text: str) -> list[str]:
    """Asterisk's own splitting of `Variable:` at commas, and what it takes out of each part."""
    parts, part, depth, quoted, at = [], "", 0, False, 0
    while at < len(text):
        letter = text[at]
        if letter == "\\":
            at += 1
            part += text[at] if at < len(text) else ""
        elif letter == '"':
            quoted = not quoted
        elif letter == "," and not depth and not quoted:
            parts.append(part)
            part = ""
        else:
            depth = max(0, depth + (letter in "([") - (letter in ")]"))
            part += letter
        at += 1
    return [*parts, part]


@given(st.text(max_size=200))
def test_a_value_arrives_as_one_variable(value: str) -> None:
    dial = Dial(LEG, Endpoint("PJSIP/1001"), SECOND, variables=(("CCD_X", value),), headers=(("X-Y", value),))
    header, variable = [text for name, text in originate(dial, dial.variables, SETTINGS) if name == "Variable"]
    assert split_as_asterisk_does(variable) == [f"CCD_X={clean(value)}"]
    assert split_as_asterisk_does(header) == [f"PJSIP_HEADER(add,X-Y)={clean(value)}"]


@given(st.text())
def test_a_clean_text_holds_nothing_that_is_evaluated_or_ends_a_line(text: str) -> None:
    cleaned = clean(text)
    assert not re.search(r"\$[{\[]|[\x00-\x1f\x7f]", cleaned)
    assert len(cleaned.encode()) <= VALUE_LIMIT


@given(st.text(), st.text())
def test_a_name_stays_inside_its_quotes(name: str, number: str) -> None:
    text = caller_id(name, number)
    assert re.fullmatch(r'("[^"\\<>]*" )?<[+0-9*#A-D]*>', text)
    render(Action("Originate", [("CallerID", text)]))


def test_a_trunk_is_dialled_with_its_number() -> None:
    dial = Dial(LEG, Endpoint("PJSIP/trunk"), SECOND, number="+49301234", outbound_cli="4930", cli_name="Häuser & Co")
    headers = dict(originate(dial, dial.variables, SETTINGS))
    assert headers["Channel"] == "PJSIP/+49301234@trunk"
    assert headers["Context"] == "ccd-dialled"
    assert headers["CallerID"] == '"Häuser & Co" <4930>'


def test_a_phone_on_another_switch_is_dialled_through_the_trunk_to_it_as_an_agent_is() -> None:
    dial = Dial(LEG, Endpoint("user/anna.r"), SECOND, through=Endpoint("PJSIP/to-b"))
    headers = dict(originate(dial, dial.variables, SETTINGS))
    assert headers["Channel"] == "PJSIP/anna.r@to-b"
    assert (headers["Context"], headers["Variable"]) == ("ccd-agent", "TRANSFER_CONTEXT=ccd-phone")


@pytest.mark.parametrize(
    "dial",
    [
        Dial(LEG, Endpoint("PJSIP/1&PJSIP/2"), SECOND),
        Dial(LEG, Endpoint("1001"), SECOND),
        Dial(LEG, Endpoint("PJSIP/trunk"), SECOND, number="49/x@evil"),
        Dial(LEG, Endpoint("user/1@elsewhere"), SECOND, through=Endpoint("PJSIP/to-b")),
        Dial(LEG, Endpoint("PJSIP/1"), SECOND, through=Endpoint("PJSIP/to-b/sip:x")),
        Dial(leg("a b"), Endpoint("PJSIP/1"), SECOND),
        Dial(LEG, Endpoint("PJSIP/1"), SECOND, headers=(("X: y", "1"),)),
        Dial(LEG, Endpoint("PJSIP/1"), SECOND, variables=(("SHELL(id)", "1"),)),
        Dial(LEG, Endpoint("PJSIP/1"), SECOND, variables=tuple((f"V{n}", "") for n in range(130))),
    ],
)
def test_what_cannot_be_dialled(dial: Dial) -> None:
    with pytest.raises(IllegalValue):
        originate(dial, dial.variables, SETTINGS)


def test_a_value_that_is_too_long_is_cut_and_still_fits_its_line() -> None:
    dial = Dial(LEG, Endpoint("PJSIP/1"), SECOND, headers=(("X-" + "y" * 60, ',"' * 2000),))
    assert render(Action("Originate", originate(dial, dial.variables, SETTINGS)))


@pytest.mark.parametrize(("name", "value"), AUTO_ANSWER)
def test_what_tells_a_phone_to_answer_is_passed_on_as_it_is(name: str, value: str) -> None:
    dial = Dial(LEG, Endpoint("PJSIP/1"), SECOND, headers=((name, value),))
    variable = dict(originate(dial, (), SETTINGS))["Variable"]
    assert split_as_asterisk_does(variable) == [f"PJSIP_HEADER(add,{name})={value}"]
