"""What came out: service level, waits, abandonment by queue and hour, and how busy the agents were."""

from msgspec import Struct, field

from ccd.core.configuration import Queue
from ccd.model.fact import AgentChanged, AgentState, AnyFact, QueueEntered, QueueLeft
from ccd.model.ids import SECOND, AgentId, CallId, Length, Moment, QueueId
from ccd.simulation.profile import HOUR


class QueueFigures(Struct):
    """Visits that began after the warm-up and have ended. Waits count from the entry into this queue."""

    offered: int = 0
    answered: int = 0
    answered_in_time: int = 0
    abandoned: int = 0
    other: int = 0
    waits: list[Length] = field(default_factory=list)
    """Of the answered."""
    lost_wait: Length = 0
    """Sum over the others."""
    hours: dict[int, list[int]] = field(default_factory=dict)
    """By hour since the start: offered, answered in time."""

    def service_level(self) -> float:
        """Answered within the queue's time / offered."""
        return self.answered_in_time / self.offered if self.offered else 0.0

    def abandon_rate(self) -> float:
        """Abandoned / offered."""
        return self.abandoned / self.offered if self.offered else 0.0

    def mean_wait(self) -> float:
        """Of the answered, in seconds."""
        return sum(self.waits) / len(self.waits) / SECOND if self.waits else 0.0

    def mean_wait_of_all(self) -> float:
        """Of all who were offered, in seconds."""
        return (sum(self.waits) + self.lost_wait) / self.offered / SECOND if self.offered else 0.0

    def wait_at(self, share: float) -> float:
        """The wait that this share of the answered did not exceed, in seconds."""
        ordered = sorted(self.waits)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] / SECOND if ordered else 0.0

    def add(self, more: "QueueFigures") -> None:
        """Of another run."""
        self.offered += more.offered
        self.answered += more.answered
        self.answered_in_time += more.answered_in_time
        self.abandoned += more.abandoned
        self.other += more.other
        self.waits += more.waits
        self.lost_wait += more.lost_wait
        for hour, (offered, in_time) in more.hours.items():
            mine = self.hours.setdefault(hour, [0, 0])
            mine[0] += offered
            mine[1] += in_time


class Figures:
    """The fold over a run's facts; counts from `since` on."""

    def __init__(self, queues: dict[QueueId, Queue], began: Moment, since: Moment) -> None:
        self.queues: dict[QueueId, QueueFigures] = {queue: QueueFigures() for queue in queues}
        self.time_in: dict[AgentState, Length] = {}
        """Time of all agents by state."""
        self._rules = queues
        self._began = began
        self._since = since
        self._entered: dict[CallId, Moment] = {}
        self._agents: dict[AgentId, tuple[AgentState, Moment]] = {}

    def occupancy(self) -> float:
        """(talking + wrap-up) / (logged in - paused), of all agents together."""
        busy = self.time_in.get("talking", 0) + self.time_in.get("wrap_up", 0)
        there = busy + self.time_in.get("ready", 0) + self.time_in.get("offered", 0)
        return busy / there if there else 0.0

    def apply(self, fact: AnyFact, at: Moment) -> None:
        """One more fact."""
        kind = type(fact)
        if kind is QueueEntered:
            if at >= self._since:
                self._entered[fact.call] = at  # type: ignore[union-attr]
        elif kind is QueueLeft:
            self._left(fact)  # type: ignore[arg-type]
        elif kind is AgentChanged:
            self._changed(fact.agent, fact.new, at)  # type: ignore[union-attr,arg-type]

    def end(self, at: Moment) -> None:
        """The run is over: what agents are in counts up to here."""
        for agent, (state, _) in list(self._agents.items()):
            self._changed(agent, state, at)

    def _left(self, fact: QueueLeft) -> None:
        entered = self._entered.pop(fact.call, None)
        if entered is None:
            return
        figures = self.queues.setdefault(fact.queue, QueueFigures())
        hour = figures.hours.setdefault((entered - self._began) // HOUR, [0, 0])
        figures.offered += 1
        hour[0] += 1
        if fact.outcome == "answered":
            figures.answered += 1
            figures.waits.append(fact.wait_time)
            if fact.wait_time <= self._rules[fact.queue].service_level_time:
                figures.answered_in_time += 1
                hour[1] += 1
            return
        figures.lost_wait += fact.wait_time
        if fact.outcome == "abandoned":
            figures.abandoned += 1
        else:
            figures.other += 1

    def _changed(self, agent: AgentId, new: AgentState, at: Moment) -> None:
        old, since = self._agents.get(agent, ("logged_out", at))
        if at > self._since:
            self.time_in[old] = self.time_in.get(old, 0) + at - max(since, self._since)
        self._agents[agent] = (new, at)
