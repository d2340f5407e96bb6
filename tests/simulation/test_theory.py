"""One queue, everything exponential: the real engine agrees with Erlang A and C within the confidence of the runs."""

from math import inf, sqrt

import pytest

from ccd.model.ids import SECOND
from ccd.simulation.figures import QueueFigures
from ccd.simulation.profile import HOUR
from ccd.simulation.scenario import erlang_day, one_queue
from ccd.simulation.world import Run, World
from tests.simulation.erlang import theory

RUNS = 6
STUDENT = 4.03
"""Of 5 degrees of freedom, 99 %."""


def test_the_theory_agrees_with_known_values() -> None:
    """Computed to 30 digits two other ways: P(wait), P(abandon), mean wait of all, service level, occupancy."""
    found = theory(600, 180, 60, 30, 20)
    assert found.wait_probability == pytest.approx(0.3981496959)
    assert found.abandon_rate == pytest.approx(0.09189310687)
    assert found.mean_wait_of_all == pytest.approx(5.513586412)
    assert found.service_level == pytest.approx(0.826820279)
    assert found.occupancy == pytest.approx(0.9081068931)
    endless = theory(360, 240, inf, 30, 20)
    assert endless.wait_probability == pytest.approx(0.1728620555)
    assert endless.mean_wait_of_all == pytest.approx(6.91448222)
    assert endless.service_level == pytest.approx(0.8951538634)


@pytest.mark.parametrize(
    ("calls_an_hour", "talk_time", "patience", "agents", "within", "hours", "width"),
    [
        (600, 180, 60, 30, 20, 7, 0.3),
        (120, 300, 90, 8, 20, 25, 0.3),
        (12, 600, 30, 2, 10, 150, 0.3),
        (100, 180, inf, 8, 20, 40, 0.8),  # without impatience waits vary much more
    ],
)
def test_one_queue(
    calls_an_hour: float, talk_time: float, patience: float, agents: int, within: float, hours: float, width: float
) -> None:
    expected = theory(calls_an_hour, talk_time, patience, agents, within)
    day = erlang_day(calls_an_hour, talk_time, None if patience == inf else patience)
    runs = [
        World(one_queue(agents, within), day, seed, hours=hours, warm_up=HOUR, invariants=None).run()
        for seed in range(RUNS)
    ]
    queues = [figures_of(run) for run in runs]
    agrees([queue.mean_wait_of_all() for queue in queues], expected.mean_wait_of_all, width)
    agrees([queue.service_level() for queue in queues], expected.service_level, 0.1)
    agrees([run.figures.occupancy() for run in runs], expected.occupancy, 0.1)
    agrees([queue.abandon_rate() for queue in queues], expected.abandon_rate, width)
    waited = [1 - sum(wait < SECOND // 1_000 for wait in queue.waits) / queue.offered for queue in queues]
    agrees(waited, expected.wait_probability, width)


def figures_of(run: Run) -> QueueFigures:
    (figures,) = run.figures.queues.values()
    return figures


def agrees(values: list[float], expected: float, width: float) -> None:
    """Within the 99 % interval of the runs, which itself must be narrow enough to say something."""
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    error = STUDENT * sqrt(variance / len(values))
    assert error <= width * max(expected, 0.01), "too wide to tell"
    assert abs(mean - expected) <= error + 1e-9, (mean, expected, error)
