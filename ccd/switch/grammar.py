"""The grammar of legs: one automaton for every switch, in tests and on live calls.

It is also the book of the legs: what each was told, and which results are due (`standings`). A daemon that begins anew
reads from it where its driver stood.

An inbound leg begins with LegArrived, a dialled one with Dial; every command that promises a result gets exactly one;
LegHungUp comes once and nothing after. Between: LegRinging only before the answer and once, one LegAnswered for a
dialled leg, LegReturned and LegReferred only from a bridge, LegsBridged only for a Bridge that was asked for.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from ccd.model.command import (
    Answer,
    Bridge,
    Dial,
    HandBack,
    HangUp,
    Hold,
    PauseRecording,
    Play,
    RecordMessage,
    ResumeRecording,
    Ring,
    SetVariables,
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
from ccd.model.ids import Endpoint, LegId, RecordingId
from ccd.model.standing import LegStanding

Promise = tuple[str, str | int]
"""A result that is due: its kind, and the serial, recording or leg it is for."""


OVER_LIMIT = 100_000
"""Legs that are over are remembered up to this number."""


class GrammarError(Exception):
    """A driver broke the grammar: a fault of the program."""


class LegState:
    """What may come next on one leg, and what it was told."""

    def __init__(self, leg: LegId, dialled: bool, answered: bool, endpoint: Endpoint = Endpoint("")) -> None:
        self.leg = leg
        self.dialled = dialled
        self.answered = answered
        self.endpoint = endpoint
        self.rang = False
        self.bridged = False
        self.is_joined = False
        self.bridged_with: LegId | None = None
        self.has_talked = False
        self.music = ""
        self.rings = False
        self.recording: RecordingId | None = None
        self.muted = False
        self.variables: dict[str, str] = {}
        self.due: dict[Promise, list[SwitchCommand]] = {}

    def promise(self, promise: Promise, command: SwitchCommand) -> None:
        """One result more is due."""
        self.due.setdefault(promise, []).append(command)

    def redeem(self, promise: Promise) -> bool:
        """One of them came; False when none was due."""
        due = self.due.get(promise)
        if not due:
            return False
        due.pop(0)
        if not due:
            del self.due[promise]
        return True

    def told(self, command: SwitchCommand) -> None:
        """What the command means for where the leg stands."""
        note = _NOTES.get(type(command))
        if note is not None:
            note(self, command)

    def join(self, other: LegId) -> None:
        """It is in a bridge with the other."""
        self.is_joined = self.has_talked = True
        self.bridged_with, self.music = other, ""

    def standing(self) -> LegStanding:
        """As a value."""
        return LegStanding(
            leg=self.leg,
            is_dialled=self.dialled,
            is_answered=self.answered,
            endpoint=self.endpoint,
            is_joined=self.is_joined,
            bridged_with=self.bridged_with,
            music=self.music,
            rings=self.rings,
            has_rung=self.rang,
            recording=self.recording,
            muted=self.muted,
            has_talked=self.has_talked,
            variables=dict(self.variables),
            due=tuple(command for due in self.due.values() for command in due),
        )

    def _sounds(self, command: Hold | Play | RecordMessage) -> None:
        self.music = command.music if isinstance(command, Hold) else ""

    def _records(self, command: StartRecording | PauseRecording | ResumeRecording | StopRecording) -> None:
        self.recording = None if isinstance(command, StopRecording) else command.recording
        self.muted = isinstance(command, PauseRecording) or (isinstance(command, StartRecording) and command.muted)


def _ring(state: LegState, command: Ring) -> None:
    state.rings = True


def _set_variables(state: LegState, command: SetVariables) -> None:
    state.variables.update(command.variables)


_NOTES: dict[type, Callable[[LegState, Any], None]] = {
    Hold: LegState._sounds,
    Play: LegState._sounds,
    RecordMessage: LegState._sounds,
    StartRecording: LegState._records,
    PauseRecording: LegState._records,
    ResumeRecording: LegState._records,
    StopRecording: LegState._records,
    Ring: _ring,
    SetVariables: _set_variables,
}


class Grammar:
    """Feed it every command that is performed and every event; raises GrammarError at the first fault.

    Commands for a leg that is over promise nothing: the engine may not know yet. Where it is fed in the engine's order
    and not the driver's (a command comes before the end that the driver had told already), it must not be strict about
    results that are due at the end of a leg.
    """

    def __init__(self, over_limit: int = OVER_LIMIT, *, is_strict: bool = True) -> None:
        self._is_strict = is_strict
        self.legs: dict[LegId, LegState] = {}
        self.over: dict[LegId, None] = {}
        self._over_limit = over_limit

    @classmethod
    def going_on(cls, book: "Grammar") -> "Grammar":
        """A strict one for a driver that was recalled with the standings of this book."""
        made = cls()
        made.legs, made.over = deepcopy(book.legs), dict(book.over)
        return made

    def standings(self) -> list[LegStanding]:
        """Every leg that has not ended, in order of their beginning."""
        return [state.standing() for state in self.legs.values()]

    def performed(self, command: SwitchCommand) -> None:
        """A command that was given to the driver."""
        if isinstance(command, Dial):
            if command.leg in self.legs or command.leg in self.over:
                raise GrammarError(f"{command.leg} is dialled a second time")
            state = self.legs[command.leg] = LegState(command.leg, True, False, command.through or command.endpoint)
            state.variables.update(command.variables)
            return
        known = self.legs.get(command.leg)
        if known is not None:
            known.told(command)
            for promise in promises(command):
                known.promise(promise, command)

    def happened(self, event: Event) -> None:
        """An event that the driver told."""
        if isinstance(event, LegArrived):
            if event.leg in self.legs or event.leg in self.over:
                raise GrammarError(f"{event.leg} arrived a second time")
            found = bool(event.variables)  # a leg of a former daemon may ring, talk, have been dialled
            arrived = self.legs[event.leg] = LegState(event.leg, found, event.answered, event.endpoint)
            arrived.bridged = found
            arrived.is_joined = arrived.has_talked = bool(event.bridge)
            arrived.variables.update(event.variables)
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
                state.join(event.other)
                if other is not None:
                    other.bridged = True
                    other.join(leg)
            case LegReturned() | LegReferred():
                self._demand(state.bridged, event)
                state.bridged, state.is_joined, state.bridged_with = False, False, None
            case LegHungUp():
                unpaid = [promise for promise in state.due if promise[0] not in ("LegAnswered", "LegHungUp")]
                self._demand(not (unpaid and self._is_strict), event, f": still due {unpaid}")
                del self.legs[leg]
                self.over[leg] = None
                if len(self.over) > self._over_limit:
                    del self.over[next(iter(self.over))]

    @staticmethod
    def _demand(holds: bool, event: Event, why: str = "") -> None:
        if not holds:
            raise GrammarError(f"{event} cannot come here{why}")


def promises(command: SwitchCommand) -> list[Promise]:
    """The results that a command brings."""
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
