"""The chance of more answers than agents, against a plain enumeration."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccd.core.dialer.shortage import ExactShortage, NormalShortage


def enumerated(lines: list[float], agents: list[float], free: int) -> float:
    """P(answers - freed >= free), over all outcomes."""
    total = 0.0
    for outcome in product((0, 1), repeat=len(lines) + len(agents)):
        weight = 1.0
        for happens, chance in zip(outcome, lines + agents, strict=True):
            weight *= chance if happens else 1 - chance
        if sum(outcome[: len(lines)]) - sum(outcome[len(lines) :]) >= free:
            total += weight
    return total


CHANCES = st.lists(st.floats(0.0, 1.0), max_size=4)


@given(CHANCES, st.integers(0, 3), st.floats(0.0, 1.0), CHANCES, st.integers(-2, 4))
def test_exact(lines: list[float], talking: int, talk: float, wrap_ups: list[float], free: int) -> None:
    made = ExactShortage([(1, chance) for chance in lines[1:]], (talking, talk), [(1, c) for c in wrap_ups], free)
    for chance in lines[:1]:
        made.add(chance)
    expected = enumerated(lines, [talk] * talking + wrap_ups, free)
    assert made.chance() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("lines", "free"), [(60, 22), (60, 26), (90, 30), (120, 42)])
def test_normal_is_near_to_exact(lines: int, free: int) -> None:
    parts = [(lines, 0.3)], (30, 0.08), [(5, 0.5)], free
    assert NormalShortage(*parts, doubt=0.0).chance() == pytest.approx(ExactShortage(*parts).chance(), abs=0.004)


def test_doubt_about_the_answer_rate_makes_tails_heavier() -> None:
    sure, doubtful = (NormalShortage([(60, 0.3)], (0, 0.0), [], 28, doubt) for doubt in (0.0, 0.2))
    assert doubtful.chance() > 3 * sure.chance()


def test_nothing_in_flight() -> None:
    assert [NormalShortage([], (0, 0.0), [], free, 0.1).chance() for free in (0, 1)] == [1.0, 0.0]
