"""The verbs that only decide: `answer`, `if`, `set`, `goto`, `hangup`, `call`."""

from dataclasses import replace

import pytest

from ccd.core.flow.interpreter import run_of
from ccd.model.command import Answer, HangUp, Reply
from ccd.model.event import ConfigurationLoaded, HangUpRequested
from ccd.model.fact import FlowBroken, StepEntered
from ccd.model.ids import RequestId
from tests.core.flow.ivr import LEG, Ivr


def test_answer_answers_once() -> None:
    ivr = Ivr("flow: f\nsteps:\n  a: {answer: }\n  b: {answer: }\n").call()
    assert sum(isinstance(command, Answer) for command in ivr.commands) == 1
    assert ivr.way() == ["a: answered", "b: answered"]


@pytest.mark.parametrize(
    ("when", "step"),
    [
        ("call.dnis == 'f'", "yes"),
        ("call.dnis == 'g'", "no"),
        ("missing", "no"),
        ("missing < 3", "no"),
        ("true", "yes"),
    ],
)
def test_if(when: str, step: str) -> None:
    choice = f'{{if: {{when: "{when}", then: yes, else: no}}}}'
    text = f"flow: f\nsteps:\n  a: {choice}\n  yes: {{hangup: }}\n  no: {{hangup: }}\n"
    assert Ivr(text).call().at() == step


def test_set_counts_in_order() -> None:
    text = """
flow: f
variables: {tries: 1}
steps:
  a: {set: {tries: "= tries + 1", double: "= tries + tries", said: "{tries} tries"}}
  b: {queue: {queue: sales}}
"""
    ivr = Ivr(text).call()
    assert [ivr.variable(name) for name in ("tries", "double", "said")] == [2, 4, "2 tries"]


def test_set_changes_language_and_recording_and_refuses_a_mode_there_is_not() -> None:
    text = "flow: f\nsteps:\n  a: {set: {language: es, recording: {value}}}\n  b: {queue: {queue: sales}}\n"
    for value, expected in (("never", "never"), ("sometimes", "")):
        ivr = Ivr(text.replace("{value}", value)).call()
        (call,) = ivr.engine.floor.calls.values()
        assert (call.language, call.recording_mode) == ("es", expected)


def test_hangup_tells_the_network_why() -> None:
    ivr = Ivr("flow: f\nsteps:\n  a: {hangup: busy}\n").call()
    assert ivr.last(HangUp).cause == 17
    assert ivr.last(Answer) is None
    assert ivr.way() == ["a: busy"]


def test_goto_in_a_circle_ends_the_call() -> None:
    ivr = Ivr("flow: f\nsteps:\n  a: {goto: b}\n  b: {goto: a}\n").call()
    assert ivr.of(FlowBroken)[0].reason == "too many steps"
    assert ivr.is_over()


def test_a_flow_comes_back_with_its_variables() -> None:
    main = (
        'flow: f\nsteps:\n  a: {call: g}\n  b: {if: {when: "x == 1", then: c}}\n  d: {hangup: busy}\n  c: {hangup: }\n'
    )
    sub = "flow: g\nsteps:\n  s: {set: {x: 1}}\n"
    ivr = Ivr(main, sub).call()
    assert ivr.way() == ["a: called", "s: set", "b: true", "c: normal"]


def test_flows_that_call_one_another_end() -> None:
    ivr = Ivr("flow: f\nsteps:\n  a: {call: g}\n  b: {hangup: }\n", "flow: g\nsteps:\n  c: {call: f}\n").call()
    assert "c: too deep" in ivr.way() or "a: too deep" in ivr.way()
    assert ivr.is_over()


def test_a_flow_that_is_gone_is_passed_over() -> None:
    ivr = Ivr("flow: f\nsteps:\n  a: {call: gone}\n").call()
    assert ivr.way() == ["a: no such flow"]


@pytest.mark.parametrize(("when", "result"), [("true", "true"), ("missing", "false")])
def test_the_record_says_what_a_condition_was(when: str, result: str) -> None:
    ivr = Ivr(
        f'flow: f\nsteps:\n  a: {{if: {{when: "{when}"}}}}\n  b: {{goto: c}}\n  d: {{hangup: }}\n  c: {{hangup: }}\n'
    )
    assert ivr.call().way() == [f"a: {result}", "b: gone", "c: normal"]


def test_flows_are_sixteen_deep_at_most() -> None:
    ivr = Ivr("flow: f\nsteps:\n  a: {call: f}\n").call()
    assert ivr.way() == ["a: called"] * 16 + ["a: too deep"]
    assert ivr.last(HangUp) == HangUp(LEG, 16)


def test_a_flow_in_a_circle_says_where_and_ends_with_an_excuse() -> None:
    ivr = Ivr("flow: f\nsteps:\n  a: {goto: b}\n  b: {goto: a}\n").call()
    (call,) = ivr.engine.floor.calls
    assert ivr.of(FlowBroken) == [FlowBroken(call, "a", "too many steps")]
    assert len(ivr.of(StepEntered)) == 100
    assert ivr.last(HangUp) == HangUp(LEG, 41)


def test_a_flow_that_waits_in_between_may_take_a_thousand_steps() -> None:
    ivr = Ivr("flow: f\nsteps:\n  a: {menu: {prompt: {say: x}, keys: {1: a}, retries: 0}}\n").call()
    for _ in range(2_000):
        ivr.press("1")
    (call,) = ivr.engine.floor.calls
    assert len(ivr.of(StepEntered)) == 1_000
    assert ivr.of(FlowBroken) == [FlowBroken(call, "a", "too many steps")]


def test_a_hundred_steps_at_once_are_none_too_many_after_each_key() -> None:
    steps = "".join(f"  s{n}: {{set: {{x: 1}}}}\n" for n in range(98))
    ivr = Ivr(f"flow: f\nsteps:\n{steps}  a: {{menu: {{prompt: {{say: x}}, keys: {{1: s0}}}}}}\n").call()
    for _ in range(5):
        ivr.press("1")
    assert ivr.of(FlowBroken) == []
    assert len(ivr.of(StepEntered)) == 6 * 99


def test_a_step_that_is_gone_ends_the_call_with_an_excuse() -> None:
    ivr = Ivr("flow: f\nsteps:\n  a: {play: {say: x}}\n")
    flow = ivr.configuration.flows["f"]
    broken = replace(ivr.configuration, hash="h2", flows={"f": replace(flow, start="gone")})
    ivr.configurations["h2"] = broken
    ivr.feed(ConfigurationLoaded("h2"))
    ivr.call()
    (call,) = ivr.engine.floor.calls
    assert ivr.of(FlowBroken) == [FlowBroken(call, "gone", "no such step")]
    assert ivr.last(HangUp) == HangUp(LEG, 41)


def test_a_hang_up_is_said_once() -> None:
    ivr = Ivr("flow: f\nsteps:\n  a: {hangup: }\n").call()
    (call,) = ivr.engine.floor.calls
    again = ivr.feed(HangUpRequested(RequestId("r"), "boss", call), 1)
    assert again.commands == (Reply(RequestId("r")),)


def test_what_is_not_known_of_a_call_is_not_set() -> None:
    ivr = Ivr("flow: f\nsteps:\n  a: {play: {say: x}}\n").call()
    (call,) = ivr.engine.floor.calls.values()
    run = run_of(ivr.engine.floor, call)
    assert [run.lookup(name) for name in ("call.dnis", "call.colour", "caller.name", "colour")] == [
        "f",
        None,
        None,
        None,
    ]
