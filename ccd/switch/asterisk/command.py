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
from ccd.switch.asterisk.action import is_success
from ccd.switch.asterisk.agi import UnsafeText
from ccd.switch.asterisk.join import Join
from ccd.switch.asterisk.leg import Leg
from ccd.switch.asterisk.legs import Legs
from ccd.switch.asterisk.operation import Recording
from ccd.switch.asterisk.originate import originate
from ccd.switch.asterisk.output import Output
from ccd.switch.state import engines, written
from ccd.wire.ami import EventList, IllegalValue

AWAY = 27
"""Q.850 destination out of order: the switch itself cannot be reached."""
TEMPORARY_FAILURE = 41
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
            HangUp: lambda leg, command: leg.hang_up(command.cause),
            StartRecording: lambda leg, command: leg.monitor.start(command.recording, command.muted),
            PauseRecording: lambda leg, command: leg.monitor.pause(command.recording),
            ResumeRecording: lambda leg, command: leg.monitor.resume(command.recording),
            StopRecording: lambda leg, command: leg.monitor.stop(command.recording),
            RecordMessage: self._record_message,
            Bridge: self._bridge,
            SetVariables: lambda leg, command: leg.set_variables(command.variables),
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
            self._legs.refuse(command.leg, AWAY, "switch")
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
        try:
            headers = originate(dial, written(dial.variables), settings)
        except (IllegalValue, UnsafeText):
            self._legs.refuse(dial.leg, INVALID_CONTENTS)
            return
        if dial.leg != leg_id(settings.name, self._legs.boot, unique) or self._legs.by_unique(unique) is not None:
            self._legs.refuse(dial.leg, TEMPORARY_FAILURE)
            return
        leg = self._legs.dial(dial.leg, unique, dial.through or dial.endpoint)
        leg.variables.update(engines(dial.variables))
        self._output.act("Originate", headers, lambda answer: self._originated(leg, answer))
        self._output.alarm((unique, "failed"), dial.ring_time + PATIENCE, lambda: self._ask(leg))

    def _originated(self, leg: Leg, answer: EventList | None) -> None:
        if answer is None:
            self._ask(leg)
        elif not is_success(answer) and self._legs.get(leg.id) is leg:
            self._legs.close(leg, TEMPORARY_FAILURE, by="switch")

    def _ask(self, leg: Leg) -> None:
        """What became of a leg is not known: ask, never dial again."""

        def told(answer: EventList | None) -> None:
            if self._legs.get(leg.id) is not leg or leg.place != "dialling":
                return
            if answer is not None and not is_success(answer):
                self._legs.close(leg, TEMPORARY_FAILURE, by="switch")
            else:
                self._output.alarm((leg.unique, "failed"), PATIENCE, lambda: self._ask(leg))

        self._output.act("Status", [("Channel", leg.unique)], told)

    def _record_message(self, leg: Leg, record: RecordMessage) -> None:
        try:
            recording = Recording(record, self._output)
        except UnsafeText:
            self._output.emit(MessageRecorded(leg.id, record.serial, 0, "failed"))
            return
        leg.record_message(recording)

    def _bridge(self, leg: Leg, bridge: Bridge) -> None:
        other = self._legs.get(bridge.other)
        if leg.bridge and other is not None and leg.bridge == other.bridge:
            self._output.emit(LegsBridged(leg.id, other.id, self._output.sight.unseen_since(self._output.now)))
            return
        reason = _why_not(leg, other)
        if other is None or reason:
            self._output.emit(BridgeFailed(leg.id, bridge.other, reason))
            return
        Join(self._output, leg, other)
        if leg.monitor.is_on and not leg.is_answered:  # the application would answer it and wait for a frame of it
            leg.answer_before(lambda: self._bridge_recorded(leg, other))
        elif leg.monitor.is_on:
            self._bridge_recorded(leg, other)
        elif other.place == "bridged":
            headers = [("Channel1", leg.peer), ("Channel2", other.peer)]
            self._output.act("Bridge", headers, leg.bridge_answered)
        else:
            _move_to_bridge(self._output, leg, other)

    def _bridge_recorded(self, leg: Leg, other: Leg) -> None:
        """The other leg carries the monitor, so it is the one that goes through ccd-bridge."""
        if leg.join is None:  # it failed meanwhile
            return
        other.carries = leg.monitor
        leg.monitor.carried_by(other.unique)
        _move_to_bridge(self._output, other, leg)
        leg.set_variable("CCD_ROLE", "talked")

    def _hand_back(self, leg: Leg, command: HandBack) -> None:
        settings = self._output.settings
        extension = command.extension
        if not extension.isascii() or not extension.isalnum() or len(extension) > EXTENSION_LIMIT:
            extension = "s"
        leg.set_variable("TIMEOUT(absolute)", "0")
        leg.move(settings.handback_context, extension)
        self._legs.hand_back(leg)


def _move_to_bridge(output: Output, leg: Leg, peer: Leg) -> None:
    """The move first: it is what the two wait for."""
    leg.move(output.settings.bridge_context, f"peer{peer.peer}")
    peer.stop_operations()
    peer.set_variable("TIMEOUT(absolute)", "0")


def _why_not(leg: Leg, other: Leg | None) -> str:
    if other is None:
        return "the other leg is gone"
    if leg is other:
        return "a leg cannot be bridged with itself"
    if leg.join is not None or other.join is not None:
        return "a bridge is under way already"
    if leg.is_leaving or other.is_leaving:
        return "a leg is being hung up"
    if "dialling" in (leg.place, other.place) or other.place == "moving":
        return "a leg is not answered yet"
    if leg.monitor.is_on and leg.place == "bridged":  # the Bridge application must not take it out of there
        return "a leg that is recorded has to leave its bridge first"
    return ""
