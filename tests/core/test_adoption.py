"""A second daemon and the legs of the first one: what their channels carry is enough to go on."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from ccd.core.flow.steps.hangup import Hangup
from ccd.core.flow.steps.queue import Queue as QueueStep
from ccd.model.command import Dial, HangUp, SetVariables
from ccd.model.event import CallsRecalled, LegArrived
from ccd.model.fact import CallEnded, QueueLeft, TalkEnded
from ccd.model.ids import SECOND, AgentId, LegId
from tests.core.centre import Centre, agent, configuration, flow, leg, queue

CALLER = leg("1.1")
ANA = AgentId("ana")
CONFIG = configuration(
    {"shop": flow("shop", wait=QueueStep(queue="sales", on={"answered": "bye"}), bye=Hangup())},
    (queue("sales", wrap_up_time=10 * SECOND),),
    (agent("ana", sales=1),),
)


def carried(centre: Centre) -> dict[LegId, dict[str, str]]:
    """The variables on each leg's channel, as commands set them; both sides of a bridge end with the role `talked`."""
    found: dict[LegId, dict[str, str]] = {}
    for command in centre.commands:
        if isinstance(command, Dial | SetVariables):
            found.setdefault(command.leg, {}).update(dict(command.variables))
    return found


def waiting() -> Centre:
    """A caller waits; nobody is logged in."""
    first = Centre(CONFIG)
    first.arrive("shop")
    first.answer(CALLER)
    return first


def talking() -> tuple[Centre, LegId]:
    """He talks with ana; and the leg of her phone."""
    first = waiting()
    first.log_in("ana")
    phone = first.dialled()[-1].leg
    first.answer(phone)
    first.bridged(CALLER, phone)
    return first, phone


def successor(first: Centre, *legs: LegId, role: str, **more: Any) -> Centre:
    """A new daemon, to which the switch tells these legs in this order."""
    second = Centre(CONFIG)
    second.now = first.now + 5 * SECOND
    second.log_in("ana")
    variables = carried(first)
    second.feed(CallsRecalled(tuple(first.engine.floor.calls)))
    for each in legs:
        told = {**variables[each], "CCD_ROLE": role}
        second.feed(LegArrived(each, ani="600", answered=True, number="+34600", variables=told, **more))
    return second


def test_the_wait_goes_on_from_its_beginning() -> None:
    first = waiting()
    began = first.now
    second = successor(first, CALLER, role="caller")
    second.answer(second.dialled()[-1].leg)
    second.bridged(CALLER, second.dialled()[-1].leg)
    (left,) = second.of(QueueLeft)
    assert left.outcome == "answered"
    assert left.wait_time == second.now - began >= 5 * SECOND


@pytest.mark.parametrize("order", [0, 1])
def test_of_a_talk_the_customer_is_known_whichever_leg_is_told_first(order: int) -> None:
    first, phone = talking()
    second = successor(first, *list(permutations((CALLER, phone)))[order], role="talked", bridge="x")
    assert second.engine.floor.agents[ANA].state == "talking"
    second.hung_up(CALLER)
    assert [fact.ended_by for fact in second.of(TalkEnded)] == ["caller"]
    assert second.engine.floor.agents[ANA].state == "wrap_up"
    second.hung_up(phone, by="us")
    assert [fact.ended_by for fact in second.of(CallEnded)] == ["caller"]


@pytest.mark.parametrize("order", [0, 1])
def test_the_customer_goes_on_in_his_flow_when_the_agent_leaves(order: int) -> None:
    first, phone = talking()
    second = successor(first, *list(permutations((CALLER, phone)))[order], role="talked", bridge="x")
    second.hung_up(phone)
    assert [fact.ended_by for fact in second.of(TalkEnded)] == ["agent"]
    assert not [command for command in second.commands if isinstance(command, HangUp)]
    second.returned(CALLER)
    assert second.commands[-1] == HangUp(CALLER, 16)


def test_a_leg_before_its_first_word_to_the_switch_is_told_by_its_role() -> None:
    first, phone = talking()
    variables = carried(first)
    del variables[CALLER]["CCD_TALKED"]
    second = Centre(replace(CONFIG))
    for each, role in ((phone, "agent"), (CALLER, "talked")):
        told = {**variables[each], "CCD_ROLE": role}
        second.feed(LegArrived(each, answered=True, number="+34600", variables=told, bridge="x"), 1)
    second.hung_up(CALLER)
    assert [fact.ended_by for fact in second.of(TalkEnded)] == ["caller"]
