"""A simulated switch under hand: what it says, by the clock, and the grammar over all of it."""

from random import Random

from ccd.model.command import SwitchCommand
from ccd.model.event import SwitchEvent
from ccd.model.ids import SECOND, Endpoint, LegId, Moment, SwitchName
from ccd.switch.base import Reaction
from ccd.switch.grammar import Grammar
from ccd.switch.simulated.driver import SimulatedSwitch
from ccd.switch.simulated.people import AnyAct, AnySight, Calls, PhoneChanges
from ccd.switch.simulated.settings import Settings

ANNA = Endpoint("PJSIP/anna")


class Bench:
    """Time passes only in `wait`; `events` and `sights` are all so far."""

    def __init__(self, settings: Settings | None = None, seed: int = 1, phones: tuple[Endpoint, ...] = (ANNA,)) -> None:
        self.switch = SimulatedSwitch(SwitchName("pbx"), Random(seed), settings)
        self.grammar = Grammar()
        self.now: Moment = SECOND
        self.events: list[SwitchEvent] = []
        self.sights: list[AnySight] = []
        for phone in phones:
            self.act(PhoneChanges(phone))
        self.take(self.switch.connected(self.now))

    def take(self, reaction: Reaction[AnySight]) -> list[SwitchEvent]:
        """Note what came of something."""
        for event in reaction.events:
            self.grammar.happened(event)
        self.events += reaction.events
        self.sights += reaction.messages
        return list(reaction.events)

    def act(self, act: AnyAct) -> list[SwitchEvent]:
        return self.take(self.switch.receive(act, self.now))

    def perform(self, command: SwitchCommand) -> list[SwitchEvent]:
        self.grammar.performed(command)
        return self.take(self.switch.perform(command, self.now))

    def wait(self, length: int = SECOND) -> list[SwitchEvent]:
        """Everything of this stretch, each at its time."""
        until, came = self.now + length, []
        while (due := self.switch.deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            came += self.take(self.switch.tick(self.now))
        self.now = until
        return came

    def lose(self) -> list[SwitchEvent]:
        return self.take(self.switch.lost("cut", self.now))

    def connect(self) -> list[SwitchEvent]:
        return self.take(self.switch.connected(self.now))

    def arrive(self, unique: str = "c1") -> LegId:
        """A caller; where the link is up, the daemon knows of him."""
        leg = LegId(f"pbx/{self.switch.boot}/{unique}")
        self.act(Calls(leg, "100"))
        self.wait(5_000)
        return leg
