"""How long people would wait, from a day on which most were served before they lost patience.

The product-limit estimator: E. L. Kaplan, P. Meier, Nonparametric Estimation from Incomplete Observations, J. Amer.
Statist. Assoc. 53 (1958).
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from random import Random

from ccd.model.ids import SECOND, Length

FOR_EVER: Length = 86_400 * SECOND


class Survival:
    """S(t), the share who wait longer than t: from (time, whether he left then; else he was served or led on)."""

    def __init__(self, seen: Iterable[tuple[Length, bool]]) -> None:
        left: Counter[Length] = Counter()
        gone: Counter[Length] = Counter()
        for time, has_left in seen:
            gone[time] += 1
            left[time] += has_left
        at_risk, share = sum(gone.values()), 1.0
        self.times: list[Length] = []
        self.shares: list[float] = []
        for time in sorted(gone):
            if left[time]:
                share *= 1 - left[time] / at_risk
                self.times.append(time)
                self.shares.append(share)
            at_risk -= gone[time]

    def at(self, time: Length) -> float:
        """S(t)."""
        place = bisect_right(self.times, time)
        return self.shares[place - 1] if place else 1.0

    def draw(self, waited: Length, random: Random) -> Length:
        """The patience of one who has waited so long already; FOR_EVER where nobody was seen to leave so late."""
        level = random.random() * self.at(waited)
        later = bisect_right(self.times, waited)
        return next(
            (time for time, share in zip(self.times[later:], self.shares[later:], strict=True) if share <= level),
            FOR_EVER,
        )
