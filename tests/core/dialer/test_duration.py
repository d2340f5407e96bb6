"""Lengths learned from what was seen."""

import pytest

from ccd.core.dialer.duration import HALVED_AT, Duration
from ccd.model.ids import SECOND


def test_the_guess_stands_in_at_first() -> None:
    made = Duration(12.0, 8.0, 90)
    assert made.mean == pytest.approx(12.0, abs=0.6)
    assert made.within(0) == 0.0
    assert made.within(90) == 1.0
    assert made.within(3.0) < 0.1


def test_what_is_seen_outweighs_it() -> None:
    made = Duration(12.0, 8.0, 90)
    for _ in range(500):
        made.add(30 * SECOND)
    assert made.mean == pytest.approx(30.2, abs=0.4)
    assert made.within(30) < 0.03
    assert made.within(30.5) == pytest.approx(0.5, abs=0.03)
    assert made.ends_within(29.0, 3.0) > 0.98


def test_a_change_of_habits_is_learned() -> None:
    made = Duration(10.0, 1.0, 60)
    for length in (10, 40):
        for _ in range(int(2 * HALVED_AT)):
            made.add(length * SECOND)
    assert made.within(39) < 0.3


def test_past_the_end_everything_is_over() -> None:
    assert Duration(10.0, 1.0, 60).ends_within(70.0, 1.0) == 1.0
