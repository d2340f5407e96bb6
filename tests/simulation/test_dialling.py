"""The simulated day of dialling, by what must hold of it; and the hard cap on days full of trouble."""

from itertools import pairwise
from random import Random

import pytest

from ccd.core.dialer.abandon import DAY, AbandonCap, Period, Rules
from ccd.core.dialer.pacing.base import Pacing
from ccd.core.dialer.pacing.power import Power
from ccd.core.dialer.pacing.predictive import Predictive
from ccd.core.dialer.pacing.progressive import Progressive
from ccd.model.ids import SECOND
from ccd.simulation.answering import MINUTE, AnswerRates, jumping, steady
from ccd.simulation.dialling import DayFigures, Dialling, Trouble, lifelike, markov
from ccd.simulation.distribution import exponential
from ccd.simulation.profile import HOUR


def day(pacing: Pacing, cap: AbandonCap, agents: int = 5, seed: str = "1") -> DayFigures:
    return Dialling(lifelike(), agents, pacing, cap, seed, steady(0.3), HOUR).run()


def soft() -> AbandonCap:
    return AbandonCap(Rules(is_hard=False, period=Period(length=DAY)))


def test_a_line_an_agent_abandons_nobody() -> None:
    cap = soft()
    figures = day(Progressive(), cap)
    assert (figures.abandoned, figures.most_share) == (0, 0.0)
    assert 0.55 < figures.occupancy() < 0.8
    assert figures.dialled > figures.live > 50


def test_the_cap_counts_what_the_day_counts_and_is_empty_at_its_end() -> None:
    cap = soft()
    figures = day(Power(5.0), cap)
    assert (cap.tally.live, cap.tally.abandoned) == (figures.live, figures.abandoned)
    assert figures.abandon_rate() > 0.2
    assert not cap.in_flight
    assert not cap.waiting
    assert len(cap.held) == 5


def test_the_same_seed_the_same_day() -> None:
    days = []
    for seed in "112":
        cap = soft()
        days.append(day(Power(2.0), cap, seed=seed))
    assert days[0] == days[1] != days[2]


def test_nobody_waits_in_the_markov_world() -> None:
    cap = soft()
    world = Dialling(markov(), 3, Power(4.0), cap, "1", steady(0.3), HOUR)
    assert world.run().abandoned > 0
    assert not world.market.may_hang_up


@pytest.mark.parametrize("seed", range(6))
def test_trouble_does_not_break_the_hard_cap(seed: int) -> None:
    random = Random(seed)
    cap = AbandonCap(Rules(spare=2, period=Period(length=DAY)))
    trouble = Trouble(10 * MINUTE, exponential(60), 5 * MINUTE, exponential(1))
    make = random.choice((Predictive, reckless))
    rates = jumping(random, HOUR)
    figures = Dialling(lifelike(), 8, make(cap), cap, str(seed), rates, HOUR // 2, trouble, make).run()
    assert figures.excess_losses or figures.most_share <= 0.03
    assert figures.dialled > 50


def reckless(cap: AbandonCap) -> Pacing:
    return Power(4.0)


def test_answer_rates() -> None:
    rates = AnswerRates((0, 10), (0.2, 0.4))
    assert [rates.at(now) for now in (0, 9, 10, 99)] == [0.2, 0.2, 0.4, 0.4]
    made = jumping(Random(1), 8 * HOUR)
    assert all(0.15 <= made.at(minute * MINUTE) <= 0.45 for minute in range(480))
    assert all(later - begin >= 600 * SECOND for begin, later in pairwise(made.begins))
