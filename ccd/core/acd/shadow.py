"""What another policy would decide at the same moments: its rules read beside the real ones, from the same facts.

It decides nothing. At each offer it says whom it would have offered the call to; and where a caller waits whom it
would have offered to somebody, while the real policy did not, it says so once. What would have become of the centre
since, had it been obeyed, is not its question (that of `ccd replay --policy`): it judges each decision as things really
stood.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from ccd.core.acd.reason import Explained, Reasons, lack
from ccd.core.configuration import AgentProfile, Queue
from ccd.model.fact import AgentChanged, AnyFact, EndpointNoted, OfferEnded, OfferMade, QueueEntered, QueueLeft
from ccd.model.ids import AgentId, CallId, Moment, QueueId

if TYPE_CHECKING:
    from ccd.core.configuration import Configuration
    from ccd.core.floor import Floor

Result = Literal["same", "other_agent", "nobody", "no_queue", "sooner"]
"""`nobody`: nobody whom it may ask is free. `no_queue`: it has no such queue. `sooner`: it would have offered a call
that waits."""


class Verdict(Struct, frozen=True):
    """On one decision: `agent` was offered the call, empty where nobody was; `would` is whom the shadow would take."""

    result: Result
    call: CallId
    queue: QueueId
    agent: AgentId
    would: AgentId


class Shadow:
    """The fold; give it the facts of each input, in order."""

    def __init__(self, policy: "Configuration", reasons: Reasons, floor: "Floor") -> None:
        """`reasons` knows how agents and phones stand, `floor` who waits."""
        self._queues: Mapping[QueueId, Queue] = policy.queues
        self._agents: Mapping[AgentId, AgentProfile] = policy.agents
        self._reasons = deepcopy(reasons)
        self._reasons.configure(policy.queues, policy.agents)
        self._waiting: dict[CallId, tuple[Moment, QueueId]] = {
            call.id: (call.visit.key, call.visit.queue)
            for call in floor.calls.values()
            if call.visit is not None and call.phase == "waiting"
        }
        self._offered = {call.id for call in floor.calls.values() if call.offer is not None}
        self._told: set[CallId] = set()

    def apply(self, facts: Iterable[AnyFact], at: Moment) -> list[Verdict]:
        """What it says of one input's decisions."""
        verdicts: list[Verdict] = []
        new: dict[CallId, None] = {}
        freed: dict[AgentId, None] = {}
        for fact in facts:
            explained = self._reasons.apply(fact, at)
            match fact:
                case OfferMade():
                    self._offered.add(fact.call)
                    verdicts.append(self._on_offer(fact, explained))
                case OfferEnded() if fact.outcome != "accepted":
                    self._offered.discard(fact.call)
                case QueueEntered():
                    self._waiting[fact.call] = (fact.waiting_since - fact.priority, fact.queue)
                    new[fact.call] = None
                case QueueLeft():
                    self._waiting.pop(fact.call, None)
                    self._offered.discard(fact.call)
                    self._told.discard(fact.call)
                case AgentChanged() if fact.new == "ready":
                    freed[fact.agent] = None
                case EndpointNoted() if fact.state == "idle":
                    freed |= dict.fromkeys(self._reasons.agents_at(fact.endpoint))
        verdicts += self._sooner(new, freed, at)
        return verdicts

    def _on_offer(self, fact: OfferMade, explained: Explained | None) -> Verdict:
        if explained is None:
            return Verdict("no_queue", fact.call, fact.queue, fact.agent, AgentId(""))
        if explained.is_best:
            return Verdict("same", fact.call, fact.queue, fact.agent, fact.agent)
        best = next(iter(explained.explanation.candidates), None)
        if best is None or best.refusal:
            return Verdict("nobody", fact.call, fact.queue, fact.agent, AgentId(""))
        return Verdict("other_agent", fact.call, fact.queue, fact.agent, best.agent)

    def _sooner(self, new: Iterable[CallId], freed: Iterable[AgentId], at: Moment) -> Iterable[Verdict]:
        """Callers who came, and agents who became free, and were left alone."""
        for call in new:
            if self._is_left(call):
                yield from self._would(call, self._reasons.best(self._waiting[call][1], at))
        for agent in freed:
            profile = self._agents.get(agent)
            if profile is None or not self._reasons.is_free(agent, at):
                continue
            fitting = (
                (key, call)
                for call, (key, queue) in self._waiting.items()
                if self._is_left(call) and queue in self._queues and not lacks(self._queues[queue], profile)
            )
            first = min(fitting, default=None)
            if first is not None:
                yield from self._would(first[1], agent)

    def _is_left(self, call: CallId) -> bool:
        return call in self._waiting and call not in self._offered and call not in self._told

    def _would(self, call: CallId, agent: AgentId | None) -> Iterable[Verdict]:
        if agent is not None:
            self._told.add(call)
            yield Verdict("sooner", call, self._waiting[call][1], AgentId(""), agent)


def lacks(queue: Queue, profile: AgentProfile) -> str:
    """What the agent lacks for the queue; empty where nothing."""
    return lack(queue, tuple(profile.skills.get(skill, 0) for skill, _ in queue.requires))
