"""Why this agent: a second, plain reading of who could be offered a call, made from facts alone.

It shares nothing with the index that chose (`selection`): so it explains every offer, and finds out a wrong one.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from ccd.core.configuration import AgentProfile, Queue
from ccd.core.network import FIRST, NOBODY_SAID, Network, area_of_phone
from ccd.model.cdr import Candidate, Explanation
from ccd.model.fact import (
    AgentChanged,
    AgentHeld,
    AgentLetGo,
    AnyFact,
    AttemptBegan,
    AttemptConnected,
    AttemptEnded,
    EndpointNoted,
    OfferEnded,
    OfferMade,
    SwitchNoted,
)
from ccd.model.ids import AgentId, CallId, CampaignId, Endpoint, Moment, QueueId, SwitchName

MOST_CANDIDATES = 50


class Standing(Struct):
    """An agent as the facts tell."""

    state: str = "logged_out"
    reason: str = ""
    idle_since: Moment = 0
    back_off_until: Moment = 0
    endpoint: Endpoint = Endpoint("")
    held: CampaignId | None = None


class Explained(Struct, frozen=True):
    """An offer and its candidates, best first; `is_best` is false if the chosen agent was not the best available."""

    offer: OfferMade
    explanation: Explanation
    is_best: bool


class Reasons:
    """The fold. Give it every fact, in order, and the configuration that held."""

    def __init__(self) -> None:
        self._queues: Mapping[QueueId, Queue] = {}
        self._agents: Mapping[AgentId, AgentProfile] = {}
        self._standing: dict[AgentId, Standing] = {}
        self._phones: dict[Endpoint, str] = {}
        self._network = NOBODY_SAID
        self._up: dict[SwitchName, bool] = {}
        self._attempts: dict[CallId, AttemptBegan] = {}
        """Dialled calls to which no agent has come."""

    def __getstate__(self) -> dict[str, Any]:
        """Without the rules: whoever reads a snapshot has them."""
        return {**self.__dict__, "_queues": {}, "_agents": {}, "_network": NOBODY_SAID}

    def configure(
        self,
        queues: Mapping[QueueId, Queue],
        agents: Mapping[AgentId, AgentProfile],
        network: Network = NOBODY_SAID,
    ) -> None:
        """From now on by these rules."""
        self._queues, self._agents, self._network = queues, agents, network

    def apply(self, fact: AnyFact, at: Moment) -> Explained | None:
        """One more fact; the explanation, when it was an offer."""
        if type(fact) is AgentChanged:
            known = self._standing.setdefault(fact.agent, Standing())
            known.state, known.reason = fact.new, fact.reason
            known.idle_since, known.back_off_until = fact.idle_since, fact.back_off_until
            known.endpoint = fact.endpoint
        elif type(fact) is OfferEnded and fact.outcome != "accepted":
            # The next agent is looked for before this one's state changes.
            self._standing.setdefault(fact.agent, Standing()).state = fact.outcome
        elif type(fact) is EndpointNoted:
            self._phones[fact.endpoint] = fact.state
        elif type(fact) is SwitchNoted:
            self._up[fact.switch] = fact.is_up
        elif type(fact) is OfferMade and fact.queue in self._queues:
            return self._explain(fact, at)
        elif type(fact) is AgentHeld:
            self._standing.setdefault(fact.agent, Standing()).held = fact.campaign
        elif type(fact) is AgentLetGo:
            self._standing.setdefault(fact.agent, Standing()).held = None
        elif type(fact) is AttemptBegan:
            self._attempts[fact.call] = fact
        elif type(fact) is AttemptConnected:
            self._standing.setdefault(fact.agent, Standing()).held = None
            self._attempts.pop(fact.call, None)
        elif type(fact) is AttemptEnded:
            self._attempts.pop(fact.call, None)
        return None

    def free_since(self, agent: AgentId, at: Moment, area: SwitchName = FIRST) -> Moment | None:
        """Since when he is idle who could be offered a call of a caller in the area now; None where he could not."""
        standing = self._standing.get(agent)
        if standing is None or standing.state != "ready" or standing.back_off_until > at:
            return None
        if self._phones.get(standing.endpoint) != "idle" or self._apart(standing.endpoint, area):
            return None
        return standing.idle_since

    def agents_at(self, endpoint: Endpoint) -> list[AgentId]:
        """Who uses a phone."""
        return [agent for agent, standing in self._standing.items() if standing.endpoint == endpoint]

    def _explain(self, fact: OfferMade, at: Moment) -> Explained:
        queue = self._queues[fact.queue]
        attempt = self._attempts.get(fact.call)
        rated = sorted(self._rate(queue, at, self._network.area_of_leg(fact.leg), attempt))
        candidates = tuple(
            Candidate(agent, levels, idle_since, refusal)
            for _, _, idle_since, agent, levels, refusal in rated[:MOST_CANDIDATES]
        )
        is_best = bool(rated) and not rated[0][5] and rated[0][3] == fact.agent
        # An agent who became free was matched with the longest waiting caller: others may be free for this one too
        # only where a change freed several at once.
        fits = any(row[3] == fact.agent and not row[5] for row in rated)
        if attempt is not None and attempt.wanted == fact.agent:
            return Explained(fact, Explanation(candidates), fits)
        return Explained(fact, Explanation(candidates), is_best or (fact.trigger == "agent" and fits))

    def _rate(
        self, queue: Queue, at: Moment, area: SwitchName, attempt: AttemptBegan | None
    ) -> Iterable[tuple[int, tuple[int, ...], Moment, AgentId, tuple[int, ...], str]]:
        """(-1 held for this, 0 free, 1 qualified, 2 not), levels negated, idle_since, agent, levels, refusal."""
        for agent in self._agents.values():
            levels = tuple(agent.skills.get(skill, 0) for skill, _ in queue.requires)
            standing = self._standing.get(agent.id) or Standing()
            refusal, grade = lack(queue, levels), 2
            if not refusal:
                refusal = self._refusal(standing, at) or self._apart(standing.endpoint, area)
                refusal = refusal or self._kept(agent.id, standing, attempt)
                grade = 1 if refusal else 0
                grade = -1 if attempt is not None and standing.held and not refusal else grade
            yield grade, tuple(-level for level in levels), standing.idle_since, agent.id, levels, refusal

    def _kept(self, agent: AgentId, standing: Standing, attempt: AttemptBegan | None) -> str:
        """Why one who is free is not for this call."""
        if standing.held is None or (attempt is not None and standing.held == attempt.campaign):
            others = (other for other in self._attempts.values() if other.wanted == agent and other is not attempt)
            return "kept for a call that is dialled for him" if next(others, None) else ""
        return f"held for campaign {standing.held}"

    def _refusal(self, standing: Standing, at: Moment) -> str:
        if standing.state != "ready":
            detail = f": {standing.reason}" if standing.state == "paused" and standing.reason else ""
            return standing.state.replace("_", " ") + detail
        if standing.back_off_until > at:
            return "backs off after a missed offer"
        phone = self._phones.get(standing.endpoint, "unreachable")
        return "" if phone == "idle" else f"phone {phone.replace('_', ' ')}"

    def _apart(self, endpoint: Endpoint, area: SwitchName) -> str:
        """Why nobody in the area can be joined with the phone; empty where he can."""
        its, network = area_of_phone(endpoint), self._network
        if not self._up.get(its, True):
            return f"switch {network.name(its)} is down" if network.name(its) else "the switch is down"
        if its == area:
            return ""
        trunk = network.trunk(area, its)
        if not trunk:
            return f"no trunk from switch {network.name(area)} to {network.name(its)}"
        is_away = self._phones.get(network.phone(SwitchName(network.name(area)), trunk)) == "unreachable"
        return f"the trunk from switch {network.name(area)} to {network.name(its)} is away" if is_away else ""


def lack(queue: Queue, levels: tuple[int, ...]) -> str:
    """The first required skill that the levels do not reach."""
    for (skill, minimum), level in zip(queue.requires, levels, strict=True):
        if level < minimum:
            return f"{skill} {level}, {minimum} needed"
    return ""
