"""Agents held for a campaign: they are there for the people that it dials, and for nobody else until they are let go.

What the cap promises rests on it: an agent who is held and not owed to an answered call takes the next one.
"""

from typing import TYPE_CHECKING

from ccd.core.acd import agent as agents
from ccd.core.acd import offer, waiting
from ccd.core.dialer import campaign as campaigns
from ccd.core.dialer.campaign import Campaign
from ccd.core.network import area_of_phone
from ccd.model.fact import AgentHeld, AgentLetGo, AgentState
from ccd.model.ids import AgentId, Moment, QueueId, SwitchName

if TYPE_CHECKING:
    from ccd.core.acd.agent import Agent
    from ccd.core.call import Call
    from ccd.core.floor import Floor


def claim(floor: "Floor", agent: "Agent") -> bool:
    """A free agent for whom nobody waits: held from now on, if a campaign wants him."""
    for campaign in floor.dialling:
        if rank_of(floor, agent.id, campaign.rules.queue) is not None and campaigns.wants_agents(campaign, floor.now):
            hold(floor, campaign, agent)
            return True
    if agent.campaign is not None:
        let_go(floor, agent, "not needed")
    return False


def hold(floor: "Floor", campaign: Campaign, agent: "Agent") -> None:
    """He works for the campaign."""
    if agent.campaign not in (None, campaign.id):
        let_go(floor, agent, "another campaign")
    floor.routing.unset_ready(agent.id)
    if agent.id not in campaign.cap.held:
        campaign.cap.hold(agent.id, floor.now)
        floor.note(AgentHeld(agent.id, campaign.id))
    if agent.id not in campaign.pacing.ready:
        campaign.pacing.agent_free(agent.id, floor.now)
    agent.campaign = campaign.id
    campaigns.stir(floor, campaign)


def claim_all(floor: "Floor") -> None:
    """All who are ready and for whom nobody waits."""
    for agent in floor.agents.values():
        if floor.routing.is_ready(agent.id):
            claim(floor, agent)


def is_held(floor: "Floor", agent: "Agent") -> bool:
    """Whether he is there for a campaign's calls and no others."""
    return agent.campaign is not None and agent.id in floor.campaigns[agent.campaign].cap.held


def is_owed(floor: "Floor", agent: "Agent") -> bool:
    """Whether somebody who is being dialled, or has answered, may find nobody without this held agent."""
    if not is_held(floor, agent) or agent.offer is not None or agent.campaign is None:
        return False
    campaign = floor.campaigns[agent.campaign]
    if not campaign.rules.cap.is_hard:
        return campaign.pacing.free <= len(campaign.pacing.ringing)
    return campaign.is_dialling and not campaign.cap.may_release(floor.now)


def serves_own(floor: "Floor", agent: "Agent") -> bool:
    """One who is held and free: whoever of his campaign's people waits gets him; else he stays held. To callers he is
    lent when one comes, or when the campaign is looked at.
    """
    if not is_held(floor, agent) or agent.campaign is None:
        return False
    campaign = floor.campaigns[agent.campaign]
    area, is_kept = area_of_phone(agent.endpoint), agent.id in kept(campaign)
    for call_id in campaign.cap.waiting:
        call = floor.calls[call_id]
        is_his = campaign.attempts[call_id].wanted == agent.id
        is_reached = area in floor.routing.reached(floor.area_of(call.leg))
        if floor.routing.is_waiting(call_id) and is_reached and (is_his or not is_kept):
            floor.routing.remove_waiting(call_id)
            offer.make(floor, call, waiting.queue_of(floor, call), agent, "agent")
            break
    return True


def let_go(floor: "Floor", agent: "Agent", reason: str, *, is_lost: bool = False) -> None:
    """He does not work for his campaign any more. `is_lost`: it had counted on him."""
    assert agent.campaign is not None
    campaign, agent.campaign = floor.campaigns[agent.campaign], None
    was_held = agent.id in campaign.cap.held
    if is_lost:
        campaign.cap.lose(agent.id)
    else:
        campaign.cap.release(agent.id)
    campaign.pacing.agent_gone(agent.id, floor.now)
    if was_held:
        floor.note(AgentLetGo(agent.id, campaign.id, reason))
    contact = campaign.shown.pop(agent.id, None)
    if contact is not None:
        campaign.at_hand.appendleft(contact)
    campaigns.stir(floor, campaign)


def gather(floor: "Floor", campaign: Campaign) -> None:
    """The campaign begins to want agents: all who are free and may serve its queue."""
    for agent in floor.agents.values():
        if floor.routing.is_ready(agent.id) and rank_of(floor, agent.id, campaign.rules.queue) is not None:
            hold(floor, campaign, agent)


def disperse(floor: "Floor", campaign: Campaign, reason: str) -> None:
    """It wants none any more: others may have them."""
    for agent_id in list(campaign.cap.held):
        agent = floor.agents[agent_id]
        if agent.offer is None:
            let_go(floor, agent, reason)
            agents.settle(floor, agent)


# --- who gets one


def take(floor: "Floor", call: "Call", area: SwitchName) -> AgentId | None:
    """The best held agent for an answered call: who it was dialled for, else by skill, then the longest idle."""
    campaign, attempt = campaign_of(floor, call)
    taken = kept(campaign) - {attempt.wanted}
    free = [
        (rank_of(floor, agent_id, campaign.rules.queue) or 0, floor.agents[agent_id].idle_since, agent_id)
        for agent_id in campaign.cap.held
        if is_free(floor, agent_id, area) and agent_id not in taken
    ]
    if any(agent_id == attempt.wanted for _, _, agent_id in free):
        return attempt.wanted
    return min(free)[2] if free else None


def kept(campaign: Campaign) -> set[AgentId]:
    """Agents for whom somebody is being dialled."""
    return {attempt.wanted for attempt in campaign.attempts.values() if attempt.wanted and not attempt.agent}


def is_free(floor: "Floor", agent_id: AgentId, area: SwitchName) -> bool:
    """Whether a held agent can be offered a call of the area now."""
    agent = floor.agents[agent_id]
    is_reached = area_of_phone(agent.endpoint) in floor.routing.reached(area)
    return agent.offer is None and is_reached and agents.is_available(floor, agent)


def lend(floor: "Floor", queue: QueueId, area: SwitchName) -> AgentId | None:
    """A held agent for a caller who finds no other, as far as the cap allows; he is let go then."""
    found: list[tuple[int, Moment, AgentId]] = []
    for campaign in floor.dialling:
        if not (campaign.rules.has_inbound_first and campaign.cap.held and campaign.cap.may_release(floor.now)):
            continue
        owed = kept(campaign)
        for agent_id in campaign.cap.held:
            rank = rank_of(floor, agent_id, queue)
            stays = not floor.agents[agent_id].after_call  # who waits to leave is lent to nobody
            if rank is not None and stays and is_free(floor, agent_id, area) and agent_id not in owed:
                found.append((rank, floor.agents[agent_id].idle_since, agent_id))
    if not found:
        return None
    agent_id = min(found)[2]
    let_go(floor, floor.agents[agent_id], "a caller waits")
    return agent_id


def lend_to_waiting(floor: "Floor") -> None:
    """Lines have ended: callers who wait, the longest waiting first, get those whom the cap kept back."""
    lenders = [one for one in floor.dialling if one.rules.has_inbound_first and one.cap.may_release(floor.now)]
    queues = {queue for one in lenders for agent in one.cap.held for queue in floor.routing.queues_of(agent)}
    for call_id in floor.routing.in_order() if queues else ():
        call = floor.calls[call_id]
        if call.campaign is None and call.visit is not None and call.visit.queue in queues:
            waiting.match_waiting(floor, call)


def rank_of(floor: "Floor", agent: AgentId, queue: QueueId) -> int | None:
    """By the queue's skills, 0 the best; None where he has not its minimum levels."""
    return next((rank for served, rank in floor.routing.served.get(agent, ()) if served == queue), None)


def campaign_of(floor: "Floor", call: "Call") -> tuple[Campaign, campaigns.Attempt]:
    """Of a dialled call."""
    assert call.campaign is not None
    campaign = floor.campaigns[call.campaign]
    return campaign, campaign.attempts[call.id]


# --- what he does


def on_moved(floor: "Floor", agent: "Agent", old: AgentState, new: AgentState) -> None:
    """A step of the state table by somebody who works for a campaign."""
    assert agent.campaign is not None
    campaign = floor.campaigns[agent.campaign]
    is_own = agent.call is not None and floor.calls[agent.call].campaign == campaign.id
    if new == "wrap_up":
        campaign.pacing.wrap_up_begun(agent.id, floor.now)
        campaigns.stir(floor, campaign)
    elif new in ("offered", "talking") and not is_own:
        let_go(floor, agent, "another call", is_lost=True)
    elif new in ("paused", "logged_out"):
        let_go(floor, agent, new.replace("_", " "), is_lost=True)
    elif new == "ready" and old == "offered":
        let_go(floor, agent, "did not take the call", is_lost=True)


def on_unavailable(floor: "Floor", agent: "Agent") -> None:
    """He cannot be offered a call: his phone is in use or away, or its switch. While timers are held, or the only
    switch does not obey, nobody can, and it passes: he stays.
    """
    passes = floor.holds_timers or (floor.network.is_one and not floor.is_up(area_of_phone(agent.endpoint)))
    if agent.state == "ready" and not passes:
        let_go(floor, agent, "phone not free", is_lost=True)
