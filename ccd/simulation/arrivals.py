"""When callers call: a Poisson stream by number, its rate changing by the hour (thinning of the busiest hour's)."""

from collections.abc import Iterator, Sequence
from random import Random

from ccd.model.ids import Length, Moment
from ccd.simulation.profile import HOUR


def arrivals(rates: Sequence[float], began: Moment, until: Moment, random: Random) -> Iterator[Moment]:
    """The moments between the two; `rates` are calls an hour, the first one from `began`."""
    most = max(rates, default=0.0)
    now: Length = 0
    while most > 0:
        now += int(random.expovariate(most) * HOUR) + 1
        if began + now >= until:
            return
        if random.random() * most < rates[now // HOUR % len(rates)]:
            yield began + now
