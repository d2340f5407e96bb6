"""The second opinion: the bookkeeping made of facts against the engine's own state, in full."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ccd.core.floor import Floor
from ccd.core.timer import OfferTimer

if TYPE_CHECKING:
    from ccd.simulation.invariants import Invariants


def disagreements(kept: "Invariants", floor: Floor) -> Iterator[str]:
    """Every way in which the two differ, and every state of the engine without a way out."""
    yield from of_calls(kept, floor)
    yield from of_agents(kept, floor)
    timers = {(timer.offer, timer.stage) for _, _, timer in floor.timers if isinstance(timer, OfferTimer)}
    for offer in floor.offers.values():
        if (offer.id, offer.stage) not in timers or offer.leg not in floor.legs:
            yield f"{offer} has no deadline, or no leg"
    if {offer.id: (offer.call, offer.agent) for offer in floor.offers.values()} != kept.offers:
        yield f"offers {floor.offers} and {kept.offers}"


def of_calls(kept: "Invariants", floor: Floor) -> Iterator[str]:
    """Calls, legs, visits."""
    if floor.calls.keys() != kept.open.keys():
        yield f"calls {sorted(floor.calls.keys() ^ kept.open.keys())}"
    visits = {call.id: (call.visit.key, call.visit.queue) for call in floor.calls.values() if call.visit}
    if visits != {call: (key, queue) for call, (key, queue, _) in kept.visits.items()}:
        yield f"visits {visits} and {kept.visits}"
    legs = {leg: call.id for call in floor.calls.values() for leg in call.legs}
    if legs != {leg.id: leg.call for leg in floor.legs.values()}:
        yield "legs without a call, or the other way round"
    for call in floor.calls.values():
        waits = call.visit is not None and call.offer is None
        if floor.routing.is_waiting(call.id) != waits and floor.legs[call.leg].state != "ending":
            yield f"{call.id} waits, and has no place"
    for asker in floor.questions.values():
        if asker not in floor.calls:
            yield f"a question of {asker}, who is gone"


def of_agents(kept: "Invariants", floor: Floor) -> Iterator[str]:
    """States, owners, readiness."""
    owners = {call.agent: call.id for call in floor.calls.values() if call.agent}
    for agent in floor.agents.values():
        known = kept.standing.get(agent.id)
        if agent.state != (known.state if known else "logged_out"):
            yield f"{agent} and {known}"
        if (agent.state == "offered") != (agent.offer is not None) or (agent.state == "talking") != (
            agent.id in owners
        ):
            yield f"{agent} has no offer or call for his state"
        if floor.routing.is_ready(agent.id) != (agent.id in kept.free):
            yield f"{agent}: ready is {floor.routing.is_ready(agent.id)}, free {agent.id in kept.free}"
    for agent_id, call in kept.owners.items():
        if owners.get(agent_id) != call:
            yield f"{agent_id} owns {owners.get(agent_id)}, not {call}"
