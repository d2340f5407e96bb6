"""The machine of one leg: where it is, what it was told, and the one result each command gets.

Places: `dialling` until the far end answers; `agi` in ccd-loop, under our commands; `moving` after a Redirect of ours,
until the channel says where it came out; `bridged`.
"""

import re
from collections.abc import Callable
from typing import Literal

from ccd.model.command import (
    Answer,
    Bridge,
    HandBack,
    HangUp,
    Hold,
    Play,
    RecordMessage,
    Ring,
    SetVariables,
    SwitchCommand,
)
from ccd.model.event import (
    BridgeFailed,
    DigitPressed,
    HungUpBy,
    LegAnswered,
    LegHeld,
    LegHungUp,
    LegReferred,
    LegReturned,
    LegRinging,
    PlayEnded,
    PlayResult,
)
from ccd.model.ids import MILLISECOND, SECOND, LegId, Moment
from ccd.model.standing import LegStanding
from ccd.switch.asterisk.action import is_success, said
from ccd.switch.asterisk.agi import Environment, UnsafeText, is_safe_name
from ccd.switch.asterisk.join import Join
from ccd.switch.asterisk.operation import Music, Operation, Playing, Recording
from ccd.switch.asterisk.output import Output
from ccd.switch.asterisk.recording import Monitor
from ccd.switch.asterisk.slot import Slot
from ccd.switch.state import engines, written
from ccd.wire.ami import EventList, Message

GHOST = 200 * MILLISECOND
"""A HangupRequest that no Hangup followed by then left a ghost: it is hung up (asterisk.md)."""
HANG_UP_AGAIN = SECOND
NO_CHANNEL_YET = 20 * MILLISECOND
"""A leg hung up in the instant it was dialled has no channel yet."""
ADOPTED = 300 * MILLISECOND
"""The first renewal of the lease; a leg bridged within that costs none. The dialplan's own time-out is 4 s: what is
spent of it here a daemon that begins anew does not have.
"""
PRESENCE = 60 * SECOND
"""So often a leg is looked for: Asterisk may forget a channel that ended as it began without a Hangup (live chaos)."""
FORGOTTEN = SECOND
"""The Hangup of a channel that was not found may be on its way, with the true cause."""
NORMAL_CLEARING = 16
NO_CHANNEL = "No such channel"
UP = "6"
"""ChannelState of an answered channel."""
DEFAULT_MUSIC = "default"
_NAME = re.compile(r"[A-Za-z0-9]+/[A-Za-z0-9_.+-]+-[0-9a-f]{8}")

Place = Literal["dialling", "agi", "moving", "bridged"]


class Leg:
    """One channel on the switch."""

    def __init__(self, output: Output, leg: LegId, unique: str, place: Place, answered: bool) -> None:
        self.id = leg
        self.unique = unique
        self.place: Place = place
        self.is_answered = answered
        self.is_leaving = False
        self.is_joined = place == "bridged"
        """LegsBridged was told, so its return is told too."""
        self.join: Join | None = None
        self.bridge = ""
        self.monitor = Monitor(output, leg, unique)
        self.carries: Monitor | None = None
        self.is_recalled = False
        """A former driver had it, and the switch was not asked about it yet."""
        self.owed: list[SwitchCommand] = []
        """What a former driver was told and whose result it did not tell, but for answer, hang-up and bridge."""
        self._output = output
        self._name = ""
        self._slot = Slot(output, unique, self._interrupt)
        self._music = ""
        self.on_failed: Callable[[int], None] = self.close
        self._is_answering = False
        self._is_coming = False
        """It was found on its way into AGI, not moved by us."""
        self._then: Callable[[], None] | None = None
        self._rings = False
        self.variables: dict[str, str] = {}
        self._is_unsent = False
        self._is_to_ring = False
        self._by: HungUpBy | None = None
        self._cause = 0

    def watch(self) -> None:
        """It is on the switch: from now on it is looked for."""
        self._output.alarm((self.unique, "presence"), PRESENCE, self._look)

    @property
    def peer(self) -> str:
        """What Asterisk is to find the channel by for a bridge: there it takes a name or Uniqueid for the beginning of
        one, and `T.1` is found as `T.10`, who dialled in the same second. Names end in eight digits.
        """
        return self._name or self.unique

    def is_named(self, name: str) -> None:
        """The name of its channel."""
        if _NAME.fullmatch(name):
            self._name = name

    # --- commands

    def answer(self) -> None:
        """Answer by a move through ccd-answer, which does not wait for audio."""
        if self.is_answered:
            self._output.emit(LegAnswered(self.id))
            return
        if self.place == "dialling":  # that is for its far end to do
            return
        self._is_answering = True
        self.move(self._output.settings.answer_context, "s")

    def answer_before(self, then: Callable[[], None]) -> None:
        """Answer, and go on with `then` when that is done. Tells nothing, unless an Answer is due."""
        self._then = then
        if self.place != "moving":
            self.move(self._output.settings.answer_context, "s")

    def play(self, play: Play) -> None:
        """Play sounds; what was played or recorded before stops."""
        try:
            operation = Playing(play, self._output.emit)
        except UnsafeText:
            operation = None
        if operation is None or not play.sounds or self.place in ("dialling", "bridged"):
            self._output.emit(PlayEnded(self.id, play.serial, "failed" if play.sounds else "finished"))
            return
        self._music = ""
        self._slot.put(operation)

    def stop_play(self) -> None:
        """Stop what plays."""
        if isinstance(self._slot.current, Playing):
            self._slot.stop()

    def hold(self, hold: Hold) -> None:
        """Music on hold."""
        if self.place in ("dialling", "bridged"):
            return
        self._music = hold.music if is_safe_name(hold.music) else DEFAULT_MUSIC
        self._slot.put(Music(self._music))

    def ring(self) -> None:
        """Let the caller hear that it rings, by a move through ccd-ring: there is no AGI command that could not outlive
        the wait in AGI's queue. Who was answered meanwhile hears music.
        """
        if self.is_answered:
            self.hold(Hold(self.id))
        elif self.place == "agi":
            self.move(self._output.settings.ring_context, "s")

    def record_message(self, recording: Recording) -> None:
        """Record what the far end says."""
        self._music = ""
        self._slot.put(recording)
        if self.place in ("dialling", "bridged"):
            self._slot.stop()

    def hang_up(self, cause: int) -> None:
        """End the leg; again and again until its Hangup is in."""
        self._by, self._cause = self._by or "us", cause
        self.is_leaving = True
        self._hang_up()

    def move(self, context: str, extension: str) -> None:
        """Redirect: interrupts whatever the channel does."""
        self.place, self._is_coming = "moving", False
        self._slot.leave()
        headers = [("Channel", self.unique), ("Context", context), ("Exten", extension), ("Priority", "1")]
        self._output.act("Redirect", headers, self._moved)

    def stop_operations(self) -> None:
        """Another leg is about to take this one into a bridge."""
        self._music = ""
        self._slot.stop()

    def set_variable(self, name: str, value: str) -> None:
        """Write a channel variable or function."""
        self._output.act("Setvar", [("Channel", self.unique), ("Variable", name), ("Value", value)])

    def while_away(self, command: Answer | Hold | Ring | HangUp | SetVariables) -> None:
        """A command without a result of its own, while the link is down: it is done when the link is back."""
        match command:
            case Answer():
                self._is_answering = not self.is_answered
            case Ring():
                self._is_to_ring = True
            case Hold():
                self._music = command.music if is_safe_name(command.music) else DEFAULT_MUSIC
            case HangUp():
                self._by, self._cause, self.is_leaving = self._by or "us", command.cause, True
            case SetVariables():
                self.variables.update(engines(command.variables))
                self._is_unsent = True

    def set_variables(self, variables: tuple[tuple[str, str], ...]) -> None:
        """Write our variables beside those written before."""
        self.variables.update(engines(variables))
        for name, value in written(self.variables.items()):
            self.set_variable(name, value)

    # --- what the switch says

    def agi_started(self, environment: Environment) -> None:
        """AsyncAGIStart: the channel is in ccd-loop and takes commands."""
        place, way = self.place, environment.way
        if place == "moving" and not way and not self._is_coming:
            return  # it came round the loop before it was moved
        self._is_coming = False
        self.place, self.bridge = "agi", ""
        self.monitor.talk_ended()
        self._pay_what_is_owed("lost")
        if place == "dialling" or (way == "answered" and self._is_answering):
            self._answered(is_machine=way == "machine")
        elif way == "referred":
            self._fail_join("moved by a phone")
            if self.is_joined:
                self._output.emit(LegReferred(self.id, environment.dialled))
        elif place == "bridged" and self.is_joined:
            self._output.emit(LegReturned(self.id))
        elif way == "returned":
            self._fail_join("the other leg was not there")
        self.is_joined = False
        then, self._then = self._then, None
        if then is not None:  # on its way to a bridge: no music in between, that would outlive the talk in AGI's queue
            self._music = ""
        self._enter()
        if then is not None and way == "answered":
            self.is_answered = True
            then()
        elif then is not None and self.join is not None:  # it came back from another move
            self.answer_before(then)

    def agi_executed(self, message: Message) -> None:
        """AsyncAGIExec: a command's result."""
        self._slot.executed(message.get("CommandId"), message.get("Result"))

    def dial_failed(self, cause: int, has_channel: bool) -> None:
        """OriginateResponse says Failure; the Hangup with the true cause comes, or without a channel never."""
        if self.place == "dialling":
            wait = GHOST if has_channel or self._rings or self.is_leaving else 0
            self._output.alarm((self.unique, "failed"), wait, lambda: self.on_failed(cause))

    def rings(self) -> None:
        """DialState with 180 or 183."""
        if self.place == "dialling" and not self._rings:
            self._rings = True
            self._output.emit(LegRinging(self.id))

    def digit_pressed(self, digit: str) -> None:
        """DTMFEnd of the far end: the only source of digits."""
        self._output.emit(DigitPressed(self.id, digit))
        self._slot.digit()

    def held(self, held: bool) -> None:
        """Hold and Unhold."""
        self._output.emit(LegHeld(self.id, held))

    def bridge_entered(self, bridge: str) -> None:
        """BridgeEnter: out of AGI without an AsyncAGIEnd, where another leg pulled it in."""
        if self._is_answering:
            self._answered()
        self.place, self.bridge, self.is_answered = "bridged", bridge, True
        self._music = ""
        self._slot.leave()
        self._output.alarms.clear((self.unique, "lease"))

    def bridge_answered(self, answer: EventList | None) -> None:
        """The Bridge action's answer: one that came after a HangupRequest made a ghost."""
        if answer is not None and not is_success(answer):
            self._fail_join(said(answer))
        elif self.is_leaving:
            self._hang_up()

    def hangup_requested(self) -> None:
        """HangupRequest: the far end leaves."""
        self._by = self._by or "far_end"
        self.is_leaving = self._slot.hung_up = True
        self._output.alarm((self.unique, "hangup"), GHOST, self._hang_up)

    def close(self, cause: int, sip_code: int = 0, by: HungUpBy | None = None, at: Moment = 0) -> None:
        """The leg is over: every result that is due, then LegHungUp."""
        for what in ("lease", "hangup", "stop", "failed", "presence"):
            self._output.alarms.clear((self.unique, what))
        self._slot.close()
        self._pay_what_is_owed("stopped")
        self._fail_join("a leg hung up")
        self.monitor.close()
        by = by or self._by or "switch"
        if cause == 0 and by == "us":
            cause = self._cause
        elif cause == 0 and by == "far_end":
            cause = NORMAL_CLEARING
        self._output.emit(LegHungUp(self.id, cause, by, sip_code, at))

    def recall(self, standing: LegStanding) -> None:
        """It stands where a former driver left it; `link_returned` or `close` says what became of that."""
        self.is_recalled = True
        self.variables.update(engines(standing.variables.items()))
        self._music, self._rings = standing.music, standing.has_rung
        for command in standing.due:
            match command:
                case Answer() | HangUp():
                    self.while_away(command)
                case RecordMessage():
                    self._slot.recall(Recording(command, self._output))
                case Play() | HandBack() | Bridge():
                    self.owed.append(command)

    def _pay_what_is_owed(self, play_result: PlayResult) -> None:
        """Of prompts nobody knows how far they came; a bridge that is still owed here has no other leg any more."""
        for command in self.owed:
            if isinstance(command, Play):
                self._output.emit(PlayEnded(self.id, command.serial, play_result))
            elif isinstance(command, Bridge):
                self._output.emit(BridgeFailed(self.id, command.other, "the other leg is gone"))
        self.owed = [command for command in self.owed if isinstance(command, HandBack)]

    def _recalled_in_agi(self) -> None:
        """A prompt of the former driver may still play: the move ends it, and what comes next begins at once."""
        self._pay_what_is_owed("lost")
        self.move(self._output.settings.loop_context, "returned")

    def is_gone(self) -> None:
        """It is not among the channels after the link was away: what ran has ended unseen."""
        self._slot.link_was_away()
        if self.join is not None:
            self.join.is_over()

    def link_returned(self, row: Message) -> None:
        """The leg as Status shows it after the link was away."""
        self.is_named(row.get("Channel"))
        self.watch()
        self._slot.link_was_away()
        self.monitor.link_returned()
        bridge = row.get("BridgeID")
        if self.join is not None:
            self._music = ""
            self.join.link_returned()
            if not bridge and row.get("Application") == "AGI":
                self.join.is_over()
        if self._is_unsent:
            self._is_unsent = False
            self.set_variables(tuple(self.variables.items()))
        if self.is_leaving:
            self._hang_up()
        if bridge:
            if self.place == "dialling":
                self._answered()
            self.bridge_entered(bridge)
        elif row.get("Application") == "AGI":
            self._found_in_agi(row)
        elif self.place == "agi" and row.get("Context") in self._output.settings.ways:
            self.place = "moving"

    def _found_in_agi(self, row: Message) -> None:
        if self._is_answering and row.get("ChannelState") != UP:
            self._is_answering = False
            self.answer()
            return
        if any(isinstance(command, Play) for command in self.owed):
            self._recalled_in_agi()
            return
        way = "answered" if self._is_answering else ""
        if self.join is not None and (not self.join.is_recalled or row.get("Exten") == "returned"):
            way = "returned"
        self.agi_started(Environment("", "", way))
        if self._is_to_ring:
            self._is_to_ring = False
            self.ring()

    def arrive(self, was_found: bool) -> None:
        """A new inbound leg in AGI, or one found there."""
        self.is_recalled = was_found
        self._is_coming = was_found and self.place == "moving"
        if self.place == "agi":
            self._enter()

    # --- inside

    def _enter(self) -> None:
        if self.is_recalled:  # its time may be nearly over
            self._renew_lease()
        else:
            self._output.alarm((self.unique, "lease"), ADOPTED, self._renew_lease)
        self._slot.enter()
        if self._music and self._slot.current is None:  # the move ended the music
            self._slot.put(Music(self._music))

    def _answered(self, *, is_machine: bool = False) -> None:
        self.is_answered, self._is_answering = True, False
        self._output.emit(LegAnswered(self.id, is_machine))

    def _fail_join(self, reason: str) -> None:
        if self.join is not None:
            self.join.fail(reason)

    def _interrupt(self, operation: Operation) -> None:
        if operation.needs_move:
            headers = [("Channel", self.unique), ("Context", self._output.settings.loop_context)]
            self._output.act("Redirect", [*headers, ("Exten", "s"), ("Priority", "1")])
        elif isinstance(operation, Playing):
            self._output.act("ControlPlayback", [("Channel", self.unique), ("Control", "stop")])

    def _moved(self, answer: EventList | None) -> None:
        """A Redirect whose answer is missing is not sent again; the channel says where it is, or that it is gone."""
        if answer is not None and not is_success(answer):
            self._is_answering = False
            self._fail_join("the leg could not be moved")
            if self.place == "moving":
                self.place = "agi"
                self._slot.enter()

    def _hang_up(self) -> None:
        headers = [("Channel", self.unique), ("Cause", str(self._cause or NORMAL_CLEARING))]
        self._output.act("Hangup", headers)
        again = NO_CHANNEL_YET if self.place == "dialling" and not self._rings else HANG_UP_AGAIN
        self._output.alarm((self.unique, "hangup"), again, self._hang_up)

    def _look(self) -> None:
        self.watch()
        self._output.act("Getvar", [("Channel", self.unique), ("Variable", "CCD_ROLE")], self._looked)

    def _looked(self, answer: EventList | None) -> None:
        if answer is not None and said(answer) == NO_CHANNEL:
            self._by = self._by or ("switch" if self.place == "dialling" else "far_end")
            self._output.alarm((self.unique, "failed"), FORGOTTEN, self._forgotten)

    def _forgotten(self) -> None:
        self.is_gone()
        self.on_failed(0)

    def _renew_lease(self) -> None:
        lease = self._output.settings.lease
        self.set_variable("TIMEOUT(absolute)", str(lease // SECOND))
        self.set_variable("CCD_TURNS", "0")
        self._output.alarm((self.unique, "lease"), lease // 2, self._renew_lease)
