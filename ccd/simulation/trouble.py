"""What comes from outside: the link lost for seconds, the switch restarted, another configuration, a supervisor."""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from ccd.model.event import HangUpRequested, RecordingRequested
from ccd.model.ids import Length
from ccd.switch.simulated.driver import SimulatedSwitch
from ccd.switch.simulated.people import Restarts

if TYPE_CHECKING:
    from ccd.simulation.world import World


class Trouble:
    """Happens at random moments until the day is over; `counts` by kind."""

    def __init__(self, world: "World", seed: int) -> None:
        self.counts: dict[str, int] = {}
        self._world = world
        self._rules = world.profile.faults
        self._random = Random(f"{seed}/trouble")

    def begin(self) -> None:
        """From now on."""
        rules = self._rules
        self._again(rules.link_down_every, "link down", self._cut)
        self._again(rules.restart_every, "switch restarted", self._restart)
        if not self._world.configuration.network.is_one:
            self._again(rules.trunk_away_every, "trunk between switches away", self._trunk_away)
        self._again(rules.kill_every, "daemon killed", lambda: self._world.kill())
        self._again(rules.reload_every, "configuration loaded", self._reload)
        self._again(rules.supervisor_every, "supervisor", self._supervise)

    def has_no_record(self) -> bool:
        """Whether a question goes unanswered."""
        rate = self._rules.no_record_rate
        if rate <= 0 or self._random.random() >= rate:
            return False
        self._count("no answer of the records")
        return True

    def _again(self, every: Length, kind: str, do: Callable[[], bool]) -> None:
        """`do` says whether it could be done."""
        if every <= 0:
            return

        def happens() -> None:
            if self._world.now < self._world.until:
                if do():
                    self._count(kind)
                self._again(every, kind, do)

        self._world.after(int(self._random.expovariate(1 / every)), happens)

    def _cut(self) -> bool:
        world = self._world
        switch = world.any_switch(self._random)
        if not switch.is_up:
            return False
        world.take(switch.lost("cut", world.now))
        world.after(self._rules.link_down_time.draw(self._random), partial(self._back, switch))
        return True

    def _restart(self) -> bool:
        world = self._world
        switch = world.any_switch(self._random)
        if not switch.is_up:
            return False
        world.take(switch.receive(Restarts(), world.now))
        world.between.restarted(switch.name)
        world.after(self._rules.restart_time.draw(self._random), partial(self._back, switch))
        return True

    def _trunk_away(self) -> bool:
        """Nothing comes through it, and its switch says so."""
        trunks = sorted(self._world.configuration.network.between())
        if not trunks:
            return False
        trunk = self._random.choice(trunks)
        self._world.phone_changes(trunk, False, False)
        back = partial(self._world.phone_changes, trunk, True, False)
        self._world.after(self._rules.trunk_away_time.draw(self._random), back)
        return True

    def _reload(self) -> bool:
        self._world.load(self._random.choice(list(self._world.configurations)))
        return len(self._world.configurations) > 1

    def _supervise(self) -> bool:
        calls = list(self._world.engine.floor.calls)
        if not calls:
            return False
        call, luck = self._random.choice(calls), self._random.random()
        if luck < 0.2:
            self._world.request(HangUpRequested, call)
        else:
            self._world.request(RecordingRequested, call, self._random.choice(("start", "pause", "resume", "stop")))
        return True

    def _back(self, switch: SimulatedSwitch) -> None:
        if not self._world.is_dead and not switch.is_up:  # a new daemon connects by itself
            self._world.take(switch.connected(self._world.now))

    def _count(self, kind: str) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1
