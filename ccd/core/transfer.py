"""A caller is sent on to an outside number: dial policy, ring, join; the flow hears what came of it."""

from typing import TYPE_CHECKING, Literal

from ccd.core import recording, talk
from ccd.core.acd import offer
from ccd.core.call import Call
from ccd.core.configuration import AgentProfile, RecordingPolicy
from ccd.core.dial_policy import decide
from ccd.core.flow.interpreter import QueueEnded, TransferEnded, signal
from ccd.core.timer import LegTimer
from ccd.model.command import Bridge, Dial, Hold
from ccd.model.fact import DialForbidden, LegDialled
from ccd.model.ids import SECOND, AgentId, Endpoint, LegId, Length

if TYPE_CHECKING:
    from ccd.core.floor import Floor

RING_TIME: Length = 60 * SECOND
GRACE: Length = 3 * SECOND
"""How much longer than the switch's own ring time we wait for its result."""
OUTCOME_OF_CAUSE = {17: "busy", 18: "no_answer", 19: "no_answer", 21: "refused"}


def begin(
    floor: "Floor",
    call: Call,
    number: str,
    *,
    role: str,
    ring_time: Length = RING_TIME,
    kind: Literal["step", "refer"] = "step",
) -> None:
    """Ring `number` (E.164) for the caller; `TransferEnded` comes to the step."""
    call.transferring = kind
    decision = decide(floor.configuration.dial_policy, role, number, floor.area_of(call.leg))
    if not decision.allowed:
        floor.note(DialForbidden(call.id, number, decision.why))
        ended(floor, call, "forbidden")
        return
    cli = decision.outbound_cli or call.number
    ring(floor, call, decision.trunk, number, cli, decision.why, ring_time)


def ring(floor: "Floor", call: Call, endpoint: Endpoint, number: str, cli: str, why: str, ring_time: Length) -> None:
    """Dial the second leg of the call."""
    leg = offer.new_leg(floor, call, floor.new_id(), "dialled", endpoint)
    call.other = leg
    call.phase = "dialling"
    variables = (("CCD_CALL", call.id), ("CCD_ROLE", "dialled"))
    device, through = offer.way_to(floor, call, endpoint)
    floor.send(Dial(leg, device, ring_time, number, cli, "", (), variables, through))
    if call.answered:
        floor.send(Hold(call.leg))
    floor.note(LegDialled(call.id, leg, endpoint, number, why))
    call.dial_serial += 1
    floor.at(floor.now + ring_time + GRACE, LegTimer(call.id, call.dial_serial))


def to_colleague(floor: "Floor", call: Call, profile: AgentProfile) -> None:
    """An agent sends his customer to another agent's phone (REFER to an agent's number)."""
    call.transferring = "refer"
    endpoint = phone_of(floor, profile, call.leg)
    if not endpoint:
        ended(floor, call, "failed")
        return
    if floor.agent_at.get(endpoint) == profile.id:
        talk.own(floor, call, floor.agents[profile.id])
    ring(floor, call, endpoint, "", call.number or call.ani, "colleague", floor.configuration.site.outbound_ring_time)


def phone_of(floor: "Floor", profile: AgentProfile, leg: LegId) -> Endpoint:
    """Where a colleague is reached by who is at the leg: the phone of his login, else his usual one; empty where it is
    not there.
    """
    endpoint = floor.agents[profile.id].endpoint or profile.endpoint
    is_there = floor.endpoints.get(endpoint) in ("idle", "in_use") and offer.is_reached(floor, leg, endpoint)
    return endpoint if is_there else Endpoint("")


def on_answered(floor: "Floor", call: Call) -> None:
    """The outside leg answered: join."""
    assert call.other is not None
    call.dial_serial += 1
    recording.prepare(floor, call, recording_policy(floor, call))
    floor.send_last(Bridge(call.leg, call.other))


def recording_policy(floor: "Floor", call: Call) -> RecordingPolicy:
    """A transferred talk is recorded as outgoing calls are, unless the call is recorded already."""
    return floor.configuration.site.outbound_recording


def on_failed(floor: "Floor", call: Call, cause: int) -> None:
    """The outside leg ended before they were joined."""
    call.other = None
    call.dial_serial += 1
    talk.release_agent(floor, call, talked=False)
    ended(floor, call, OUTCOME_OF_CAUSE.get(cause, "failed"))


def ended(floor: "Floor", call: Call, outcome: str) -> None:
    """Back to the flow."""
    kind, call.transferring = call.transferring, ""
    call.phase = "flow"
    signal(floor, call, TransferEnded(outcome) if kind == "step" else QueueEnded("answered"))


def refer(floor: "Floor", call: Call, by: AgentId, dialled: str, number: str) -> None:
    """An agent's phone sends the customer on: to a colleague's number, or outside as far as the agent may dial."""
    for profile in floor.configuration.agents.values():
        if profile.number == dialled:
            to_colleague(floor, call, profile)
            return
    sender = floor.configuration.agents.get(by)
    begin(floor, call, number, role=sender.role if sender else "agent", kind="refer")
