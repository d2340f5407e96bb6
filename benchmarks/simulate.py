"""make bench-simulate: a day of 20,000 calls with 200 agents, every rule checked at every event, in under 20 s."""

import time

from benchmarks.report import figure
from ccd.simulation.scenario import busy_centre, hard_day
from ccd.simulation.world import World

AGENTS, CALLS = 200, 20_000
GOAL = 20.0


def main() -> None:
    """One day; a rule that broke is no result."""
    world = World(busy_centre(AGENTS), hard_day(CALLS), 1)
    began = time.perf_counter()
    run = world.run()
    took = time.perf_counter() - began
    if run.violations:
        raise SystemExit("\n".join(map(str, run.violations[:10])))
    print(f"{run.calls} calls, {run.events} events, {sum(run.faults.values())} faults, {AGENTS} agents")
    figure("simulated_day", took, GOAL, took / GOAL, 1.0, unit="s", at_least=False)


if __name__ == "__main__":
    main()
