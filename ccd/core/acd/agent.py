"""The agent: the table of his states, what moves him through it, and whether he can be offered a call."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ccd.core.acd import offer, waiting
from ccd.core.dialer import campaign as campaigns
from ccd.core.dialer import holding
from ccd.core.network import area_of_phone
from ccd.core.timer import AgentTimer, BackOffTimer
from ccd.model.event import AgentStanding
from ccd.model.fact import AgentChanged, AgentState
from ccd.model.ids import AgentId, CallId, CampaignId, Endpoint, Length, Moment, OfferId

if TYPE_CHECKING:
    from ccd.core.floor import Floor

TRANSITIONS: dict[AgentState, tuple[AgentState, ...]] = {
    "logged_out": ("ready",),
    "ready": ("offered", "talking", "paused", "logged_out"),
    "offered": ("talking", "ready", "paused", "logged_out"),
    "talking": ("wrap_up", "ready", "paused", "logged_out"),
    "wrap_up": ("ready", "talking", "paused", "logged_out"),
    "paused": ("ready", "talking", "logged_out"),
}
"""From each state, where to. `talking` from `ready`, `wrap_up` or `paused` is a call that the agent dialled himself."""


@dataclass(slots=True)
class Agent:
    """One agent of the configuration. `after_call` is what he asked for while busy."""

    id: AgentId
    state: AgentState = "logged_out"
    since: Moment = 0
    reason: str = ""
    endpoint: Endpoint = Endpoint("")
    idle_since: Moment = 0
    back_off_until: Moment = 0
    missed: int = 0
    call: CallId | None = None
    offer: OfferId | None = None
    after_call: Literal["", "paused", "logged_out"] = ""
    after_call_reason: str = ""
    campaign: CampaignId | None = None
    """For which he is held, or whose call he is in or has just had."""


def move(floor: "Floor", agent: Agent, new: AgentState, reason: str) -> None:
    """One step of the table; whoever calls this settles afterwards whether the agent can be offered a call."""
    old = agent.state
    if agent.campaign is not None:
        holding.on_moved(floor, agent, old, new)
    assert new in TRANSITIONS[old], f"agent {agent.id}: {old} to {new}"
    agent.state, agent.reason, agent.since = new, reason, floor.now
    floor.note(AgentChanged(agent.id, old, new, reason, agent.endpoint, agent.idle_since, agent.back_off_until))


def is_available(floor: "Floor", agent: Agent) -> bool:
    """Ready, not backing off, and his phone is idle on a switch that we can command; while timers are held, nobody."""
    return (
        agent.state == "ready"
        and agent.back_off_until <= floor.now
        and floor.endpoints.get(agent.endpoint) == "idle"
        and floor.up.get(area_of_phone(agent.endpoint), False)
        and not floor.holds_timers
    )


def settle(floor: "Floor", agent: Agent) -> None:
    """After any change of the agent or his phone: a caller for him, or his place among the ready, or neither."""
    if not is_available(floor, agent):
        floor.routing.unset_ready(agent.id)
        if agent.campaign is not None:
            holding.on_unavailable(floor, agent)
        return
    if agent.campaign is not None and holding.serves_own(floor, agent):
        return
    if agent.after_call:  # he waited until nobody counted on him
        leave_if_spared(floor, agent)
        return
    area = area_of_phone(agent.endpoint)
    call = floor.routing.select_caller(agent.id, area)
    if call is None:
        if not (floor.dialling and holding.claim(floor, agent)):
            floor.routing.set_ready(agent.id, agent.idle_since, area)
    else:
        floor.routing.remove_waiting(call)
        floor.routing.unset_ready(agent.id)
        caller = floor.calls[call]
        offer.make(floor, caller, waiting.queue_of(floor, caller), agent, "agent")


def settle_all(floor: "Floor") -> None:
    """After a change that may have freed many at once: the callers in their order, each with the best agent."""
    for agent in floor.agents.values():
        if not is_available(floor, agent):
            floor.routing.unset_ready(agent.id)
            if agent.campaign is not None:
                holding.on_unavailable(floor, agent)
        elif not holding.is_held(floor, agent):
            floor.routing.set_ready(agent.id, agent.idle_since, area_of_phone(agent.endpoint))
    for call in floor.routing.in_order():
        waiting.match_waiting(floor, floor.calls[call])
    if floor.dialling:
        holding.claim_all(floor)
        campaigns.stir_all(floor)


# --- what he asks for; each returns why not, or nothing


def trunks(floor: "Floor") -> set[Endpoint]:
    """Endpoints that lead outside or to another switch: nobody logs in there, or offers would be calls past the dial
    policy.
    """
    return {rule.trunk for rule in floor.configuration.dial_policy.rules} | floor.network.between()


def log_in(floor: "Floor", agent_id: AgentId, endpoint: Endpoint) -> str:
    """Bind the agent to a phone."""
    agent, endpoint = floor.agents.get(agent_id), floor.network.whole(endpoint)
    if agent is None or agent_id not in floor.configuration.agents:
        return f"no agent {agent_id}"
    if endpoint not in floor.endpoints or endpoint in trunks(floor):
        return f"the switch knows no phone {endpoint}"
    holder = floor.agent_at.get(endpoint)
    if holder is not None and holder != agent_id:
        return f"agent {holder} is logged in at {endpoint}"
    if agent.state in ("offered", "talking"):
        return f"agent {agent_id} is {agent.state}"
    bind(floor, agent, endpoint, floor.now)
    settle(floor, agent)
    return ""


def bind(floor: "Floor", agent: Agent, endpoint: Endpoint, idle_since: Moment) -> None:
    """From now on he works at this phone; one who was logged in changes phones and starts anew."""
    if agent.state != "logged_out":
        unbind(floor, agent, "logs in anew")
    else:
        for queue in floor.routing.queues_of(agent.id):
            floor.staffed[queue] = floor.staffed.get(queue, 0) + 1
    agent.endpoint, agent.idle_since = endpoint, idle_since
    agent.missed, agent.back_off_until = 0, 0
    floor.agent_at[endpoint] = agent.id
    move(floor, agent, "ready", "log in")


def unbind(floor: "Floor", agent: Agent, reason: str) -> None:
    """From now on he works at no phone."""
    floor.routing.unset_ready(agent.id)
    floor.agent_at.pop(agent.endpoint, None)
    move(floor, agent, "logged_out", reason)
    agent.endpoint = Endpoint("")
    agent.after_call = ""


def log_out(floor: "Floor", agent_id: AgentId) -> str:
    """Unbind the agent from his phone, after his call if he is in one, or is the one that a dialled line counts on."""
    agent = floor.agents.get(agent_id)
    if agent is None or agent.state == "logged_out":
        return f"agent {agent_id} is not logged in"
    if agent.state == "talking" or holding.is_owed(floor, agent):
        agent.after_call, agent.after_call_reason = "logged_out", "log out"
        return ""
    if agent.state == "offered":
        return offer.withdraw_from_agent(floor, agent, "logged_out", "log out")
    leave(floor, agent, "log out")
    return ""


def leave(floor: "Floor", agent: Agent, reason: str) -> None:
    """Log out an agent who has no call; callers whom nobody can serve any more may be sent on."""
    unbind(floor, agent, reason)
    queues = list(floor.routing.queues_of(agent.id))
    for queue in queues:
        floor.staffed[queue] -= 1
    if not all(floor.staffed[queue] for queue in queues):
        waiting.send_on_unserved(floor)


def pause(floor: "Floor", agent_id: AgentId, reason: str) -> str:
    """No calls until `unpause`; during a talk or wrap-up it begins afterwards, and while a dialled line that may be
    answered any moment counts on him, when that has ended.
    """
    agent = floor.agents.get(agent_id)
    if agent is None or agent.state == "logged_out":
        return f"agent {agent_id} is not logged in"
    known = floor.configuration.site.pause_reasons
    if reason and known and reason not in known:
        return f"no pause reason {reason}; there are {', '.join(known)}"
    if agent.after_call == "logged_out":
        return f"agent {agent_id} logs out after this call"
    if agent.state in ("talking", "wrap_up") or holding.is_owed(floor, agent):
        agent.after_call, agent.after_call_reason = "paused", reason
        return ""
    if agent.state == "offered":
        return offer.withdraw_from_agent(floor, agent, "paused", reason)
    if agent.state == "paused":
        agent.reason = reason
        return ""
    move(floor, agent, "paused", reason)
    settle(floor, agent)
    return ""


def leave_if_spared(floor: "Floor", agent: Agent) -> None:
    """One who wanted to go while he was needed may, once he is not."""
    if not agent.after_call or agent.state != "ready" or holding.is_owed(floor, agent):
        return
    what, agent.after_call = agent.after_call, ""
    if what == "paused":
        pause(floor, agent.id, agent.after_call_reason)
    else:
        log_out(floor, agent.id)


def unpause(floor: "Floor", agent_id: AgentId) -> str:
    """Ready again; idle time goes on from where it began."""
    agent = floor.agents.get(agent_id)
    if agent is None or agent.state == "logged_out":
        return f"agent {agent_id} is not logged in"
    if agent.after_call == "paused":
        agent.after_call = ""
        return ""
    if agent.state != "paused":
        return f"agent {agent_id} is not paused"
    agent.missed = 0
    move(floor, agent, "ready", "unpause")
    settle(floor, agent)
    return ""


def end_wrap_up(floor: "Floor", agent_id: AgentId) -> str:
    """The agent is done before the time is."""
    agent = floor.agents.get(agent_id)
    if agent is None or agent.state != "wrap_up":
        return f"agent {agent_id} is not in wrap-up"
    finish_wrap_up(floor, agent)
    return ""


def restore(floor: "Floor", standings: tuple[AgentStanding, ...]) -> None:
    """After a restart: logins, pauses, idle times as they were; who was in a call is ready when his phone is idle."""
    for standing in standings:
        agent = floor.agents.get(standing.agent)
        if agent is None or standing.agent not in floor.configuration.agents or agent.state != "logged_out":
            continue
        if standing.state == "logged_out" or not standing.endpoint or standing.endpoint in floor.agent_at:
            continue
        bind(floor, agent, standing.endpoint, standing.idle_since)
        if standing.state == "paused":
            move(floor, agent, "paused", standing.reason)
    settle_all(floor)


# --- what happens to him


def end_talk(floor: "Floor", agent: Agent, wrap_up: Length) -> None:
    """His talk is over: wrap-up, or straight to what comes after it."""
    agent.call = None
    if agent.after_call == "logged_out":
        agent.after_call = ""
        agent.idle_since = floor.now
        leave(floor, agent, "log out")
    elif wrap_up > 0:
        move(floor, agent, "wrap_up", "")
        floor.at(floor.now + wrap_up, AgentTimer(agent.id, agent.since))
        settle(floor, agent)
    else:
        finish_wrap_up(floor, agent)


def finish_wrap_up(floor: "Floor", agent: Agent) -> None:
    """Idle time counts from here."""
    agent.idle_since = floor.now
    if agent.after_call == "paused":
        agent.after_call = ""
        move(floor, agent, "paused", agent.after_call_reason)
    else:
        move(floor, agent, "ready", "")
    settle(floor, agent)


def on_timer(floor: "Floor", timer: AgentTimer) -> None:
    """Wrap-up is over."""
    agent = floor.agents.get(timer.agent)
    if agent is not None and agent.state == "wrap_up" and agent.since == timer.since:
        finish_wrap_up(floor, agent)


def on_back_off_timer(floor: "Floor", timer: BackOffTimer) -> None:
    """A back-off is over; a longer one, begun since, is not."""
    agent = floor.agents.get(timer.agent)
    if agent is not None:
        settle(floor, agent)


def on_endpoint(floor: "Floor", endpoint: Endpoint) -> None:
    """A phone's device state changed."""
    agent_id = floor.agent_at.get(endpoint)
    if agent_id is not None:
        settle(floor, floor.agents[agent_id])
