"""VICIdial's adaptive dialling, written from its description: what ccd's predictive pacing is measured against.

Every 2.5 s as many lines as `level` times the agents in call or ready, less those that ring, wait or talk. Every 15 s
the level follows how many agents were ready and calls waiting, each second, against the difference that is aimed at.
Over the drop limit of the day, after 50 answers and read once a minute, the mode says how far it falls.
"""

from typing import Literal, NamedTuple

from ccd.core.dialer.pacing.base import Pacing
from ccd.model.ids import SECOND, CallId, Moment

Mode = Literal["hard_limit", "average", "tapered"]
ENDS_AT = 2_100
"""Of the day that tapers, as hours and minutes."""
MINUTE = 60 * SECOND


class Settings(NamedTuple):
    """What whoever runs it may set. `difference` in agents: below 0 so many shall be ready, above calls wait."""

    mode: Mode
    drop_limit: float
    difference: float
    most: float = 3.0
    begins_at: int = 9
    """The hour at which the simulated day begins."""


class Vicidial(Pacing):
    """The rule; wakes up every half second and does what is due."""

    name = "vicidial"

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.level = 1.0
        self._tick = 0
        self._ready = self._waited = self._staff = 0
        self._live = self._dropped = 0
        self._is_over = False
        self._minute: list[tuple[Moment, bool]] = []

    def answered(self, call: CallId, now: Moment) -> None:
        """Counts for the drop rate."""
        super().answered(call, now)
        self._live += 1
        self._minute.append((now, False))

    def abandoned(self, call: CallId, now: Moment) -> None:
        """A drop."""
        super().abandoned(call, now)
        self._dropped += 1
        self._minute.append((now, True))

    def deadline(self) -> Moment:
        """Each half second."""
        return self._tick * SECOND // 2

    def calls_to_place(self, now: Moment) -> int:
        """Lines, when their turn has come."""
        calls = 0
        while self._tick * SECOND // 2 <= now:
            if self._tick % 2 == 0:
                self._sample()
            if self._tick % 120 == 0:
                self._is_over = self._live >= 50 and self._dropped > self.settings.drop_limit * self._live
            if self._tick % 30 == 29:
                self._adapt(now)
            if self._tick % 5 == 0:
                agents = len(self.talking) + len(self.ready)
                lines = len(self.ringing) + len(self.waiting) + len(self.talking)
                calls = max(0, round(self.level * agents) - lines)
            self._tick += 1
        return calls

    def _sample(self) -> None:
        self._ready += len(self.ready)
        self._waited += len(self.waiting)
        self._staff += self.agents

    def _adapt(self, now: Moment) -> None:
        samples = 15
        wanted = self._ready / samples - self._waited / samples + self.settings.difference
        level = self.level * (1 + wanted / max(1.0, self._staff / samples))
        self._ready = self._waited = self._staff = 0
        if self._is_over:
            level = self._limited(level, now)
        self._minute = [(at, is_drop) for at, is_drop in self._minute if at > now - MINUTE]
        drops = sum(is_drop for _, is_drop in self._minute)
        answers = len(self._minute) - drops
        if answers > 20 and drops > 0.5 * answers:
            level /= 2
        self.level = min(self.settings.most, max(1.0, level))

    def _limited(self, level: float, now: Moment) -> float:
        if self.settings.mode == "hard_limit":
            return 1.0
        if self.settings.mode == "average":
            return level / 2
        hour, minute = divmod(now // MINUTE + 60 * self.settings.begins_at, 60)
        return level * min(1.0, (ENDS_AT - (100 * hour + minute)) / 1_000)
