"""The example flows, walked by callers."""

from dataclasses import replace
from pathlib import Path

import pytest

from ccd.config.load import load
from ccd.core.configuration import Calendar
from ccd.model.command import Ask, Dial, RecordMessage, UpdateCaller
from ccd.model.event import LegAnswered
from ccd.model.fact import MessageLeft, QueueEntered
from ccd.model.ids import SECOND, CallerId
from ccd.model.question import CallerRecord, LookUpCaller
from tests.config.site import NOW, sound_name
from tests.core.centre import START, Centre
from tests.core.flow.ivr import LEG, Ivr

ROOT = Path(__file__).parent.parent.parent
LOADED = load(ROOT / "config", NOW, sound_name)
DAY = 86_400 * SECOND
OPEN = Calendar((START - DAY,), (START + DAY,))
CLOSED = Calendar((), ())
HOLIDAY = Calendar((), (), {START - DAY: "a feast"}, (START + DAY,))


class Example(Ivr):
    """A caller of the example site's number."""

    def __init__(self, dnis: str, calendar: Calendar = OPEN) -> None:
        calendars = dict.fromkeys(LOADED.configuration.calendars, calendar)
        Centre.__init__(self, replace(LOADED.configuration, calendars=calendars))
        self.dnis, self.number, self.ani_name = dnis, "+34600111222", "Ana"

    def who(self, **fields: str) -> "Example":
        """The record: with fields the caller is known, without new. Then the call is answered."""
        assert isinstance(self.last(Ask).what, LookUpCaller)
        self.told(CallerRecord(CallerId("c1"), not fields, 0, fields))
        self.feed(LegAnswered(LEG), 1)
        return self

    def steps(self) -> str:
        """The way in short."""
        return " ".join(self.way())


def test_the_shop_knows_its_customers() -> None:
    call = Example("+34910000001")
    call.log_in("ana")
    call.phone("ana", "in_use")
    call.call()
    call.who(name="Ana")
    assert call.last(Ask).what.text == "Welcome back to the corner shop, Ana."
    call.told("cache/1").heard().press("1")
    assert call.played()[-1] == ("en:This call may be recorded. If you do not want that, press 9.",)
    call.heard()
    assert [fact.queue for fact in call.of(QueueEntered)] == ["sales"]


def test_the_shop_takes_a_message_when_nobody_comes() -> None:
    call = Example("+34910000001")
    call.call()
    call.who()
    call.heard().press("4").heard()
    call.wait(5 * SECOND)
    call.heard().wait(5 * SECOND)
    call.heard()
    assert call.at() == "message"
    call.heard().heard().message(9 * SECOND)
    assert [fact.mailbox for fact in call.of(MessageLeft)] == ["shop"]
    call.heard()
    assert call.is_over()


def test_the_shop_tells_at_once_that_nobody_is_there() -> None:
    call = Example("+34910000001")
    call.call()
    call.who()
    call.heard().press("1")
    assert call.way()[-1] == "sales: no_agent"
    assert call.played()[-1][0].startswith("en:Nobody can take your call right now.")


def test_repairs_go_first() -> None:
    call = Example("+34910000001")
    call.log_in("ana")
    call.phone("ana", "in_use")
    call.call()
    call.who()
    call.heard().press("2").heard().press("815#")
    (entered,) = call.of(QueueEntered)
    assert (entered.queue, entered.priority) == ("repairs", 60 * SECOND)
    assert call.variable("repair") == "815"


def test_the_helpdesk_asks_for_the_language_once_and_remembers_it() -> None:
    call = Example("+34910000002")
    call.call()
    call.who()
    assert call.played() == [("en:For English, press 1.", "es:Para español, marque el 2.")]
    call.press("2")
    assert call.last(UpdateCaller).fields == {"language": "es"}
    assert call.played()[-1] == ("es:Por favor, introduzca su número de contrato, seis cifras.",)
    call.press("012345")
    assert call.played()[-1][0] == "es:Ese no es un número de contrato."
    call.press("123456")
    assert call.last(UpdateCaller).fields == {"contract": "123456"}
    again = Example("+34910000002")
    again.call()
    again.who(language="es")
    assert again.played() == [("es:Por favor, introduzca su número de contrato, seis cifras.",)]


def test_premium_customers_wait_less() -> None:
    call = Example("+34910000002")
    call.log_in("ana")
    call.phone("ana", "in_use")
    call.call()
    call.who(language="en", tier="premium")
    call.press("123456")
    assert call.of(QueueEntered)[0].priority == 120 * SECOND


@pytest.mark.parametrize(("calendar", "first"), [(CLOSED, "closed"), (HOLIDAY, "holiday")])
def test_the_helpdesk_outside_its_hours(calendar: Calendar, first: str) -> None:
    call = Example("+34910000002", calendar)
    call.call()
    call.who(language="en")
    assert call.at() == first
    while call.last(RecordMessage) is None:
        call.heard()
    call.message(SECOND)
    assert call.is_over()


def test_the_hotline_in_its_hours() -> None:
    call = Example("+34910000003")
    call.call()
    call.heard()
    assert "wait: no_agent busy: set" in call.steps()
    assert call.last(Ask).what.text.startswith("All our advisers are busy. Please leave")


def test_the_hotline_at_night_reaches_the_duty_service_or_takes_a_message() -> None:
    call = Example("+34910000003", CLOSED)
    call.call()
    call.told("cache/1").press("9")
    dial = call.last(Dial)
    assert (dial.number, dial.outbound_cli) == ("+34911234567", "+34910000001")
    call.hung_up(dial.leg, 17)
    assert call.way()[-1] == "duty_service: busy"
    assert call.at() == "message"


def test_the_hotline_on_a_holiday() -> None:
    call = Example("+34910000003", HOLIDAY)
    call.call()
    assert call.last(Ask).what.text.startswith("We are closed for a holiday.")
