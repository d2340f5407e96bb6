"""What several runs say together: figures by queue, and how sure they are."""

from collections.abc import Iterable
from math import sqrt

from msgspec import Struct

from ccd.model.ids import QueueId
from ccd.simulation.figures import QueueFigures
from ccd.simulation.world import Run

CONFIDENCE = 1.96
"""Standard errors on either side: 95 %."""


class Estimate(Struct, frozen=True):
    """A mean over runs; `error` is half the width of its 95 % interval, 0 for a single run."""

    mean: float
    error: float


class Outlook(Struct, frozen=True):
    """All runs of one configuration."""

    queues: dict[QueueId, QueueFigures]
    occupancy: Estimate
    service_levels: dict[QueueId, tuple[float, ...]]
    """By run."""
    runs: int
    calls: int
    events: int
    violations: int


def outlook(runs: Iterable[Run]) -> Outlook:
    """Put them together."""
    made = list(runs)
    queues: dict[QueueId, QueueFigures] = {}
    levels: dict[QueueId, list[float]] = {}
    for run in made:
        for queue, figures in run.figures.queues.items():
            queues.setdefault(queue, QueueFigures()).add(figures)
            levels.setdefault(queue, []).append(figures.service_level())
    return Outlook(
        queues,
        estimate([run.figures.occupancy() for run in made]),
        {queue: tuple(values) for queue, values in levels.items()},
        len(made),
        sum(run.calls for run in made),
        sum(run.events for run in made),
        sum(len(run.violations) for run in made),
    )


def estimate(values: list[float]) -> Estimate:
    """Mean and error of independent values."""
    count = len(values)
    mean = sum(values) / count if count else 0.0
    if count < 2:
        return Estimate(mean, 0.0)
    variance = sum((value - mean) ** 2 for value in values) / (count - 1)
    return Estimate(mean, CONFIDENCE * sqrt(variance / count))


def gain(base: Outlook, other: Outlook, queue: QueueId) -> Estimate:
    """The other's service level less the base's; the seeds are the same, so that run is compared with run."""
    pairs = zip(base.service_levels.get(queue, ()), other.service_levels.get(queue, ()), strict=True)
    return estimate([after - before for before, after in pairs])
