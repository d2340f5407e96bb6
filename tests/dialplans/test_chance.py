"""Callers who do anything, at any time: nothing breaks, and nobody is stranded."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ccd.model.command import Ask, Play, RecordMessage
from ccd.model.event import Answered, DigitPressed, LegAnswered, MessageRecorded, PlayEnded
from ccd.model.ids import SECOND, CallerId
from ccd.model.question import CallerRecord
from tests.core.flow.ivr import LEG
from tests.dialplans.test_flows import CLOSED, OPEN, Example

KEYS = st.sampled_from("0123456789*#?").map(lambda key: ("press", key))
RESULTS = st.sampled_from(["finished", "digit", "stopped", "failed"]).map(lambda result: ("heard", result))
WAITS = st.sampled_from([0.1, 1, 5, 9, 700]).map(lambda time: ("wait", time))
RECORD = CallerRecord(CallerId("c1"), False, 1, {"name": "Ana", "language": "es", "tier": "premium"})
ANSWERS = st.sampled_from([None, True, False, "sound", RECORD, {"x": 1}, "+34911234567"]).map(
    lambda said: ("told", said)
)
MESSAGES = st.sampled_from([0, SECOND]).map(lambda length: ("message", length))
DEEDS = st.lists(st.one_of(KEYS, RESULTS, WAITS, ANSWERS, MESSAGES), max_size=40)


def act(call: Example, deed: str, what: Any) -> None:
    """Something happens, if it can."""
    if deed == "press":
        call.feed(DigitPressed(LEG, what), 1)
    elif deed == "heard" and call.last(Play):
        call.feed(PlayEnded(LEG, call.last(Play).serial, what), 1)
    elif deed == "wait":
        call.wait(int(what * SECOND))
    elif deed == "told" and call.last(Ask):
        call.feed(Answered(call.last(Ask).question, what), 1)
    elif deed == "message" and call.last(RecordMessage):
        call.feed(MessageRecorded(LEG, call.last(RecordMessage).serial, what, "finished"), 1)


def settle(call: Example) -> None:
    """From here on everything works and the caller does nothing more; in the end every call is over."""
    call.feed(LegAnswered(LEG), 1)
    for _ in range(60):
        if call.is_over():
            return
        for deed, what in (("heard", "finished"), ("message", SECOND), ("wait", 1_000)):
            act(call, deed, what)
    raise AssertionError(f"stranded at {call.at()} after {call.way()}")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["+34910000001", "+34910000002", "+34910000003"]), st.sampled_from([OPEN, CLOSED]), DEEDS)
def test_nobody_is_stranded(dnis: str, calendar: Any, deeds: list[tuple[str, Any]]) -> None:
    call = Example(dnis, calendar)
    call.call()
    for deed, what in deeds:
        act(call, deed, what)
    settle(call)
