"""`make simulate-soak`: many simulated calls, faults on, every rule checked at every event."""

import os
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import count
from typing import Annotated

import typer

from ccd.core.configuration import Configuration
from ccd.simulation.profile import Profile
from ccd.simulation.scenario import apart, busy_centre, hard_day
from ccd.simulation.world import Run, SimulationError, World

VIOLATIONS_SHOWN = 10
APART = 3
"""Every third centre has its people on several switches."""
CENTRES = ((8, 1_500.0), (14, 2_000.0), (4, 1_000.0), (60, 6_000.0), (25, 4_000.0))
"""Agents and calls a day: crowded and idle ones, one after the other."""


def soak(
    calls: Annotated[int, typer.Option("--calls", min=1, help="So many calls altogether, at least.")] = 50_000,
    seed: Annotated[int, typer.Option("--seed", help="The first one.")] = 1,
) -> None:
    """Simulated days, every known fault in them, until so many calls have been made. Ends with 1 if a rule broke."""
    began = time.perf_counter()
    faults: dict[str, int] = {}
    ended = events = violations = seeds = 0
    for run in lives(seed):
        seeds += 1
        ended += run.ended
        events += run.events
        violations += len(run.violations)
        for kind, times in run.faults.items():
            faults[kind] = faults.get(kind, 0) + times
        for violation in run.violations[:VIOLATIONS_SHOWN]:
            typer.echo(str(violation))
        if seeds % 25 == 0:
            typer.echo(f"{ended} calls, {violations} violations, {time.perf_counter() - began:.0f} s", err=True)
        if ended >= calls:
            break
    typer.echo(f"seeds {seed} to {seed + seeds - 1}: {ended} calls, {events} events")
    for kind, times in sorted(faults.items()):
        typer.echo(f"  {kind:<28} {times:>9}")
    typer.echo(f"{violations} violations in {time.perf_counter() - began:.0f} s")
    if violations:
        raise typer.Exit(1)


def lives(first: int) -> Iterator[Run]:
    """Seed by seed, without end; a processor each, and never more ahead than there are."""
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(workers) as pool:
        seeds = count(first)
        ahead = deque(pool.submit(live, next(seeds)) for _ in range(workers))
        try:
            while True:
                ahead.append(pool.submit(live, next(seeds)))
                yield ahead.popleft().result()
        except SimulationError as error:
            typer.echo(str(error))
            raise typer.Exit(1) from error
        finally:
            pool.shutdown(cancel_futures=True)


def live(seed: int) -> Run:
    """The day of one seed. Raises SimulationError."""
    versions, profile = day_of(seed)
    return World(versions[0], profile, seed, others=versions[1:]).run()


def day_of(seed: int) -> tuple[list[Configuration], Profile]:
    """Which centre a seed is, and the other configurations it gets in the day."""
    agents, calls = CENTRES[seed % len(CENTRES)]
    versions = [busy_centre(agents, seed, version) for version in range(3)]
    if seed % APART == 0:
        versions = [apart(version, seed) for version in versions]
    return versions, hard_day(calls)


if __name__ == "__main__":
    typer.run(soak)
