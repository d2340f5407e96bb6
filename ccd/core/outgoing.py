"""Calls that an agent dials on his phone: the dial policy, the right number shown, recording, state, record."""

from typing import TYPE_CHECKING

from ccd.core import recording, talk
from ccd.core.acd import offer
from ccd.core.call import Call, Leg
from ccd.core.configuration import AgentProfile
from ccd.core.dial_policy import DialDecision, decide
from ccd.core.timer import LegTimer
from ccd.core.transfer import GRACE, phone_of
from ccd.model.command import Answer, Bridge, Dial, HangUp
from ccd.model.event import LegArrived, LegHungUp
from ccd.model.fact import CallStarted, DialForbidden, Direction, LegDialled
from ccd.model.ids import CallId, LegId

if TYPE_CHECKING:
    from ccd.core.floor import Floor

REJECTED = 21


def begin(floor: "Floor", event: LegArrived) -> None:
    """A phone dialled a number. Fails closed: nobody logged in at it, no rule for it: hung up, and on record."""
    agent_id = floor.agent_at.get(event.endpoint)
    profile = floor.configuration.agents.get(agent_id) if agent_id else None
    colleague = next((p for p in floor.configuration.agents.values() if p.number and p.number == event.dnis), None)
    call = start(floor, event, "internal" if colleague else "outbound")
    decision = allowed(floor, event, profile, colleague)
    if not decision.allowed or profile is None:
        floor.note(DialForbidden(call.id, event.number or event.dnis, decision.why))
        call.phase = "ending"
        floor.legs[event.leg].state = "ending"
        floor.send(HangUp(event.leg, REJECTED))
        return
    talk.own(floor, call, floor.agents[profile.id])
    cli = profile.number if colleague else (profile.outbound_cli or decision.outbound_cli)
    dial(floor, call, decision, "" if colleague else event.number, cli)


def start(floor: "Floor", event: LegArrived, direction: Direction) -> Call:
    """The call and its first leg, the agent's phone. The customer's leg is the dialled one, as soon as there is one."""
    call_id = CallId(floor.new_id())
    number = event.number if direction == "outbound" else ""
    call = Call(call_id, event.leg, direction, event.ani, event.ani_name, event.dnis, number, floor.now, "dialling")
    call.legs.append(event.leg)
    floor.calls[call_id] = call
    floor.legs[event.leg] = Leg(event.leg, call_id, "agent", "up", event.endpoint)
    floor.note(CallStarted(call_id, event.leg, direction, event.ani, event.ani_name, event.dnis, number))
    floor.mark(event.leg, CCD_CALL=call_id)
    return call


def allowed(
    floor: "Floor", event: LegArrived, profile: AgentProfile | None, colleague: AgentProfile | None
) -> DialDecision:
    """Whether this agent may have this rung, and through what."""
    if profile is None:
        return DialDecision(False, "nobody is logged in at this phone")
    if colleague is not None:
        endpoint = phone_of(floor, colleague, event.leg)
        return DialDecision(bool(endpoint), "colleague" if endpoint else "the colleague's phone is away", endpoint)
    return decide(floor.configuration.dial_policy, profile.role, event.number, floor.area_of(event.leg))


def dial(floor: "Floor", call: Call, decision: DialDecision, number: str, cli: str) -> None:
    """Ring the other side; from here on its leg is the customer's."""
    phone = call.leg
    leg = offer.new_leg(floor, call, floor.new_id(), "dialled", decision.trunk)
    call.leg, call.other = leg, phone
    ring_time = floor.configuration.site.outbound_ring_time
    variables = (("CCD_CALL", call.id), ("CCD_ROLE", "dialled"))
    device, through = offer.way_to(floor, call, decision.trunk)
    floor.send(Dial(leg, device, ring_time, number, cli, "", (), variables, through))
    floor.note(LegDialled(call.id, leg, decision.trunk, number, decision.why))
    call.dial_serial += 1
    floor.at(floor.now + ring_time + GRACE, LegTimer(call.id, call.dial_serial))


def on_answered(floor: "Floor", call: Call, leg: LegId) -> None:
    """The other side answered: answer the agent's phone, then join. Recording is made ready in between."""
    call.dial_serial += 1
    if call.other is None:
        return
    if leg == call.leg:
        recording.prepare(floor, call, floor.configuration.site.outbound_recording)
        floor.send(Answer(call.other))
    elif leg == call.other:
        floor.send(Bridge(call.leg, call.other))


def on_gone(floor: "Floor", call: Call, event: LegHungUp) -> None:
    """One side is gone before they talked: so is the other, with the same cause."""
    other = call.other if event.leg == call.leg else call.leg
    call.phase = "ending"
    call.dial_serial += 1
    if other is not None:
        offer.end_leg(floor, other, event.cause or offer.NORMAL)
    talk.release_agent(floor, call, talked=False)
