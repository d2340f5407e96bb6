"""`hours`."""

import pytest

from ccd.core.configuration import Calendar
from ccd.model.ids import SECOND
from tests.core.centre import START
from tests.core.flow.ivr import Ivr

FLOW = """
flow: f
steps:
  hours: {hours: {calendar: office, open: open, closed: closed, holiday: holiday}}
  open: {hangup: }
  closed: {hangup: }
  holiday: {hangup: }
"""
DAY = 86_400 * SECOND
OPEN = Calendar((START - DAY,), (START + DAY,), {START - DAY: "a feast"}, (START + DAY,))
CLOSED = Calendar((START - DAY,), (START,))
HOLIDAY = Calendar((), (), {START - DAY: "a feast"}, (START + DAY,))


def test_open_closed_and_holiday() -> None:
    for calendar, step in ((OPEN, "open"), (CLOSED, "closed"), (HOLIDAY, "holiday")):
        assert Ivr(FLOW, calendars={"office": calendar}).call().at() == step


def test_a_holiday_without_a_step_is_closed() -> None:
    text = FLOW.replace(", holiday: holiday", "")
    assert Ivr(text, calendars={"office": HOLIDAY}).call().at() == "closed"


def test_a_calendar_that_is_gone_counts_as_open() -> None:
    ivr = Ivr(FLOW).call()
    assert ivr.way()[0] == "hours: no such calendar"
    assert ivr.at() == "open"


@pytest.mark.parametrize(
    ("calendar", "result"), [(OPEN, "open"), (CLOSED, "closed"), (HOLIDAY, "holiday"), (None, "no such calendar")]
)
def test_the_record_says_which_it_was(calendar: Calendar | None, result: str) -> None:
    ivr = Ivr(FLOW, calendars={"office": calendar} if calendar else {}).call()
    assert ivr.way()[0] == f"hours: {result}"


@pytest.mark.parametrize(("began", "ends", "step"), [(0, 1, "holiday"), (-1, 0, "closed"), (1, 2, "closed")])
def test_a_holiday_is_from_midnight_to_midnight(began: int, ends: int, step: str) -> None:
    now = START + 1
    calendar = Calendar((), (), {now + began: "a feast"}, (now + ends,))
    assert Ivr(FLOW, calendars={"office": calendar}).call().at() == step


def test_open_leads_past_the_step_that_is_written_next() -> None:
    text = FLOW.replace("closed: closed, ", "").replace(
        "  open: {hangup: }\n  closed: {hangup: }", "  closed: {hangup: }\n  open: {hangup: }"
    )
    assert Ivr(text, calendars={"office": OPEN}).call().at() == "open"
    assert Ivr(text).call().at() == "open"
    assert Ivr(text, calendars={"office": CLOSED}).call().at() == "closed"
