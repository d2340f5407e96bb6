"""What another policy would decide at the same moments: its rules read beside the real ones, from the same facts.

It decides nothing. At each offer it says whom it would have offered the call to; and where a caller waits whom it
would have offered to somebody, while the real policy did not, it says so once: when he comes, or when an agent becomes
free by a fact (the end of a back-off is none, and goes unseen). What would have become of the centre since, had it been
obeyed, is not its question (that of `ccd replay --policy`): it judges each decision as things really stood.
"""

from collections.abc import Iterable
from copy import deepcopy
from typing import TYPE_CHECKING

from msgspec import Struct

from ccd.core.acd.reason import Reasons
from ccd.core.acd.selection import ranks
from ccd.core.network import FIRST
from ccd.model.cdr import ShadowResult
from ccd.model.fact import (
    AgentChanged,
    AnyFact,
    CallEnded,
    CallStarted,
    EndpointNoted,
    OfferEnded,
    OfferMade,
    QueueEntered,
    QueueLeft,
)
from ccd.model.ids import AgentId, CallId, Moment, OfferId, QueueId, SwitchName

if TYPE_CHECKING:
    from ccd.core.configuration import Configuration
    from ccd.core.floor import Floor


class Verdict(Struct, frozen=True):
    """On one decision: `agent` was offered the call, empty where nobody was; `would` is whom the shadow would take."""

    result: ShadowResult
    call: CallId
    queue: QueueId
    agent: AgentId
    would: AgentId
    offer: OfferId = OfferId("")


class Shadow:
    """The fold; give it the facts of each input, in order."""

    def __init__(self, policy: "Configuration", reasons: Reasons, floor: "Floor") -> None:
        """`reasons` knows how agents and phones stand, `floor` who waits."""
        self._served: dict[QueueId, list[tuple[int, AgentId]]] = {
            name: sorted((rank, agent) for agent, rank in ranks(queue, policy.agents.values()))
            for name, queue in policy.queues.items()
        }
        """Who may serve a queue, with his rank, the best first."""
        self._serves: dict[AgentId, set[QueueId]] = {agent: set() for agent in policy.agents}
        for queue, served in self._served.items():
            for _, agent in served:
                self._serves[agent].add(queue)
        self._reasons = deepcopy(reasons)
        self._waiting: dict[CallId, tuple[Moment, QueueId]] = {
            call.id: (call.visit.key, call.visit.queue)
            for call in floor.calls.values()
            if call.visit is not None and call.phase == "waiting"
        }
        self._offered = {call.id for call in floor.calls.values() if call.offer is not None}
        self._told: set[CallId] = set()
        self._network = floor.network
        self._areas: dict[CallId, SwitchName] = {call.id: floor.area_of(call.leg) for call in floor.calls.values()}
        """Where callers are."""

    def apply(self, facts: Iterable[AnyFact], at: Moment) -> list[Verdict]:
        """What it says of one input's decisions."""
        verdicts: list[Verdict] = []
        new: dict[CallId, None] = {}
        freed: dict[AgentId, None] = {}
        for fact in facts:
            if type(fact) is not OfferMade:  # which changes how nobody stands, and would be explained in full
                self._reasons.apply(fact, at)
            match fact:
                case CallStarted():
                    self._areas[fact.call] = self._network.area_of_leg(fact.leg)
                case CallEnded():
                    self._areas.pop(fact.call, None)
                case OfferMade():
                    self._offered.add(fact.call)
                    verdicts.append(self._on_offer(fact, at))
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

    def _on_offer(self, fact: OfferMade, at: Moment) -> Verdict:
        result, would = self._judged(fact, at)
        return Verdict(result, fact.call, fact.queue, fact.agent, would, fact.offer)

    def _judged(self, fact: OfferMade, at: Moment) -> tuple[ShadowResult, AgentId]:
        queue, agent = fact.queue, fact.agent
        if queue not in self._served:
            return "no_queue", AgentId("")
        best = self._best(queue, at, self._areas.get(fact.call, FIRST))
        if best is None:
            return "nobody", AgentId("")
        # As in `Reasons`: an agent who became free took whom he may serve, whoever else was free.
        took = fact.trigger == "agent" and queue in self._serves.get(agent, ())
        return ("same", agent) if took or best == agent else ("other_agent", best)

    def _best(self, queue: QueueId, at: Moment, area: SwitchName) -> AgentId | None:
        """Whom it would offer a call of the queue now: of the best rank that has somebody free the longest idle."""
        found: tuple[int, Moment, AgentId] | None = None
        for rank, agent in self._served.get(queue, ()):
            if found is not None and rank > found[0]:
                break
            since = self._reasons.free_since(agent, at, area)
            if since is not None and (found is None or (rank, since, agent) < found):
                found = (rank, since, agent)
        return found[2] if found is not None else None

    def _sooner(self, new: Iterable[CallId], freed: Iterable[AgentId], at: Moment) -> Iterable[Verdict]:
        """Callers who came, and agents who became free, and were left alone."""
        for call in new:
            if self._is_left(call):
                area = self._areas.get(call, FIRST)
                yield from self._would(call, self._best(self._waiting[call][1], at, area))
        for agent in freed:
            serves = self._serves.get(agent)
            if not serves:
                continue
            free = {
                area: self._reasons.free_since(agent, at, area) is not None
                for area in dict.fromkeys(self._areas.get(call, FIRST) for call in self._waiting)
            }
            fitting = (
                (key, call)
                for call, (key, queue) in self._waiting.items()
                if queue in serves and self._is_left(call) and free[self._areas.get(call, FIRST)]
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
