"""Predictive: one line more while the chance that its answer leaves somebody without an agent is within the limit.

The chance is that of `shortage.py` at the worst of three moments ahead, from what the facts have taught: how likely
each ringing line is answered by then (`answer_rate.py`), how likely each busy agent is free by then (his wrap-up by its
age; a talk may end at any moment, as in a Markov chain), and how long people let it ring. The limit is that of
`spending.py`. There is nothing to set.
"""

from collections import deque
from collections.abc import Iterable
from math import exp

from ccd.core.dialer.answer_rate import OLDEST, AnswerRate
from ccd.core.dialer.duration import Duration
from ccd.core.dialer.pacing.base import LEAST_RING_TIME, Pacing
from ccd.core.dialer.shortage import ExactShortage, NormalShortage, Shortage
from ccd.core.dialer.spending import Budget, Spending
from ccd.model.ids import SECOND, AgentId, CallId, Length, Moment

MOST_EXACT = 30
"""Agents up to which the chance is counted exactly."""
HORIZONS = (0.5, 1.0, 2.0)
"""Of the mean time to an answer: when there may be more answers than agents. The worst of them counts."""
STEPS = 8
LONGEST_WRAP_UP = 300
FIRST_TALK = 120.0
FIRST_WRAP_UP = 20.0
FIRST_RING = 12.0
FIRST_OTHER = 20.0
BELIEF = 8.0
"""Observations that the first guesses (seconds) count as."""
LEAST_A_SECOND, AGENTS_A_DIAL = 4, 15
"""Dials a second: one for so many agents, and at least so many."""
HANG_UP_AT = 0.5
KNOWN_ENOUGH = 20
"""Lines whose ends are known, before more than one is dialled for each free agent."""
LONGEST_SILENCE = 600
LOOK_AHEAD_EVERY = 10


class View:
    """What is likely within a time from now, `share` of the mean time to an answer: by age in seconds."""

    def __init__(self, share: float) -> None:
        self.share = share
        self.seconds = 0.0
        self.lines: dict[int, float] = {}
        """Chance of an answer."""
        self.wrap_ups: list[float] = []
        """Chance that the agent is free."""
        self.talk = 0.0
        """The same for one who talks."""

    def ring(self, answer_rate: AnswerRate, ages: Iterable[int]) -> None:
        """For lines of these ages, and for one dialled now."""
        self.lines = {age: answer_rate.chance(age, self.seconds) for age in ages}
        self.lines[0] = answer_rate.chance(0, self.seconds)

    def look(self, answer_time: float, patience: float, ends: float, wrap_up: Duration) -> None:
        """For agents; `ends`: the rate at which a talk ends, a second. A talk's end and its wrap-up must both come."""
        self.seconds = self.share * answer_time
        until = self.seconds + patience
        self.wrap_ups = [wrap_up.ends_within(age + 0.5, until) for age in range(LONGEST_WRAP_UP)]
        step = until / STEPS
        self.talk = sum(
            exp(-ends * step * number) * (1 - exp(-ends * step)) * wrap_up.within(until - step * (number + 0.5))
            for number in range(STEPS)
        )


class Predictive(Pacing):
    """Learns everything online; `patience`: an answered call waits so long for an agent before it is abandoned."""

    name = "predictive"

    def __init__(self, budget: Budget, patience: Length = 2 * SECOND) -> None:
        super().__init__()
        self.patience = patience / SECOND
        self.answer_time = Duration(FIRST_RING, BELIEF, OLDEST)
        self.other_time = Duration(FIRST_OTHER, BELIEF, OLDEST)
        self.wrap_up = Duration(FIRST_WRAP_UP, BELIEF, LONGEST_WRAP_UP)
        self.answer_rate = AnswerRate(self.answer_time, self.other_time)
        self.spending = Spending(budget)
        self.talks, self.talk_time = BELIEF, FIRST_TALK * BELIEF
        """How many ended, and seconds talked by all."""
        self._second = self._looked = 0
        self._dialled_in: dict[int, int] = {}
        """Ringing lines by the second of their dial."""
        self._lengths: dict[int, list[tuple[Duration, Length]]] = {}
        """Of the lines that have ended, by the second of their dial."""
        self._given_up: dict[CallId, None] = {}
        """Lines that we hang up: how they would have ended is not known."""
        self._cut_short: dict[int, None] = {}
        """The seconds in which they were dialled."""
        self._known = 0
        self._views: list[View] = []
        self._planned: deque[float] = deque()
        """The chances of the dials that were asked for last."""

    # --- facts

    def dialled(self, call: CallId, now: Moment) -> None:
        """Spends what the dial's chance says."""
        self._pass(now)
        super().dialled(call, now)
        second = now // SECOND
        self._dialled_in[second] = self._dialled_in.get(second, 0) + 1
        if self._planned:
            self.spending.placed(self._planned.popleft(), self.answer_rate.mean, now)

    def answered(self, call: CallId, now: Moment) -> None:
        """Also teaches the ring time."""
        self._pass(now)
        since = self._line_ended(call, self.answer_time, now)
        super().answered(call, now)
        self.answer_rate.answered(self._age(now if since is None else since))
        self.spending.answered(now)

    def not_answered(self, call: CallId, now: Moment) -> None:
        """Also teaches how long a line rings in vain."""
        self._pass(now)
        since = self._line_ended(call, self.other_time, now)
        super().not_answered(call, now)
        is_given_up = self._given_up.pop(call, None) is not None
        if since is not None and not is_given_up:
            self.answer_rate.not_answered(self._age(since))

    def wrap_up_begun(self, agent: AgentId, now: Moment) -> None:
        """Also teaches the talk time."""
        self._learn_talk(agent, now)
        super().wrap_up_begun(agent, now)

    def agent_free(self, agent: AgentId, now: Moment) -> None:
        """Also teaches the wrap-up time, which is 0 where there is none."""
        if agent in self.talking:
            self._learn_talk(agent, now)
            self.wrap_up.add(0)
        elif agent in self.wrapping_up:
            self.wrap_up.add(now - self.wrapping_up[agent])
        super().agent_free(agent, now)

    def abandoned(self, call: CallId, now: Moment) -> None:
        """Also corrects what was expected."""
        super().abandoned(call, now)
        self.spending.abandoned()

    # --- decisions

    def calls_to_place(self, now: Moment) -> int:
        """Lines are added one by one, in thought, until the chance exceeds the limit."""
        self._pass(now)
        self._planned.clear()
        limit, shortages, chance = self.spending.limit(now), self._shortages(now), 0.0
        most = self._most(now)
        while len(self._planned) < most and self.is_staffed:
            chance = max(shortage.chance() for shortage in shortages)
            if chance > limit:
                break
            self._planned.append(chance)
            for shortage, view in zip(shortages, self._views, strict=True):
                shortage.add(view.lines[0])
        is_known = len(self._planned) < most
        return self._explain(now, chance, "chance over the limit" if is_known else "enough for this second")

    def calls_to_hang_up(self, now: Moment) -> tuple[CallId, ...]:
        """When an answer finds nobody more likely than not, as after agents vanished: who has been rung long enough."""
        if self.decision is None or self.decision.chance < HANG_UP_AT:
            return ()
        latest = now - LEAST_RING_TIME
        calls = tuple(call for call, since in self.ringing.items() if since <= latest)
        for call in calls:
            self._given_up[call] = None
            self._cut_short[self.ringing[call] // SECOND] = None
        return calls

    def _most(self, now: Moment) -> int:
        """Not more a second than what was learned meanwhile can correct; while little is known, a line an agent."""
        most = max(LEAST_A_SECOND, self.agents // AGENTS_A_DIAL) - self._dialled_in.get(now // SECOND, 0)
        if self._known < KNOWN_ENOUGH:
            most = min(most, self.free - len(self.ringing))
        return max(0, most)

    def _explain(self, now: Moment, chance: float, reason: str) -> int:
        rate, spending, placed = self.answer_rate, self.spending, len(self._planned)
        self._decide(
            now,
            placed,
            reason,
            rate.mean,
            rate.error,
            chance,
            spending.limit(now),
            spending.share(now),
            spending.budget.surplus,
        )
        return placed

    def deadline(self) -> Moment | None:
        """The next whole second while there is somebody to work."""
        return (self._second + 1) * SECOND if self._views and self.is_staffed else None

    def _shortages(self, now: Moment) -> list[Shortage]:
        """One for each view."""
        free, talking, ages, wrapping_up = self.free, len(self.talking), self._ages(self._second), self._wrapping(now)
        made: list[Shortage] = []
        for view in self._views:
            lines = [(count, view.lines[age]) for age, count in ages.items()]
            ends = [(count, view.wrap_ups[age]) for age, count in wrapping_up.items()]
            if self.agents <= MOST_EXACT:
                made.append(ExactShortage(lines, (talking, view.talk), ends, free))
            else:
                doubt = self.answer_rate.error / self.answer_rate.mean
                made.append(NormalShortage(lines, (talking, view.talk), ends, free, doubt))
        return made

    def _wrapping(self, now: Moment) -> dict[int, int]:
        """Agents in wrap-up by its age in seconds."""
        ages: dict[int, int] = {}
        for since in self.wrapping_up.values():
            age = min((now - since) // SECOND, LONGEST_WRAP_UP - 1)
            ages[age] = ages.get(age, 0) + 1
        return ages

    # --- time

    def _pass(self, now: Moment) -> None:
        """Let whole seconds go by in the estimate; of a long silence the last ten minutes."""
        second = now // SECOND
        if not self._views:
            self._second = second
            self._views = [View(share) for share in HORIZONS]
            self._look_ahead(now)
        if self._second < second:
            self._second = max(self._second, second - LONGEST_SILENCE)
            while self._second < second:
                self._next_second()
            if second >= self._looked + LOOK_AHEAD_EVERY:
                self._look_ahead(now)
        for view in self._views:
            view.ring(self.answer_rate, self._ages(second))

    def _next_second(self) -> None:
        self.answer_rate.second(self._ages(self._second))
        self._learn_lengths(self._second - OLDEST)
        self._second += 1

    def _look_ahead(self, now: Moment) -> None:
        """What busy agents will do. Talks that go on count too, or the short ones would be heard of first."""
        self._looked = now // SECOND
        going_on = sum(now - since for since in self.talking.values()) / SECOND
        for view in self._views:
            view.look(self.answer_time.mean, self.patience, self.talks / (self.talk_time + going_on), self.wrap_up)

    def _age(self, since: Moment) -> int:
        return min(OLDEST, max(0, self._second - since // SECOND))

    def _ages(self, second: int) -> dict[int, int]:
        """Ringing lines by their age in seconds."""
        return {min(OLDEST, second - began): count for began, count in self._dialled_in.items()}

    def _line_ended(self, call: CallId, kind: Duration, now: Moment) -> Moment | None:
        since = self.ringing.get(call)
        if since is not None:
            second = since // SECOND
            self._dialled_in[second] -= 1
            if not self._dialled_in[second]:
                del self._dialled_in[second]
            self._lengths.setdefault(second, []).append((kind, now - since))
        return since

    def _learn_lengths(self, second: int) -> None:
        """Of the lines dialled in this second, when all have ended: else the short ones would come first.

        Where one was hung up nothing is learned from any, or only the short ones would be left.
        """
        seen, is_cut_short = self._lengths.pop(second, ()), second in self._cut_short
        self._cut_short.pop(second, None)
        for kind, length in () if is_cut_short else seen:
            kind.add(length)
            self._known += 1

    def _learn_talk(self, agent: AgentId, now: Moment) -> None:
        since = self.talking.get(agent)
        if since is not None:
            self.talks += 1
            self.talk_time += (now - since) / SECOND
