"""The engine's time, whatever somebody does to the wall clock."""

import time

import pytest

from ccd.daemon.clock import Clock
from ccd.model.ids import SECOND

HOUR = 3_600 * SECOND
SLACK = 5 * SECOND


@pytest.mark.parametrize("step", [-HOUR, HOUR])
def test_a_stepped_wall_clock_is_not_seen(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    clock = Clock()
    before, wall = clock.now(), time.time_ns() // 1_000
    monkeypatch.setattr(time, "time_ns", lambda: (wall + step) * 1_000)
    assert before <= clock.now() < before + SLACK


def test_a_new_daemon_is_never_before_the_last_entry_of_the_former(monkeypatch: pytest.MonkeyPatch) -> None:
    former = Clock().now()
    monkeypatch.setattr(time, "time_ns", lambda: (former - HOUR) * 1_000)
    assert former < Clock(former).now() < former + SLACK


def test_without_a_former_one_it_is_the_wall_clock() -> None:
    assert abs(Clock().now() - time.time_ns() // 1_000) < SLACK
