"""A switch with its phones and callers for the engine's tests: it obeys commands late, in any order, as the grammar
of legs allows, and its people do what they like."""

from collections.abc import Mapping

from msgspec import Struct, field

from ccd.core.configuration import Configuration
from ccd.core.engine import Engine
from ccd.core.floor import Outcome
from ccd.model import command as c
from ccd.model import event as e
from ccd.model.ids import SECOND, Endpoint, LegId, Moment
from ccd.switch.grammar import Grammar
from tests.core.centre import PBX, START, check_types

RECORDING = (c.StartRecording, c.PauseRecording, c.ResumeRecording, c.StopRecording)


class WorldLeg(Struct):
    """A channel as the switch knows it; `due` are the commands whose results are still to come."""

    id: LegId
    state: str
    endpoint: Endpoint = Endpoint("")
    peer: LegId | None = None
    is_ending: bool = False
    due: list[c.AnyCommand] = field(default_factory=list)


class World:
    """One engine and its surroundings. `log` is what was fed, `said` what came of it."""

    def __init__(self, configurations: Mapping[str, Configuration], first: str) -> None:
        self.engine = Engine(configurations, first, seed=7)
        self.grammar = Grammar()
        self.now: Moment = START
        self.boot = 1
        self.is_up = False
        self.legs: dict[LegId, WorldLeg] = {}
        self.over: dict[LegId, None] = {}
        self.questions: list[c.Ask] = []
        self.log: list[tuple[e.AnyEvent, Moment]] = []
        self.said: list[Outcome] = []
        self._unique = 0

    # --- the engine

    def feed(self, event: e.AnyEvent) -> Outcome:
        """Hand an event in a microsecond later, what was due before it first, each at its time."""
        self.now += 1
        while (due := self.engine.deadline()) is not None and due < self.now:
            self._handle(e.TimePassed(), due)
        return self._handle(event, self.now)

    def wait(self, length: int) -> None:
        """Time passes: every deadline of it is kept."""
        self.now += length
        self.feed(e.TimePassed())

    def _handle(self, event: e.AnyEvent, now: Moment) -> Outcome:
        self.grammar.happened(event)
        outcome = self.engine.handle(event, now)
        self.log.append((event, now))
        self.said.append(outcome)
        check_types(self.engine, outcome)
        for command in outcome.commands:
            self._obey(command)
        self.check(event, outcome)
        return outcome

    def check(self, event: e.AnyEvent, outcome: Outcome) -> None:
        """After every handling; the tests say what must hold."""

    def _obey(self, command: c.AnyCommand) -> None:
        if isinstance(command, c.Ask):
            self.questions.append(command)
        elif not isinstance(command, c.Reply | c.UpdateCaller | c.BlockNumber):
            self.grammar.performed(command)
            self._perform(command)

    def _perform(self, command: c.SwitchCommand) -> None:
        if isinstance(command, c.Dial):
            self.legs[command.leg] = WorldLeg(command.leg, "ringing", command.endpoint)
            return
        assert command.leg in self.legs, f"{command} for a leg that is over"
        leg = self.legs[command.leg]
        if isinstance(command, c.HangUp | c.HandBack):
            leg.is_ending = True
        elif not isinstance(command, c.Hold | c.SetVariables | c.StopPlay):
            leg.due.append(command)

    # --- what people and the switch do; each is legal at any time

    def arrive(self, dnis: str, **more: object) -> LegId:
        """A caller from outside."""
        self._unique += 1
        leg = LegId(f"{PBX}/b{self.boot}/{self._unique}")
        self.legs[leg] = WorldLeg(leg, "early")
        self.feed(e.LegArrived(leg, ani="600", dnis=dnis, number="+34600", **more))  # type: ignore[arg-type]
        return leg

    def phone_dials(self, endpoint: Endpoint, dialled: str, number: str = "") -> LegId:
        """A number or a code dialled on a phone."""
        self._unique += 1
        leg = LegId(f"{PBX}/b{self.boot}/{self._unique}")
        self.legs[leg] = WorldLeg(leg, "early", endpoint)
        self.feed(e.LegArrived(leg, ani="agent", dnis=dialled, endpoint=endpoint, number=number))
        return leg

    def answer(self, leg: WorldLeg) -> None:
        """A dialled phone is picked up."""
        leg.state = "up"
        self.feed(e.LegAnswered(leg.id))

    def hang_up(self, leg: WorldLeg, cause: int = 16, by: e.HungUpBy = "far_end") -> None:
        """The end of a leg: what it still owed comes first, then the one who talked with it comes back."""
        while leg.due:
            self.result(leg, 0, fails=True)
        self._forget(leg)
        self.feed(e.LegHungUp(leg.id, cause, "us" if leg.is_ending else by))
        peer = self.legs.get(leg.peer) if leg.peer else None
        if peer is not None and peer.peer == leg.id:
            peer.peer = None
            self.feed(e.LegReturned(peer.id))

    def _forget(self, leg: WorldLeg) -> None:
        del self.legs[leg.id]
        self.over[leg.id] = None

    def result(self, leg: WorldLeg, which: int, *, fails: bool = False) -> None:
        """One of the results that a leg owes; those of a recording come in order."""
        command = leg.due[which % len(leg.due)]
        if isinstance(command, RECORDING):
            command = next(one for one in leg.due if isinstance(one, RECORDING))
        leg.due.remove(command)
        match command:
            case c.Answer():
                if not fails:
                    leg.state = "up"
                    self.feed(e.LegAnswered(leg.id))
            case c.Play():
                self.feed(e.PlayEnded(leg.id, command.serial, "failed" if fails else "finished"))
            case c.RecordMessage():
                self.feed(e.MessageRecorded(leg.id, command.serial, 0 if fails else 3 * SECOND, "finished"))
            case c.StartRecording() if not fails:
                self.feed(e.RecordingStarted(leg.id, command.recording))
            case c.PauseRecording() if not fails:
                self.feed(e.RecordingChanged(leg.id, command.recording, "paused"))
            case c.ResumeRecording() if not fails:
                self.feed(e.RecordingChanged(leg.id, command.recording, "recording"))
            case c.StopRecording() if not fails:
                self.feed(e.RecordingChanged(leg.id, command.recording, "stopped"))
            case c.StartRecording() | c.PauseRecording() | c.ResumeRecording() | c.StopRecording():
                self.feed(e.RecordingFailed(leg.id, command.recording, "no disk"))
            case c.Bridge():
                self._bridge(leg, command, fails)

    def _bridge(self, leg: WorldLeg, bridge: c.Bridge, fails: bool) -> None:
        other = self.legs.get(bridge.other)
        if fails or other is None or other.state != "up" or leg.peer or other.peer:
            self.feed(e.BridgeFailed(leg.id, bridge.other, "gone"))
            return
        leg.state, leg.peer, other.peer = "up", other.id, leg.id
        self.feed(e.LegsBridged(leg.id, other.id))

    def refer(self, leg: WorldLeg, dialled: str, number: str) -> None:
        """The far end of a talk asks to send this leg on."""
        other = self.legs[leg.peer] if leg.peer else None
        leg.peer = None
        if other is not None:
            other.peer = None
        self.feed(e.LegReferred(leg.id, dialled, number))

    def reboot(self) -> None:
        """The switch restarts: its legs are gone, its links down."""
        if self.is_up:
            self.is_up = False
            self.feed(e.SwitchDown(PBX, "boot"))
        self.boot += 1
        for leg in list(self.legs.values()):
            leg.peer = None
        for leg in list(self.legs.values()):
            self.hang_up(leg, 0, "switch")

    def connect(self) -> None:
        """The link is logged in."""
        self.is_up = True
        self.feed(e.SwitchUp(PBX, f"b{self.boot}"))

    def phone(self, endpoint: Endpoint, state: e.EndpointState) -> None:
        """A device state."""
        self.feed(e.EndpointChanged(PBX, endpoint, state))
