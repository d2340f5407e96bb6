"""The one loop: events in, through the engine into the journal, commands out; in this order, and nothing awaited.

Whatever arrives together (one read of a socket, one tick) is one batch: its inputs are journalled with one write, and
only then do the messages leave; what wants more than that is held back (`barrier`). Folds (records, metrics, watchers)
come last.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import structlog

from ccd.core.engine import Engine
from ccd.core.floor import Outcome
from ccd.daemon.barrier import Barrier
from ccd.daemon.clock import Clock
from ccd.daemon.journal import Journal
from ccd.model.command import AnyCommand, Ask, BlockNumber, Bridge, Dial, Reply, SwitchCommand, UpdateCaller
from ccd.model.event import AnyEvent, TimePassed, TimersHeld, TimersReleased
from ccd.model.fact import AnyFact
from ccd.model.ids import MILLISECOND, Moment, SwitchName, switch_of
from ccd.switch.base import Reaction

STALL = 500 * MILLISECOND
"""A loop that stood still for longer drains its sockets before any timer fires."""
QUIET = 0.02
"""Seconds without input after which a loop that stood still counts as drained."""
DRAIN_LIMIT = 1.0
"""Seconds after which it does in any case: where much happens it is never quiet."""
BEAT = 0.1
URGENT = (Dial, Bridge)
"""Somebody waits for these: they leave before what else was decided is even put into words."""
REST = 0.005
"""Seconds after an urgent command in which the watchers are not told: the switch, most likely on the same machine,
needs the processor to carry it out."""

log = structlog.get_logger()


class Line(Protocol):
    """A switch's driver together with its link."""

    name: SwitchName

    def perform(self, command: SwitchCommand, now: Moment) -> Reaction[Any]: ...

    def deadline(self) -> Moment | None: ...

    def tick(self, now: Moment) -> Reaction[Any]: ...

    def write(self, messages: Iterable[Any]) -> None: ...


class Watcher(Protocol):
    """Whoever folds facts; called after the messages have left."""

    def __call__(self, facts: tuple[AnyFact, ...], at: Moment) -> None: ...


class Pump:
    """Feeds the engine. Everything happens on one event loop, so nothing here needs a lock."""

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        clock: Clock,
        *,
        prepare: Callable[[AnyEvent], AnyEvent],
        ask: Callable[[Ask], None],
        reply: Callable[[Reply], None],
        update_caller: Callable[[UpdateCaller], None],
        block: Callable[[BlockNumber], None],
        barrier: Barrier,
        watchers: Iterable[Watcher] = (),
        follow: Callable[[AnyEvent, Outcome, Moment], None] = lambda event, outcome, now: None,
        may_write: Callable[[], bool] = lambda: True,
        noted: Callable[[AnyEvent], None] = lambda event: None,
        handled: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self.engine = engine
        self.lines: dict[SwitchName, Line] = {}
        self.faults = 0
        self._journal = journal
        self._clock = clock
        self._prepare = prepare
        self._aside: Mapping[type, Callable[[Any], None]] = {
            Ask: ask,
            Reply: reply,
            UpdateCaller: update_caller,
            BlockNumber: block,
        }
        self._barrier = barrier
        self._watchers = tuple(watchers)
        self._follow = follow
        self._may_write = may_write
        self._noted_event = noted
        self._handled = handled
        self._events: deque[AnyEvent] = deque()
        self._outbox: dict[SwitchName, list[Any]] = {}
        self._noted: list[tuple[tuple[AnyFact, ...], Moment]] = []
        self._unfollowed: tuple[AnyEvent, Outcome, Moment] | None = None
        self._hurries = False
        self._telling: asyncio.TimerHandle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._alive: Moment = clock.now()
        self._thaw: asyncio.TimerHandle | None = None
        """Set while a loop that stood still drains its sockets."""
        self._thaw_by = 0.0
        self._holds = False
        """Timers are held for that."""
        self._turning = False
        self._stopped = False

    # --- time

    def now(self) -> Moment:
        """The present moment. Where the loop stood still until now, the engine holds its timers first of all."""
        present = self._clock.now()
        stood, self._alive = present - self._alive, present
        if self._thaw is not None:
            self._put_off_thaw()
        elif stood > STALL and not self._stopped:
            log.warning("the loop stood still", seconds=stood / 1e6)
            self._thaw_by = asyncio.get_running_loop().time() + DRAIN_LIMIT
            self._put_off_thaw()
            if not self.engine.floor.holds_timers:  # a daemon that begins holds them anyway, for longer
                self._holds = True
                self._events.appendleft(TimersHeld())
        return present

    def start(self) -> None:
        """Begin to watch the clock."""
        self._alive = self._clock.now()
        self._beat()

    def stop(self) -> None:
        """Fire nothing any more."""
        for handle in (self._timer, self._thaw, self._telling):
            if handle is not None:
                handle.cancel()
        self._tell()
        self._stopped = True

    def _beat(self) -> None:
        if self._stopped:
            return
        if self._thaw is None:
            self.now()
        asyncio.get_running_loop().call_later(BEAT, self._beat)

    def _put_off_thaw(self) -> None:
        loop = asyncio.get_running_loop()
        if self._thaw is not None:
            self._thaw.cancel()
        self._thaw = loop.call_at(min(loop.time() + QUIET, self._thaw_by), self._thawed)

    def _thawed(self) -> None:
        self._thaw = None
        self._alive = self._clock.now()
        self._tick_lines(self._alive)
        if self._holds:
            self._holds = False
            self._events.append(TimersReleased())
        self._tick()

    # --- inputs

    def feed(self, event: AnyEvent) -> None:
        """One input that no switch sent: a request, an answer, a configuration."""
        self._events.append(event)
        self.turn()

    def react(self, line: Line, reaction: Reaction[Any]) -> None:
        """What a driver made of its input; `turn` goes on with it. Of a switch that was taken out nothing is heard."""
        if self.lines.get(line.name) is not line:
            return
        self._events.extend(reaction.events)
        if reaction.messages:
            self._outbox.setdefault(line.name, []).extend(reaction.messages)

    def turn(self) -> None:
        """Handle all inputs, journal them, let the messages leave, tell the watchers; then wait for the next."""
        if self._turning or self._stopped:
            return
        self._turning = True
        try:
            now = self.now()
            while self._events:
                self._handle(self._events.popleft(), now)
            self._release(now)
            self._follow_up()
            if self._hurries or self._telling is not None:
                self._tell_later()
            else:
                self._tell()
        finally:
            self._turning = False
        self._arm()
        if self._events:
            asyncio.get_running_loop().call_soon(self.turn)

    def _handle(self, event: AnyEvent, now: Moment) -> None:
        """One input. What was due before it is an input of its own, at its own time: a watch that looks at inputs sees
        things in the order in which they were decided.
        """
        while type(event) is not TimersHeld and (due := self.engine.deadline()) is not None and due < now:
            self._take(TimePassed(), due)
        self._take(event, now)

    def _take(self, event: AnyEvent, now: Moment) -> None:
        self._follow_up()
        began = time.perf_counter()
        event = self._prepare(event)
        self._noted_event(event)
        try:
            outcome = self.engine.handle(event, now)
        except Exception:
            # A fault of ours in one call must not take the others down: told in full, counted, and on.
            self.faults += 1
            log.exception("the engine failed", kind=type(event).__name__)
            outcome = self.engine.floor.outcome()
        self._journal.append(now, event, outcome.facts, outcome.commands)
        for command in outcome.commands:
            if self._perform(command, now) and type(command) in URGENT:
                self._release(now)
                self._hurries = True
        self._handled(time.perf_counter() - began)
        self._unfollowed = (event, outcome, now)
        if outcome.facts:
            self._noted.append((outcome.facts, now))

    def _follow_up(self) -> None:
        """The last input is followed after its messages left, and before the next one is handled."""
        last, self._unfollowed = self._unfollowed, None
        if last is not None:
            self._follow(*last)

    def _release(self, now: Moment) -> None:
        """What was decided is journalled, and then its messages leave; while it is not sure that this daemon is the one
        to decide, neither.
        """
        if not self._may_write():
            return
        self._journal.flush(now)
        self._barrier.written()
        for name, messages in self._outbox.items():
            if name in self.lines:
                self.lines[name].write(messages)
        self._outbox.clear()

    def _perform(self, command: AnyCommand, now: Moment) -> bool:
        """Whether it was; what the barrier holds back is carried out later."""
        if type(command) not in self._aside and self._barrier.takes(command):  # type: ignore[arg-type]
            return False
        self._carry_out(command, now)
        return True

    def _carry_out(self, command: AnyCommand, now: Moment) -> None:
        """A fault of a driver is as one of the engine: the other commands still leave."""
        try:
            aside = self._aside.get(type(command))
            if aside is not None:
                aside(command)
            elif (line := self.lines.get(switch_of(command.leg))) is not None:  # type: ignore[union-attr]
                self.react(line, line.perform(command, now))  # type: ignore[arg-type]
            else:
                log.warning("a command for a switch that was taken out", kind=type(command).__name__)
        except Exception:
            self.faults += 1
            log.exception("a command failed", kind=type(command).__name__)

    def go(self, commands: Iterable[SwitchCommand]) -> None:
        """The barrier lets these through."""
        now = self.now()
        for command in commands:
            self._carry_out(command, now)
        self.turn()

    def _tell_later(self) -> None:
        self._hurries = False
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(REST, self._tell)

    def settle(self) -> bool:
        """Tell the watchers what they were not told yet; False in the middle of a turn, when nothing is settled."""
        if self._turning:
            return False
        if self._telling is not None:
            self._telling.cancel()
        self._tell()
        return True

    def _tell(self) -> None:
        self._telling = None
        noted, self._noted = self._noted, []
        for facts, at in noted:
            for watcher in self._watchers:
                watcher(facts, at)

    # --- timers

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        dues = [due for due in (self.engine.deadline(), *(line.deadline() for line in self.lines.values())) if due]
        if dues:
            delay = max(0, min(dues) - self._clock.now()) / 1e6
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        now = self.now()
        if self._thaw is not None:
            return
        self._tick_lines(now)
        due = self.engine.deadline()
        if due is not None and due <= now:
            self._events.append(TimePassed())
        self.turn()

    def _tick_lines(self, now: Moment) -> None:
        for line in self.lines.values():
            due = line.deadline()
            if due is not None and due <= now:
                self.react(line, line.tick(now))
