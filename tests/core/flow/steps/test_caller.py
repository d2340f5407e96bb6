"""`caller`."""

from ccd.model.command import Ask, UpdateCaller
from ccd.model.event import HangUpRequested, LegAnswered
from ccd.model.fact import CallerIdentified
from ccd.model.ids import SECOND, CallerId, RequestId
from ccd.model.question import CallerRecord, LookUpCaller
from tests.core.flow.ivr import LEG, Ivr

FLOW = """
flow: f
steps:
  who:
    caller:
      fields: {last_number: "= call.dnis", note: "called {call.dnis}", nothing: "= missing"}
      on: {known: known, new: new, anonymous: anonymous, unavailable: unavailable}
  known: {play: {say: "hello {caller.name}"}}
  new: {hangup: }
  anonymous: {hangup: }
  unavailable: {hangup: }
"""
ANA = CallerRecord(CallerId("c1"), False, 3, {"name": "Ana"})


def test_a_known_caller() -> None:
    ivr = Ivr(FLOW, ani_name="Ana R").call()
    assert ivr.last(Ask).what == LookUpCaller("+34600", True, "Ana R")
    ivr.told(ANA)
    assert ivr.at() == "known"
    assert ivr.of(CallerIdentified) == [CallerIdentified(ivr.of(CallerIdentified)[0].call, CallerId("c1"), False)]


def test_fields_are_written_and_what_is_not_set_is_not() -> None:
    ivr = Ivr(FLOW).call().told(ANA)
    assert ivr.last(UpdateCaller) == UpdateCaller(CallerId("c1"), {"last_number": "f", "note": "called f"})


def test_fields_are_read_afterwards() -> None:
    ivr = Ivr(FLOW).call().told(ANA)
    ivr.feed(LegAnswered(LEG), 1)
    assert ivr.last(Ask).what.text == "hello Ana"


def test_a_new_caller() -> None:
    ivr = Ivr(FLOW).call().told(CallerRecord(CallerId("c2"), True, 0, {}))
    assert ivr.at() == "new"
    assert ivr.of(CallerIdentified)[0].created


def test_without_a_number_nobody_is_asked() -> None:
    ivr = Ivr(FLOW, number="").call()
    assert ivr.at() == "anonymous"
    assert ivr.last(Ask) is None
    assert ivr.last(UpdateCaller) is None


def test_records_that_do_not_answer_hold_nobody_up() -> None:
    ivr = Ivr(FLOW).call()
    ivr.wait(SECOND)
    assert ivr.at() == "unavailable"


def test_an_answer_as_plain_values_is_understood_and_nonsense_is_unavailable() -> None:
    plain = {"id": "c1", "created": False, "calls": 3, "fields": {"name": "Ana"}}
    assert Ivr(FLOW).call().told(plain).at() == "known"
    assert Ivr(FLOW).call().told({"id": 5}).at() == "unavailable"


def test_a_caller_is_looked_up_once_a_call() -> None:
    text = "flow: f\nsteps:\n  a: {caller: }\n  b: {caller: {fields: {x: y}}}\n  c: {queue: {queue: sales}}\n"
    ivr = Ivr(text).call().told(ANA)
    assert ivr.way() == ["a: known", "b: known"]
    assert sum(isinstance(command, Ask) for command in ivr.commands) == 1
    assert ivr.last(UpdateCaller).fields == {"x": "y"}


def test_a_caller_who_is_new_is_new_the_second_time_too() -> None:
    text = "flow: f\nsteps:\n  a: {caller: }\n  b: {caller: }\n  c: {queue: {queue: sales}}\n"
    ivr = Ivr(text).call().told(CallerRecord(CallerId("c2"), True, 0, {}))
    assert ivr.way() == ["a: new", "b: new"]


def test_what_is_found_of_a_caller_who_is_being_hung_up_leads_nowhere() -> None:
    ivr = Ivr(FLOW).call()
    (call,) = ivr.engine.floor.calls
    ivr.feed(HangUpRequested(RequestId("r"), "boss", call), 1)
    ivr.told(ANA)
    assert ivr.last(UpdateCaller) is None
    assert ivr.of(CallerIdentified) == []
    assert ivr.at() == "who"
