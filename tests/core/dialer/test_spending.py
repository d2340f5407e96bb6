"""The limit follows the budget, and nothing winds up."""

import pytest
from msgspec import Struct

from ccd.core.dialer.spending import FIRST_LIMIT, HIGHEST, LARGEST, LOWEST, RESERVE, SMALLEST, Spending
from ccd.model.ids import SECOND, Moment


class Purse(Struct):
    """A budget of any state."""

    surplus: float = RESERVE
    target: float = 0.03
    closes_at: Moment | None = None
    live: int = 0


def test_at_the_reserve_the_share_is_the_target() -> None:
    spending = Spending(Purse())
    assert spending.share(0) == pytest.approx(0.03)
    assert spending.limit(0) == pytest.approx(FIRST_LIMIT)


@pytest.mark.parametrize(("surplus", "share"), [(1e6, LARGEST), (-1e6, SMALLEST)])
def test_the_share_is_bounded(surplus: float, share: float) -> None:
    assert Spending(Purse(surplus)).share(0) == pytest.approx(share * 0.03)


def test_a_debt_is_spread_over_what_is_still_to_come() -> None:
    purse = Purse(RESERVE - 1, closes_at=1_000 * SECOND)
    spending = Spending(purse)
    for second in range(200):
        spending.answered(second * SECOND)
    assert spending.share(0) == pytest.approx(0.03 - 1 / 1_000, abs=1e-4)
    assert spending.share(800 * SECOND) == pytest.approx(0.03 - 1 / 200, abs=1e-4)
    assert spending.share(999 * SECOND) == pytest.approx(0.03 - 1 / 120, abs=1e-4)


def test_dials_below_the_share_raise_the_limit_and_those_above_lower_it() -> None:
    low, high = Spending(Purse()), Spending(Purse())
    for _ in range(200):
        low.placed(0.0, 0.3, 0)
        high.placed(0.2, 0.3, 0)
    assert low.limit(0) > FIRST_LIMIT > high.limit(0)


def test_the_limit_stays_within_its_bounds() -> None:
    low, high = Spending(Purse(1e6)), Spending(Purse(-1e6))
    for _ in range(20_000):
        low.placed(0.0, 0.5, 0)
        high.placed(1.0, 0.5, 0)
        high.seen += 0.5  # as expected: half of them answer
    assert low.limit(0) == HIGHEST
    assert high.limit(0) == LOWEST


def test_more_abandons_than_expected_are_remembered_and_fade() -> None:
    spending = Spending(Purse())
    first = spending.correction
    for _ in range(20):
        spending.abandoned()
    assert spending.correction > 2 * first
    for second in range(10_000):
        spending.answered(second)
    assert spending.correction == pytest.approx(first, rel=0.01)
