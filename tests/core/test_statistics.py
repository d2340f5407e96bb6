"""Figures of the queues, value by value."""

from ccd.core.statistics import TALK_BEFORE_ANY, Statistics
from ccd.model.fact import QueueEntered, QueueLeft, TalkEnded, VisitOutcome
from ccd.model.ids import SECOND, CallId, QueueId
from tests.core.centre import queue

SALES = QueueId("sales")


def statistics() -> Statistics:
    made = Statistics()
    made.queues = {SALES: queue("sales", service_level_time=20 * SECOND, wrap_up_time=10 * SECOND)}
    return made


def visit(made: Statistics, call: str, outcome: VisitOutcome, wait: int) -> None:
    made.apply((QueueEntered(CallId(call), SALES, 0, 0), QueueLeft(CallId(call), SALES, outcome, wait * SECOND)))


def test_service_level_counts_the_answered_within_its_time() -> None:
    made = statistics()
    for call, outcome, wait in (("1", "answered", 20), ("2", "answered", 21), ("3", "abandoned", 5), ("4", "lost", 1)):
        visit(made, call, outcome, wait)  # type: ignore[arg-type]
    figures = made.of(SALES)
    assert (figures.offered, figures.answered, figures.answered_in_time) == (4, 2, 1)
    assert (figures.abandoned, figures.other, figures.wait_time) == (1, 1, 41 * SECOND)


def test_talk_time_is_smoothed_from_the_first_talk_on() -> None:
    made = statistics()
    assert made.of(SALES).talk_time == TALK_BEFORE_ANY
    for call, length in (("1", 80), ("2", 160)):
        visit(made, call, "answered", 1)
        made.apply((TalkEnded(CallId(call), length * SECOND, "caller"),))
    assert made.of(SALES).talk_time == 90 * SECOND
    assert made.of(SALES).talks == 2


def test_talk_of_no_queue_counts_nowhere() -> None:
    made = statistics()
    made.apply((TalkEnded(CallId("x"), SECOND, "caller"),))
    assert made.of(SALES).talks == 0


def test_expected_wait() -> None:
    made = statistics()
    assert made.expected_wait(SALES, 3, 2) == 3 * (180 + 10) * SECOND // 2
    assert made.expected_wait(SALES, 3, 0) is None
