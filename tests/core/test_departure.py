"""A call that is hung up on request, in every phase: over at once, nothing of it goes on."""

import pytest

from ccd.core.flow.expression import Literal
from ccd.core.flow.flow import Step
from ccd.core.flow.steps.queue import Queue as QueueStep
from ccd.core.flow.steps.transfer import Transfer
from ccd.model import fact as f
from ccd.model.command import HangUp, Reply
from ccd.model.event import HangUpRequested, SwitchDown
from ccd.model.ids import SECOND, CallId, RequestId, SwitchName
from tests.core.centre import Centre, agent, configuration, flow, leg, queue
from tests.core.test_engine import states

CALLER = leg("1.1")


def centre() -> Centre:
    """A queue after which the caller is sent outside, then into the queue again."""
    steps: dict[str, Step] = {
        "wait": QueueStep("sales", answer=False, on={"answered": "send"}),
        "send": Transfer(to=Literal("+34911222333")),
        "last": QueueStep("sales"),
    }
    flows = {"sales": flow("sales", **steps)}
    made = Centre(configuration(flows, (queue("sales"),), (agent("anna", sales=1),)))
    made.log_in("anna")
    return made


def bring_to(made: Centre, phase: str) -> None:
    """One call in the phase."""
    if phase == "waiting":
        made.phone("anna", "in_use")
    made.arrive("sales", answered=True)
    if phase in ("waiting", "ringing"):
        return
    ring = made.dialled()[0]
    made.answer(ring.leg)
    if phase == "joining":
        return
    made.bridged(CALLER, ring.leg)
    if phase == "talking":
        return
    made.hung_up(ring.leg)
    if phase == "returning":
        return
    made.returned(CALLER)
    assert made.dialled()[-1].number, "sent outside"


@pytest.mark.parametrize("phase", ["waiting", "ringing", "joining", "talking", "returning", "dialling"])
def test_all_legs_are_hung_up_once_and_nothing_goes_on(phase: str) -> None:
    made = centre()
    bring_to(made, phase)
    (call,) = made.engine.floor.calls.values()
    legs = list(call.legs)
    said = made.feed(HangUpRequested(RequestId("r"), "boss", call.id), 1).commands
    assert sorted(one.leg for one in said if isinstance(one, HangUp)) == sorted(legs)
    assert said[-1] == Reply(RequestId("r"))
    dialled = len(made.dialled())
    made.phone("anna", "idle")
    for one in reversed(legs):
        made.hung_up(one, by="us")
    assert len(made.dialled()) == dialled
    assert not made.engine.floor.calls
    assert not made.engine.floor.offers
    assert [fact.ended_by for fact in made.of(f.CallEnded)] == ["us"]
    assert states(made) == {"anna": "ready"}
    assert made.engine.floor.agents["anna"].missed == 0  # type: ignore[index]


def test_a_call_that_is_not_there() -> None:
    made = centre()
    said = made.feed(HangUpRequested(RequestId("r"), "boss", CallId("x")), 1).commands
    assert said == (Reply(RequestId("r"), "no call x"),)


@pytest.mark.parametrize("phase", ["waiting", "talking"])
def test_a_call_that_ended_with_the_switch_ended_then_and_not_when_that_was_told(phase: str) -> None:
    made = centre()
    bring_to(made, phase)
    legs = [leg for call in made.engine.floor.calls.values() for leg in call.legs]
    made.wait(SECOND)
    died = made.now
    made.feed(SwitchDown(SwitchName("pbx"), "gone", died), 1)
    told = [fact for one in reversed(legs) for fact in made.hung_up(one, 0, by="switch", at=died).facts]
    assert {fact.ended_at for fact in told if isinstance(fact, f.LegEnded | f.CallEnded)} == {died}
    assert [fact.ended_at for fact in told if isinstance(fact, f.TalkEnded)] == [died] * (phase == "talking")
