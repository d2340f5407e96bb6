"""The daemon killed at any moment, and another one that begins where it died: snapshot, the journal's tail, the switch.

Between two bytes of the journal there are four kinds of moments: before an input is in it (the input is lost, nothing
was commanded), when it is and nothing was commanded yet, when some of it was, and when all was.
"""

import pickle
from random import Random
from typing import TYPE_CHECKING, Literal

from ccd.core.floor import Outcome
from ccd.model.event import AnyEvent, Request, SwitchDown, TimersHeld, TimersReleased
from ccd.model.ids import MILLISECOND, Length, Moment
from ccd.simulation.invariants import Violation
from ccd.simulation.ledger import Ledger

if TYPE_CHECKING:
    from ccd.simulation.world import World

Kind = Literal["between inputs", "before the journal", "before commands", "amid commands"]
KINDS: tuple[Kind, ...] = ("between inputs", "before the journal", "before commands", "amid commands")
SNAPSHOT_EVERY = 500
"""Inputs."""
HOLD: Length = 100 * MILLISECOND
"""So long after the link is back the engine's time stands still: what happened meanwhile is read first."""


class Death:
    """Nothing is kept and nothing costs time until `kill` is expected (`faults: kill_every`)."""

    def __init__(self, world: "World", seed: int) -> None:
        self.is_dead = False
        self.holds_time = False
        """Whether no timer fires now."""
        self.kept: list[Request] = []
        self._world = world
        self._random = Random(f"{seed}/death")
        self._is_expected = world.profile.faults.kill_every > 0
        self._entries: list[tuple[AnyEvent, Outcome, Moment]] = []
        self._snapshot = pickle.dumps(world.ledger) if self._is_expected else b""
        self._next: Kind | None = None
        self._commands_left = 0

    def kill(self, kind: Kind | None = None) -> bool:
        """Now, or within the next input; whether it can be done."""
        if self.holds_time or self._next is not None:
            return False
        self._next = kind or self._random.choice(KINDS)
        self._commands_left = self._random.randrange(1, 4)
        if self._next == "between inputs":
            self._die()
        return True

    # --- within an input

    def is_before_journal(self) -> bool:
        """Whether the daemon dies here: the input was handled and is not in the journal."""
        if self._next != "before the journal":
            return False
        self._die()
        return True

    def journalled(self, event: AnyEvent, outcome: Outcome, now: Moment) -> None:
        """The input is in the journal."""
        if not self._is_expected:
            return
        self._entries.append((event, outcome, now))
        if len(self._entries) >= SNAPSHOT_EVERY and self._next is None:
            self._snapshot = pickle.dumps(self._world.ledger)
            self._entries.clear()
        if self._next == "before commands":
            self._die()

    def is_before_command(self) -> bool:
        """Whether the daemon is dead before the next command of the input."""
        if self.is_dead:
            return True
        if self._next != "amid commands":
            return False
        self._commands_left -= 1
        if self._commands_left < 0:
            self._die()
        return self.is_dead

    # --- the end, and the next

    def _die(self) -> None:
        self._next = None
        self.is_dead = self.holds_time = True
        world = self._world
        ledger: Ledger = pickle.loads(self._snapshot)  # noqa: S301 - our own, made above
        ledger.attach(world.configurations)
        for event, outcome, at in self._entries:
            again = ledger.engine.handle(event, at)
            if again != outcome:
                detail = f"{event}: {outcome} then, {again} now"
                world.violated(Violation(world.seed, world.number, at, "a journal is decided again as it says", detail))
            ledger.follow(event, again, at)
        world.reborn(ledger)
        world.after(world.profile.faults.dead_time.draw(self._random), self._begin)

    def _begin(self) -> None:
        world = self._world
        self.is_dead = False
        world.tell(TimersHeld())
        floor = world.engine.floor
        for name in world.switches:
            if floor.is_up(floor.network.area(name)):
                world.tell(SwitchDown(name, "the daemon began anew"))
        for ask in list(world.ledger.questions.values()):
            world.ask(ask)
        world.connect()
        kept, self.kept = self.kept, []
        for request in kept:
            world.tell(request)  # type: ignore[arg-type]  # one of AnyRequest
        world.after(HOLD, self._let_time_go)

    def _let_time_go(self) -> None:
        self.holds_time = False
        self._world.tell(TimersReleased())
