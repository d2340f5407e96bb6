"""A day of one campaign on virtual time: lines ring, people answer, agents talk; the daemon's pacing and cap decide.

The list of contacts is endless. What is drawn for a line or a talk is fixed when it begins, from the seed.
"""

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from random import Random

from msgspec import Struct

from ccd.core.dialer.abandon import AbandonCap
from ccd.core.dialer.pacing.base import Pacing
from ccd.model.ids import SECOND, AgentId, CallId, Length, Moment
from ccd.simulation.answering import AnswerRates, steady
from ccd.simulation.distribution import Distribution, exponential, fixed, lognormal
from ccd.simulation.profile import HOUR


class Market(Struct, frozen=True):
    """What is dialled, and how agents work. `patience`: an answered call is abandoned after it."""

    talk_time: Distribution
    wrap_up_time: Distribution
    answer_time: Distribution
    no_answer_time: Distribution
    busy_time: Distribution
    busy_rate: float
    """Of the lines that nobody answers, which end after `busy_time`."""
    patience: Length
    may_hang_up: bool = True


def lifelike() -> Market:
    """Workload W-OUT-1."""
    return Market(lognormal(120, 0.9), lognormal(20, 0.5), lognormal(12, 0.5), fixed(30), fixed(4), 0.2, 2 * SECOND)


def markov() -> Market:
    """Workload W-OUT-M, which has an exact solution: no patience, no wrap-up, everything exponential."""
    line = exponential(12)
    return Market(exponential(140), fixed(0), line, line, line, 0.0, 0, may_hang_up=False)


class DayFigures(Struct):
    """Of one day. Times in microseconds, summed over agents, up to its end."""

    busy: Length = 0
    """Talk and wrap-up."""
    staffed: Length = 0
    live: int = 0
    abandoned: int = 0
    dialled: int = 0
    hung_up: int = 0
    most_share: float = 0.0
    """The largest abandoned / live at any instant of the day."""
    excess_losses: int = 0

    def occupancy(self) -> float:
        """(talk + wrap-up) / staffed."""
        return self.busy / self.staffed if self.staffed else 0.0

    def abandon_rate(self) -> float:
        """Abandoned / live answers."""
        return self.abandoned / self.live if self.live else 0.0


class Trouble(Struct, frozen=True):
    """How often agents vanish and come back, and the daemon is killed and stays dead; mean times between, 0: never."""

    vanish_every: Length = 0
    """Of one agent."""
    absence: Distribution = exponential(300)
    kill_every: Length = 0
    dead_time: Distribution = exponential(1.5)


class Dialling:
    """One day, event by event."""

    def __init__(
        self,
        market: Market,
        agents: int,
        pacing: Pacing,
        cap: AbandonCap,
        seed: str,
        rates: AnswerRates | None = None,
        length: Length = 8 * HOUR,
        trouble: Trouble | None = None,
        anew: Callable[[AbandonCap], Pacing] | None = None,
    ) -> None:
        """`anew` makes the pacing of a daemon that begins again after a kill."""
        self.market = market
        self.pacing = pacing
        self.cap = cap
        cap.closes_at = length
        self.length = length
        self.rates = rates or steady(0.3)
        self.figures = DayFigures(staffed=agents * length)
        self.now: Moment = 0
        self.random = Random(seed)
        self._events: list[tuple[Moment, int, Callable[[str], None], str]] = []
        self._number = 0
        self._calls = 0
        self._next_look: Moment = 0
        self._ready: deque[AgentId] = deque()
        self._waiting: deque[CallId] = deque()
        self._in_talk: dict[AgentId, Moment] = {}
        self._back_at: Moment = 0
        self._missed: list[tuple[Moment, Callable[[str], None], str]] = []
        self._anew = anew
        self._trouble = trouble or Trouble()
        for number in range(agents):
            self._free(AgentId(f"agent-{number}"))
            self._later(self._trouble.vanish_every, self._vanish, f"agent-{number}")
        self._later(self._trouble.kill_every, self._kill, "")

    def run(self) -> DayFigures:
        """Dial until the day is over, then let what rings and waits come to its end."""
        events = self._events
        self._decide()
        while events:
            now, _, handle, subject = heappop(events)
            self.now = now
            if now < self._back_at:
                self._missed.append((now, handle, subject))
                continue
            handle(subject)
            if now < self.length and (not events or events[0][0] > now):
                self._decide()
        self.figures.excess_losses = self.cap.excess_losses
        return self.figures

    def _later(self, mean: Length, handle: Callable[[str], None], subject: str) -> None:
        """Once more after an exponential time, if ever."""
        if mean and self.now < self.length:
            self._at(self.now + Distribution("exponential", mean).draw(self.random), handle, subject)

    def _at(self, due: Moment, handle: Callable[[str], None], subject: str) -> None:
        self._number += 1
        heappush(self._events, (due, self._number, handle, subject))

    # --- decisions

    def _decide(self) -> None:
        pacing, now = self.pacing, self.now
        wanted = pacing.calls_to_place(now)
        for _ in range(self.cap.allowed(wanted, now) if wanted > 0 else 0):
            self._dial()
        if self.market.may_hang_up:
            for call in pacing.calls_to_hang_up(now):
                self._hang_up(call)
        due = pacing.deadline()
        if due is not None and due < self.length and due > self._next_look:
            self._next_look = due
            self._at(due, self._look, "")

    def _look(self, _: str) -> None:
        """Time went by, that is all."""

    def _dial(self) -> None:
        self._calls += 1
        call, market, random, now = CallId(str(self._calls)), self.market, self.random, self.now
        self.cap.dialled(call, now)
        self.pacing.dialled(call, now)
        self.figures.dialled += 1
        if random.random() < self.rates.at(now):
            self._at(now + market.answer_time.draw(random), self._answered, call)
        else:
            is_busy = random.random() < market.busy_rate
            time = market.busy_time if is_busy else market.no_answer_time
            self._at(now + time.draw(random), self._not_answered, call)

    def _hang_up(self, call: CallId) -> None:
        self.figures.hung_up += 1
        self._not_answered(call)

    # --- trouble

    def _vanish(self, agent: str) -> None:
        """A ready agent is gone for a while; one who talks stays."""
        if AgentId(agent) in self._ready:
            self._ready.remove(AgentId(agent))
            self.cap.lose(AgentId(agent))
            self.pacing.agent_gone(AgentId(agent), self.now)
            self._at(self.now + self._trouble.absence.draw(self.random), self._free, agent)
        self._later(self._trouble.vanish_every, self._vanish, agent)

    def _kill(self, _: str) -> None:
        """The daemon dies; what it did not write down is lost, and what happens meanwhile it learns when it is back."""
        self._back_at = self.now + self._trouble.dead_time.draw(self.random)
        self._number += 1
        heappush(self._events, (self._back_at, -self._number, self._recover, ""))
        self._later(self._trouble.kill_every, self._kill, "")

    def _recover(self, _: str) -> None:
        """The cap as it stood, a pacing that knows nothing but who is there and what rings; then what was missed."""
        old, self.cap = self.pacing, AbandonCap.restored(self.cap.rules, self.cap.standing())
        self.cap.closes_at = self.length
        self.pacing = self._anew(self.cap) if self._anew else old
        if self.pacing is not old:
            self._tell(old)
        missed, self._missed = self._missed, []
        for at, handle, subject in missed:
            handle(subject)
            if handle == self._answered and self.now - at >= self.market.patience:
                self._gave_up(subject)

    def _tell(self, old: Pacing) -> None:
        """The new pacing what the switch knows."""
        for agent, since in old.ready.items():
            self.pacing.agent_free(agent, since)
        for agent, since in old.talking.items():
            self.pacing.talk_begun(agent, CallId(""), since)
        for agent, since in old.wrapping_up.items():
            self.pacing.wrap_up_begun(agent, since)
        for call, since in old.ringing.items():
            self.pacing.dialled(call, since)
        for call, since in old.waiting.items():
            self.pacing.answered(call, since)

    # --- lines

    def _answered(self, call: str) -> None:
        if call not in self.pacing.ringing:
            return
        self.cap.answered(CallId(call), self.now)
        self.pacing.answered(CallId(call), self.now)
        self.figures.live += 1
        if self._ready:
            self._talk(self._ready.popleft(), CallId(call))
        elif self.market.patience:
            self._waiting.append(CallId(call))
            self._at(self.now + self.market.patience, self._gave_up, call)
        else:
            self._abandon(CallId(call))

    def _not_answered(self, call: str) -> None:
        if call in self.pacing.ringing:
            self.cap.not_answered(CallId(call))
            self.pacing.not_answered(CallId(call), self.now)

    def _gave_up(self, call: str) -> None:
        if call in self._waiting:
            self._waiting.remove(CallId(call))
            self._abandon(CallId(call))

    def _abandon(self, call: CallId) -> None:
        figures = self.figures
        figures.abandoned += 1
        self.cap.abandoned(call, self.now)
        self.pacing.abandoned(call, self.now)
        figures.most_share = max(figures.most_share, figures.abandon_rate())

    # --- agents

    def _talk(self, agent: AgentId, call: CallId) -> None:
        self.cap.talk_begun(agent, call)
        self.pacing.talk_begun(agent, call, self.now)
        self._in_talk[agent] = self.now
        self._at(self.now + self.market.talk_time.draw(self.random), self._wrap_up, agent)

    def _wrap_up(self, agent: str) -> None:
        time = self.market.wrap_up_time.draw(self.random)
        if time:
            self.pacing.wrap_up_begun(AgentId(agent), self.now)
            self._at(self.now + time, self._free, agent)
        else:
            self._free(agent)

    def _free(self, agent: str) -> None:
        since = self._in_talk.pop(AgentId(agent), None)
        if since is not None:
            self.figures.busy += max(0, min(self.now, self.length) - since)
        self.cap.hold(AgentId(agent), self.now)
        self.pacing.agent_free(AgentId(agent), self.now)
        if self._waiting:
            self._talk(AgentId(agent), self._waiting.popleft())
        else:
            self._ready.append(AgentId(agent))
