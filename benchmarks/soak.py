"""Half an hour of calls at 5 a second, nothing harmed: what it takes stays flat, and a call costs Redis the same.

Prints a line a minute. What rises by more than its tolerance after the warm-up is a fault, and so is a call that is not
as it should be: then it ends with 1.
"""

import argparse
import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import pairwise

from benchmarks.gauge import MEGABYTE, Reading, p99, read, slope
from benchmarks.people import LIMIT, People
from benchmarks.stage import NUMBER, Stage
from benchmarks.verdict import Verdict
from ccd.lab.switch import chosen

AGENTS, RATE, MINUTES = 48, 5.0, 30
WARM_UP = 1 / 3
"""The part of the run that is not judged: pools fill, and SIP remembers calls for half a minute after their end."""
LEAST_JUDGED = 3
TOLERANCES = {"ccd MB": 0.3, "Asterisk MB": 0.5, "handles": 0.2, "threads": 0.1, "tasks": 0.2}
"""How much each may rise in a minute (the median of all pairs of minutes)."""
BYTES_TOLERANCE = 0.15
"""How much more bytes a call may take in Redis in the second half of the judged minutes than in the first."""
MEASURES: dict[str, Callable[[Reading], float]] = {
    "ccd MB": lambda reading: reading.memory["ccd"] / MEGABYTE,
    "Asterisk MB": lambda reading: reading.memory["Asterisk"] / MEGABYTE,
    "handles": lambda reading: reading.handles,
    "threads": lambda reading: reading.threads,
    "tasks": lambda reading: reading.tasks,
}


async def run(minutes: int, rate: float, seed: int) -> bool:
    """All of it; whether all is well."""
    people = People(AGENTS, seed, registers=chosen() == "freeswitch")
    stage = Stage(people)
    verdict = Verdict(stage)
    async with stage:
        arrivals = asyncio.create_task(people.arrive(NUMBER, stage.server, rate))
        try:
            readings = await _watch(stage, verdict, minutes)
        finally:
            arrivals.cancel()
            await asyncio.wait([arrivals])
        await people.over(LIMIT)
        await asyncio.sleep(3)
        await verdict.finish()
    await people.close()
    problems = [*judge(readings), *(f"{finding.what}: {finding.story}" for finding in verdict.findings)]
    print(
        f"whole run: p99 of a decision {1_000 * p99(readings[0].handle, readings[-1].handle):.2f} ms or less, ", end=""
    )
    print(f"of the loop's lag {1_000 * p99(readings[0].lag, readings[-1].lag):.1f} ms or less")
    print(
        f"callers: {people.arrived}; {', '.join(f'{count} {name}' for name, count in verdict.outcomes.most_common())}"
    )
    for problem in problems[:20]:
        print(f"FAULT {problem}")
    print("soak: everything is as it should be" if not problems else f"soak: {len(problems)} faults found")
    return not problems


async def _watch(stage: Stage, verdict: Verdict, minutes: int) -> list[Reading]:
    """A reading a minute, the first before any."""
    began = time.monotonic()
    readings = [await read(stage)]
    heads = "minute  calls   ccd MB  Asterisk MB  Redis MB  handles  threads  tasks"
    print(f"{heads}  bytes/call  p99 decision, ms  p99 lag, ms")
    for minute in range(1, minutes + 1):
        while time.monotonic() < began + 60 * minute:
            await asyncio.sleep(min(5.0, max(0.0, began + 60 * minute - time.monotonic())))
            await verdict.sift()
        readings.append(await read(stage))
        _tell(minute, *readings[-2:])
    return readings


def _tell(minute: int, before: Reading, now: Reading) -> None:
    memory = {name: size / MEGABYTE for name, size in now.memory.items()}
    print(
        f"{minute:6} {now.ended:6.0f} {memory['ccd']:8.1f} {memory['Asterisk']:12.1f} {memory['Redis']:9.1f} "
        f"{now.handles:8} {now.threads:8} {now.tasks:6.0f} {bytes_a_call(before, now):11,.0f} "
        f"{1_000 * p99(before.handle, now.handle):17.2f} {1_000 * p99(before.lag, now.lag):12.1f}",
        flush=True,
    )


def bytes_a_call(before: Reading, now: Reading) -> float:
    """What Redis holds more for each call that ended in between."""
    return (now.redis - before.redis) / max(1.0, now.ended - before.ended)


def judge(readings: Sequence[Reading]) -> list[str]:
    """What is not flat."""
    judged = readings[int(len(readings) * WARM_UP) :]
    if len(judged) < LEAST_JUDGED:
        return [f"too short to judge: {len(judged)} minutes after the warm-up"]
    problems = []
    for name, measure in MEASURES.items():
        rise = slope([measure(reading) for reading in judged])
        print(f"{name} a minute after the warm-up: {rise:+.3f} (at most {TOLERANCES[name]:+.3f})")
        if rise > TOLERANCES[name]:
            problems.append(f"{name} rises by {rise:.3f} a minute")
    costs = [bytes_a_call(before, now) for before, now in pairwise(judged)]
    first, second = costs[: len(costs) // 2], costs[len(costs) // 2 :]
    early, late = sum(first) / len(first), sum(second) / len(second)
    print(f"bytes a call in Redis: {early:,.0f}, then {late:,.0f} (at most {BYTES_TOLERANCE:.0%} more)")
    if late > early * (1 + BYTES_TOLERANCE):
        problems.append(f"bytes a call rise from {early:,.0f} to {late:,.0f}")
    return problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=MINUTES, help=f"instead of {MINUTES}")
    parser.add_argument("--rate", type=float, default=RATE, help=f"calls a second, instead of {RATE:g}")
    parser.add_argument("--seed", type=int, default=1, help="chooses what people do")
    asked = parser.parse_args()
    if not asyncio.run(run(asked.minutes, asked.rate, asked.seed)):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
