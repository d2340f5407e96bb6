"""How long something lasts, learned from what was seen: ring times, wrap-ups."""

from itertools import pairwise
from math import exp

from ccd.model.ids import SECOND, Length

HALVED_AT = 2_000.0
"""Observations: beyond it the old ones weigh half, so that a change of habits is learned."""
REFRESHED_EVERY = 1.1
"""The tables are made again when there is a tenth more to go by."""


class Duration:
    """A histogram with bins of one second, `size` of them, the last open; a guess stands in at first, the sum of two
    exponential lengths (Erlang): few are very short."""

    def __init__(self, mean: float, weight: float, size: int) -> None:
        """The guess: `mean` in seconds, worth `weight` observations."""
        self.size = size
        steps = [(1 + 2 * second / mean) * exp(-2 * second / mean) for second in range(size)] + [0.0]
        self.counts = [weight * (before - after) for before, after in pairwise(steps)]
        self.total = weight
        self.revision = 0
        """Goes up when the tables change."""
        self._refresh()

    def add(self, length: Length) -> None:
        """One more was seen whole."""
        self.counts[min(max(0, length // SECOND), self.size - 1)] += 1.0
        self.total += 1.0
        if self.total > HALVED_AT:
            self.counts = [count / 2 for count in self.counts]
            self.total /= 2
            self._refresh_at /= 2
        if self.total >= self._refresh_at:
            self._refresh()

    def within(self, seconds: float) -> float:
        """P(length <= seconds), linear within a bin."""
        whole = int(seconds)
        if whole >= self.size:
            return 1.0
        low = self._below[whole]
        return low + (self._below[whole + 1] - low) * (seconds - whole)

    def ends_within(self, age: float, seconds: float) -> float:
        """P(length <= age + seconds | length > age)."""
        past = self.within(age)
        if past >= 1.0:
            return 1.0
        return (self.within(age + seconds) - past) / (1.0 - past)

    def _refresh(self) -> None:
        self._below = [0.0]
        seen = 0.0
        for count in self.counts:
            seen += count
            self._below.append(min(1.0, seen / self.total))
        self.mean = sum(count * (second + 0.5) for second, count in enumerate(self.counts)) / self.total
        self._refresh_at = self.total * REFRESHED_EVERY
        self.revision += 1
