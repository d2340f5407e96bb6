"""The simulated world without chance: people do what a script says, questions have their right answers."""

from collections.abc import Callable, Mapping, Sequence

from ccd.config.secret import verify_secret
from ccd.core.acd.reason import Reasons
from ccd.core.cdr import CdrFold
from ccd.core.configuration import Configuration
from ccd.daemon.vault import Vault
from ccd.io import numbering
from ccd.model import event as e
from ccd.model.cdr import Cdr
from ccd.model.command import UpdateCaller
from ccd.model.fact import AgentChanged, AnyFact
from ccd.model.ids import SECOND, AgentId, CallerId, LegId, Moment
from ccd.model.question import (
    AnswerValue,
    AnyQuestion,
    CallerRecord,
    CheckPin,
    LookUpCaller,
    MatchSecret,
    NextContacts,
    Render,
)
from ccd.simulation.distribution import fixed
from ccd.simulation.profile import HOUR, Faults, Profile
from ccd.simulation.world import World
from ccd.switch.simulated import people as p
from ccd.switch.simulated.settings import Settings, Span
from tests.conformance.company import Sound
from tests.conformance.simulated_side import REGION, SimulatedSide

DEAD_TIME = 15
EMERGENCY = ("112",)


class ScriptedWorld(World):
    """`sides` are everybody's calls, by leg. `rung` is told of each phone that rings, and says whose call that is."""

    def __init__(
        self, configuration: Configuration, pins: Mapping[AgentId, str], sounds: Sequence[Sound], seed: int
    ) -> None:
        profile = Profile(
            calls={},
            faults=Faults(kill_every=HOUR, dead_time=fixed(DEAD_TIME)),
            switch=Settings(
                sound_times={sound.file: int(sound.seconds * SECOND) for sound in sounds},
                message_time=Span(HOUR, HOUR),  # whoever is asked for a message speaks until something ends it
                emergency=EMERGENCY,
                fallback="speech",
            ),
        )
        super().__init__(configuration, profile, seed=seed, hours=0.0)
        self.sides: dict[LegId, SimulatedSide] = {}
        self.rung: Callable[[p.Rings], SimulatedSide | None] = lambda sight: None
        self.changes: list[AgentChanged] = []
        self.cdrs: list[Cdr] = []
        self.records: dict[str, CallerRecord] = {}
        self.has_records = True
        self._pins = pins
        self._vault = Vault()
        self._fold = CdrFold()
        self._reasons = Reasons()
        self._reasons.configure(configuration.queues, configuration.agents)

    def notice(self, sight: p.AnySight) -> None:
        """The person whose call it is notices it."""
        if isinstance(sight, p.Rings) and (side := self.rung(sight)) is not None:
            self.sides[sight.leg] = side
        elif (known := self.sides.get(sight.leg)) is not None:
            known.notice(sight)

    def noted(self, fact: AnyFact, now: Moment) -> None:
        """Records are folds over the facts, as in the daemon."""
        if isinstance(fact, AgentChanged):
            self.changes.append(fact)
        explained = self._reasons.apply(fact, now)
        cdr = self._fold.apply(fact, now)
        if explained is not None:
            self._fold.explain(explained.offer.call, explained.offer.offer, explained.explanation)
        if cdr is not None:
            self.cdrs.append(cdr)

    # --- what the daemon does around the engine

    def tell(self, event: e.AnyEvent) -> None:
        """What is typed in secret goes to the vault."""
        if isinstance(event, e.DigitPressed) and (secret := self.engine.secret(event.leg)) is not None:
            event = self._vault.take(event, *secret)
        super().tell(event)

    def answer(self, what: AnyQuestion) -> AnswerValue:
        """As records, vault and numbering plan have it."""
        match what:
            case LookUpCaller():
                return self._look_up(what) if self.has_records else None
            case CheckPin(agent, token):
                return verify_secret(self._vault.reveal(token), self._pins.get(agent, ""))
            case MatchSecret(token, pattern):
                return self._vault.matches(token, pattern)
            case Render():
                return "speech"
            case NextContacts():
                return None
        return numbering.normalise(what.text, REGION)

    def _look_up(self, what: LookUpCaller) -> CallerRecord:
        known = self.records.get(what.number)
        fields = known.fields if known else {"name": what.name} if what.name else {}
        found = CallerRecord(CallerId(what.number), known is None, 1 if known else 0, dict(fields))
        self.records[what.number] = found
        return found

    def update(self, command: UpdateCaller) -> None:
        """Fields of a record."""
        self.records[command.caller].fields.update(command.fields)
