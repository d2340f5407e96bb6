"""The regulator's numbers of a campaign, as a fold over its attempts: what the cap counted, counted again.

An attempt's dial counts where it began, its answer and what became of that where the answer was; what lies outside of
the period is left out. An attempt of which nobody saw the end counts as answered by a person and abandoned, as the cap
takes it.
"""

from bisect import bisect_right
from collections.abc import Iterable

from msgspec import Struct, field

from ccd.core.dialer.abandon import Law, Tally
from ccd.model.campaign_view import AttemptView, LargestShare, ReportDay
from ccd.model.ids import Length, Moment

US, UK = Law("us"), Law("uk")
LIVE, MACHINE, ABANDONED = range(3)
"""In this order where they fall together: who is abandoned has answered before."""


class Day(Struct):
    """Counts of a day, or of all of the period."""

    tally: Tally = field(default_factory=Tally)
    dials: int = 0
    talked: int = 0
    unknown: int = 0
    talk_time: Length = 0

    def told(self, began: Moment) -> ReportDay:
        """With the shares."""
        tally = self.tally
        return ReportDay(
            began,
            self.dials,
            tally.live,
            tally.abandoned,
            tally.machines,
            self.talked,
            self.unknown,
            self.talk_time,
            tally.share(US),
            tally.share(UK),
        )


class Counted(Struct):
    """The fold. `days` are the moments at which the days of the period begin, the first one `began`."""

    began: Moment
    ended: Moment
    days: tuple[Moment, ...]
    counts: list[Day] = field(default_factory=list)
    outcomes: dict[str, int] = field(default_factory=dict)
    dispositions: dict[str, int] = field(default_factory=dict)
    longest_wait: Length = 0
    happened: list[int] = field(default_factory=list)
    """Moment and kind of every answer and abandoned call, as one number each: sorted, they are in order."""

    def __post_init__(self) -> None:
        self.counts = [Day() for _ in self.days]

    def apply(self, attempts: Iterable[AttemptView]) -> None:
        """More attempts, in any order."""
        for attempt in attempts:
            if self._is_within(attempt.began_at):
                self._dialled(attempt)
            answered_at = self._answered_at(attempt)
            if answered_at and self._is_within(answered_at):
                self._answered(attempt, answered_at)

    def told_days(self) -> tuple[ReportDay, ...]:
        """Day by day."""
        return tuple(day.told(began) for began, day in zip(self.days, self.counts, strict=True))

    def total(self) -> ReportDay:
        """All of them."""
        total = Day()
        for day in self.counts:
            total.tally.live += day.tally.live
            total.tally.abandoned += day.tally.abandoned
            total.tally.machines += day.tally.machines
            total.dials += day.dials
            total.talked += day.talked
            total.unknown += day.unknown
            total.talk_time += day.talk_time
        return total.told(self.began)

    def largest(self, law: Law) -> LargestShare:
        """The largest share at any instant, counted from the beginning of the period on."""
        tally, largest = Tally(), LargestShare()
        for code in sorted(self.happened):
            at, kind = divmod(code, 3)
            if kind == LIVE:
                tally.live += 1
            elif kind == MACHINE:
                tally.machines += 1
            else:
                tally.abandoned += 1
            if tally.abandoned and (share := tally.share(law)) > largest.share:
                largest = LargestShare(share, at, tally.live, tally.abandoned)
        return largest

    # --- one attempt

    def _is_within(self, at: Moment) -> bool:
        return self.began <= at < self.ended

    def _day(self, at: Moment) -> Day:
        return self.counts[max(0, bisect_right(self.days, at) - 1)]

    def _dialled(self, attempt: AttemptView) -> None:
        self._day(attempt.began_at).dials += 1
        outcome = attempt.outcome or "running"
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        if attempt.disposition:
            self.dispositions[attempt.disposition] = self.dispositions.get(attempt.disposition, 0) + 1

    @staticmethod
    def _answered_at(attempt: AttemptView) -> Moment:
        """When somebody or something answered, or is taken to have. 0: nobody did."""
        return attempt.answered_at or attempt.abandoned_at

    def _answered(self, attempt: AttemptView, at: Moment) -> None:
        day = self._day(at)
        if attempt.by == "machine":
            day.tally.machines += 1
            self.happened.append(at * 3 + MACHINE)
            return
        day.tally.live += 1
        self.happened.append(at * 3 + LIVE)
        day.unknown += attempt.by == "unknown"
        if attempt.abandoned_at:
            day.tally.abandoned += 1
            self.happened.append(max(at, attempt.abandoned_at) * 3 + ABANDONED)
        if attempt.connected_at:
            self._talked(attempt, day)

    def _talked(self, attempt: AttemptView, day: Day) -> None:
        day.talked += 1
        self.longest_wait = max(self.longest_wait, attempt.connected_at - attempt.answered_at)
        if attempt.ended_at:
            day.talk_time += max(0, attempt.ended_at - attempt.connected_at)
