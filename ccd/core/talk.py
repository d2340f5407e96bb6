"""Two legs that talk: how it begins, who ends it, what becomes of the one who stays."""

from typing import TYPE_CHECKING, Literal

from ccd.core import recording
from ccd.core.acd import agent as agents
from ccd.core.acd import offer
from ccd.core.call import Call, Leg
from ccd.core.flow.interpreter import QueueEnded, TransferEnded, signal
from ccd.core.timer import LegTimer
from ccd.model.command import Hold
from ccd.model.event import BridgeFailed, LegHungUp, LegReferred, LegReturned, LegsBridged
from ccd.model.fact import TalkBegan, TalkEnded
from ccd.model.ids import SECOND, AgentId, Length, Moment

if TYPE_CHECKING:
    from ccd.core.floor import Floor

RETURN_TIME: Length = 10 * SECOND


def on_bridged(floor: "Floor", call: Call, event: LegsBridged) -> None:
    """Audio flows. A bridge whose offer ended meanwhile is undone by the hang-up that is under way."""
    current = floor.offers.get(call.offer) if call.offer else None
    began_at = event.at if event.at < floor.now else 0
    if current is not None and current.leg == event.other:
        offer.accept(floor, current, began_at)
    elif call.phase != "dialling" or call.other != event.other:
        return
    call.phase = "talking"
    call.talk_began = began_at or floor.now
    call.answered = True
    for leg in (event.leg, event.other):
        if leg in floor.legs:
            floor.legs[leg].state = "bridged"
    floor.note(TalkBegan(call.id, event.leg, event.other, call.agent or AgentId(""), began_at))
    recording.on_talk_began(floor, call, began_at)
    floor.mark(call.leg, CCD_TALKED=str(call.talk_began), CCD_AGENT=call.agent or "")


def on_bridge_failed(floor: "Floor", call: Call, event: BridgeFailed) -> None:
    """They were not joined: the agent's side is over; the caller, if he is still there, waits on in his place."""
    current = floor.offers.get(call.offer) if call.offer else None
    if current is not None and current.leg == event.other:
        offer.fail(floor, current, "lost")
    elif call.phase == "dialling" and call.other == event.other:
        offer.end_leg(floor, event.other, offer.NORMAL)


def on_returned(floor: "Floor", call: Call, event: LegReturned | LegReferred) -> None:
    """A leg is out of its bridge. The customer goes on in his flow; an agent whose customer left is hung up."""
    if event.leg != call.leg:
        offer.end_leg(floor, event.leg, offer.NORMAL)
        return
    floor.legs[event.leg].state = "up"
    if call.phase == "talking":
        end(floor, call, "agent", event.at if isinstance(event, LegReturned) else 0)
        hang_up_other(floor, call)
        go_on(floor, call)
    elif call.phase == "returning":
        go_on(floor, call)
    elif call.phase == "waiting" and call.visit is not None:
        floor.send(Hold(call.leg, floor.queue(call.visit.queue).music))


def end(floor: "Floor", call: Call, by: Literal["caller", "agent", "us", "switch"], at: Moment = 0) -> None:
    """The talk is over, or was at `at`: counted, and the agent goes to wrap-up."""
    ended = at if call.talk_began < at < floor.now else 0
    floor.note(TalkEnded(call.id, (ended or floor.now) - call.talk_began, by, ended))
    call.talked_with = call.agent
    release_agent(floor, call, talked=True)


def own(floor: "Floor", call: Call, agent: "agents.Agent") -> None:
    """The agent is busy with a call that no queue gave him; one that rings him meanwhile goes to the next."""
    if agent.state == "paused":
        agent.after_call, agent.after_call_reason = "paused", agent.reason
    if agent.state == "offered":
        assert agent.offer is not None
        offer.give_up(floor, floor.offers[agent.offer], "busy")
    floor.routing.unset_ready(agent.id)
    if agent.state in ("ready", "offered", "wrap_up", "paused"):
        agents.move(floor, agent, "talking", call.id)
        agent.call = call.id
        call.agent = agent.id


def release_agent(floor: "Floor", call: Call, *, talked: bool) -> None:
    """The call has no owner any more."""
    if call.agent is None:
        return
    agent = floor.agents[call.agent]
    call.agent = None
    wrap_up = floor.configuration.site.outbound_wrap_up_time
    if call.queue is not None:
        wrap_up = floor.queue(call.queue).wrap_up_time
    agents.end_talk(floor, agent, wrap_up if talked else 0)


def hang_up_other(floor: "Floor", call: Call) -> None:
    """End the leg that the customer talked with, or that was rung for him."""
    if call.other is not None:
        offer.end_leg(floor, call.other, offer.NORMAL)
        call.other = None


def on_other_gone(floor: "Floor", call: Call, event: LegHungUp) -> None:
    """The agent (or the outside party) hung up first, or the switch ended his leg: the customer comes out of the
    bridge, and goes on then.
    """
    end(floor, call, "switch" if event.by == "switch" else "agent", event.at)
    call.other = None
    call.phase = "returning"
    floor.at(floor.now + RETURN_TIME, LegTimer(call.id, call.talk_began))


def go_on(floor: "Floor", call: Call) -> None:
    """The customer after a talk: on in his flow; without a flow the call is over."""
    if call.cursor is None:
        call.phase = "ending"
        offer.end_leg(floor, call.leg, offer.NORMAL)
        return
    call.phase = "flow"
    call.queue = None
    call.waiting_since = 0
    if call.transferring == "step":
        call.transferring = ""
        signal(floor, call, TransferEnded("answered"))
    else:
        call.transferring = ""
        signal(floor, call, QueueEnded("answered"))


def on_timer(floor: "Floor", timer: LegTimer) -> None:
    """A leg that should have come back did not, or one that should have answered: no state without a way out."""
    call = floor.calls.get(timer.call)
    if call is None:
        return
    if call.phase == "returning" and call.talk_began == timer.serial:
        call.phase = "ending"
        offer.end_leg(floor, call.leg, 41)
    elif call.phase == "attempting" and call.dial_serial == timer.serial:
        offer.end_leg(floor, call.leg, 19)
    elif call.phase == "dialling" and call.dial_serial == timer.serial:
        dialled = call.other if call.direction == "inbound" else call.leg
        if dialled is not None:
            offer.end_leg(floor, dialled, 19)


def on_agent_key(floor: "Floor", call: Call, leg: Leg, digit: str) -> None:
    """Keys of the agent during a talk: recording on demand, pause and resume."""
    codes = floor.configuration.feature_codes
    leg.typed = (leg.typed + digit)[-8:]
    for code, what in ((codes.record, "record"), (codes.pause_recording, "pause")):
        if code and leg.typed.endswith(code):
            leg.typed = ""
            recording.toggle(floor, call, what, call.agent or leg.endpoint)
