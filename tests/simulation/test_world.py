"""Whole days: no rule broken, nothing left over, and the same seed gives the same day."""

import pytest

from ccd.simulation.figures import Figures
from ccd.simulation.scenario import DAY_SHAPE, busy_centre, busy_day, hard_day
from ccd.simulation.world import Run, World

FAULTS = {
    "reordered",
    "late state",
    "duplicate state",
    "hang-up crosses bridge",
    "ghost",
    "lost answer: Answer",
    "lost answer: Bridge",
    "lost answer: Dial",
    "lost answer: HangUp",
    "lost answer: recording",
    "link down",
    "switch restarted",
    "daemon killed",
    "no answer of the records",
    "configuration loaded",
    "supervisor",
}


def live(seed: int, agents: int = 6, calls: float = 700) -> tuple[World, Run]:
    versions = [busy_centre(agents, seed, version) for version in range(3)]
    world = World(versions[0], hard_day(calls), seed, others=versions[1:])
    return world, world.run()


def digest(figures: Figures) -> list[object]:
    return [(name, one.offered, one.answered, one.abandoned, one.waits) for name, one in figures.queues.items()]


@pytest.mark.parametrize("seed", [2, 3])
def test_days_with_every_fault_break_no_rule_and_leave_nothing(seed: int) -> None:
    world, run = live(seed)
    assert run.violations == ()
    assert run.calls > 600
    assert set(run.faults) == FAULTS
    floor = world.engine.floor
    assert not floor.calls
    assert not floor.legs
    assert not floor.offers
    assert not floor.questions
    assert {agent.state for agent in floor.agents.values()} <= {"ready", "paused", "wrap_up", "logged_out"}
    visits = sum(queue.offered for queue in run.figures.queues.values())
    assert visits == sum(queue.answered + queue.abandoned + queue.other for queue in run.figures.queues.values()) > 500
    assert all(queue.answered for queue in run.figures.queues.values())


def test_the_same_seed_gives_the_same_day_and_another_one_another() -> None:
    first, again, other = live(3)[1], live(3)[1], live(4)[1]
    assert first.events == again.events
    assert first.faults == again.faults
    assert digest(first.figures) == digest(again.figures)
    assert digest(first.figures) != digest(other.figures)


def test_without_faults_in_the_profile_there_are_none() -> None:
    run = World(busy_centre(6), busy_day(300, faults=False), 1).run()
    assert run.faults == {}
    assert run.violations == ()


def test_callers_are_the_same_whatever_the_centre_is_like() -> None:
    """So that a what-if is about the change, not about other callers."""
    few = World(busy_centre(4), busy_day(200, faults=False), 1)
    many = World(busy_centre(20), busy_day(200, faults=False), 1)
    seen = []
    for world in (few, many):
        arrived: list[tuple[int, int]] = []
        world.callers.there = Watched(arrived)
        world.run()
        seen.append(arrived)
    known = dict(seen[0])
    assert len(known) > 100
    assert [patience for number, patience in seen[1] if number in known][:50] == list(known.values())[:50]


class Watched(dict):  # type: ignore[type-arg]
    """Notes the patience of everybody who is put in."""

    def __init__(self, arrived: list[tuple[int, int]]) -> None:
        super().__init__()
        self._arrived = arrived

    def __setitem__(self, leg: object, caller: object) -> None:
        if getattr(caller, "tries", 0) == 1:
            self._arrived.append((len(self._arrived), getattr(caller, "patience", 0)))
        super().__setitem__(leg, caller)


def test_calls_come_when_the_profile_says() -> None:
    run = World(busy_centre(40), busy_day(2_000, faults=False), 1, hours=24).run()
    by_hour = [0] * 24
    for queue in run.figures.queues.values():
        for hour, (offered, _) in queue.hours.items():
            by_hour[min(hour, 23)] += offered
    assert by_hour.index(max(by_hour)) in (9, 10, 11)
    assert sum(by_hour[:5]) < 0.03 * sum(by_hour)
    assert len(DAY_SHAPE) == 24
