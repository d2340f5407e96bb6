"""Arrivals and lengths of time come as their laws say, and the same from the same seed."""

from itertools import pairwise
from random import Random
from statistics import fmean, pstdev

import pytest

from ccd.model.ids import SECOND
from ccd.simulation.arrivals import arrivals
from ccd.simulation.distribution import Distribution, exponential, fixed, lognormal
from ccd.simulation.profile import HOUR


@pytest.mark.parametrize(
    ("law", "deviation"),
    [
        (exponential(60), 60),
        (fixed(60), 0),
        (lognormal(60, 0.5), 30),
        (lognormal(60), 60),
        (Distribution("uniform", 60 * SECOND), 34.6),
    ],
)
def test_mean_and_deviation(law: Distribution, deviation: float) -> None:
    random = Random(7)
    drawn = [law.draw(random) / SECOND for _ in range(20_000)]
    assert min(drawn) >= 0
    assert fmean(drawn) == pytest.approx(60, rel=0.03)
    assert pstdev(drawn) == pytest.approx(deviation, rel=0.1, abs=0.01)


def test_arrivals_follow_the_hours_and_repeat() -> None:
    came = list(arrivals((100.0, 0.0, 300.0), 5 * HOUR, 605 * HOUR, Random(1)))
    by_hour = [0, 0, 0]
    for moment in came:
        by_hour[(moment // HOUR - 5) % 3] += 1
    assert by_hour[0] == pytest.approx(200 * 100, rel=0.03)
    assert by_hour[1] == 0
    assert by_hour[2] == pytest.approx(200 * 300, rel=0.03)
    assert came == sorted(came)
    assert came == list(arrivals((100.0, 0.0, 300.0), 5 * HOUR, 605 * HOUR, Random(1)))


def test_gaps_are_exponential() -> None:
    came = list(arrivals((3_600.0,), 0, 10 * HOUR, Random(2)))
    gaps = [(after - before) / SECOND for before, after in pairwise(came)]
    assert fmean(gaps) == pytest.approx(1, rel=0.03)
    assert pstdev(gaps) == pytest.approx(1, rel=0.03)


def test_nobody_calls() -> None:
    assert list(arrivals((), 0, HOUR, Random(1))) == []
    assert list(arrivals((0.0,), 0, HOUR, Random(1))) == []
