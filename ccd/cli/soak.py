"""`make simulate-soak`: many simulated calls, faults on, every rule checked at every event."""

import time
from typing import Annotated

import typer

from ccd.core.configuration import Configuration
from ccd.simulation.profile import Profile
from ccd.simulation.scenario import busy_centre, hard_day
from ccd.simulation.world import Run, SimulationError, World

VIOLATIONS_SHOWN = 10
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
    while ended < calls:
        run = live(seed + seeds)
        seeds += 1
        ended += run.ended
        events += run.events
        violations += len(run.violations)
        for kind, count in run.faults.items():
            faults[kind] = faults.get(kind, 0) + count
        for violation in run.violations[:VIOLATIONS_SHOWN]:
            typer.echo(str(violation))
        if seeds % 25 == 0:
            typer.echo(f"{ended} calls, {violations} violations, {time.perf_counter() - began:.0f} s", err=True)
    typer.echo(f"seeds {seed} to {seed + seeds - 1}: {ended} calls, {events} events")
    for kind, count in sorted(faults.items()):
        typer.echo(f"  {kind:<28} {count:>9}")
    typer.echo(f"{violations} violations in {time.perf_counter() - began:.0f} s")
    if violations:
        raise typer.Exit(1)


def live(seed: int) -> Run:
    """The day of one seed."""
    versions, profile = day_of(seed)
    try:
        return World(versions[0], profile, seed, others=versions[1:]).run()
    except SimulationError as error:
        typer.echo(str(error))
        raise typer.Exit(1) from error


def day_of(seed: int) -> tuple[list[Configuration], Profile]:
    """Which centre a seed is, and the other configurations it gets in the day."""
    agents, calls = CENTRES[seed % len(CENTRES)]
    return [busy_centre(agents, seed, version) for version in range(3)], hard_day(calls)


if __name__ == "__main__":
    typer.run(soak)
