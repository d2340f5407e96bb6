"""The share of dials that a person answers, known without lag: lines still ringing count for as long as they ring.

A line that rings at age a has been answered by nobody so far with probability

    S(a | p) = p (1 - F(a)) + (1 - p) (1 - G(a))

F and G the learned distributions of the time to an answer and to any other end. Each second that it rings on, each
answer and each other end multiplies the likelihood of every p on a grid; between seconds p may drift a little or jump
anywhere. So a sudden shift shows in the estimate as soon as it shows in the dials, and its uncertainty with it. This is
the forward filter of a hidden Markov chain: L. R. Rabiner, A tutorial on hidden Markov models, Proc. IEEE 77 (1989).
"""

from collections.abc import Mapping
from itertools import pairwise
from math import exp, log, sqrt
from operator import mul, sub

from ccd.core.dialer.duration import Duration

LEVELS = [1 / (1 + exp(-(step / 10))) for step in range(-35, 21)]
"""From .03 to .88, equal steps of the log odds."""
LOGS = [log(level) for level in LEVELS]
OTHER_LOGS = [log(1 - level) for level in LEVELS]
SQUARES = [level * level for level in LEVELS]
JUMP = 1 / 3_600
"""Chance of a jump, a second."""
DRIFT = 5e-4
"""Chance to move to either neighbour, a second: .1 of log odds in 17 minutes."""
OLDEST = 60
"""Seconds of ringing; beyond it nothing more is learned from a line."""
LEAST = 1e-12


class AnswerRate:
    """The filter. Ages are whole seconds of ringing."""

    def __init__(self, answer_time: Duration, other_time: Duration) -> None:
        self._answer_time = answer_time
        self._other_time = other_time
        self.mean = self.error = 0.0
        self._evidence: list[float] = []
        """Logarithms of the weights, with what came since the last second."""
        self._read_tables()
        self._move([(1 - JUMP) / len(LEVELS)] * len(LEVELS))

    def answered(self, age: int) -> None:
        """A person answered a line of this age."""
        self._take(1, self._answer[age])

    def not_answered(self, age: int) -> None:
        """It ended otherwise."""
        self._take(1, self._other[age])

    def second(self, ringing: Mapping[int, int]) -> None:
        """A second went by in which lines rang on; `ringing`: by the age before it, how many."""
        for age, count in ringing.items():
            if age < OLDEST:
                self._take(count, self._step[age])
        top = max(self._evidence)
        weights = [exp(value - top) for value in self._evidence]
        scale = (1 - JUMP) / sum(weights)
        self._move([weight * scale for weight in weights])
        if self._answer_time.revision + self._other_time.revision != self._revision:
            self._read_tables()

    def chance(self, age: int, seconds: float) -> float:
        """That a line which still rings at this age is answered by a person within the next seconds."""
        rate, not_yet = self.mean, self._not_yet[age]
        soon = not_yet - 1 + self._answer_time.within(age + 0.5 + seconds)
        return rate * soon / max(LEAST, rate * not_yet + (1 - rate) * self._not_ended[age])

    def _take(self, count: int, logs: list[float]) -> None:
        """Evidence, in logarithms; it counts from the next second on."""
        self._evidence = [known + count * new for known, new in zip(self._evidence, logs, strict=True)]

    def _move(self, weights: list[float]) -> None:
        """The chain's step, and what it says then. `weights` sum to 1 - JUMP."""
        left, right = [weights[0], *weights[:-1]], [*weights[1:], weights[-1]]
        spread, stay = JUMP / len(LEVELS), 1 - 2 * DRIFT
        moved = [
            stay * weight + DRIFT * (low + high) + spread
            for weight, low, high in zip(weights, left, right, strict=True)
        ]
        self.mean = sum(map(mul, moved, LEVELS))
        self.error = sqrt(max(0.0, sum(map(mul, moved, SQUARES)) - self.mean * self.mean))
        self._evidence = list(map(log, moved))

    def _read_tables(self) -> None:
        """Ages stand for the middle of their second."""
        ages = [age + 0.5 for age in range(OLDEST)]
        self._revision = self._answer_time.revision + self._other_time.revision
        self._not_yet = [1 - self._answer_time.within(age) for age in ages]
        self._not_yet.append(0.0)
        self._not_ended = [1 - self._other_time.within(age) for age in ages]
        self._not_ended.append(self._not_ended[-1])
        logs = [
            [log(max(LEAST, level * a + (1 - level) * b)) for level in LEVELS]
            for a, b in zip(self._not_yet, self._not_ended, strict=True)
        ]
        self._step = [list(map(sub, after, before)) for before, after in pairwise(logs)]
        self._answer = [list(map(sub, LOGS, before)) for before in logs]
        self._other = [list(map(sub, OTHER_LOGS, before)) for before in logs]
