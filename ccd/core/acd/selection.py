"""Who gets whom: the longest waiting caller of all queues an agent serves, the best agent for a queue.

Both choosers read the head of a sorted list. Callers are taken out of theirs at once, so that it also tells their
places. An agent stands in the list of every queue that he serves; his entries are not removed when they fall out of
date but skipped when they come to the head, and a list that is mostly out of date is cleared of them: memory stays in
proportion. Sorted lists and not heaps: taking the head touches no other entry, and that is what somebody waits for.

Where there are several switches a queue has a line in each area (`core/network`): its callers on that switch, and the
agents at phones of it. Who may be joined with whom is `connect`ed as switches and trunks come and go.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from ccd.core.configuration import AgentProfile, Queue
from ccd.core.network import ALONE, FIRST, Reach
from ccd.model.ids import AgentId, CallId, Moment, QueueId, SwitchName

Waiting = tuple[Moment, CallId]
"""(waiting_since less the head start, call): the smaller comes first; call ids grow with time and break ties."""
Ready = tuple[int, Moment, AgentId, int]
"""(rank by the queue's listed skills, idle_since, agent, stamp): the smaller comes first."""
SLACK = 64


class RoutingStanding(Struct, frozen=True):
    """Callers with queue and key, agents with their idle_since; each in the order of the index. Those of other areas
    than the first are named with it.
    """

    waiting: list[tuple[QueueId, Moment, CallId]]
    ready: list[tuple[AgentId, Moment]]
    callers_elsewhere: dict[CallId, SwitchName] = {}
    agents_elsewhere: dict[AgentId, SwitchName] = {}
    reach: Reach = field(default_factory=lambda: dict(ALONE))


class Line:
    """One queue in one area: who waits in it, and who is ready for it. Beyond `ready_limit` `ready` is cleared."""

    __slots__ = ("area", "queue", "ready", "ready_limit", "waiting")

    def __init__(self, queue: QueueId, area: SwitchName) -> None:
        self.queue = queue
        self.area = area
        self.waiting: list[Waiting] = []
        self.ready: list[Ready] = []
        self.ready_limit = SLACK


class Routing:
    """The index of waiting callers and ready agents."""

    def __init__(self) -> None:
        self.lines: dict[QueueId, Line] = {}
        """Those of the first area."""
        self.served: dict[AgentId, tuple[tuple[QueueId, int], ...]] = {}
        self._areas: dict[SwitchName, dict[QueueId, Line]] = {FIRST: self.lines}
        self._reach: Reach = ALONE
        self._waiting: dict[CallId, tuple[Line, Waiting]] = {}
        self._callers_for: dict[tuple[AgentId, SwitchName], tuple[list[Waiting], ...]] = {}
        self._agents_for: dict[tuple[QueueId, SwitchName], tuple[list[Ready], ...]] = {}
        self._ready: dict[AgentId, int] = {}
        self._idle_since: dict[AgentId, tuple[Moment, SwitchName]] = {}
        self._stamp = 0

    def configure(self, queues: Mapping[QueueId, Queue], agents: Mapping[AgentId, AgentProfile]) -> None:
        """Take new rules: waiting callers and ready agents stay, in the lines that their queues and skills give now."""
        waiting = [(line, entry) for line, entry in self._waiting.values()]
        ready = {agent: self._idle_since[agent] for agent in self._ready}
        self._waiting.clear()
        self._ready.clear()
        self._idle_since.clear()
        self._areas = {area: {queue: Line(queue, area) for queue in queues} for area in self._areas}
        self.lines = self._areas[FIRST]
        served: dict[AgentId, list[tuple[QueueId, int]]] = {agent: [] for agent in agents}
        for queue in queues.values():
            for agent, rank in ranks(queue, agents.values()):
                served[agent].append((queue.id, rank))
        self.served = {agent: tuple(lines) for agent, lines in served.items()}
        self._forget_ways()
        for line, (key, call) in waiting:
            self.add_waiting(call, line.queue, key, line.area)
        for agent, (idle_since, area) in ready.items():
            if agent in self.served:
                self.set_ready(agent, idle_since, area)

    def connect(self, reach: Reach) -> None:
        """From now on the callers of an area can be offered to agents at phones of these areas, and of no others."""
        self._reach = reach
        for area in reach:
            self._lines_in(area)
        self._forget_ways()

    def reached(self, area: SwitchName) -> tuple[SwitchName, ...]:
        """The areas whose phones can be rung for callers of this one."""
        return self._reach.get(area, ())

    def _lines_in(self, area: SwitchName) -> dict[QueueId, Line]:
        if area not in self._areas:
            self._areas[area] = {queue: Line(queue, area) for queue in self.lines}
        return self._areas[area]

    def _forget_ways(self) -> None:
        self._callers_for.clear()
        self._agents_for.clear()

    def standing(self) -> "RoutingStanding":
        """Who waits and who is ready: what cannot be made again from the rules."""
        return RoutingStanding(
            [(line.queue, key, call) for call, (line, (key, _)) in self._waiting.items()],
            [(agent, self._idle_since[agent][0]) for agent in self._ready],
            {call: line.area for call, (line, _) in self._waiting.items() if line.area},
            {agent: self._idle_since[agent][1] for agent in self._ready if self._idle_since[agent][1]},
            self._reach,
        )

    def restore(self, standing: "RoutingStanding") -> None:
        """As they stood; the rules are there already."""
        self.connect(standing.reach)
        for queue, key, call in standing.waiting:
            self.add_waiting(call, queue, key, standing.callers_elsewhere.get(call, FIRST))
        for agent, idle_since in standing.ready:
            self.set_ready(agent, idle_since, standing.agents_elsewhere.get(agent, FIRST))

    def queues_of(self, agent: AgentId) -> Iterable[QueueId]:
        """The queues whose minimum levels the agent has."""
        return (queue for queue, _ in self.served.get(agent, ()))

    # --- callers

    def add_waiting(self, call: CallId, queue: QueueId, key: Moment, area: SwitchName = FIRST) -> None:
        """A caller waits in a queue that exists; one call waits in one queue."""
        lines = self._lines_in(area)
        line = lines.get(queue) or lines.setdefault(queue, Line(queue, area))
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

    def select_caller(self, agent: AgentId, area: SwitchName = FIRST) -> CallId | None:
        """Who has waited longest, head starts counted, in all queues that the agent serves, of those who can be joined
        with a phone of the area; he stays where he is.
        """
        lists = self._callers_for.get((agent, area))
        if lists is None:
            lists = self._callers_for[agent, area] = self._lists_for(agent, area)
        first = min(filter(None, lists), default=None)  # lists compare by their heads
        return first[0][1] if first else None

    def _lists_for(self, agent: AgentId, area: SwitchName) -> tuple[list[Waiting], ...]:
        callers = [self._areas[of] for of, reached in self._reach.items() if area in reached]
        return tuple(lines[queue].waiting for lines in callers for queue, _ in self.served.get(agent, ()))

    def ahead(self, queue: QueueId, key: Moment) -> int:
        """How many wait in the queue, not offered to an agent now, before one with this key."""
        return sum(bisect_left(line.waiting, (key, "")) for line in self._lines_of(queue))

    def _lines_of(self, queue: QueueId) -> list[Line]:
        """In every area."""
        return [lines[queue] for lines in self._areas.values() if queue in lines]

    def is_waiting(self, call: CallId) -> bool:
        """Whether the call stands in a queue, without an offer."""
        return call in self._waiting

    def in_order(self) -> list[CallId]:
        """All who stand in any queue, the longest waiting first."""
        return [call for _, call in sorted(entry for _, entry in self._waiting.values())]

    def waiting_in(self, queue: QueueId) -> int:
        """How many wait in the queue and are not offered to an agent now."""
        return sum(len(line.waiting) for line in self._lines_of(queue))

    # --- agents

    def set_ready(self, agent: AgentId, idle_since: Moment, area: SwitchName = FIRST) -> None:
        """The agent, at a phone of the area, can be offered a call; said again it changes nothing."""
        if agent in self._ready:
            return
        self._stamp = stamp = self._stamp + 1
        self._ready[agent] = stamp
        self._idle_since[agent] = idle_since, area
        lines = self._lines_in(area)
        for queue, rank in self.served.get(agent, ()):
            line = lines[queue]
            insort(line.ready, (rank, idle_since, agent, stamp))
            if len(line.ready) > line.ready_limit:
                self._clear(line)

    def unset_ready(self, agent: AgentId) -> None:
        """The agent cannot be offered a call; nothing if he could not."""
        self._ready.pop(agent, None)

    def take_agent(self, queue: QueueId, area: SwitchName = FIRST) -> AgentId | None:
        """The best skilled ready agent for a caller of the area, then the longest idle; he is not ready any more."""
        lists, stamps = self._agents_for.get((queue, area)), self._ready
        if lists is None:
            lines = (self._areas[of].get(queue) for of in self._reach.get(area, ()))
            lists = tuple(line.ready for line in lines if line is not None)
            self._agents_for[queue, area] = lists
        best: list[Ready] | None = None
        for ready in lists:
            while ready and stamps.get(ready[0][2]) != ready[0][3]:
                del ready[0]
            if ready and (best is None or ready[0] < best[0]):
                best = ready
        if best is None:
            return None
        agent = best.pop(0)[2]
        del stamps[agent]
        return agent

    def is_ready(self, agent: AgentId) -> bool:
        """Whether the agent stands ready."""
        return agent in self._ready

    def ready_for(self, queue: QueueId) -> int:
        """How many stand ready for the queue; for those who look, it counts them."""
        return sum(self._is_ready(entry) for line in self._lines_of(queue) for entry in line.ready)

    def _is_ready(self, entry: Ready) -> bool:
        return self._ready.get(entry[2]) == entry[3]

    def _clear(self, line: Line) -> None:
        line.ready[:] = [entry for entry in line.ready if self._is_ready(entry)]
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
