"""The cap on abandoned calls, outside every algorithm: what the law counts, for which period, and a mode that holds.

Of the live answers of a period (calls that a person answered) at most `target` may be abandoned (no agent in time). The
hard mode promises that at every instant. With A abandoned, L live answers, W of them waiting for an agent, F lines in
flight, H agents held for this campaign, the worst that can come is that all lines are answered before another agent
becomes free. One more is dialled only if even then

    A + max(0, W + F + 1 - (H - m)) <= target x (L + F + 1)

Adding one to both sides of a fraction below 1 makes it larger, so every mixture of answers on the way is covered too;
an answer moves a line from F to W and L, a talk takes one from W and H: neither side changes. m held agents may be lost
meanwhile. Where A is above target x L already (more were lost than that, and somebody resumed the campaign), a line is
dialled only with a held agent for each: W + F + 1 <= H - m, and the share falls with every answer. What it rests on:

- `dialled` is said before the command leaves: a dial that is not acknowledged is in flight until it is known not to be.
- A held agent takes no other call, is held for one campaign at a time, and is let go by `may_release` only.
- While no more than m held agents are lost (gone, or not given to an answered call in time, as when the daemon is dead)
  since the last dial, the promise holds. The first loss beyond that is counted, and the campaign dials no more until
  somebody resumes it or the next period begins.
- No line is in flight for longer than `longest_flight`: so long before the end of a period the next one's empty count
  must allow the dial as well.
- Machines are known for what they are. One taken for a person only adds to L and A; a person taken for a machine is
  missing in both, and the law's estimate of that is the reader's business.

A rolling view, the last 30 days at any moment, is reported and not promised: what falls out of it can be all answers.
"""

from bisect import bisect_right
from typing import Literal

from msgspec import Struct, field

from ccd.model.ids import SECOND, AgentId, CallId, Length, Moment

DAY: Length = 86_400 * SECOND
ROLLING_DAYS = 30
EXACT = 1e-9
"""Whole numbers are compared with a product of fractions."""


class Law(Struct, frozen=True):
    """What counts. `patience`: from the completed greeting (US), or the answer, to the agent."""

    name: Literal["us", "uk"] = "us"
    patience: Length = 2 * SECOND


class Period(Struct, frozen=True):
    """Fixed periods of one length from `start` on, or those between `bounds`, as calendar days with summer time are."""

    start: Moment = 0
    length: Length = 30 * DAY
    bounds: tuple[Moment, ...] = ()

    def begin(self, now: Moment) -> Moment:
        """When the period of `now` began."""
        place = bisect_right(self.bounds, now)
        return self.bounds[place - 1] if place else self.start + (now - self.start) // self.length * self.length

    def end(self, now: Moment) -> Moment:
        """When the next begins."""
        place = bisect_right(self.bounds, now)
        return self.bounds[place] if place < len(self.bounds) else self.begin(now) + self.length


class Rules(Struct, frozen=True):
    """A campaign's cap. `spare`: m, the held agents whose loss is covered."""

    target: float = 0.03
    period: Period = Period()
    law: Law = Law()
    is_hard: bool = True
    spare: int = 0
    longest_flight: Length = 90 * SECOND


class Tally(Struct):
    """Counts of a period or a day."""

    live: int = 0
    """Answered by a person, abandoned ones included."""
    abandoned: int = 0
    machines: int = 0

    def share(self, law: Law) -> float:
        """US: abandoned / live. UK: effective / (handled + effective), where handled = live - abandoned and effective =
        abandoned x (1 - machines / (machines + handled)), after VICIdial's report for Ofcom."""
        if not self.live:
            return 0.0
        if law.name == "us":
            return self.abandoned / self.live
        handled = self.live - self.abandoned
        effective = float(self.abandoned)
        if handled + self.machines:
            effective *= handled / (handled + self.machines)
        return effective / (handled + effective) if handled + effective else 0.0


class Standing(Struct, frozen=True):
    """All that must survive the daemon."""

    began: Moment
    last: Tally
    tally: Tally
    days: dict[int, Tally]
    in_flight: dict[CallId, Moment]
    waiting: dict[CallId, Moment]
    held: dict[AgentId, Moment]
    excess_losses: int
    is_stopped: bool


class AbandonCap(Struct):
    """One campaign's counts. Whoever dials asks `allowed`, says `dialled` first and every fact after."""

    rules: Rules
    began: Moment = 0
    last: Tally = field(default_factory=Tally)
    """Of the period before."""
    tally: Tally = field(default_factory=Tally)
    days: dict[int, Tally] = field(default_factory=dict)
    in_flight: dict[CallId, Moment] = field(default_factory=dict)
    waiting: dict[CallId, Moment] = field(default_factory=dict)
    held: dict[AgentId, Moment] = field(default_factory=dict)
    excess_losses: int = 0
    is_stopped: bool = False
    closes_at: Moment | None = None
    """When dialling ends in this period, as far as the campaign's hours tell; for pacing, not for the cap."""

    # --- what it says

    @property
    def target(self) -> float:
        """The share that may be abandoned."""
        return self.rules.target

    @property
    def live(self) -> int:
        """Live answers of the period."""
        return self.tally.live

    @property
    def surplus(self) -> float:
        """target x live answers - abandoned: what the period still allows, if all goes well from here."""
        return self.rules.target * self.tally.live - self.tally.abandoned

    def share(self) -> float:
        """Of the period, by the law's definition."""
        return self.tally.share(self.rules.law)

    def rolling_share(self, now: Moment) -> float:
        """Of the last 30 days and today, by days of UTC; reported only."""
        recent = [tally for day, tally in self.days.items() if day >= now // DAY - ROLLING_DAYS]
        total = Tally(
            sum(tally.live for tally in recent),
            sum(tally.abandoned for tally in recent),
            sum(tally.machines for tally in recent),
        )
        return total.share(self.rules.law)

    def allowed(self, wanted: int, now: Moment) -> int:
        """How many of the wanted dials may be placed now."""
        self.turn(now)
        if self.is_stopped:
            return 0
        if not self.rules.is_hard:
            return wanted
        tallies = [self.tally]
        if self.rules.period.end(now) <= now + self.rules.longest_flight:
            tallies.append(Tally())
        count = 0
        while count < wanted and all(self._is_covered(tally, count + 1, self.rules.spare) for tally in tallies):
            count += 1
        return count

    def may_release(self, now: Moment) -> bool:
        """Whether one held agent may be lent to others: the lines in flight are covered without him."""
        self.turn(now)
        return not self.rules.is_hard or self._is_covered(self.tally, 0, self.rules.spare + 1)

    # --- facts

    def dialled(self, call: CallId, now: Moment) -> None:
        """Before the command leaves."""
        self.in_flight[call] = now

    def answered(self, call: CallId, now: Moment) -> None:
        """By a person; he waits for an agent."""
        self.turn(now)
        self.in_flight.pop(call, None)
        self.waiting[call] = now
        self.tally.live += 1
        self._today(now).live += 1

    def machine(self, call: CallId, now: Moment) -> None:
        """By a machine, as far as is known."""
        self.turn(now)
        self.not_answered(call)
        self.tally.machines += 1
        self._today(now).machines += 1

    def not_answered(self, call: CallId) -> None:
        """It ended, and nobody had answered."""
        self.in_flight.pop(call, None)

    def talk_begun(self, agent: AgentId, call: CallId) -> None:
        """In time."""
        self.waiting.pop(call, None)
        self.held.pop(agent, None)

    def hung_up(self, call: CallId) -> None:
        """The party left while there was still time: no abandon, and the answer counts."""
        self.waiting.pop(call, None)

    def abandoned(self, call: CallId, now: Moment) -> None:
        """No agent in time; one who was held and not given is lost."""
        self.turn(now)
        since = self.waiting.pop(call, None)
        if since is None:
            return
        (self.tally if since >= self.began else self.last).abandoned += 1
        self._today(now).abandoned += 1
        self._check(is_above=self.surplus < -EXACT)

    def unknown(self, call: CallId, now: Moment) -> None:
        """After a restart nobody can say what became of a line: it counts as answered and abandoned."""
        if call in self.in_flight:
            self.answered(call, now)
        self.abandoned(call, now)

    def hold(self, agent: AgentId, now: Moment) -> None:
        """He is ready and takes nothing but this campaign's calls."""
        self.held[agent] = now

    def release(self, agent: AgentId) -> None:
        """Let go, when `may_release` said so."""
        self.held.pop(agent, None)

    def lose(self, agent: AgentId) -> None:
        """A held agent is gone."""
        if self.held.pop(agent, None) is not None:
            self._check()

    def resume(self) -> None:
        """Somebody has looked at it."""
        self.is_stopped = False

    def turn(self, now: Moment) -> None:
        """A new period begins with empty counts; who still waits was counted in the old one."""
        began = self.rules.period.begin(now)
        if began > self.began:
            self.began, self.last, self.tally, self.is_stopped = began, self.tally, Tally(), False

    # --- across a restart

    def standing(self) -> Standing:
        """Everything; lines in flight stay in flight until the switch has said what became of them."""
        return Standing(
            self.began,
            Tally(self.last.live, self.last.abandoned, self.last.machines),
            Tally(self.tally.live, self.tally.abandoned, self.tally.machines),
            {day: Tally(tally.live, tally.abandoned, tally.machines) for day, tally in self.days.items()},
            dict(self.in_flight),
            dict(self.waiting),
            dict(self.held),
            self.excess_losses,
            self.is_stopped,
        )

    @classmethod
    def restored(cls, rules: Rules, standing: Standing) -> "AbandonCap":
        """As it stood, under the rules of now."""
        return cls(
            rules,
            standing.began,
            standing.last,
            standing.tally,
            standing.days,
            standing.in_flight,
            standing.waiting,
            standing.held,
            standing.excess_losses,
            standing.is_stopped,
        )

    # --- the arithmetic

    def _is_covered(self, tally: Tally, more: int, spare: int) -> bool:
        """Whether the worst that can come of the lines in flight and `more` stays within the target."""
        target, flight = self.rules.target, len(self.in_flight) + more
        short = len(self.waiting) + flight - max(0, len(self.held) - spare)
        if tally.abandoned > target * tally.live + EXACT:
            return short <= 0
        return short <= 0 or tally.abandoned + short <= target * (tally.live + flight) + EXACT

    def _check(self, *, is_above: bool = False) -> None:
        """After a loss: is what is in flight still covered? `is_above`: the target is passed already, by this one."""
        if self.rules.is_hard and (is_above or not self._is_covered(self.tally, 0, 0)):
            self.excess_losses += 1
            self.is_stopped = True

    def _today(self, now: Moment) -> Tally:
        day = now // DAY
        if day not in self.days:
            self.days = {old: tally for old, tally in self.days.items() if old >= day - ROLLING_DAYS}
            self.days[day] = Tally()
        return self.days[day]
