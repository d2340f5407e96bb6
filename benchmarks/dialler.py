"""make bench-dialler: the predictive pacing against an exact optimum, VICIdial's rule, and a cap that must not break.

Three parts, on virtual time, all from one seed. Markov (W-OUT-M): occupancy against the optimum of the constrained
Markov decision process, one long period. Lifelike (W-OUT-1): days of 8 h whose answer rate jumps, against VICIdial's
documented rule with the settings that were best on these very days. Hard: a thousand days on which agents vanish and
the daemon is killed, the cap in its hard mode. What paces and caps here is what the daemon runs.
"""

import argparse
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from random import Random

from benchmarks.dialler_peer import Settings, Vicidial
from benchmarks.report import figure
from ccd.core.dialer.abandon import DAY, AbandonCap, Period, Rules
from ccd.core.dialer.pacing.base import Pacing
from ccd.core.dialer.pacing.power import Power
from ccd.core.dialer.pacing.predictive import Predictive
from ccd.core.dialer.pacing.progressive import Progressive
from ccd.simulation.answering import MINUTE, jumping
from ccd.simulation.dialling import DayFigures, Dialling, Trouble, lifelike, markov
from ccd.simulation.distribution import exponential
from ccd.simulation.profile import HOUR

CAP = 0.03
OPTIMUM = {5: 0.8294, 10: 0.8594, 25: 0.9076, 50: 0.9380, 100: 0.9600, 300: 0.9810}
"""Of W-OUT-M at 3 %; for 5 and 10 agents computed again, by value iteration, with the same result."""
MARKOV_GOAL = {5: 0.98, 10: 0.99, 25: 0.995, 50: 0.995, 100: 0.995, 300: 0.995}
PEER_GOAL = {5: 1.12, 10: 1.15, 25: 1.14, 50: 1.12, 100: 1.08, 300: 1.10}
MARKOV_HOURS = {5: 80, 10: 80, 25: 60, 50: 40, 100: 20, 300: 8}
MARKOV_RUNS = {5: 4, 10: 2}
DAYS = {5: 20, 10: 20, 25: 20, 50: 12, 100: 6, 300: 3}
ADVERSARIAL_DAYS, ADVERSARIAL_TIME = 1_000, HOUR
SMALL = 50
"""Agents from which no day may be above the cap; below, one in twenty may."""

Job = tuple[int, str]
"""Agents, seed."""


def soft() -> AbandonCap:
    """Counts and limits nothing: the algorithm alone."""
    return AbandonCap(Rules(is_hard=False))


def markov_run(job: Job) -> DayFigures:
    """One long period of W-OUT-M."""
    agents, seed = job
    cap = soft()
    hours = MARKOV_HOURS[agents] * HOUR
    return Dialling(markov(), agents, Predictive(cap, patience=0), cap, seed, length=hours).run()


def lifelike_day(make: Callable[[AbandonCap], Pacing], job: Job, is_hard: bool = False) -> DayFigures:
    """One day of W-OUT-1."""
    agents, seed = job
    cap = AbandonCap(Rules(is_hard=is_hard, period=Period(length=DAY)))
    rates = jumping(Random(f"rates {seed}"), 8 * HOUR)
    return Dialling(lifelike(), agents, make(cap), cap, seed, rates).run()


def vicidial(settings: Settings, cap: AbandonCap) -> Pacing:
    """The peer."""
    return Vicidial(settings)


def progressive(cap: AbandonCap) -> Pacing:
    """A line an agent."""
    return Progressive()


def reckless(cap: AbandonCap) -> Pacing:
    """Four lines an agent."""
    return Power(4.0)


def adversarial_day(job: Job) -> DayFigures:
    """Agents vanish every few minutes, the daemon is killed ten times, the answer rate jumps; on half of
    the days nothing paces but four lines an agent. A day is an hour: while few have answered a cap is hard to hold."""
    agents, seed = job
    random = Random(f"adversary {seed}")
    rates = jumping(random, ADVERSARIAL_TIME)
    trouble = Trouble(random.choice((5, 15, 60)) * MINUTE, exponential(120), 6 * MINUTE, exponential(1))
    cap = AbandonCap(Rules(spare=random.randint(1, 3), period=Period(length=DAY)))
    anew = random.choice((Predictive, reckless))
    return Dialling(lifelike(), agents, anew(cap), cap, seed, rates, ADVERSARIAL_TIME, trouble, anew).run()


def total(days: Iterable[DayFigures]) -> DayFigures:
    """All days as one."""
    whole = DayFigures()
    for day in days:
        whole.busy += day.busy
        whole.staffed += day.staffed
        whole.live += day.live
        whole.abandoned += day.abandoned
    return whole


class Bench:
    """Runs jobs, on as many processes as there are."""

    def __init__(self, seed: int, quick: bool, workers: int) -> None:
        self.seed = seed
        self.quick = quick
        self._map = map if workers < 2 else ProcessPoolExecutor(workers).map

    def run(self, work: Callable[[Job], DayFigures], jobs: Iterable[Job]) -> list[DayFigures]:
        """The figures, in the order of the jobs."""
        return list(self._map(work, jobs))

    def jobs(self, agents: int, days: int) -> list[Job]:
        """Fresh seeds by the run's seed."""
        return [(agents, f"{self.seed} {agents} {day}") for day in range(max(1, days // 4) if self.quick else days)]

    def markov(self, agents: int) -> None:
        """Occupancy against the optimum."""
        runs = self.run(markov_run, self.jobs(agents, MARKOV_RUNS.get(agents, 1)))
        whole, optimum = total(runs), OPTIMUM[agents]
        print(f"markov {agents}: {MARKOV_HOURS[agents] * len(runs)} h, abandoned {whole.abandon_rate():.4f}")
        ratio = whole.occupancy() / optimum
        figure(f"markov_{agents}", whole.occupancy(), optimum, ratio, MARKOV_GOAL[agents])
        figure(f"markov_{agents}_abandon", whole.abandon_rate(), CAP, whole.abandon_rate(), CAP, at_least=False)

    def lifelike(self, agents: int) -> None:
        """Occupancy against the peer tuned in hindsight; abandons of the whole, and days above."""
        jobs = self.jobs(agents, DAYS[agents])
        ours = self.run(partial(lifelike_day, Predictive), jobs)
        lines = total(self.run(partial(lifelike_day, progressive), jobs[:3]))
        settings, peer = self.tuned(jobs)
        whole, above = total(ours), sum(day.abandon_rate() > CAP for day in ours)
        print(
            f"lifelike {agents}: {len(jobs)} days, abandoned {whole.abandon_rate():.4f}, above on {above};"
            f" progressive {lines.occupancy():.3f}; VICIdial {settings}, abandoned {peer.abandon_rate():.4f}"
        )
        ratio = whole.occupancy() / peer.occupancy()
        figure(f"lifelike_{agents}", whole.occupancy(), peer.occupancy(), ratio, PEER_GOAL[agents])
        figure(f"lifelike_{agents}_abandon", whole.abandon_rate(), CAP, whole.abandon_rate(), CAP, at_least=False)
        allowed = 0.0 if agents >= SMALL else 0.05
        figure(f"lifelike_{agents}_above", above, len(ours), above / len(ours), allowed, unit="days", at_least=False)

    def tuned(self, jobs: Sequence[Job]) -> tuple[Settings, DayFigures]:
        """VICIdial's best settings within the cap: all on a few days, neighbours of the best, the best on all days."""
        agents = jobs[0][0]
        few = jobs[: 4 if agents < SMALL else 1]
        tried = {settings: self.of_peer(settings, few) for settings in candidates(agents)}
        near = {beside: None for settings in promising(tried)[:2] for beside in neighbours(settings, agents)}
        tried |= {settings: self.of_peer(settings, few) for settings in near}
        whole = {settings: self.of_peer(settings, jobs) for settings in promising(tried)[:4]}
        settings = promising(whole, 1.0)[0]
        return settings, whole[settings]

    def of_peer(self, settings: Settings, jobs: Sequence[Job]) -> DayFigures:
        """Its days together."""
        return total(self.run(partial(lifelike_day, partial(vicidial, settings)), jobs))

    def hard(self) -> None:
        """The largest share at any instant of any day, and what the hard mode costs on ordinary days."""
        random = Random(f"hard {self.seed}")
        count = ADVERSARIAL_DAYS // 10 if self.quick else ADVERSARIAL_DAYS
        days = self.run(adversarial_day, [(random.randint(3, 30), f"hard {self.seed} {n}") for n in range(count)])
        within = [day for day in days if not day.excess_losses]
        most = max((day.most_share for day in within), default=0.0)
        beyond = max((day.most_share for day in days if day.excess_losses), default=0.0)
        print(
            f"hard: {count} days, {sum(day.dialled for day in days)} dials,"
            f" {sum(day.abandoned for day in days)} abandoned; a loss that the spare agents do not cover on"
            f" {count - len(within)}, largest share there {beyond:.4f}"
        )
        figure("hard_largest_share", most, CAP, most, CAP, at_least=False)
        for agents in (10, 50):
            jobs = self.jobs(agents, 4)
            free = total(self.run(partial(lifelike_day, Predictive), jobs))
            held = total(self.run(partial(lifelike_day, Predictive, is_hard=True), jobs))
            print(f"hard {agents}: occupancy {held.occupancy():.4f}, without the hard mode {free.occupancy():.4f}")


def promising(tried: Mapping[Settings, DayFigures], slack: float = 1.1) -> list[Settings]:
    """Those within the cap, or nearly, the busiest first; if there are none, those that abandon least."""
    kept = [settings for settings, day in tried.items() if day.abandon_rate() <= slack * CAP]
    if not kept:
        return sorted(tried, key=lambda settings: tried[settings].abandon_rate())
    return sorted(kept, key=lambda settings: -tried[settings].occupancy())


def candidates(agents: int) -> list[Settings]:
    """What is tried for the peer first."""
    modes, limits, differences = ("hard_limit", "average", "tapered"), (0.02, 0.03), (-0.02, -0.05, -0.1, -0.2)
    return [
        Settings(mode, limit, difference * agents)  # type: ignore[arg-type]  # a product forgets literals
        for mode, limit, difference in product(modes, limits, differences)
    ]


def neighbours(settings: Settings, agents: int) -> list[Settings]:
    """A little more or less, and lower levels at most."""
    return [
        settings._replace(difference=min(0.0, settings.difference + step * agents), most=most)
        for step, most in product((-0.03, 0.0, 0.03), (1.5, 2.0, 3.0))
    ]


def main() -> None:
    """All parts, or those named."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--part", choices=("markov", "lifelike", "hard"), action="append")
    parser.add_argument("--agents", type=int, choices=tuple(DAYS), action="append")
    asked = parser.parse_args()
    bench = Bench(asked.seed, asked.quick, asked.workers)
    sizes = asked.agents or ((5, 10, 25) if asked.quick else tuple(DAYS))
    for part in asked.part or ("markov", "lifelike", "hard"):
        if part == "hard":
            bench.hard()
            continue
        for agents in sizes:
            getattr(bench, part)(agents)


if __name__ == "__main__":
    main()
