"""One whole `Engine.handle` of "an agent became free" and of "a caller queued", against a plain scan in the same run.

10,000 callers wait and 5,000 agents are logged in, over 64 queues: sixteen topics in four languages, both with a
minimum level. An agent has four topics and two languages, so he serves up to eight queues, and the queues overlap.
Callers wait for the first eight topics; one agent in five has some of those, and all of these talk. The others stand
ready for the other topics, for which nobody waits: so both events can happen again and again at the same numbers.

Ours is timed with everything that belongs to it: timers, state, facts, the `Dial`. The events are those that come
live: the end of wrap-up (`TimePassed`) and the caller's leg answered (`LegAnswered`, on which his flow enters the
queue). The peer only chooses, by the engine's own predicates on the engine's own calls and agents, but without its
index: it looks at every waiting caller for the agent, at every agent for the caller. Two centres of the same seed go
through the same events, one for each side, in turns of a hundred steps: so no scan sweeps the caches that ours needs,
and both must choose the same pair at every step. Garbage collection is on, set as in the daemon.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

from benchmarks.report import figure
from ccd.core.acd.agent import is_available
from ccd.core.acd.selection import is_qualified
from ccd.core.configuration import AgentProfile, Configuration, FeatureCodes, NumberRoute, PhonePrompts, Queue, Site
from ccd.core.dial_policy import DialPolicy
from ccd.core.engine import Engine
from ccd.core.floor import Floor
from ccd.core.flow.flow import Flow
from ccd.core.flow.prompt import Prompt
from ccd.core.flow.steps.queue import Queue as QueueStep
from ccd.daemon.daemon import quiet_garbage
from ccd.model import event as e
from ccd.model.fact import AnyFact, OfferMade
from ccd.model.ids import SECOND, AgentId, CallId, Endpoint, LegId, Moment, QueueId, RequestId, SwitchName

PBX = SwitchName("pbx")
START: Moment = 1_780_000_000 * SECOND
TOPICS = [f"topic{n:02}" for n in range(16)]
BUSY_TOPICS, QUIET_TOPICS = TOPICS[:8], TOPICS[8:]
LANGUAGES = ["de", "en", "es", "fr"]
BEST = 5
WRAP_UP = 10 * SECOND
TURN = 100
GOAL = 150
GOAL_GROWTH = 1.5
GOAL_TAIL = 10


# --- the plain scan


def scan_callers(floor: Floor, agent: AgentId) -> CallId | None:
    """The longest waiting, head starts counted, of all whose queue's minimum levels the agent has."""
    profile = floor.configuration.agents[agent]
    best: tuple[Moment, CallId] | None = None
    for call in floor.calls.values():
        visit = call.visit
        if visit is not None and call.offer is None and is_qualified(floor.queues[visit.queue], profile):
            key = (visit.key, call.id)
            if best is None or key < best:
                best = key
    return best[1] if best else None


def scan_agents(floor: Floor, queue: QueueId) -> AgentId | None:
    """Of the ready agents with an idle phone and the minimum levels the best skilled, then the longest idle."""
    rules, profiles = floor.queues[queue], floor.configuration.agents
    best: tuple[list[int], Moment, AgentId] | None = None
    for agent in floor.agents.values():
        if is_available(floor, agent) and is_qualified(rules, profiles[agent.id]):
            levels = [-profiles[agent.id].skills[skill] for skill, _ in rules.requires]
            key = (levels, agent.idle_since, agent.id)
            if best is None or key < best:
                best = key
    return best[2] if best else None


# --- the centre


def configuration(agents: int, draw: random.Random) -> Configuration:
    """64 queues; one agent in five has at least one busy topic, the others have none."""
    queues = {}
    for language in LANGUAGES:
        for n, topic in enumerate(TOPICS):
            name = QueueId(f"{topic}-{language}")
            queues[name] = Queue(name, name, ((language, 2), (topic, 1 + n % 3)), wrap_up_time=WRAP_UP)
    profiles = {}
    for n in range(agents):
        first = draw.choice(QUIET_TOPICS if n % 5 else BUSY_TOPICS)
        more = draw.sample([topic for topic in (QUIET_TOPICS if n % 5 else TOPICS) if topic != first], 3)
        language, second = draw.sample(LANGUAGES, 2)
        skills = {first: BEST, language: BEST} | {skill: draw.randint(1, BEST) for skill in [*more, second]}
        agent = AgentId(f"a{n:04}")
        profiles[agent] = AgentProfile(agent, agent, str(1000 + n), skills, Endpoint(f"PJSIP/{agent}"))
    flows = {str(queue): Flow(str(queue), "1", "wait", {"wait": QueueStep(queue=str(queue))}, {}) for queue in queues}
    silence = PhonePrompts(*(Prompt({}) for _ in range(7)))
    routes = {name: NumberRoute(name) for name in flows}
    return Configuration(
        "route", Site(most_calls=20_000), routes, flows, queues, profiles, {}, DialPolicy(), FeatureCodes(), silence
    )


class Talk(NamedTuple):
    """A caller's leg and the agent's."""

    caller: LegId
    agent_leg: LegId


class Centre:
    """An engine in the regime. `scans`: the scan chooses first and is timed, else the handling is; in ns by event."""

    def __init__(self, callers: int, agents: int, seed: int, *, scans: bool) -> None:
        self.random = random.Random(seed)
        config = configuration(agents, self.random)
        self.engine = Engine({config.hash: config}, config.hash, seed)
        self.floor = self.engine.floor
        self.scans = scans
        self.now = START
        self.legs = 0
        self.talks: dict[AgentId, Talk] = {}
        self.quiet = [queue for queue in config.queues if queue[:7] in QUIET_TOPICS]
        self.timings: dict[str, list[int]] = {"agent": [], "caller": []}
        self.chosen: list[tuple[CallId, AgentId]] = []
        self.fill(config, callers)
        self.talking = [agent for agent in self.talks if scan_callers(self.floor, agent)]
        self.regime = self.counts()
        if self.regime != (callers, agents - agents // 5):
            raise SystemExit(f"not the regime that was meant: {self.regime}")

    def fill(self, config: Configuration, callers: int) -> None:
        """Everybody logs in; callers until all busy agents talk, then those who wait."""
        self.feed(e.SwitchUp(PBX, "b"))
        for profile in config.agents.values():
            self.feed(e.EndpointChanged(PBX, profile.endpoint, "idle"))
            self.feed(e.LogInRequested(RequestId("r"), "bench", profile.id, profile.endpoint))
        for profile in list(config.agents.values())[::5]:
            while self.floor.routing.is_ready(profile.id):
                topic, language = list(profile.skills)[:2]
                self.connect(offered(self.feed_caller(QueueId(f"{topic}-{language}"))))
        busy = [queue for queue in config.queues if queue not in self.quiet]
        for _ in range(callers):
            self.feed_caller(self.random.choice(busy))

    def counts(self) -> tuple[int, int]:
        """(callers who wait, agents who stand ready)."""
        routing = self.floor.routing
        waiting = sum(routing.waiting_in(queue) for queue in self.floor.queues)
        return waiting, sum(routing.is_ready(agent) for agent in self.floor.agents)

    def feed(self, event: e.AnyEvent, after: int = 1000) -> tuple[AnyFact, ...]:
        """One event that is not timed."""
        self.now += after
        return self.engine.handle(event, self.now).facts

    def decide(self, name: str, event: e.AnyEvent, scan: Callable[[], str | None]) -> OfferMade:
        """The event that leads to an offer: the handling is timed, or the scan just before it."""
        meant = self.clocked(name, scan) if self.scans else None
        began = time.perf_counter_ns()
        outcome = self.engine.handle(event, self.now)
        if not self.scans:
            self.timings[name].append(time.perf_counter_ns() - began)
        made = offered(outcome.facts)
        self.chosen.append((made.call, made.agent))
        if self.scans and meant not in self.chosen[-1]:
            raise SystemExit(f"{made}: the plain scan chooses {meant}")
        return made

    def clocked(self, name: str, scan: Callable[[], str | None]) -> str | None:
        """The scan's choice, timed."""
        began = time.perf_counter_ns()
        meant = scan()
        self.timings[name].append(time.perf_counter_ns() - began)
        return meant

    def arrive(self, queue: QueueId) -> LegId:
        """A caller whose flow will enter the queue as soon as his leg is answered."""
        self.legs += 1
        leg = LegId(f"pbx/b/{self.legs}")
        self.feed(e.LegArrived(leg, "600", "Ana", queue, number="+34600"))
        return leg

    def feed_caller(self, queue: QueueId) -> tuple[AnyFact, ...]:
        """A caller into the queue, not timed."""
        return self.feed(e.LegAnswered(self.arrive(queue)))

    def connect(self, made: OfferMade) -> None:
        """The agent who was offered a call takes it."""
        caller = self.floor.calls[made.call].leg
        self.feed(e.LegAnswered(made.leg))
        self.feed(e.EndpointChanged(PBX, self.floor.agents[made.agent].endpoint, "in_use"))
        self.feed(e.LegsBridged(caller, made.leg))
        self.talks[made.agent] = Talk(caller, made.leg)

    def end_talk(self, agent: AgentId) -> None:
        """The caller leaves; the agent wraps up, his phone idle; a moment before the end of it."""
        talk = self.talks.pop(agent)
        self.feed(e.LegHungUp(talk.caller, 16))
        self.feed(e.LegHungUp(talk.agent_leg, 16, "us"))
        self.feed(e.EndpointChanged(PBX, self.floor.agents[agent].endpoint, "idle"))
        self.feed(e.TimePassed(), self.floor.agents[agent].since + WRAP_UP - 1 - self.now)

    def agent_became_free(self) -> None:
        """A busy agent's wrap-up ends: he gets the longest waiting caller; another caller comes into that queue."""
        agent = self.random.choice(self.talking)
        self.end_talk(agent)
        self.now += 1
        made = self.decide("agent", e.TimePassed(), lambda: scan_callers(self.floor, agent))
        self.connect(made)
        self.feed_caller(made.queue)

    def caller_queued(self) -> None:
        """A caller comes to a queue with ready agents; his agent is free again afterwards."""
        queue = self.random.choice(self.quiet)
        leg = self.arrive(queue)
        self.now += 1000
        made = self.decide("caller", e.LegAnswered(leg), lambda: scan_agents(self.floor, queue))
        self.connect(made)
        self.end_talk(made.agent)
        self.feed(e.TimePassed(), 1)

    def steps(self, count: int) -> None:
        """Both events in turns; the regime must be what it was."""
        for _ in range(count):
            self.agent_became_free()
            self.caller_queued()
        if self.counts() != self.regime:
            raise SystemExit(f"the regime was left: {self.counts()} instead of {self.regime}")


def offered(facts: tuple[AnyFact, ...]) -> OfferMade:
    """The offer among the facts."""
    return next(fact for fact in facts if isinstance(fact, OfferMade))


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.route")
    options.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="of callers, agents and choices")
    options.add_argument("--steps", type=int, default=2_000, help="events of each kind at each size")
    given = options.parse_args()
    ours = Centre(10_000, 5_000, given.seed, scans=False)
    scan = Centre(10_000, 5_000, given.seed, scans=True)
    small = Centre(100, 100, given.seed, scans=False)
    quiet_garbage()
    for turn in range(given.steps // TURN + 1):
        for centre in (ours, scan, small):
            centre.steps(TURN)
            if not turn:  # the first turn warms up
                centre.timings = {"agent": [], "caller": []}
    if ours.chosen != scan.chosen:
        raise SystemExit("the two centres parted")
    print(f"seed {given.seed}: {given.steps:,} of each event; the scan chose the same pair in every one")
    for name, event in (("agent", "an agent became free"), ("caller", "a caller queued")):
        report(name, event, ours.timings[name], scan.timings[name], small.timings[name])


def report(name: str, event: str, ours: list[int], scan: list[int], small: list[int]) -> None:
    """The figures of one event, in microseconds."""
    median, scanned, at_100 = (statistics.median(samples) / 1e3 for samples in (ours, scan, small))
    tail = statistics.quantiles(ours, n=100)[98] / 1e3
    print(f"{event}: median {median:.1f} us, p99 {tail:.1f} us; scan {scanned:,.0f} us; at 100 by 100 {at_100:.1f} us")
    figure(f"route_{name}", median, scanned, scanned / median, GOAL, unit="us")
    figure(f"route_{name}_growth", median, at_100, median / at_100, GOAL_GROWTH, unit="us", at_least=False)
    figure(f"route_{name}_p99", tail, median, tail / median, GOAL_TAIL, unit="us", at_least=False)


if __name__ == "__main__":
    main()
