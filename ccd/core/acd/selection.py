"""Who gets whom: the longest waiting caller of all queues an agent serves, the best agent for a queue.

Both choosers read the head of a sorted list. Callers are taken out of theirs at once, so that it also tells their
places. An agent stands in the list of every queue that he serves; his entries are not removed when they fall out of
date but skipped when they come to the head, and a list that is mostly out of date is cleared of them: memory stays in
proportion. Sorted lists and not heaps: taking the head touches no other entry, and that is what somebody waits for.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping

from msgspec import Struct

from ccd.core.configuration import AgentProfile, Queue
from ccd.model.ids import AgentId, CallId, Moment, QueueId

Waiting = tuple[Moment, CallId]
"""(waiting_since less the head start, call): the smaller comes first; call ids grow with time and break ties."""
Ready = tuple[int, Moment, AgentId, int]
"""(rank by the queue's listed skills, idle_since, agent, stamp): the smaller comes first."""
SLACK = 64


class RoutingStanding(Struct, frozen=True):
    """Callers with queue and key, agents with their idle_since; each in the order of the index."""

    waiting: list[tuple[QueueId, Moment, CallId]]
    ready: list[tuple[AgentId, Moment]]


class Line:
    """One queue: who waits in it, and who is ready for it. `ready_limit`: beyond it `ready` is cleared."""

    __slots__ = ("queue", "ready", "ready_limit", "waiting")

    def __init__(self, queue: QueueId) -> None:
        self.queue = queue
        self.waiting: list[Waiting] = []
        self.ready: list[Ready] = []
        self.ready_limit = SLACK


class Routing:
    """The index of waiting callers and ready agents."""

    def __init__(self) -> None:
        self.lines: dict[QueueId, Line] = {}
        self.served: dict[AgentId, tuple[tuple[Line, int], ...]] = {}
        self._waiting: dict[CallId, tuple[Line, Waiting]] = {}
        self._callers_for: dict[AgentId, tuple[list[Waiting], ...]] = {}
        self._ready: dict[AgentId, int] = {}
        self._idle_since: dict[AgentId, Moment] = {}
        self._stamp = 0

    def configure(self, queues: Mapping[QueueId, Queue], agents: Mapping[AgentId, AgentProfile]) -> None:
        """Take new rules: waiting callers and ready agents stay, in the lines that their queues and skills give now."""
        waiting = [(line.queue, entry) for line, entry in self._waiting.values()]
        ready = {agent: self._idle_since[agent] for agent in self._ready}
        self._waiting.clear()
        self._ready.clear()
        self._idle_since.clear()
        self.lines = {queue: Line(queue) for queue in queues}
        served: dict[AgentId, list[tuple[Line, int]]] = {agent: [] for agent in agents}
        for queue in queues.values():
            for agent, rank in ranks(queue, agents.values()):
                served[agent].append((self.lines[queue.id], rank))
        self.served = {agent: tuple(lines) for agent, lines in served.items()}
        self._callers_for = {agent: tuple(line.waiting for line, _ in lines) for agent, lines in served.items()}
        for queue_id, (key, call) in waiting:
            self.add_waiting(call, queue_id, key)
        for agent, idle_since in ready.items():
            if agent in self.served:
                self.set_ready(agent, idle_since)

    def standing(self) -> "RoutingStanding":
        """Who waits and who is ready: what cannot be made again from the rules."""
        return RoutingStanding(
            [(line.queue, key, call) for call, (line, (key, _)) in self._waiting.items()],
            [(agent, self._idle_since[agent]) for agent in self._ready],
        )

    def restore(self, standing: "RoutingStanding") -> None:
        """As they stood; the rules are there already."""
        for queue, key, call in standing.waiting:
            self.add_waiting(call, queue, key)
        for agent, idle_since in standing.ready:
            self.set_ready(agent, idle_since)

    def queues_of(self, agent: AgentId) -> Iterable[QueueId]:
        """The queues whose minimum levels the agent has."""
        return (line.queue for line, _ in self.served.get(agent, ()))

    # --- callers

    def add_waiting(self, call: CallId, queue: QueueId, key: Moment) -> None:
        """A caller waits in a queue that exists; one call waits in one queue."""
        line = self.lines.get(queue) or self.lines.setdefault(queue, Line(queue))
        entry = (key, call)
        self._waiting[call] = (line, entry)
        insort(line.waiting, entry)

    def remove_waiting(self, call: CallId) -> None:
        """The caller does not wait any more; nothing if he did not."""
        known = self._waiting.pop(call, None)
        if known is not None:
            line, entry = known
            waiting = line.waiting
            del waiting[0 if waiting[0] is entry else bisect_left(waiting, entry)]

    def select_caller(self, agent: AgentId) -> CallId | None:
        """Who has waited longest, head starts counted, in all queues that the agent serves; he stays where he is."""
        first = min(filter(None, self._callers_for.get(agent, ())), default=None)  # lists compare by their heads
        return first[0][1] if first else None

    def ahead(self, queue: QueueId, key: Moment) -> int:
        """How many wait in the queue, not offered to an agent now, before one with this key."""
        return bisect_left(self.lines[queue].waiting, (key, ""))

    def is_waiting(self, call: CallId) -> bool:
        """Whether the call stands in a queue, without an offer."""
        return call in self._waiting

    def in_order(self) -> list[CallId]:
        """All who stand in any queue, the longest waiting first."""
        return [call for _, call in sorted(entry for _, entry in self._waiting.values())]

    def waiting_in(self, queue: QueueId) -> int:
        """How many wait in the queue and are not offered to an agent now."""
        line = self.lines.get(queue)
        return len(line.waiting) if line else 0

    # --- agents

    def set_ready(self, agent: AgentId, idle_since: Moment) -> None:
        """The agent can be offered a call; said again it changes nothing."""
        if agent in self._ready:
            return
        self._stamp = stamp = self._stamp + 1
        self._ready[agent] = stamp
        self._idle_since[agent] = idle_since
        for line, rank in self.served.get(agent, ()):
            insort(line.ready, (rank, idle_since, agent, stamp))
            if len(line.ready) > line.ready_limit:
                self._clear(line)

    def unset_ready(self, agent: AgentId) -> None:
        """The agent cannot be offered a call; nothing if he could not."""
        self._ready.pop(agent, None)

    def take_agent(self, queue: QueueId) -> AgentId | None:
        """The best skilled ready agent for the queue, then the longest idle; he is not ready any more."""
        ready, stamps = self.lines[queue].ready, self._ready
        while ready:
            _, _, agent, stamp = ready.pop(0)
            if stamps.get(agent) == stamp:
                del stamps[agent]
                return agent
        return None

    def is_ready(self, agent: AgentId) -> bool:
        """Whether the agent stands ready."""
        return agent in self._ready

    def ready_for(self, queue: QueueId) -> int:
        """How many stand ready for the queue; for those who look, it counts them."""
        line = self.lines.get(queue)
        return sum(map(self._is_ready, line.ready)) if line else 0

    def _is_ready(self, entry: Ready) -> bool:
        return self._ready.get(entry[2]) == entry[3]

    def _clear(self, line: Line) -> None:
        line.ready = [entry for entry in line.ready if self._is_ready(entry)]
        line.ready_limit = 2 * len(line.ready) + SLACK


def ranks(queue: Queue, agents: Iterable[AgentProfile]) -> list[tuple[AgentId, int]]:
    """Who has the queue's minimum levels, each with his rank: 0 for the best levels, skill by skill as listed."""
    levels = {
        agent.id: tuple(-agent.skills.get(skill, 0) for skill, _ in queue.requires)
        for agent in agents
        if is_qualified(queue, agent)
    }
    order = {level: rank for rank, level in enumerate(sorted(set(levels.values())))}
    return [(agent, order[level]) for agent, level in levels.items()]


def is_qualified(queue: Queue, agent: AgentProfile) -> bool:
    """Whether the agent has every required skill at its minimum level."""
    skills = agent.skills
    for skill, minimum in queue.requires:  # noqa: SIM110  # a plain loop: five times as fast as all() of a generator
        if skills.get(skill, 0) < minimum:
            return False
    return True
