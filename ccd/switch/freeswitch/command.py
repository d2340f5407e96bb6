"""The engine's commands, carried out on the legs. One that cannot be gives its result at once."""

from collections.abc import Callable
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
    StopPlay,
    StopRecording,
    SwitchCommand,
)
from ccd.model.event import BridgeFailed, LegsBridged, MessageRecorded, PlayEnded, RecordingFailed
from ccd.model.ids import SECOND, leg_id, unique_of
from ccd.switch.freeswitch.join import Join
from ccd.switch.freeswitch.leg import Leg
from ccd.switch.freeswitch.legs import TEMPORARY_FAILURE, Legs, refused
from ccd.switch.freeswitch.originate import originate
from ccd.switch.freeswitch.output import Output
from ccd.switch.freeswitch.question import Answer as Said
from ccd.switch.freeswitch.question import is_success
from ccd.switch.freeswitch.text import UnsafeText, uuid_of
from ccd.switch.state import engines, written
from ccd.wire.esl import IllegalValue

AWAY = 27
"""Q.850 destination out of order: the switch itself cannot be reached."""
CONGESTION = 42
INVALID_CONTENTS = 100
PATIENCE = 5 * SECOND
"""How long after its ring time a dialled leg may be silent before the switch is asked about it."""
EXTENSION_LIMIT = 40


class Commands:
    """`perform` is for a switch that is up, `refuse` for one that is not."""

    def __init__(self, output: Output, legs: Legs) -> None:
        self._output = output
        self._legs = legs
        self._performers: dict[type, Callable[[Leg, Any], None]] = {
            Answer: lambda leg, command: leg.answer(),
            Play: lambda leg, command: leg.play(command),
            StopPlay: lambda leg, command: leg.stop_play(),
            Hold: lambda leg, command: leg.hold(command),
            Ring: lambda leg, command: leg.ring(),
            RecordMessage: lambda leg, command: leg.record_message(command),
            HangUp: lambda leg, command: leg.hang_up(command.cause),
            StartRecording: lambda leg, command: leg.monitor.start(command.recording, command.muted),
            PauseRecording: lambda leg, command: leg.monitor.pause(command.recording),
            ResumeRecording: lambda leg, command: leg.monitor.resume(command.recording),
            StopRecording: lambda leg, command: leg.monitor.stop(command.recording),
            SetVariables: lambda leg, command: leg.set_variables(command.variables),
            Bridge: self._bridge,
            HandBack: self._hand_back,
        }

    def perform(self, command: SwitchCommand) -> None:
        """Carry it out. For a leg that is over there is nothing to do and, after its LegHungUp, nothing to say."""
        if isinstance(command, Dial):
            self._dial(command)
        elif (leg := self._legs.get(command.leg)) is not None:
            self._performers[type(command)](leg, command)

    def refuse(self, command: SwitchCommand) -> None:
        """The link is down: results at once, the rest when it is back."""
        emit = self._output.emit
        if isinstance(command, Dial):
            refused(self._output, command.leg, AWAY, "switch")
            return
        leg = self._legs.get(command.leg)
        if leg is None:
            return
        match command:
            case Play():
                emit(PlayEnded(command.leg, command.serial, "failed"))
            case RecordMessage():
                emit(MessageRecorded(command.leg, command.serial, 0, "failed"))
            case Bridge():
                emit(BridgeFailed(command.leg, command.other, "the link to the switch is down"))
            case StartRecording() | PauseRecording() | ResumeRecording() | StopRecording():
                emit(RecordingFailed(command.leg, command.recording, "the link to the switch is down"))
            case HandBack():
                self._legs.hand_back(leg)
            case Answer() | Hold() | Ring() | HangUp() | SetVariables():
                leg.while_away(command)

    def _dial(self, dial: Dial) -> None:
        settings = self._output.settings
        unique = unique_of(dial.leg) if dial.leg.count("/") >= 2 else ""
        uuid = uuid_of(unique)
        try:
            argument = originate(dial, written(dial.variables), settings)
        except (IllegalValue, UnsafeText):
            refused(self._output, dial.leg, INVALID_CONTENTS)
            return
        if dial.leg != leg_id(settings.name, self._legs.boot, unique) or self._legs.by_uuid(uuid) is not None:
            refused(self._output, dial.leg, TEMPORARY_FAILURE)
            return
        if self._legs.jobs.is_full:
            refused(self._output, dial.leg, CONGESTION)
            return
        leg = self._legs.dial(dial.leg, uuid)
        leg.variables.update(engines(dial.variables))
        self._legs.jobs.begin(leg, argument, lambda answer: self._begun(leg, answer))
        self._output.hurry((uuid, "dial"), dial.ring_time)
        self._output.alarm((uuid, "gone"), dial.ring_time + PATIENCE, lambda: self._ask(leg))

    def _begun(self, leg: Leg, answer: Said) -> None:
        """+OK says that there is a job."""
        if not is_success(answer) and self._legs.get(leg.id) is leg:
            self._legs.close(leg, TEMPORARY_FAILURE, by="switch")

    def _ask(self, leg: Leg) -> None:
        """What became of a leg is not known: ask, never dial again."""

        def told(answer: Said) -> None:
            if self._legs.get(leg.id) is not leg or leg.place != "dialling":
                return
            if answer.text.strip() == "false":
                self._legs.close(leg, TEMPORARY_FAILURE, by="switch")
            else:
                self._output.alarm((leg.uuid, "gone"), PATIENCE, lambda: self._ask(leg))

        self._output.api("uuid_exists", leg.uuid, told)

    def _bridge(self, leg: Leg, bridge: Bridge) -> None:
        other = self._legs.get(bridge.other)
        if other is not None and leg.place == other.place == "bridged" and leg.partner == other.uuid:
            self._output.emit(LegsBridged(leg.id, other.id, self._output.sight.unseen_since(self._output.now)))
            return
        reason = _why_not(leg, other)
        if other is None or reason:
            self._output.emit(BridgeFailed(leg.id, bridge.other, reason))
            return
        Join(self._output, leg, other).begin()

    def _hand_back(self, leg: Leg, command: HandBack) -> None:
        extension = command.extension
        if not extension.isascii() or not extension.isalnum() or len(extension) > EXTENSION_LIMIT:
            extension = "s"
        leg.hand_back(extension)
        self._legs.hand_back(leg)


def _why_not(leg: Leg, other: Leg | None) -> str:
    if other is None:
        return "the other leg is gone"
    if leg is other:
        return "a leg cannot be bridged with itself"
    if leg.join is not None or other.join is not None:
        return "a bridge is under way already"
    if leg.is_leaving or other.is_leaving:
        return "a leg is being hung up"
    if "dialling" in (leg.place, other.place):
        return "a leg is not answered yet"
    return ""
