"""A leg is gone: what that means for its call, and the end of the call with its last leg."""

from typing import TYPE_CHECKING, Literal

from ccd.core import outgoing, recording, talk, transfer
from ccd.core.acd import offer, waiting
from ccd.core.call import Call
from ccd.core.dialer import attempt
from ccd.model.event import LegHungUp
from ccd.model.fact import CallEnded, LegEnded
from ccd.model.ids import Moment

if TYPE_CHECKING:
    from ccd.core.floor import Floor

ENDED_BY = {"far_end": "caller", "us": "us", "switch": "switch"}


def on_hung_up(floor: "Floor", call: Call, event: LegHungUp) -> None:
    """The last event of a leg."""
    leg = floor.legs[event.leg]
    floor.note(LegEnded(call.id, leg.id, event.cause, event.by, event.sip_code, event.at))
    call.legs.remove(leg.id)
    current = floor.offers.get(call.offer) if call.offer else None
    if leg.id == call.leg:
        on_customer_gone(floor, call, event)
    elif current is not None and current.leg == leg.id:
        del floor.legs[leg.id]
        offer.on_leg_gone(floor, current, event.cause, event.sip_code)
    elif leg.id == call.other:
        on_other_gone(floor, call, event)
    floor.legs.pop(leg.id, None)
    if not call.legs:
        finish(floor, call, event.at)


def on_customer_gone(floor: "Floor", call: Call, event: LegHungUp) -> None:
    """The customer's own leg: everything else of the call ends with it."""
    call.ended_by, call.cause = ENDED_BY[event.by], event.cause
    phase = call.phase
    if phase == "waiting" and call.visit is not None:
        call.phase = "ending"
        if event.by == "switch":
            waiting.keep_place(floor, call)
        waiting.stop(floor, call, "lost" if event.by == "switch" else "abandoned")
    elif phase == "talking":
        by: Literal["caller", "switch", "us"] = "us"
        if event.by != "us":
            by = "caller" if event.by == "far_end" else "switch"
        talk.end(floor, call, by, event.at)
        talk.hang_up_other(floor, call)
    elif phase == "dialling" and call.campaign is None and call.direction != "inbound":
        outgoing.on_gone(floor, call, event)
    elif phase == "dialling":
        talk.hang_up_other(floor, call)
    if call.campaign is not None:
        attempt.on_gone(floor, call, event)
    call.phase = "ending"
    recording.on_customer_gone(floor, call, event.at)
    for leg in list(call.legs):
        offer.end_leg(floor, leg, offer.NORMAL)


def on_other_gone(floor: "Floor", call: Call, event: LegHungUp) -> None:
    """The agent's leg of a talk, or an outside leg that was rung."""
    if call.phase == "talking":
        talk.on_other_gone(floor, call, event)
    elif call.phase == "dialling" and call.campaign is None and call.direction != "inbound":
        outgoing.on_gone(floor, call, event)
    elif call.phase == "dialling":
        transfer.on_failed(floor, call, event.cause)


def end_call(floor: "Floor", call: Call) -> None:
    """Hang up all that a call has, now; its record follows with the last leg."""
    phase, call.phase = call.phase, "ending"
    if phase == "waiting" and call.visit is not None:
        waiting.stop(floor, call, "lost")
    elif phase == "talking":
        talk.end(floor, call, "us")
    for leg in list(call.legs):
        offer.end_leg(floor, leg, offer.NORMAL)


def finish(floor: "Floor", call: Call, at: Moment) -> None:
    """The last leg is gone, `at` where that was before now: so is the call, and no question of it is waited for."""
    talk.release_agent(floor, call, talked=False)
    del floor.calls[call.id]
    for question in [q for q, asker in floor.questions.items() if asker == call.id]:
        del floor.questions[question]
    by = call.ended_by or "us"
    floor.note(CallEnded(call.id, by, call.cause, at))  # type: ignore[arg-type]
