"""Lengths of time as people have them."""

from math import log, sqrt
from random import Random
from typing import Literal

from msgspec import Struct

from ccd.model.ids import SECOND, Length

Kind = Literal["fixed", "exponential", "lognormal", "uniform"]


class Distribution(Struct, frozen=True):
    """`mean` is a length, `cv` (standard deviation / mean) counts for `lognormal`; `uniform` is 0 to twice the mean."""

    kind: Kind
    mean: Length
    cv: float = 1.0

    def draw(self, random: Random) -> Length:
        """One length; every call takes the same amount of chance."""
        mean = float(self.mean)
        match self.kind:
            case "exponential":
                return int(-mean * log(1.0 - random.random()))
            case "lognormal":
                spread = log(1.0 + self.cv * self.cv)
                return int(mean * random.lognormvariate(-spread / 2, sqrt(spread)))
            case "uniform":
                return int(2 * mean * random.random())
        return self.mean


def exponential(seconds: float) -> Distribution:
    """Exponential of this mean."""
    return Distribution("exponential", int(seconds * SECOND))


def fixed(seconds: float) -> Distribution:
    """Always this length."""
    return Distribution("fixed", int(seconds * SECOND))


def lognormal(seconds: float, cv: float = 1.0) -> Distribution:
    """Lognormal of this mean; talks are."""
    return Distribution("lognormal", int(seconds * SECOND), cv)
