"""The callers: when they call, what they press, how long they wait and talk."""

from collections.abc import Iterator, Sequence
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from msgspec import Struct

from ccd.core.flow.flow import Step
from ccd.core.flow.steps.collect import Collect
from ccd.core.flow.steps.menu import Menu
from ccd.model.ids import MILLISECOND, SECOND, LegId, Length, Moment, leg_id
from ccd.simulation.arrivals import arrivals
from ccd.switch.simulated.people import (
    Alone,
    AnySight,
    Calls,
    HangsUp,
    Hears,
    HearsEnd,
    HearsMusic,
    HearsRinging,
    IsAnswered,
    Over,
    Presses,
    Talks,
)

if TYPE_CHECKING:
    from ccd.simulation.world import World

KEY_TIME: Length = 300 * MILLISECOND
REDIAL_TIME: Length = 60 * SECOND
KEYS = "0123456789*#"


class Caller(Struct):
    """One caller. What he is like is drawn when he calls, so that two runs of one seed have the same callers.

    `mood` grows with all that he notices: what he meant to do before does not count then.
    """

    number: int
    dnis: str
    leg: LegId
    random: Random
    patience: Length
    talk_time: Length
    talk_times: dict[str, Length]
    is_early: bool
    mood: int = 0
    waits: int = 0
    is_waiting: bool = False
    has_replied: bool = False
    has_talked: bool = False
    tries: int = 1


class Callers:
    """All of them; `arrived` counts calls."""

    def __init__(self, world: "World", seed: int) -> None:
        self.arrived = 0
        self.there: dict[LegId, Caller] = {}
        self._world = world
        self._rules = world.profile.callers
        self._seed = seed

    def begin(self, began: Moment, until: Moment) -> None:
        """They call from now on, by the profile."""
        for dnis, rates in self._world.profile.calls.items():
            stream = arrivals(rates, began, until, Random(f"{self._seed}/{dnis}"))
            self._next(dnis, stream, Random(f"{self._seed}/{dnis}/callers"))

    def notice(self, sight: AnySight) -> bool:
        """What somebody at a leg notices; False if it is no caller's."""
        caller = self.there.get(sight.leg)
        if caller is None:
            return False
        if isinstance(sight, IsAnswered):  # nobody does anything else for it
            return True
        caller.mood += 1
        match sight:
            case Hears():
                self._hears(caller, sight.until_digit)
            case HearsEnd():
                self._reply(caller)
                self._give_up_silence(caller)
            case HearsMusic() | HearsRinging():
                self._waits(caller)
            case Talks():
                self._talks(caller, sight.other)
            case Alone():
                caller.is_waiting = False
                self._give_up_silence(caller)
            case Over():
                self._over(caller)
        return True

    # --- arriving

    def _next(self, dnis: str, stream: Iterator[Moment], random: Random) -> None:
        due = next(stream, None)
        if due is not None:
            self._world.at(due, lambda: self._arrive(dnis, stream, random))

    def _arrive(self, dnis: str, stream: Iterator[Moment], random: Random) -> None:
        self.call(dnis, Random(random.getrandbits(32)))
        self._next(dnis, stream, random)

    def call(self, dnis: str, random: Random, tries: int = 1) -> None:
        """Somebody dials the number."""
        self.arrived += 1
        rules, world = self._rules, self._world
        switch = world.any_switch(random)
        leg = leg_id(switch.name, switch.boot, f"c{self.arrived}")
        talk_times = {queue: times.draw(random) for queue, times in rules.talk_times.items()}
        patience, talk_time = rules.patience.draw(random), rules.talk_time.draw(random)
        is_early = random.random() < rules.early_hang_up_rate
        caller = Caller(self.arrived, dnis, leg, random, patience, talk_time, talk_times, is_early, tries=tries)
        self.there[leg] = caller
        number = f"+346{random.getrandbits(26):08d}"
        world.act(Calls(leg, dnis, number[3:], f"Caller {self.arrived}", number))
        self._give_up_silence(caller)

    # --- in the flow

    def _hears(self, caller: Caller, until_digit: bool) -> None:
        caller.has_replied = False
        if caller.is_early:
            self._after(caller, self._rules.think_time.draw(caller.random), HangsUp(caller.leg))
        elif until_digit:
            self._reply(caller)

    def _reply(self, caller: Caller) -> None:
        """Press what the step asks for, once a prompt; some press nothing."""
        found = self._step(caller)
        if caller.has_replied or found is None:
            return
        caller.has_replied = True
        if caller.random.random() < self._rules.silent_rate:
            return
        think = self._rules.think_time.draw(caller.random)
        for place, key in enumerate(self._keys(found, caller.random)):
            press = partial(self._press, caller, Presses(caller.leg, key))
            self._world.after(think + place * KEY_TIME, press)

    def _step(self, caller: Caller) -> tuple[str, str, Step] | None:
        """Flow, name and step that he is in, as the prompt told him."""
        floor = self._world.engine.floor
        leg = floor.legs.get(caller.leg)
        call = floor.calls[leg.call] if leg else None
        if call is None or call.cursor is None or call.phase != "flow":
            return None
        flow, name = call.cursor.flow, call.cursor.step
        return (flow.name, name, flow.steps[name]) if name in flow.steps else None

    def _keys(self, found: tuple[str, str, Step], random: Random) -> Sequence[str]:
        flow, name, step = found
        if random.random() < self._rules.wrong_key_rate:
            return random.choice(KEYS)
        wanted = self._rules.keys.get(f"{flow}.{name}") or self._rules.keys.get(name)
        if wanted:
            return random.choices(list(wanted), list(wanted.values()))[0]
        if isinstance(step, Menu):
            return random.choice(list(step.keys))
        if isinstance(step, Collect):
            digits = [random.choice("0123456789") for _ in range(min(max(step.min_length, 4), step.max_length))]
            return [*digits, step.terminator]
        return ""

    def _press(self, caller: Caller, press: Presses) -> None:
        if caller.leg in self.there and not caller.is_waiting:
            self._world.act(press)

    # --- waiting and talking

    def _waits(self, caller: Caller) -> None:
        if caller.is_waiting:
            return
        caller.is_waiting = True
        caller.waits += 1
        self._world.after(caller.patience, partial(self._leave, caller, caller.waits))

    def _leave(self, caller: Caller, waits: int) -> None:
        if caller.is_waiting and caller.waits == waits and caller.leg in self.there:
            self._world.act(HangsUp(caller.leg))

    def _talks(self, caller: Caller, other: LegId) -> None:
        caller.is_waiting, caller.has_talked = False, True
        length = self._world.talk_time(caller, other)
        who = caller.leg if caller.random.random() < 0.5 else other
        self._world.after(length, partial(self._end_talk, caller, caller.mood, HangsUp(who)))

    def _end_talk(self, caller: Caller, mood: int, act: HangsUp) -> None:
        if caller.mood == mood and caller.leg in self.there:
            self._world.act(act)

    def _give_up_silence(self, caller: Caller) -> None:
        self._after(caller, self._rules.silence_limit, HangsUp(caller.leg))

    def _after(self, caller: Caller, length: Length, act: HangsUp) -> None:
        """Do it then, unless he notices something before."""
        self._world.after(length, partial(self._end_talk, caller, caller.mood, act))

    def _over(self, caller: Caller) -> None:
        del self.there[caller.leg]
        world = self._world
        redials = not caller.has_talked and caller.tries < 3 and caller.random.random() < self._rules.redial_rate
        if redials and world.now + REDIAL_TIME < world.until:
            world.after(REDIAL_TIME, partial(self.call, caller.dnis, caller.random, caller.tries + 1))
