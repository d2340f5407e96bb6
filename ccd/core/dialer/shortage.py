"""The chance that answers outnumber agents: each line will be answered or not, each busy agent be free in time or not.

X = answers - agents who become free; P(X >= free agents). A further dial's answer then finds nobody, or takes the
agent of a later one: this is the expected number of calls that it leaves without an agent, for each answer. Small
numbers are counted exactly (Poisson-binomial), larger ones by a normal distribution corrected for skewness (the first
term of Edgeworth's series).
"""

from collections.abc import Iterable
from functools import lru_cache
from math import comb, erf, exp, pi, sqrt
from typing import Protocol

Group = tuple[int, float]
"""(how many, chance of each)."""
Groups = Iterable[Group]


MOST_FREED = 12
"""Agents who become free in time; more count as so many."""


class Shortage(Protocol):
    """Lines can be added, in thought."""

    def add(self, chance: float) -> None:
        """One more line, with its chance of an answer."""
        ...

    def chance(self) -> float:
        """P(X >= free)."""
        ...


class ExactShortage:
    """By convolution; answers are told apart as far as agents could take them."""

    def __init__(self, lines: Groups, talking: Group, wrapping_up: Groups, free: int) -> None:
        """Chances are of an answer for the lines, of being free in time for agents."""
        freed = _binomial(*talking)
        for count, chance in wrapping_up:
            for _ in range(count):
                freed = _convolved(freed, chance)
        self._freed = freed
        self._free = free
        self._answers = [1.0] + [0.0] * max(0, free + len(freed) - 1)
        for count, chance in lines:
            for _ in range(count):
                self.add(chance)

    def add(self, chance: float) -> None:
        """One more line."""
        before, rest = self._answers, 1 - chance
        self._answers = [before[0] * rest]
        self._answers += [here * rest + last * chance for here, last in zip(before[1:], before, strict=False)]

    def chance(self) -> float:
        """1 - the sum over the numbers freed of P(that many) x P(answers < free + that many)."""
        served, place, answers = 0.0, self._free, self._answers
        fewer = sum(answers[:place]) if place > 0 else 0.0
        for weight in self._freed:
            served += weight * fewer
            if 0 <= place < len(answers):
                fewer += answers[place]
            place += 1
        return 1.0 - served


@lru_cache(maxsize=256)
def _binomial(count: int, chance: float) -> list[float]:
    """P(k of count), k up to `MOST_FREED`; what is beyond is next to nothing."""
    most = min(count, MOST_FREED)
    return [comb(count, k) * chance**k * (1 - chance) ** (count - k) for k in range(most + 1)]


def _convolved(counts: list[float], chance: float) -> list[float]:
    """One more trial; what goes beyond `MOST_FREED` stays in the last place."""
    rest = 1 - chance
    more = [counts[0] * rest]
    more += [here * rest + last * chance for here, last in zip(counts[1:], counts, strict=False)]
    more.append(counts[-1] * chance)
    if len(more) > MOST_FREED + 1:
        last = more.pop()
        more[-1] += last
    return more


class NormalShortage:
    """By mean, variance and third moment; `doubt`: the answer rate's standard deviation / its mean."""

    def __init__(self, lines: Groups, talking: Group, wrapping_up: Groups, free: int, doubt: float) -> None:
        self._free = free
        self._doubt = doubt * doubt
        self._answers = self._freed = self._variance = self._third = 0.0
        for count, chance in lines:
            self._add(count, chance)
        for count, chance in (talking, *wrapping_up):
            spread = count * chance * (1 - chance)
            self._freed += count * chance
            self._variance += spread
            self._third -= spread * (1 - 2 * chance)

    def add(self, chance: float) -> None:
        """One more line."""
        self._add(1, chance)

    def _add(self, count: int, chance: float) -> None:
        spread = count * chance * (1 - chance)
        self._answers += count * chance
        self._variance += spread
        self._third += spread * (1 - 2 * chance)

    def chance(self) -> float:
        """P(X >= free), corrected for X being whole."""
        variance, over = self._variance + self._doubt * self._answers**2, self._answers - self._freed - self._free
        if variance < 1e-9:
            return 1.0 if over >= 0 else 0.0
        deviation = sqrt(variance)
        z = (-0.5 - over) / deviation
        skewness = self._third / (deviation * variance)
        tail = 0.5 * (1 - erf(z / sqrt(2))) + skewness / 6 * (z * z - 1) * exp(-z * z / 2) / sqrt(2 * pi)
        return min(1.0, max(0.0, tail))
