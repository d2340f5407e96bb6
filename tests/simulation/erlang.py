"""Erlang A and C in closed form, summed term by term: what a simulated queue must agree with."""

from math import exp, inf

from msgspec import Struct

MOST_WAITING = 4_000


class Theory(Struct, frozen=True):
    """`abandon_rate` and `service_level` of all who call; waits in seconds."""

    wait_probability: float
    abandon_rate: float
    mean_wait_of_all: float
    service_level: float
    occupancy: float


def theory(calls_an_hour: float, talk_time: float, patience: float, agents: int, within: float) -> Theory:
    """M/M/n+M (patience `inf`: M/M/n): the stationary numbers in the system, and the waits that follow from them."""
    load, leaving = calls_an_hour / 3_600, (0.0 if patience == inf else 1 / patience)
    serving = agents / talk_time
    weights = [1.0]
    for n in range(1, agents + MOST_WAITING):
        weights.append(weights[-1] * load / (min(n, agents) / talk_time + max(n - agents, 0) * leaving))
    total = sum(weights)
    states = [weight / total for weight in weights]
    waiting = sum((n - agents) * p for n, p in enumerate(states) if n > agents)
    seen = [(n, p) for n, p in enumerate(states) if p > 1e-13]
    in_time = sum(p * _served_within(n - agents, serving, leaving, within) for n, p in seen)
    busy = sum(min(n, agents) * p for n, p in enumerate(states))
    return Theory(sum(states[agents:]), waiting * leaving / load, waiting / load, in_time, busy / agents)


def _served_within(before: int, serving: float, leaving: float, within: float) -> float:
    """Whether one who finds `before` waiting before him (negative: a free agent) is served in time and stays so long.

    Uniformisation of the chain in which one place is lost at the rate of service plus that of each before him leaving.
    """
    if before < 0:
        return 1.0
    top = serving + (before + 1) * leaving
    steps = top * within
    places = [0.0] * (before + 1)
    places[before] = 1.0
    served, probability, weight, n, heard = 0.0, 0.0, exp(-steps), 0, 0.0
    while heard < 1 - 1e-9 and n < 5_000:
        probability += weight * served
        heard += weight
        moved = [0.0] * (before + 1)
        for place, p in enumerate(places):
            forward = (serving + place * leaving) / top
            if place:
                moved[place - 1] += p * forward
            else:
                served += p * forward
            moved[place] += p * (1 - forward - leaving / top)
        places, n = moved, n + 1
        weight *= steps / n
    return probability
