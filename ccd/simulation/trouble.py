"""Faults from outside: the link lost for seconds, the switch restarted."""

from functools import partial
from random import Random
from typing import TYPE_CHECKING

from ccd.model.ids import Length
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
        self._again(self._rules.link_down_every, "link down")
        self._again(self._rules.restart_every, "switch restarted")

    def has_no_record(self) -> bool:
        """Whether a question goes unanswered."""
        rate = self._rules.no_record_rate
        if rate <= 0 or self._random.random() >= rate:
            return False
        self._count("no answer of the records")
        return True

    def _again(self, every: Length, kind: str) -> None:
        if every > 0:
            self._world.after(int(self._random.expovariate(1 / every)), partial(self._happens, every, kind))

    def _happens(self, every: Length, kind: str) -> None:
        world, rules = self._world, self._rules
        if world.now >= world.until:
            return
        if world.switch.is_up:
            self._count(kind)
            if kind == "link down":
                world.take(world.switch.lost("cut", world.now))
                world.after(rules.link_down_time.draw(self._random), self._back)
            else:
                world.act(Restarts())
                world.after(rules.restart_time.draw(self._random), self._back)
        self._again(every, kind)

    def _back(self) -> None:
        self._world.take(self._world.switch.connected(self._world.now))

    def _count(self, kind: str) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1
