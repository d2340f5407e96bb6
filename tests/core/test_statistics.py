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


def test_every_visit_and_talk_is_counted() -> None:
    made = statistics()
    for outcome in ("answered", "abandoned", "lost", "no_agent"):
        for call in ("1", "2", "3"):
            visit(made, call, outcome, 4)
    figures = made.of(SALES)
    assert (figures.answered, figures.answered_in_time, figures.abandoned, figures.other) == (3, 3, 3, 6)
    assert (figures.offered, figures.wait_time) == (12, 12 * SECOND)


def test_figures_are_whole_numbers() -> None:
    made = statistics()
    for call, length in (("1", 80 * SECOND), ("2", 80 * SECOND + 7), ("3", 80 * SECOND + 9)):
        visit(made, call, "answered", 1)
        made.apply((TalkEnded(CallId(call), length, "caller"),))
    assert repr(made.of(SALES).talk_time) == str(80 * SECOND + 1)
    made.of(SALES).talk_time = 7
    assert repr(made.expected_wait(QueueId("gone"), 1, 7)) == str(180 * SECOND // 7)
    assert repr(made.expected_wait(SALES, 1, 3)) == str((7 + 10 * SECOND) // 3)


def test_before_any_rules_an_answer_is_in_time_for_nobody() -> None:
    made = Statistics()
    visit(made, "1", "answered", 1)
    assert (made.of(SALES).answered, made.of(SALES).answered_in_time) == (1, 0)
    assert made.expected_wait(SALES, 1, 1) == 180 * SECOND
