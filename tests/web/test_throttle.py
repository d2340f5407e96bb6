"""How often a wrong token may be tried."""

from hypothesis import given
from hypothesis import strategies as st

from ccd.web.throttle import WINDOW, Throttle


def test_beyond_the_limit_one_waits_for_the_rest_of_the_minute() -> None:
    throttle = Throttle(each=3)
    assert [throttle.failed("a", now) for now in (0.0, 1.0, 2.0)] == [0, 0, 0]
    assert throttle.failed("a", 10.0) == WINDOW - 10
    assert throttle.failed("b", 10.0) == 0
    assert throttle.failed("a", WINDOW) == 0


def test_many_addresses_together_are_limited_too() -> None:
    throttle = Throttle(each=3, in_all=10)
    waits = [throttle.failed(str(number), 1.0) for number in range(12)]
    assert waits == [0] * 10 + [WINDOW] * 2


@given(st.lists(st.tuples(st.text(max_size=2), st.floats(0, 1000)), max_size=200))
def test_the_table_is_bounded_and_a_wait_is_never_longer_than_the_window(failures: list[tuple[str, float]]) -> None:
    throttle = Throttle(each=1, in_all=5, most_addresses=8)
    for address, now in sorted(failures, key=lambda failure: failure[1]):
        assert 0 <= throttle.failed(address, now) <= WINDOW + 1e-9
        assert len(throttle) <= 8
