"""The predictive pacing: by values where they can be told, else on a simulated day."""

import time

from ccd.core.dialer.abandon import DAY, AbandonCap, Period, Rules
from ccd.core.dialer.pacing.base import LEAST_RING_TIME
from ccd.core.dialer.pacing.predictive import KNOWN_ENOUGH, Predictive
from ccd.model.ids import SECOND, AgentId, CallId, Moment
from ccd.simulation.answering import AnswerRates, steady
from ccd.simulation.dialling import Dialling, lifelike, markov
from ccd.simulation.profile import HOUR


def soft() -> AbandonCap:
    return AbandonCap(Rules(is_hard=False, period=Period(length=DAY)))


def pacing_of(agents: int) -> Predictive:
    pacing = Predictive(soft())
    for number in range(agents):
        pacing.agent_free(AgentId(str(number)), 0)
    return pacing


def taught(agents: int, answers: int = 30, others: int = 70) -> tuple[Predictive, Moment]:
    """One who has seen a hundred lines."""
    pacing = pacing_of(agents)
    now = 0
    for number in range(answers + others):
        now = number * 20 * SECOND
        call = CallId(f"taught {number}")
        pacing.dialled(call, now)
        if number % 10 < 10 * answers // (answers + others):
            pacing.answered(call, now + 12 * SECOND)
            pacing.talk_begun(AgentId("0"), call, now + 12 * SECOND)
            pacing.agent_free(AgentId("0"), now + 12 * SECOND)
        else:
            pacing.not_answered(call, now + 12 * SECOND)
    now += 100 * SECOND
    pacing.calls_to_place(now)
    return pacing, now


def fill(pacing: Predictive, now: Moment) -> list[CallId]:
    """Dial what it asks for, second by second, while nothing else happens; seven seconds tell little of lines."""
    calls: list[CallId] = []
    for second in range(7):
        for _ in range(pacing.calls_to_place(now + second * SECOND)):
            calls.append(CallId(f"fill {len(calls)}"))
            pacing.dialled(calls[-1], now + second * SECOND)
    return calls


def test_at_first_a_line_for_each_free_agent() -> None:
    pacing = pacing_of(4)
    assert pacing.calls_to_place(0) == 4
    assert pacing.decision is not None
    assert pacing.decision.reason == "enough for this second"
    assert pacing.deadline() == SECOND


def test_nobody_to_talk_no_calls() -> None:
    pacing = Predictive(soft())
    assert pacing.calls_to_place(0) == 0
    assert pacing.deadline() is None


def test_once_it_knows_more_lines_than_free_agents() -> None:
    pacing, now = taught(8)
    assert len(fill(pacing, now)) > 8
    decision = pacing.decision
    assert decision is not None
    assert decision.chance > decision.limit
    assert 0.2 < decision.answer_rate < 0.4


def test_the_lower_the_answer_rate_the_more_lines() -> None:
    few, now = taught(8, answers=10, others=90)
    many, _ = taught(8, answers=50, others=50)
    assert len(fill(few, now)) > len(fill(many, now))


def test_an_agent_late_in_his_wrap_up_counts_more_than_one_who_talks() -> None:
    calls = []
    for is_wrapping_up in (True, False):
        pacing, now = taught(8)
        for number in range(4):
            pacing.talk_begun(AgentId(str(number)), CallId(""), now - 25 * SECOND)
            if is_wrapping_up:
                pacing.wrap_up_begun(AgentId(str(number)), now - 25 * SECOND)
        calls.append(len(fill(pacing, now)))
    assert calls[0] > calls[1]


def test_agents_vanish_and_lines_that_rang_long_enough_are_given_up() -> None:
    pacing, now = taught(8)
    calls = fill(pacing, now)
    first = [call for call in calls if pacing.ringing[call] == now]
    gone_at = now + 7 * SECOND
    for number in range(8):
        pacing.agent_gone(AgentId(str(number)), gone_at)
    pacing.talk_begun(AgentId("late"), CallId(""), gone_at)
    early = now + LEAST_RING_TIME - 1
    assert pacing.calls_to_place(early) == 0
    assert pacing.calls_to_hang_up(early) == ()
    assert pacing.calls_to_place(early + 1) == 0
    assert pacing.calls_to_hang_up(early + 1) == tuple(first)
    known = pacing.other_time.total
    for call in calls:
        pacing.not_answered(call, early + 1)
    pacing.calls_to_place(now + 100 * SECOND)
    assert pacing.other_time.total == known + len(calls) - len(first)


def test_not_more_a_second_than_can_be_learned_from() -> None:
    pacing, now = taught(90)
    assert pacing.calls_to_place(now) == 6


def test_a_long_silence_costs_no_more_than_ten_minutes() -> None:
    pacing, now = taught(2)
    began = time.perf_counter()
    pacing.calls_to_place(now + 365 * DAY)
    assert time.perf_counter() - began < 1.0


def test_the_same_facts_the_same_decisions() -> None:
    def decisions() -> list[object]:
        cap = soft()
        world = Dialling(lifelike(), 6, Predictive(cap), cap, "same", steady(0.3), HOUR // 4)
        world.run()
        return [world.pacing.decision, world.figures]

    assert decisions() == decisions()


def test_an_hour_of_the_markov_world_is_nearly_as_busy_as_can_be() -> None:
    """The optimum is .86, a line an agent gives .66."""
    cap = soft()
    figures = Dialling(markov(), 10, Predictive(cap, patience=0), cap, "hour", steady(0.3), 4 * HOUR).run()
    assert figures.occupancy() > 0.82
    assert figures.abandon_rate() < 0.033


def test_a_jump_of_the_answer_rate_is_survived() -> None:
    cap = soft()
    rates = AnswerRates((0, HOUR), (0.18, 0.42))
    figures = Dialling(lifelike(), 20, Predictive(cap), cap, "jump", rates, 2 * HOUR).run()
    assert figures.occupancy() > 0.82
    assert figures.abandon_rate() < 0.04


def test_known_enough_is_soon_reached() -> None:
    pacing, _ = taught(5)
    assert pacing._known >= KNOWN_ENOUGH
