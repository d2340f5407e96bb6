"""What came of a run, counted by hand."""

from ccd.core.configuration import Queue
from ccd.model.fact import AgentChanged, QueueEntered, QueueLeft, VisitOutcome
from ccd.model.ids import SECOND, AgentId, CallId, Endpoint, Moment, QueueId
from ccd.simulation.figures import Figures
from ccd.simulation.profile import HOUR

SALES = QueueId("sales")
BEGAN = 1_000 * HOUR


def figures(since: Moment = BEGAN) -> Figures:
    return Figures({SALES: Queue(SALES, "Sales", service_level_time=20 * SECOND)}, BEGAN, since)


def visit(kept: Figures, name: str, at: Moment, wait: int, outcome: VisitOutcome) -> None:
    kept.apply(QueueEntered(CallId(name), SALES, at, 0), at)
    kept.apply(QueueLeft(CallId(name), SALES, outcome, wait), at + wait)


def test_service_level_is_of_all_offered() -> None:
    kept = figures()
    visit(kept, "a", BEGAN, 5 * SECOND, "answered")
    visit(kept, "b", BEGAN + HOUR, 20 * SECOND, "answered")
    visit(kept, "c", BEGAN + HOUR, 30 * SECOND, "answered")
    visit(kept, "d", BEGAN, 2 * SECOND, "abandoned")
    visit(kept, "e", BEGAN, 43 * SECOND, "overflowed")
    sales = kept.queues[SALES]
    assert sales.service_level() == 2 / 5
    assert sales.abandon_rate() == 1 / 5
    assert sales.other == 1
    assert round(sales.mean_wait(), 3) == 18.333
    assert sales.mean_wait_of_all() == 20.0
    assert sales.wait_at(0.9) == 30.0
    assert sales.wait_at(0.0) == 5.0
    assert sales.hours == {0: [3, 1], 1: [2, 1]}


def test_the_warm_up_does_not_count() -> None:
    kept = figures(BEGAN + HOUR)
    visit(kept, "a", BEGAN + HOUR - 1, 5 * SECOND, "answered")
    visit(kept, "b", BEGAN + HOUR, 5 * SECOND, "answered")
    assert kept.queues[SALES].offered == 1


def test_occupancy_is_work_of_the_time_there() -> None:
    kept = figures()
    anna, phone = AgentId("anna"), Endpoint("x")
    moments = (("ready", 0), ("offered", 10), ("talking", 20), ("wrap_up", 60), ("paused", 80), ("ready", 500))
    for state, at in moments:
        kept.apply(AgentChanged(anna, "ready", state, "", phone, 0), BEGAN + at * SECOND)  # type: ignore[arg-type]
    kept.end(BEGAN + 520 * SECOND)
    assert kept.occupancy() == 60 / 100


def test_runs_are_added_up() -> None:
    one, two = figures(), figures()
    visit(one, "a", BEGAN, 5 * SECOND, "answered")
    visit(two, "b", BEGAN + 1, 25 * SECOND, "answered")
    visit(two, "c", BEGAN + HOUR, 1 * SECOND, "abandoned")
    total = one.queues[SALES]
    total.add(two.queues[SALES])
    assert (total.offered, total.answered, total.answered_in_time, total.abandoned) == (3, 2, 1, 1)
    assert total.waits == [5 * SECOND, 25 * SECOND]
    assert total.hours == {0: [2, 1], 1: [1, 0]}


def test_nothing_happened() -> None:
    sales = figures().queues[SALES]
    assert (sales.service_level(), sales.abandon_rate(), sales.mean_wait(), sales.wait_at(0.9)) == (0, 0, 0, 0)
    assert figures().occupancy() == 0
