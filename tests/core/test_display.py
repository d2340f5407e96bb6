"""What an agent's phone shows of queue and caller."""

from dataclasses import replace
from typing import Any

import pytest

from ccd.core.call import Call
from ccd.core.configuration import Queue
from ccd.core.display import NAME_LENGTH, showable
from ccd.core.flow.steps.queue import Queue as QueueStep
from ccd.model.ids import CallId, LegId, QueueId
from tests.core.centre import Centre, agent, configuration, flow, leg, queue


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ana Núñez-O'Hara", "Ana Núñez-O'Hara"),
        ('"><sip:evil@x>\\', "sip:evil@x"),
        ("two\r\nlines\x00\u202e", "twolines"),
        ("", ""),
        ("x" * 100, "x" * NAME_LENGTH),
    ],
)
def test_only_what_a_display_can_hold(text: str, shown: str) -> None:
    assert showable(text) == shown


def test_a_queue_is_shown_by_its_caller_name_or_its_name() -> None:
    sales = Queue(QueueId("sales"), "Sales <north>")
    assert sales.shown_name == "Sales north"
    assert replace(sales, caller_name="S").shown_name == "S"


def test_a_name_in_the_record_goes_before_the_callers_own() -> None:
    call = Call(CallId("c"), LegId("pbx/1/x/y"), "inbound", "1", "Ann", "2", "", 0, "flow")
    assert call.shown_name == "Ann"
    call.identify({"name": "Dr <Ann> Lee"})
    assert call.shown_name == "Dr Ann Lee"
    call.identify({"town": "Rome"})
    assert call.shown_name == "Ann"


def offered(name: str, **settings: Any) -> Centre:
    """A caller of this name who is offered to the one agent."""
    steps = {"wait": QueueStep(queue="sales")}
    made = Centre(configuration({"in": flow("in", **steps)}, (queue("sales", **settings),), (agent("anna", sales=1),)))
    made.log_in("anna")
    made.arrive("in", answered=True, ani_name=name)
    return made


@pytest.mark.parametrize(
    ("name", "shown"), [("Ann", "sales - Ann"), ("", "sales"), ('">', "sales"), ("x" * 50, "sales - " + "x" * 32)]
)
def test_an_offer_shows_queue_and_caller(name: str, shown: str) -> None:
    [dial] = offered(name).dialled()
    assert dial.cli_name == shown


def test_each_leg_of_ours_has_an_id_of_its_own_that_names_the_call() -> None:
    made = offered("Ann", retry_time=1)
    made.hung_up(made.dialled()[0].leg, 17)
    made.wait(10)
    first, second = (dial.leg for dial in made.dialled())
    call = next(iter(made.engine.floor.calls))
    assert first != second
    assert all(one.startswith(leg(f"ccd-{call}-")) for one in (first, second))


def test_legs_of_ours_are_of_the_callers_switch_and_boot_whatever_his_own_id_looks_like() -> None:
    call = Call(CallId("c"), LegId("pbx/1/x/y"), "inbound", "1", "Ann", "2", "", 0, "flow")
    assert call.own_legs == "pbx/1/ccd-c-"
