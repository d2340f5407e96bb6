"""Spending the abandon budget: the chance of leaving somebody without an agent up to which is dialled.

Two loops. The outer asks which share of the coming answers may be abandoned so that the surplus (target x live answers
- abandoned) is a small reserve when dialling closes. The limit follows that share at once, by a power law; the inner
moves the law's scale until the dials, each by the chance it was placed at, come to the share: the expectation is known
at each dial, without the noise and the lag of real abandons. What really happened corrects the expectation slowly. No
windup: share and limit are bounded, and the scale moves with dials that were really placed.
"""

from math import exp
from typing import Protocol

from ccd.model.ids import SECOND, Moment

LONGEST, SHORTEST = 2_000.0, 120.0
"""Answers over which a surplus or a debt is spread: as many as are to come, within these bounds."""
RESERVE, RESERVE_RATE = 5.0, 0.03
"""Abandons kept for the chance of the last minutes: so many, or this part of what the answers so far allowed."""
SMALLEST, LARGEST = 0.1, 2.0
"""Bounds of the share, in targets."""
FIRST_LIMIT = 0.05
LOWEST, HIGHEST = 0.003, 0.9
GAIN = 0.03
POWER = 0.7
"""limit ~ share^POWER: of exact solutions with 5 to 40 agents."""
MEMORY = 1_000.0
"""Answers after which the correction has forgotten 63 %."""
BELIEF, FIRST_CORRECTION = 12.0, 1.3
"""The correction begins as if so many abandons had been expected, and that many times as many seen."""


class Budget(Protocol):
    """What the cap tells: see `abandon.py`."""

    @property
    def target(self) -> float:
        """The share of live answers that may be abandoned."""
        ...

    @property
    def surplus(self) -> float:
        """target x live answers - abandoned, in the period."""
        ...

    @property
    def live(self) -> int:
        """Live answers of the period."""
        ...

    @property
    def closes_at(self) -> Moment | None:
        """When the last dial of the period is expected; None: nobody knows."""
        ...


class Spending:
    """The limit and what moves it."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.scale = FIRST_LIMIT
        """The limit where the share is the target."""
        self.expected = BELIEF
        self.seen = FIRST_CORRECTION * BELIEF
        self._answer_every = 0.0
        """Seconds between live answers, fading."""
        self._answered_at: Moment | None = None

    @property
    def correction(self) -> float:
        """Abandons seen / expected."""
        return self.seen / self.expected

    def share(self, now: Moment) -> float:
        """Of the coming answers, how many may be abandoned."""
        target, coming = self.budget.target, self._coming(now)
        reserve = max(RESERVE, RESERVE_RATE * target * self.budget.live)
        wanted = target + (self.budget.surplus - reserve) / min(LONGEST, max(SHORTEST, coming))
        return min(LARGEST * target, max(SMALLEST * target, wanted))

    def limit(self, now: Moment) -> float:
        """The chance up to which is dialled."""
        return min(HIGHEST, max(LOWEST, self.scale * float((self.share(now) / self.budget.target) ** POWER)))

    def placed(self, chance: float, answer_rate: float, now: Moment) -> None:
        """A dial, with the chance for each answer, and how likely the answer is."""
        self.expected += chance * answer_rate
        error = (self.share(now) - self.correction * chance) / max(self.limit(now), self.budget.target)
        self.scale = min(HIGHEST, max(LOWEST, self.scale * exp(GAIN * answer_rate * error)))

    def answered(self, now: Moment) -> None:
        """A live answer: old evidence fades."""
        fade = 1 - 1 / MEMORY
        self.expected = BELIEF + (self.expected - BELIEF) * fade
        self.seen = FIRST_CORRECTION * BELIEF + (self.seen - FIRST_CORRECTION * BELIEF) * fade
        if self._answered_at is not None:
            gap = (now - self._answered_at) / SECOND
            self._answer_every += (gap - self._answer_every) / 100 if self._answer_every else gap
        self._answered_at = now

    def abandoned(self) -> None:
        """One found no agent."""
        self.seen += 1.0

    def _coming(self, now: Moment) -> float:
        """Live answers until dialling closes."""
        closes_at = self.budget.closes_at
        if closes_at is None or not self._answer_every:
            return LONGEST / 2
        return max(0.0, (closes_at - now) / SECOND / self._answer_every)
