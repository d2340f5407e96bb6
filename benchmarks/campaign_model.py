"""The same campaign on virtual time, many times: what occupancy it may have by chance.

Occupancy is counted from the facts alone, for both alike: the share of the agents' time in talk and wrap-up, from the
first dial to the last.
"""

from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from ccd.core.configuration import Configuration
from ccd.model.campaign import Contact
from ccd.model.fact import AgentChanged, AnyFact, AttemptAbandoned, AttemptAnswered, AttemptBegan
from ccd.model.ids import MILLISECOND, SECOND, AgentId, ContactId, Length, Moment
from ccd.simulation.campaign import FOR_EVER, CampaignWorld, People
from ccd.simulation.distribution import Distribution, exponential
from ccd.simulation.profile import Agents, Faults, Profile

FIRST_NUMBER = 15_112_000_000
"""+49 151 …: mobile numbers that the region knows."""
AT_WORK = ("talking", "wrap_up")
PICK_UP = Distribution("uniform", 200 * MILLISECOND)
DEAD_TIME = exponential(1.4)


class Course(NamedTuple):
    """Of one run. `most` is the largest share of abandoned answers at any instant."""

    occupancy: float
    dials: int
    live: int
    abandoned: int
    most: float
    length: Length
    """From the first dial to the last."""


class Counting:
    """A fold over the facts of a run."""

    def __init__(self, agents: int) -> None:
        self.agents = agents
        self.dials = self.live = self.abandoned = 0
        self.most = 0.0
        self.first: Moment = 0
        self.last: Moment = 0
        self._spans: list[tuple[Moment, Moment]] = []
        self._since: dict[AgentId, Moment] = {}

    def apply(self, fact: AnyFact, at: Moment) -> None:
        """One more."""
        if isinstance(fact, AttemptBegan):
            self.dials += 1
            self.first, self.last = self.first or at, at
        elif isinstance(fact, AttemptAnswered):
            self.live += fact.by != "machine"
        elif isinstance(fact, AttemptAbandoned):
            self.abandoned += 1
            self.most = max(self.most, self.abandoned / max(1, self.live))
        elif isinstance(fact, AgentChanged):
            if fact.new in AT_WORK:
                self._since.setdefault(fact.agent, at)
            elif fact.agent in self._since:
                self._spans.append((self._since.pop(fact.agent), at))

    def course(self) -> Course:
        """What came of it; who is still at work counts to the last dial."""
        spans = [*self._spans, *((since, self.last) for since in self._since.values())]
        busy = sum(max(0, min(end, self.last) - max(begin, self.first)) for begin, end in spans)
        length = self.last - self.first
        share = busy / (self.agents * length) if length else 0.0
        return Course(share, self.dials, self.live, self.abandoned, self.most, length)


class Case(NamedTuple):
    """One run to be made."""

    configuration: Configuration
    contacts: int
    people: People
    kill_every: Length
    seed: int


class CountedWorld(CampaignWorld):
    """Counts as it goes."""

    counting: Counting
    resumed_every = SECOND

    def noted(self, fact: AnyFact, now: Moment) -> None:
        super().noted(fact, now)
        self.counting.apply(fact, now)


def simulated(case: Case) -> Course:
    """One run."""
    profile = Profile(
        {},
        agents=Agents(pick_up_time=PICK_UP),
        faults=Faults(kill_every=case.kill_every, dead_time=DEAD_TIME),
    )
    contacts = [Contact(ContactId(f"c{n}"), f"+49{FIRST_NUMBER + n}", FOR_EVER) for n in range(case.contacts)]
    world = CountedWorld(case.configuration, profile, case.seed, contacts, case.people, hours=1.0, invariants=None)
    world.counting = Counting(len(case.configuration.agents))
    world.run()
    return world.counting.course()


def simulated_often(cases: Iterable[Case], processes: int = 2) -> list[Course]:
    """All of them."""
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(simulated, cases, chunksize=4))


def middle(values: Iterable[float], share: float = 0.95) -> tuple[float, float]:
    """The bounds of the middle part."""
    ordered = sorted(values)
    cut = int(len(ordered) * (1 - share) / 2)
    return ordered[cut], ordered[-1 - cut]


def seconds(length: Length) -> float:
    """For people."""
    return length / SECOND
