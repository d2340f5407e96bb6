"""The answer rate: no lag, and a jump is noticed."""

from random import Random

import pytest

from ccd.core.dialer.answer_rate import OLDEST, AnswerRate
from ccd.core.dialer.duration import Duration
from ccd.model.ids import SECOND


def learned(*lengths: int) -> Duration:
    made = Duration(10.0, 0.001, OLDEST)
    for _ in range(20):
        for length in lengths:
            made.add(length * SECOND)
    return made


class Lines:
    """A steady stream of dials; answers come after 5 or 15 s, other ends after 30."""

    def __init__(self) -> None:
        self.random = Random(7)
        self.rate = AnswerRate(learned(5, 15), learned(30))
        self.ringing: list[tuple[int, int, bool]] = []
        self.second = 0

    def run(self, seconds: int, truth: float, a_second: int = 2) -> None:
        for _ in range(seconds):
            for began, end, is_answer in [line for line in self.ringing if line[1] == self.second]:
                (self.rate.answered if is_answer else self.rate.not_answered)(end - began)
            self.ringing = [line for line in self.ringing if line[1] > self.second]
            for _ in range(a_second):
                is_answer = self.random.random() < truth
                end = self.random.choice((5, 15)) if is_answer else 30
                self.ringing.append((self.second, self.second + end, is_answer))
            ages: dict[int, int] = {}
            for began, _, _ in self.ringing:
                ages[self.second - began] = ages.get(self.second - began, 0) + 1
            self.rate.second(ages)
            self.second += 1


def test_nothing_is_known_at_first() -> None:
    rate = Lines().rate
    assert rate.error > 0.2


def test_it_finds_the_rate_while_most_lines_still_ring() -> None:
    lines = Lines()
    lines.run(24, 0.35, a_second=6)
    assert lines.rate.mean == pytest.approx(0.35, abs=3 * lines.rate.error)
    assert lines.rate.error < 0.1


def test_a_jump_shows_within_a_minute() -> None:
    lines = Lines()
    lines.run(600, 0.2)
    assert lines.rate.mean == pytest.approx(0.2, abs=0.05)
    lines.run(60, 0.45)
    assert lines.rate.mean > 0.33


def test_chances_by_age() -> None:
    lines = Lines()
    lines.run(600, 0.3)
    rate = lines.rate
    assert rate.chance(0, 60.0) == pytest.approx(rate.mean, abs=0.02)
    assert rate.chance(0, 10.0) == pytest.approx(rate.mean / 2, abs=0.03)
    assert rate.chance(20, 60.0) < 0.01
