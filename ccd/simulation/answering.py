"""How likely a dial is answered by a person, over a day: levels that jump, and a slow wave."""

from bisect import bisect_right
from math import pi, sin
from random import Random

from msgspec import Struct

from ccd.model.ids import SECOND, Length, Moment

MINUTE: Length = 60 * SECOND


class AnswerRates(Struct, frozen=True):
    """`levels` hold from the moment of the same place in `begins`; the wave is added, the sum kept within bounds."""

    begins: tuple[Moment, ...]
    levels: tuple[float, ...]
    wave: float = 0.0
    wave_time: Length = 90 * MINUTE
    least: float = 0.0
    most: float = 1.0

    def at(self, now: Moment) -> float:
        """The probability for a dial at this moment."""
        level = self.levels[bisect_right(self.begins, now) - 1]
        if self.wave:
            level += self.wave * sin(2 * pi * now / self.wave_time)
        return min(self.most, max(self.least, level))


def steady(rate: float) -> AnswerRates:
    """The same all day."""
    return AnswerRates((0,), (rate,))


def jumping(random: Random, length: Length) -> AnswerRates:
    """As in workload W-OUT-1: levels from .18 to .42 for 75 minutes on average and 10 at least, a wave of .03."""
    begins, levels, at = [], [], 0
    while at < length:
        begins.append(at)
        levels.append(random.uniform(0.18, 0.42))
        at += max(10 * MINUTE, int(random.expovariate(1 / (75 * MINUTE))))
    return AnswerRates(tuple(begins), tuple(levels), 0.03, least=0.15, most=0.45)
