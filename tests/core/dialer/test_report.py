"""The report counts as the cap does, whatever happens in whatever order."""

from hypothesis import given
from hypothesis import strategies as st

from ccd.core.dialer.abandon import AbandonCap, Law, Rules, Tally
from ccd.core.dialer.report import UK, US, Counted
from ccd.model.campaign_view import AttemptView, LargestShare
from ccd.model.ids import SECOND, AgentId, CallId, CampaignId, ContactId, Moment

DAY = 86_400 * SECOND
BEGAN = 20_000 * DAY


def attempt(began: Moment, **more: object) -> AttemptView:
    return AttemptView(CallId("c"), CampaignId("w"), ContactId("1"), "+34910000001", 0, 1, began, **more)  # type: ignore[arg-type]  # by name


def talked(at: Moment, wait: Moment = SECOND, **more: object) -> AttemptView:
    return attempt(
        at - 5 * SECOND,
        answered_at=at,
        by="person",
        connected_at=at + wait,
        ended_at=at + 60 * SECOND,
        outcome="talked",
        **more,
    )


def abandoned(at: Moment) -> AttemptView:
    return attempt(
        at - 5 * SECOND,
        answered_at=at,
        by="person",
        abandoned_at=at + 2 * SECOND,
        ended_at=at + 9 * SECOND,
        outcome="abandoned",
    )


def machine(at: Moment) -> AttemptView:
    return attempt(at - 5 * SECOND, answered_at=at, by="machine", ended_at=at + SECOND, outcome="machine")


def unanswered(at: Moment, outcome: str = "busy") -> AttemptView:
    return attempt(at, ended_at=at + SECOND, outcome=outcome)


def counted(*attempts: AttemptView, days: int = 1) -> Counted:
    fold = Counted(BEGAN, BEGAN + days * DAY, tuple(BEGAN + day * DAY for day in range(days)))
    fold.apply(attempts)
    return fold


NOON = BEGAN + DAY // 2


def test_each_kind_of_attempt_is_counted_once() -> None:
    fold = counted(talked(NOON, disposition="sold"), abandoned(NOON), machine(NOON), unanswered(NOON))
    total = fold.total()
    assert (total.dials, total.live, total.abandoned, total.machines, total.talked) == (4, 2, 1, 1, 1)
    assert (total.us_share, total.talk_time) == (0.5, 59 * SECOND)
    assert fold.outcomes == {"talked": 1, "abandoned": 1, "machine": 1, "busy": 1}
    assert fold.dispositions == {"sold": 1}
    assert fold.longest_wait == SECOND


def test_the_uk_share_takes_machines_into_account() -> None:
    """A machine may be a person taken for one, who heard nobody; as VICIdial counts it for Ofcom."""
    total = counted(*[talked(NOON)] * 90, *[abandoned(NOON)] * 10, *[machine(NOON)] * 30).total()
    effective = 10 * (1 - 30 / (30 + 90))
    assert abs(total.uk_share - effective / (90 + effective)) < 1e-12


def test_what_nobody_saw_the_end_of_counts_as_answered_and_abandoned() -> None:
    """Where the engine took the worst for it; what was unseen for a moment only was not answered."""
    at = NOON + SECOND
    told = attempt(NOON, answered_at=at, by="unknown", abandoned_at=at, ended_at=at, outcome="lost")
    total = counted(told, unanswered(NOON, "lost")).total()
    assert (total.live, total.abandoned, total.unknown) == (1, 1, 1)


def test_an_answer_counts_on_its_own_day_and_an_abandoned_call_on_that_of_its_answer() -> None:
    midnight = BEGAN + DAY
    late = attempt(
        midnight - 9 * SECOND,
        answered_at=midnight - SECOND,
        by="person",
        abandoned_at=midnight + SECOND,
        ended_at=midnight + SECOND,
        outcome="abandoned",
    )
    over = talked(midnight + SECOND)
    first, second = counted(late, over, days=2).told_days()
    assert (first.dials, first.live, first.abandoned) == (2, 1, 1)
    assert (second.dials, second.live, second.abandoned) == (0, 1, 0)


def test_what_lies_outside_is_left_out() -> None:
    before, at_begin, last = talked(BEGAN - SECOND), talked(BEGAN + 2 * SECOND), talked(BEGAN + DAY + 2 * SECOND)
    total = counted(before, at_begin, last).total()
    assert (total.dials, total.live) == (1, 1)


def test_the_largest_share_is_found_where_it_was() -> None:
    fold = counted(*[talked(NOON)] * 9, abandoned(NOON + SECOND), *[talked(NOON + 60 * SECOND)] * 90)
    assert fold.largest(US) == LargestShare(0.1, NOON + 3 * SECOND, 10, 1)
    assert fold.total().us_share == 0.01
    assert counted(talked(NOON)).largest(US) == LargestShare()


def test_one_that_still_runs_is_a_dial() -> None:
    fold = counted(attempt(NOON), attempt(NOON, answered_at=NOON + SECOND, by="person"))
    assert (fold.total().dials, fold.total().live, fold.outcomes) == (2, 1, {"running": 2})


KINDS = st.sampled_from(["talk", "abandon", "hang_up", "machine", "busy", "lost"])


@given(st.lists(st.tuples(KINDS, st.integers(0, 50), st.integers(0, 9), st.integers(0, 9)), max_size=60))
def test_the_report_and_the_cap_agree(told: list[tuple[str, int, int, int]]) -> None:
    """The same attempts through both: counts, shares, and the largest share that there ever was."""
    cap = AbandonCap(Rules(is_hard=False), began=BEGAN)
    attempts: list[AttemptView] = []
    happened: list[tuple[Moment, int, str, CallId]] = []
    for number, (kind, start, rings, waits) in enumerate(told):
        began, call = NOON + start * SECOND, CallId(f"c{number}")
        answered, over = began + rings * SECOND, began + (rings + waits) * SECOND
        cap.dialled(call, began)
        attempts.append(made(kind, began, answered, over))
        if kind in ("talk", "abandon", "hang_up"):
            happened.append((answered, 0, "answer", call))
        if kind == "lost":
            happened.append((over, 0, kind, call))
        elif kind == "machine":
            happened.append((answered, 1, kind, call))
        elif kind in ("talk", "abandon", "hang_up"):
            happened.append((over, 2, kind, call))
    largest = replayed(cap, sorted(happened))
    fold = counted(*attempts)
    total = fold.total()
    assert (total.live, total.abandoned, total.machines) == (cap.tally.live, cap.tally.abandoned, cap.tally.machines)
    assert (total.us_share, total.uk_share) == (cap.tally.share(US), cap.tally.share(UK))
    assert fold.largest(US).share == largest["us"]
    assert fold.largest(UK).share >= largest["uk"] - 1e-12
    assert total.dials == len(told) == sum(fold.outcomes.values())


def made(kind: str, began: Moment, answered: Moment, over: Moment) -> AttemptView:
    if kind in ("busy", "lost"):
        return attempt(began, abandoned_at=over if kind == "lost" else 0, ended_at=over, outcome=kind)
    by = "machine" if kind == "machine" else "person"
    outcome = {"talk": "talked", "abandon": "abandoned", "hang_up": "hung_up"}.get(kind, kind)
    return attempt(
        began,
        answered_at=answered,
        by=by,
        connected_at=over if kind == "talk" else 0,
        abandoned_at=over if kind == "abandon" else 0,
        ended_at=over,
        outcome=outcome,
    )


def replayed(cap: AbandonCap, happened: list[tuple[Moment, int, str, CallId]]) -> dict[str, float]:
    """The largest shares after each instant."""
    largest = {"us": 0.0, "uk": 0.0}
    for place, (at, _, kind, call) in enumerate(happened):
        if kind == "answer":
            cap.answered(call, at)
        elif kind == "machine":
            cap.machine(call, at)
        elif kind == "talk":
            cap.talk_begun(AgentId("a"), call)
        elif kind == "abandon":
            cap.abandoned(call, at)
        elif kind == "lost":
            cap.unknown(call, at)
        else:
            cap.hung_up(call)
        if place + 1 == len(happened) or happened[place + 1][0] > at:
            for law in (Law("us"), Law("uk")):
                largest[law.name] = max(largest[law.name], cap.tally.share(law))
    return largest


@given(st.integers(1, 500), st.integers(0, 500), st.integers(0, 500))
def test_the_uk_share_in_one_fraction(handled: int, abandons: int, machines: int) -> None:
    share = Tally(handled + abandons, abandons, machines).share(UK)
    assert abs(share - abandons / (handled + abandons + machines)) < 1e-12
