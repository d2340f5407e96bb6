"""The cap: what it allows by values, and that no sequence of facts breaks it."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccd.core.dialer.abandon import DAY, AbandonCap, Law, Period, Rules, Standing, Tally
from ccd.model.ids import SECOND, AgentId, CallId


def cap(agents: int = 0, live: int = 0, abandoned: int = 0, **rules: object) -> AbandonCap:
    made = AbandonCap(Rules(**rules))  # type: ignore[arg-type]
    made.tally = Tally(live, abandoned)
    for number in range(agents):
        made.hold(AgentId(f"a{number}"), 0)
    return made


@pytest.mark.parametrize(
    ("agents", "live", "abandoned", "spare", "allowed"),
    [
        (5, 0, 0, 0, 5),
        (5, 0, 0, 1, 4),
        (0, 0, 0, 0, 0),
        (5, 100, 0, 0, 8),  # 3 + short <= .03 x 108
        (5, 100, 0, 1, 7),
        (5, 100, 3, 0, 5),
        (5, 99, 3, 0, 5),  # above already: an agent for each line, and it can only get better
        (5, 99, 3, 1, 4),
        (5, 1_000, 0, 2, 34),
    ],
)
def test_dials_that_the_worst_case_allows(agents: int, live: int, abandoned: int, spare: int, allowed: int) -> None:
    assert cap(agents, live, abandoned, spare=spare).allowed(1_000, 0) == allowed


def test_without_the_hard_mode_it_only_counts() -> None:
    assert cap(0, is_hard=False).allowed(7, 0) == 7


def test_an_answered_call_is_owed_an_agent() -> None:
    made = cap(2, spare=0)
    made.dialled(CallId("1"), 0)
    made.answered(CallId("1"), 5)
    assert made.allowed(9, 5) == 1
    made.talk_begun(AgentId("a0"), CallId("1"))
    assert made.allowed(9, 5) == 1


def test_a_loss_within_the_spare_is_no_breach_and_one_beyond_stops() -> None:
    made = cap(3, spare=1)
    for call in "12":
        made.dialled(CallId(call), 0)
    made.lose(AgentId("a0"))
    assert (made.excess_losses, made.allowed(9, 0)) == (0, 0)
    made.lose(AgentId("a1"))
    assert (made.excess_losses, made.is_stopped) == (1, True)
    made.not_answered(CallId("1"))
    made.not_answered(CallId("2"))
    made.hold(AgentId("a3"), 0)
    assert made.allowed(9, 0) == 0
    made.resume()
    assert made.allowed(9, 0) == 1


def test_a_held_agent_is_released_only_when_nothing_rings_for_him() -> None:
    made = cap(3, spare=1)
    assert made.may_release(0)
    made.dialled(CallId("1"), 0)
    made.dialled(CallId("2"), 0)
    assert not made.may_release(0)


def test_a_period_that_ends_soon_must_allow_the_dial_by_the_next_ones_empty_count() -> None:
    made = cap(5, 1_000, spare=0, period=Period(length=DAY))
    assert made.allowed(99, DAY - 200 * SECOND) == 36
    assert made.allowed(99, DAY - 80 * SECOND) == 5


def test_a_call_answered_in_the_old_period_is_abandoned_in_the_old_one() -> None:
    made = cap(0, 10, 0, period=Period(length=DAY))
    made.dialled(CallId("1"), DAY - 9)
    made.answered(CallId("1"), DAY - 1)
    made.abandoned(CallId("1"), DAY + 1)
    assert (made.last, made.tally) == (Tally(11, 1), Tally(0, 0))
    assert made.rolling_share(DAY + 1) == 1.0


def test_calendar_days_have_their_own_bounds() -> None:
    period = Period(bounds=(0, 23 * 3_600 * SECOND, 47 * 3_600 * SECOND))
    assert period.begin(24 * 3_600 * SECOND) == 23 * 3_600 * SECOND
    assert period.end(24 * 3_600 * SECOND) == 47 * 3_600 * SECOND


def test_shares_by_law() -> None:
    tally = Tally(live=100, abandoned=3, machines=97)
    assert tally.share(Law("us")) == 0.03
    assert tally.share(Law("uk")) == pytest.approx(1.5 / 98.5)
    assert Tally().share(Law("uk")) == 0.0
    assert Tally(2, 2).share(Law("uk")) == 1.0


def test_what_nobody_knows_counts_as_abandoned() -> None:
    made = cap()
    made.dialled(CallId("1"), 0)
    made.unknown(CallId("1"), 1)
    assert made.tally == Tally(1, 1)


def test_the_rolling_view_forgets_after_thirty_days() -> None:
    made = cap()
    for day in (0, 40):
        made.dialled(CallId(str(day)), day * DAY)
        made.answered(CallId(str(day)), day * DAY)
        made.abandoned(CallId(str(day)), day * DAY)
    made.days[40].live += 1
    assert made.rolling_share(40 * DAY) == 0.5


KINDS = ("dial", "answer", "no answer", "free", "lose", "give", "give up", "restart", "pass")


class Adversary:
    """Does what the facts allow, at its worst; asserts after each step."""

    def __init__(self, spare: int, before: int) -> None:
        self.cap = AbandonCap(Rules(spare=spare, period=Period(length=DAY)))
        self.cap.tally.live = before
        self.now = self.number = self.lost = 0

    def step(self, kind: str, size: int) -> None:
        self.number += 1
        self.now += SECOND
        getattr(self, kind)(size)
        cap = self.cap
        assert cap.tally.abandoned <= cap.target * cap.tally.live + 1e-9
        assert cap.excess_losses == 0

    def dial(self, size: int) -> None:
        for place in range(self.cap.allowed(size, self.now)):
            self.cap.dialled(CallId(f"{self.number}.{place}"), self.now)
            self.lost = 0

    def answer(self, size: int) -> None:
        for call in list(self.cap.in_flight)[:size]:
            self.cap.answered(call, self.now)

    def no_answer(self, size: int) -> None:
        for call in list(self.cap.in_flight)[:size]:
            self.cap.not_answered(call)

    def free(self, size: int) -> None:
        self.cap.hold(AgentId(f"a{self.number}"), self.now)

    def lose(self, size: int) -> None:
        if self.cap.held and self.lost < self.cap.rules.spare:
            self.lost += 1
            self.cap.lose(next(iter(self.cap.held)))

    def give(self, size: int) -> None:
        if self.cap.held and self.cap.waiting:
            self.cap.talk_begun(next(iter(self.cap.held)), next(iter(self.cap.waiting)))

    def give_up(self, size: int) -> None:
        """Only when more wait than are held: else somebody would have been given."""
        if len(self.cap.waiting) > len(self.cap.held):
            self.cap.abandoned(next(iter(self.cap.waiting)), self.now)

    def lend(self, size: int) -> None:
        if self.cap.held and self.cap.may_release(self.now):
            self.cap.release(next(iter(self.cap.held)))

    def restart(self, size: int) -> None:
        packed = msgspec.msgpack.encode(self.cap.standing())
        self.cap = AbandonCap.restored(self.cap.rules, msgspec.msgpack.decode(packed, type=Standing))


KINDS = ("dial", "answer", "no_answer", "free", "lose", "give", "give_up", "lend", "restart")


@settings(max_examples=400, deadline=None)
@given(
    st.integers(0, 3),
    st.integers(0, 400),
    st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 30)), max_size=250),
)
def test_no_sequence_breaks_the_hard_mode(spare: int, before: int, steps: list[tuple[str, int]]) -> None:
    """At no instant more than the target, while at most `spare` held agents are lost between two dials."""
    adversary = Adversary(spare, before)
    for kind, size in steps:
        adversary.step(kind, size)
