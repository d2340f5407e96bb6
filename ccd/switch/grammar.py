"""The grammar of legs: one automaton for every switch, in tests and on live calls.

An inbound leg begins with LegArrived, a dialled one with Dial; every command that promises a result gets exactly one;
LegHungUp comes once and nothing after. Between: LegRinging only before the answer and once, one LegAnswered for a
dialled leg, LegReturned and LegReferred only from a bridge, LegsBridged only for a Bridge that was asked for.
"""

from ccd.model.command import (
    Answer,
    Bridge,
    Dial,
    HandBack,
    HangUp,
    PauseRecording,
    Play,
    RecordMessage,
    ResumeRecording,
    StartRecording,
    StopRecording,
    SwitchCommand,
)
from ccd.model.event import (
    BridgeFailed,
    Event,
    LegAnswered,
    LegArrived,
    LegHungUp,
    LegReferred,
    LegReturned,
    LegRinging,
    LegsBridged,
    MessageRecorded,
    PlayEnded,
    RecordingChanged,
    RecordingFailed,
    RecordingStarted,
)
from ccd.model.ids import LegId

Promise = tuple[str, str | int]
"""A result that is due: its kind, and the serial, recording or leg it is for."""


OVER_LIMIT = 100_000
"""Legs that are over are remembered up to this number."""


class GrammarError(Exception):
    """A driver broke the grammar: a fault of the program."""


class LegState:
    """What may come next on one leg."""

    def __init__(self, dialled: bool, answered: bool) -> None:
        self.dialled = dialled
        self.answered = answered
        self.rang = False
        self.bridged = False
        self.due: dict[Promise, int] = {}

    def promise(self, promise: Promise) -> None:
        """One result more is due."""
        self.due[promise] = self.due.get(promise, 0) + 1

    def redeem(self, promise: Promise) -> bool:
        """One of them came; False when none was due."""
        due = self.due.pop(promise, 0)
        if due > 1:
            self.due[promise] = due - 1
        return due > 0


class Grammar:
    """Feed it every command that is performed and every event; raises GrammarError at the first fault.

    Commands for a leg that is over promise nothing: the engine may not know yet.
    """

    def __init__(self) -> None:
        self.legs: dict[LegId, LegState] = {}
        self.over: dict[LegId, None] = {}

    def performed(self, command: SwitchCommand) -> None:
        """A command that was given to the driver."""
        if isinstance(command, Dial):
            if command.leg in self.legs or command.leg in self.over:
                raise GrammarError(f"{command.leg} is dialled a second time")
            self.legs[command.leg] = LegState(dialled=True, answered=False)
            return
        state = self.legs.get(command.leg)
        if state is not None:
            for promise in _promises(command):
                state.promise(promise)

    def happened(self, event: Event) -> None:
        """An event that the driver told."""
        if isinstance(event, LegArrived):
            if event.leg in self.legs or event.leg in self.over:
                raise GrammarError(f"{event.leg} arrived a second time")
            found = bool(event.variables)  # a leg of a former daemon may ring, talk, have been dialled
            arrived = self.legs[event.leg] = LegState(dialled=found, answered=event.answered)
            arrived.bridged = found
            return
        leg: LegId | None = getattr(event, "leg", None)
        if leg is None:
            return
        state = self.legs.get(leg)
        if state is None:
            raise GrammarError(f"{event} after the end of the leg, or before it began")
        self._check(event, leg, state)

    def _check(self, event: Event, leg: LegId, state: LegState) -> None:
        redeemed = _redeems(event)
        if redeemed and not any(state.redeem(promise) for promise in redeemed):
            raise GrammarError(f"{event} was not asked for, or is a second result")
        match event:
            case LegRinging():
                self._demand(state.dialled and not state.answered and not state.rang, event)
                state.rang = True
            case LegAnswered():
                first = state.dialled and not state.answered
                self._demand(state.redeem(("LegAnswered", "")) or first, event)
                state.answered = True
            case LegsBridged():
                other = self.legs.get(event.other)
                self._demand(other is not None, event)
                state.bridged = state.answered = True
                if other is not None:
                    other.bridged = True
            case LegReturned() | LegReferred():
                self._demand(state.bridged, event)
                state.bridged = False
            case LegHungUp():
                unpaid = [promise for promise in state.due if promise[0] not in ("LegAnswered", "LegHungUp")]
                self._demand(not unpaid, event, f": still due {unpaid}")
                del self.legs[leg]
                self.over[leg] = None
                if len(self.over) > OVER_LIMIT:
                    del self.over[next(iter(self.over))]

    @staticmethod
    def _demand(holds: bool, event: Event, why: str = "") -> None:
        if not holds:
            raise GrammarError(f"{event} cannot come here{why}")


def _promises(command: SwitchCommand) -> list[Promise]:
    match command:
        case Answer():
            return [("LegAnswered", "")]
        case Play() | RecordMessage():
            return [(type(command).__name__, command.serial)]
        case Bridge():
            return [("Bridge", command.other)]
        case HangUp() | HandBack():
            return [("LegHungUp", "")]
        case StartRecording():
            return [("StartRecording", command.recording)]
        case PauseRecording() | ResumeRecording() | StopRecording():
            return [("change", command.recording)]
    return []


def _redeems(event: Event) -> list[Promise]:
    """What the event may be the result of, the likeliest first."""
    match event:
        case PlayEnded():
            return [("Play", event.serial)]
        case MessageRecorded():
            return [("RecordMessage", event.serial)]
        case LegsBridged() | BridgeFailed():
            return [("Bridge", event.other)]
        case RecordingStarted():
            return [("StartRecording", event.recording)]
        case RecordingChanged():
            return [("change", event.recording)]
        case RecordingFailed():
            return [("StartRecording", event.recording), ("change", event.recording)]
    return []
