"""`transfer`."""

from dataclasses import replace

from ccd.core.flow.steps.transfer import Transfer
from ccd.core.view import call_views
from ccd.model.command import Ask, Dial, HandBack
from ccd.model.event import ConfigurationLoaded
from ccd.model.fact import DialForbidden
from ccd.model.ids import SECOND
from ccd.model.question import NormaliseNumber
from tests.core.flow.ivr import LEG, Ivr

FLOW = """
flow: f
steps:
  out: {transfer: {to: "+34911", ring_time: 20s, on: {busy: busy, forbidden: no, failed: no}}}
  after: {play: {say: after}}
  busy: {play: {say: busy}}
  no: {play: {say: no}}
"""


def test_a_number_in_e164_is_dialled_at_once() -> None:
    ivr = Ivr(FLOW.replace("+34911", "+34911000000")).call()
    dial = ivr.last(Dial)
    assert (dial.number, dial.endpoint, dial.ring_time) == ("+34911000000", "PJSIP/trunk", 20 * SECOND)


def test_any_other_is_normalised_first() -> None:
    ivr = Ivr(FLOW.replace("+34911", "911 000 000")).call()
    assert ivr.last(Ask).what == NormaliseNumber("911 000 000")
    ivr.told("+34911000000")
    assert ivr.last(Dial).number == "+34911000000"


def test_what_is_no_number_fails_and_no_answer_does_too() -> None:
    text = FLOW.replace("+34911", "nonsense")
    assert Ivr(text).call().told("").way() == ["out: failed"]
    waiting = Ivr(text).call()
    waiting.wait(3 * SECOND)
    assert waiting.way() == ["out: failed"]


def test_the_dial_policy_has_the_last_word() -> None:
    ivr = Ivr(FLOW.replace("+34911", "+44911000000")).call()
    assert len(ivr.of(DialForbidden)) == 1
    assert ivr.last(Dial) is None
    assert ivr.at() == "no"


def test_digits_of_a_caller_go_through_the_policy_too() -> None:
    text = FLOW.replace('"+34911"', '"= digits(call.dnis)"')
    assert Ivr(text).call().last(Ask).what == NormaliseNumber("")


def test_busy_goes_on_by_outcome() -> None:
    ivr = Ivr(FLOW.replace("+34911", "+34911000000")).call()
    ivr.hung_up(ivr.last(Dial).leg, 17)
    assert (ivr.way(), ivr.at()) == (["out: busy"], "busy")


def test_after_the_talk_the_call_is_over() -> None:
    ivr = Ivr(FLOW.replace("+34911", "+34911000000")).call()
    other = ivr.last(Dial).leg
    ivr.answer(other)
    ivr.bridged(LEG, other)
    ivr.hung_up(other)
    ivr.returned(LEG)
    assert ivr.way() == ["out: answered"]
    assert ivr.is_over()


def test_a_call_is_given_back_to_the_dialplan() -> None:
    ivr = Ivr("flow: f\nsteps:\n  back: {transfer: {extension: reception}}\n").call()
    assert ivr.last(HandBack) == HandBack(LEG, "reception")
    assert ivr.way() == ["back: handed_back"]
    assert not ivr.is_over()


def test_back_to_the_dialplan_is_the_end_for_us() -> None:
    ivr = Ivr("flow: f\nsteps:\n  back: {transfer: {extension: reception}}\n").call()
    (view,) = call_views(ivr.engine.floor)
    assert view.phase == "ending"
    assert ivr.press("1").way() == ["back: handed_back"]


def test_without_an_extension_it_is_the_dialplans_start() -> None:
    ivr = Ivr("flow: f\nsteps:\n  back: {transfer: {extension: reception}}\n")
    flow = ivr.configuration.flows["f"]
    step = Transfer()
    changed = replace(ivr.configuration, hash="h2", flows={"f": replace(flow, steps={"back": step})})
    ivr.configurations["h2"] = changed
    ivr.feed(ConfigurationLoaded("h2"))
    assert ivr.call().last(HandBack) == HandBack(LEG, "s")


def test_keys_while_it_rings_outside_change_nothing() -> None:
    ivr = Ivr(FLOW.replace("+34911", "+34911000000")).call().press("1#")
    assert (ivr.way(), len(ivr.dialled())) == ([], 1)
