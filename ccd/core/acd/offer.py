"""An offer: one agent's phone rings for one waiting caller, until it is accepted or ends some other way."""

from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from msgspec import Struct

from ccd.core import recording
from ccd.core.acd import agent as agents
from ccd.core.acd import waiting
from ccd.core.call import Call, Leg
from ccd.core.configuration import Queue
from ccd.core.display import NAME_LENGTH
from ccd.core.network import area_of_phone, device_of
from ccd.core.timer import BackOffTimer, OfferTimer
from ccd.model.command import Bridge, Dial, HangUp
from ccd.model.fact import OfferEnded, OfferMade, OfferOutcome
from ccd.model.ids import SECOND, AgentId, CallId, Endpoint, LegId, Length, Moment, OfferId, QueueId

if TYPE_CHECKING:
    from ccd.core.floor import Floor

BRIDGE_TIME: Length = 10 * SECOND
"""A driver tells within less what became of a bridge, unless the link is down: then as soon as it is back."""
AFTER_LINK: Length = SECOND
ANSWERED_ELSEWHERE = 26
NORMAL = 16
NO_TRUNK = Endpoint("")
AUTO_ANSWER = (("Call-Info", "<sip:ccd>;answer-after=0"), ("Alert-Info", "<http://ccd.invalid>;info=alert-autoanswer"))
"""By which phones are told to answer by themselves; each maker knows one of the two, or both."""
MISSED: tuple[OfferOutcome, ...] = ("expired", "refused", "unreachable")
OUTCOME_OF_CAUSE: dict[int, OfferOutcome] = {
    1: "unreachable",
    3: "unreachable",
    17: "busy",
    18: "expired",
    19: "expired",
    20: "unreachable",
    27: "unreachable",
    38: "unreachable",
    41: "unreachable",
    102: "unreachable",
}
"""Q.850 codes as Asterisk maps SIP answers to them; any other one is the agent's refusal."""


class Offer(Struct, gc=False):
    """The outstanding offer of a call and of an agent: neither has a second one."""

    id: OfferId
    call: CallId
    queue: QueueId
    agent: AgentId
    leg: LegId
    stage: Literal["ringing", "bridging"] = "ringing"


def make(floor: "Floor", call: Call, queue: Queue, agent: "agents.Agent", trigger: Literal["caller", "agent"]) -> None:
    """Ring the agent for the caller, who waits in the queue.

    Whoever calls this chose the pair, and took the two out of those who wait and who are ready.
    """
    call_id, queue_id, agent_id, endpoint = call.id, queue.id, agent.id, agent.endpoint
    offer_id = OfferId(floor.new_id())
    leg = new_leg(floor, call, offer_id, "agent", endpoint)
    floor.offers[offer_id] = Offer(offer_id, call_id, queue_id, agent_id, leg)
    call.offer = agent.offer = offer_id
    agent.call = call_id
    variables = (("CCD_CALL", call_id), ("CCD_ROLE", "agent"), ("CCD_OFFER", offer_id), ("CCD_AGENT", agent_id))
    headers: tuple[tuple[str, str], ...] = (("X-CCD-Call", call_id),)
    if floor.configuration.site.screen_pop_url:
        headers += (("X-CCD-URL", screen_pop(floor, call, queue_id)),)
    if queue.auto_answer:
        headers += AUTO_ANSWER
    caller = call.shown_name
    name = f"{queue.shown_name} - {caller}"[:NAME_LENGTH] if caller else queue.shown_name
    ring_time = queue.ring_time
    device, through = way_to(floor, call, endpoint)
    floor.send(Dial(leg, device, ring_time, "", call.number or call.ani, name, headers, variables, through))
    floor.note(OfferMade(offer_id, call_id, queue_id, agent_id, leg, agent.idle_since, trigger, endpoint))
    agents.move(floor, agent, "offered", call_id)
    floor.at(floor.now + ring_time, OfferTimer(offer_id, "ringing"))
    recording.prepare(floor, call, queue.recording)


def new_leg(floor: "Floor", call: Call, unique: str, role: Literal["agent", "dialled"], endpoint: Endpoint) -> LegId:
    """A leg of ours for the call, on the switch of the caller's own leg; `unique` was never used before."""
    leg = LegId(call.own_legs + unique)
    floor.legs[leg] = Leg(leg, call.id, role, "dialling", endpoint)
    call.legs.append(leg)
    return leg


def way_to(floor: "Floor", call: Call, endpoint: Endpoint) -> tuple[Endpoint, Endpoint]:
    """A phone as its switch calls it, and the trunk by which it is reached where the call is on another one."""
    if floor.network.is_one:
        return endpoint, NO_TRUNK
    own, its = floor.area_of(call.leg), area_of_phone(endpoint)
    return device_of(endpoint), floor.network.trunk(own, its) if own != its else NO_TRUNK


def is_reached(floor: "Floor", leg: LegId, endpoint: Endpoint) -> bool:
    """Whether a phone can be rung for somebody at this leg: on the same switch, or over a trunk that is not away."""
    own, its, network = floor.area_of(leg), area_of_phone(endpoint), floor.network
    return its in network.reach(lambda area: area == own or floor.is_up(area), floor.is_trunk_away).get(own, ())


def screen_pop(floor: "Floor", call: Call, queue: QueueId) -> str:
    """The site's address for what the agent's screen shows of this call."""
    url = floor.configuration.site.screen_pop_url
    values = {"{call}": call.id, "{caller}": call.caller or "", "{number}": call.number, "{queue}": queue}
    for key, value in values.items():
        url = url.replace(key, quote(value, safe=""))
    return url


# --- how it goes on


def on_answered(floor: "Floor", offer: Offer) -> None:
    """The agent picked up: join him with the caller."""
    if offer.stage == "ringing":
        offer.stage = "bridging"
        floor.send(Bridge(floor.calls[offer.call].leg, offer.leg))
        floor.at(floor.now + BRIDGE_TIME, OfferTimer(offer.id, "bridging"))


def accept(floor: "Floor", offer: Offer, began_at: Moment) -> None:
    """They talk: the offer is over, the agent owns the call, the stay in the queue ended `answered`, at `began_at` if
    that was earlier.
    """
    call, agent = floor.calls[offer.call], floor.agents[offer.agent]
    close(floor, offer, "accepted")
    agent.missed = 0
    agent.call = call.id
    call.agent, call.other, call.queue = agent.id, offer.leg, offer.queue
    agents.move(floor, agent, "talking", call.id)
    waiting.note_left(floor, call, "answered", began_at)


def close(floor: "Floor", offer: Offer, outcome: OfferOutcome, cause: int = 0) -> None:
    """The offer is nobody's any more."""
    del floor.offers[offer.id]
    floor.calls[offer.call].offer = None
    agent = floor.agents[offer.agent]
    agent.offer = agent.call = None
    floor.note(OfferEnded(offer.id, offer.call, offer.agent, outcome, cause))


def on_leg_gone(floor: "Floor", offer: Offer, cause: int, sip_code: int) -> None:
    """The agent's leg ended before they were joined. Without a cause (the switch or the daemon began anew, and it was
    not there any more) nobody is to blame.
    """
    if offer.stage == "bridging" or not cause:
        fail(floor, offer, "lost", cause)
    else:
        fail(floor, offer, "refused" if sip_code >= 600 else OUTCOME_OF_CAUSE.get(cause, "refused"), cause)


def on_timer(floor: "Floor", timer: OfferTimer) -> None:
    """Rung long enough, or the bridge did not come. While the link is down nobody knows whether it did."""
    offer = floor.offers.get(timer.offer)
    if offer is None or offer.stage != timer.stage:
        return
    if timer.stage == "bridging" and not floor.is_up(floor.area_of(offer.leg)):
        floor.at(floor.now + AFTER_LINK, timer)
    else:
        fail(floor, offer, "expired" if timer.stage == "ringing" else "lost")


def fail(floor: "Floor", offer: Offer, outcome: OfferOutcome, cause: int = 0) -> None:
    """This agent does not take it: he backs off, or is paused after too many; the caller keeps his place."""
    give_up(floor, offer, outcome, cause)
    release(floor, floor.agents[offer.agent], outcome, floor.queue(offer.queue).retry_time)


def give_up(floor: "Floor", offer: Offer, outcome: OfferOutcome, cause: int = 0) -> None:
    """The caller goes back to his place, or to the next agent; what becomes of this one, the caller of this says."""
    close(floor, offer, outcome, cause)
    end_leg(floor, offer.leg, NORMAL)
    waiting.rematch(floor, floor.calls[offer.call])


def release(floor: "Floor", agent: "agents.Agent", outcome: OfferOutcome, retry_time: Length) -> None:
    """The agent after an offer that came to nothing."""
    if outcome in MISSED:
        agent.missed += 1
    if outcome in MISSED and agent.missed >= floor.configuration.site.missed_offers_limit > 0:
        agents.move(floor, agent, "paused", f"missed {agent.missed} offers")
    else:
        if outcome not in ("withdrawn", "lost"):
            agent.back_off_until = floor.now + retry_time
        agents.move(floor, agent, "ready", outcome)
        if agent.back_off_until > floor.now:
            floor.at(agent.back_off_until, BackOffTimer(agent.id))
    agents.settle(floor, agent)


def withdraw(floor: "Floor", offer: Offer, cause: int = NORMAL) -> None:
    """The caller is gone or taken elsewhere: the phone stops ringing, the agent is free for the next."""
    agent = floor.agents[offer.agent]
    close(floor, offer, "withdrawn")
    end_leg(floor, offer.leg, cause)
    release(floor, agent, "withdrawn", 0)


def withdraw_from_agent(
    floor: "Floor", agent: "agents.Agent", new: Literal["paused", "logged_out"], reason: str
) -> str:
    """The agent does not want it after all; the caller goes to the next. Always carried out: returns nothing."""
    assert agent.offer is not None
    give_up(floor, floor.offers[agent.offer], "withdrawn")
    if new == "paused":
        agents.move(floor, agent, "paused", reason)
    else:
        agents.leave(floor, agent, reason)
    return ""


def end_leg(floor: "Floor", leg_id: LegId, cause: int) -> None:
    """Hang up a leg that still lives; once."""
    leg = floor.legs.get(leg_id)
    if leg is not None and leg.state != "ending":
        leg.state = "ending"
        floor.send(HangUp(leg_id, cause))
