"""What a centre's processes take, and what its daemon says of itself, at one moment and from one moment to the next."""

import asyncio
import re
import statistics
import urllib.request
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from benchmarks.stage import Stage
from ccd.lab.process import Process

MEGABYTE = 1e6
_SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? ([0-9.e+-]+)")
_BOUND = re.compile(r'le="([^"]+)"')
Buckets = dict[float, float]


class Reading(NamedTuple):
    """Bytes resident by process; handles, threads, tasks and records of the daemon; Redis' own count of bytes;
    histograms.
    """

    memory: dict[str, int]
    handles: int
    threads: int
    tasks: float
    ended: float
    redis: int
    handle: Buckets
    lag: Buckets


async def read(stage: Stage) -> Reading:
    """How things are now."""
    text = await asyncio.to_thread(_metrics, stage)
    daemon = stage.centre.process
    processes = {"ccd": daemon, "switch": stage.switch.process, "Redis": stage.redis.process}
    used = re.search(r"^used_memory:(\d+)", await stage.redis.info("memory"), re.MULTILINE)
    return Reading(
        {name: process.resident_bytes() for name, process in processes.items()},
        _entries(daemon, "fd"),
        _entries(daemon, "task"),
        sum(value for name, _, value in _samples(text) if name == "ccd_tasks"),
        sum(value for name, _, value in _samples(text) if name == "ccd_calls_ended_total"),
        int(used[1]) if used else 0,
        _buckets(text, "ccd_handle_seconds"),
        _buckets(text, "ccd_loop_lag_seconds"),
    )


def p99(before: Buckets, after: Buckets) -> float:
    """The upper bound of the bucket under which 99 of 100 fell between two readings, s."""
    counts = {bound: after[bound] - before.get(bound, 0) for bound in sorted(after)}
    total = max(counts.values(), default=0)
    return next((bound for bound, count in counts.items() if total and count >= 0.99 * total), float("nan"))


def slope(values: Sequence[float]) -> float:
    """How much more from one to the next: the median of all pairs (Theil and Sen), which no single outlier moves."""
    pairs = combinations(enumerate(values), 2)
    return statistics.median([(b - a) / (j - i) for (i, a), (j, b) in pairs]) if len(values) > 1 else 0.0


def _entries(process: Process, kind: str) -> int:
    return sum(1 for _ in Path(f"/proc/{process.pid}/{kind}").iterdir())


def _metrics(stage: Stage) -> str:
    headers = {"Authorization": f"Bearer {stage.centre.token}"}
    request = urllib.request.Request(f"{stage.centre.url}/metrics", headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        text: str = answer.read().decode()
    return text


def _samples(text: str) -> list[tuple[str, str, float]]:
    found = (_SAMPLE.fullmatch(line) for line in text.splitlines())
    return [(match[1], match[2] or "", float(match[3])) for match in found if match]


def _buckets(text: str, name: str) -> Buckets:
    return {
        float(bound[1].replace("+Inf", "inf")): value
        for sample, labels, value in _samples(text)
        if sample == f"{name}_bucket" and (bound := _BOUND.search(labels))
    }
