"""Alarms."""

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from ccd.switch.alarm import Alarms

KEYS = st.sampled_from("abc")
SETTINGS = st.lists(st.tuples(KEYS, st.none() | st.integers(0, 50)), max_size=400)


@given(SETTINGS)
def test_the_last_setting_of_each_key_fires_in_order_of_time(changes: list[tuple[str, int | None]]) -> None:
    alarms = Alarms()
    expected: dict[str, int] = {}
    fired: list[tuple[int, str]] = []
    for key, at in changes:
        if at is None:
            alarms.clear(key)
            expected.pop(key, None)
        else:
            alarms.set(key, at, partial(fired.append, (at, key)))
            expected[key] = at
    assert alarms.next() == min(expected.values(), default=None)
    alarms.fire(25)
    assert sorted(fired) == sorted((at, key) for key, at in expected.items() if at <= 25)
    assert [at for at, _ in fired] == sorted(at for at, _ in fired)
    alarms.fire(100)
    assert len(fired) == len(expected)
    assert alarms.next() is None


def test_one_that_is_cleared_by_an_earlier_one_of_the_same_time_does_not_fire() -> None:
    alarms = Alarms()
    fired: list[str] = []
    alarms.set("a", 1, lambda: alarms.clear("b"))
    alarms.set("b", 1, lambda: fired.append("b"))
    alarms.set("c", 1, lambda: alarms.set("c", 1, lambda: fired.append("again")))
    alarms.fire(1)
    assert fired == []
    alarms.fire(1)
    assert fired == ["again"]


def test_the_heap_stays_small() -> None:
    alarms = Alarms()
    for at in range(10_000):
        alarms.set("a", at, lambda: None)
    assert len(alarms._heap) < 100
