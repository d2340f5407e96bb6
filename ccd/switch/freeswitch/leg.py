"""The machine of one leg: where it is, what it was told, and the one result each command gets.

Places: `dialling` until the far end answers; `parked` under our commands; `away` on its way into a bridge, or through
the dialplan back from one; `bridged`.
"""

from collections.abc import Callable, Sequence
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
    MessageRecorded,
    PlayEnded,
    PlayResult,
)
from ccd.model.ids import MILLISECOND, SECOND, LegId, Length, Moment
from ccd.model.standing import LegStanding
from ccd.switch.freeswitch.channel import Channel
from ccd.switch.freeswitch.ending import Ending
from ccd.switch.freeswitch.join import Join
from ccd.switch.freeswitch.lease import Lease
from ccd.switch.freeswitch.operation import Message, Music, Playing
from ccd.switch.freeswitch.output import Output
from ccd.switch.freeswitch.question import Answer as Said
from ccd.switch.freeswitch.question import is_success
from ccd.switch.freeswitch.recording import Monitor
from ccd.switch.freeswitch.slot import Slot
from ccd.switch.freeswitch.text import UnsafeText, is_safe_name
from ccd.switch.state import engines, written
from ccd.wire.esl import Event

GHOST = 200 * MILLISECOND
"""A failed originate is followed, or was preceded, by its channel's end within this: that knows the true cause."""
ANSWERING = SECOND
DEFAULT_MUSIC = "default"

Place = Literal["dialling", "parked", "away", "bridged"]


class Leg:
    """One channel on the switch."""

    def __init__(self, output: Output, leg: LegId, uuid: str, place: Place, answered: bool) -> None:
        self.id = leg
        self.uuid = uuid
        self.place: Place = place
        self.is_answered = answered
        self.is_joined = place == "bridged"
        """LegsBridged was told, so its return is told too."""
        self.join: Join | None = None
        self.partner = ""
        """The channel it is bridged with."""
        self.is_left = False
        """That one has hung up."""
        self.monitor = Monitor(output, leg, uuid, self.write)
        self.is_recalled = False
        """A former driver had it, and the switch was not asked about it yet."""
        self.owed: list[SwitchCommand] = []
        """What a former driver was told and whose result it did not tell, but for answer, hang-up and bridge."""
        self.variables: dict[str, str] = {}
        self.on_gone: Callable[[int], None] = self.close
        self.lease = Lease(output, uuid)
        self._output = output
        self._ending = Ending(output, uuid, self._forgotten)
        self._ending.has_channel = place != "dialling"
        self._slot = Slot(output, uuid)
        self._music = ""
        self._is_answering = False
        self._rings = False
        self._is_unsent = False
        self._is_to_ring = False

    @property
    def is_leaving(self) -> bool:
        """Whether its end has begun, or is asked for."""
        return self._ending.is_leaving

    def watch(self) -> None:
        """It is on the switch: from now on it is looked for."""
        self._ending.watch()

    def is_seen(self) -> None:
        """The switch says something of its channel."""
        self._ending.has_channel = True

    # --- commands

    def answer(self) -> None:
        """Answer beside whatever the channel plays: `uuid_answer` waits for nothing."""
        if self.is_answered:
            self._output.emit(LegAnswered(self.id))
        elif self.place != "dialling":  # that is for its far end to do
            self._is_answering = True
            self._output.hurry((self.uuid, "answer"), ANSWERING)
            self._output.api("uuid_answer", self.uuid, self._answer_taken)

    def play(self, play: Play) -> None:
        """Play sounds; what was played or recorded before stops."""
        try:
            operation = Playing(self._output, play)
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
        self._slot.put(Music(self._output, self._music))

    def ring(self) -> None:
        """Let the caller hear that it rings. Who was answered meanwhile hears music."""
        if self.is_answered:
            self.hold(Hold(self.id))
        elif self.place == "parked":
            self._output.api("uuid_ring_ready", self.uuid)

    def record_message(self, record: RecordMessage) -> None:
        """Record what the far end says."""
        try:
            message = Message(self._output, record)
        except UnsafeText:
            message = None
        if message is None or self.place in ("dialling", "bridged"):
            self._output.emit(MessageRecorded(self.id, record.serial, 0, "failed"))
            return
        self._music = ""
        self._slot.put(message)

    def hang_up(self, cause: int) -> None:
        """End the leg; again and again until its end is in."""
        self._ending.is_ours(cause)
        self._ending.hang_up()

    def hand_back(self, extension: str) -> None:
        """To the dialplan, with nothing on it that would bring it back here."""
        ours = ("transfer_after_bridge", "force_transfer_context", "force_transfer_dialplan", "rdnis")
        self._clear_queue()
        self.lease.end()
        self.write([(name, "") for name in ours])
        self._output.api("uuid_transfer", f"{self.uuid} {extension} XML {self._output.settings.handback_context}")

    def set_variables(self, variables: tuple[tuple[str, str], ...]) -> None:
        """Write our variables beside those written before."""
        self.variables.update(engines(variables))
        self.write(written(self.variables.items()))

    def write(self, variables: Sequence[tuple[str, str]]) -> None:
        """Set channel variables; an empty value takes one away. Names and values are ours, and hold no `;`."""
        if variables:
            values = ";".join(f"{name}={value}" for name, value in variables)
            self._output.api("uuid_setvar_multi", f"{self.uuid} {values}")

    def while_away(self, command: Answer | Hold | Ring | HangUp | SetVariables) -> None:
        """A command without a result of its own, while the link is down: it is done when the link is back."""
        match command:
            case Answer():
                self._is_answering = True
            case Ring():
                self._is_to_ring = True
            case Hold():
                self._music = command.music if is_safe_name(command.music) else DEFAULT_MUSIC
            case HangUp():
                self._ending.is_ours(command.cause)
            case SetVariables():
                self.variables.update(engines(command.variables))
                self._is_unsent = True

    # --- for the bridge

    def be_taken(self) -> None:
        """It is about to be bridged."""
        self._clear_queue()
        self.place, self._music = "away", ""
        self._slot.drop_waiting()
        self._slot.leave()
        self.lease.stop()

    def is_in_bridge(self, partner: str) -> None:
        """It is bridged. A transfer that was put off would take it out of there again."""
        if self.place != "away" or self.is_recalled:
            self.lease.end()
        self.place, self.partner, self._music = "bridged", partner, ""
        self._slot.leave()
        self.lease.stop()

    def was_not_taken(self) -> None:
        """It was not: it is where it was, and may play still what it played."""
        if self.place == "away":
            self._slot.link_was_away("")
            self._enter()

    def is_free_again(self) -> None:
        """The bridge it was moved out of its talk for has failed: it is back from that talk."""
        if self.is_joined and self.place == "parked":
            self.is_joined, self.partner = False, ""
            self._output.emit(LegReturned(self.id))

    def free(self) -> None:
        """Move it out of its talk, and whom it talks with: alone, the other one would be hung up (`-both`). Who is left
        comes by himself, and a move would take him away again from where he is by then.
        """
        if not self.is_left:
            self._output.api("uuid_transfer", f"{self.uuid} -both {self._output.settings.returned} XML {self._context}")

    # --- what the switch says

    def parked(self, event: Event) -> None:
        """CHANNEL_PARK: the channel takes commands."""
        if event.get("Channel-State") == "CS_PARK":
            self._fetch()
            return
        way = event.variable("CCD_WAY")
        join = self.join
        if self.place == "parked" or (self.place == "away" and join is not None and not way):
            return  # it is there already; or this one of before it was bridged comes behind, by the other connection
        was = self.place
        self._enter()
        if was == "dialling":
            self._answered()
        elif join is not None:
            join.came_back(self)
        elif self.is_joined:
            self.is_joined, self.partner = False, ""
            self._output.emit(
                LegReferred(self.id, event.variable("CCD_DIALLED")) if way == "referred" else LegReturned(self.id)
            )

    def answered(self) -> None:
        """CHANNEL_ANSWER. A dialled leg is not free for us before its CHANNEL_PARK."""
        self.is_answered = True
        if self._is_answering:
            self._answered()

    def executed(self, event: Event) -> None:
        """CHANNEL_EXECUTE_COMPLETE."""
        self._slot.executed(event)

    def dial_failed(self, cause: int) -> None:
        """The originate's job says so; the channel's end with the true cause comes, or without a channel never."""
        if self.place == "dialling":
            wait: Length = GHOST if self._ending.has_channel or self.is_leaving else 0
            self._output.alarm((self.uuid, "gone"), wait, lambda: self.on_gone(cause))

    def rings(self) -> None:
        """CHANNEL_PROGRESS or CHANNEL_PROGRESS_MEDIA: 180 or 183."""
        if self.place == "dialling" and not self._rings and not self.is_answered:
            self._rings = True
            self._output.emit(LegRinging(self.id))

    def digit_pressed(self, digit: str) -> None:
        """DTMF of the far end: the only source of digits."""
        self._output.emit(DigitPressed(self.id, digit))
        self._slot.digit()

    def held(self, held: bool) -> None:
        """CHANNEL_HOLD and CHANNEL_UNHOLD."""
        self._output.emit(LegHeld(self.id, held))

    def hangs_up(self, by: HungUpBy | None) -> None:
        """CHANNEL_HANGUP: the end begins, its details follow."""
        self._ending.begins(by)
        self._slot.hung_up = True

    def close(self, cause: int, sip_code: int = 0, by: HungUpBy | None = None, at: Moment = 0) -> None:
        """The leg is over: every result that is due, then LegHungUp."""
        self.lease.stop()
        self._ending.close()
        self._output.alarms.clear((self.uuid, "gone"))
        self._output.calm((self.uuid, "answer"))
        self._output.calm((self.uuid, "dial"))
        self._slot.close()
        self._pay_what_is_owed("stopped")
        self.is_joined = False
        if self.join is not None:
            self.join.fail("a leg hung up")
        self.monitor.close()
        self._output.emit(LegHungUp(self.id, *self._ending.verdict(cause, by), sip_code, at))

    # --- after the link was away, or a former driver

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
                    self._slot.recall(Message(self._output, command))
                case Play() | HandBack() | Bridge():
                    self.owed.append(command)

    def is_gone(self) -> None:
        """It is not among the channels after the link was away: what ran has ended unseen."""
        self._slot.link_was_away("")
        if self.join is not None:
            self.join.is_over()

    def link_returned(self, channel: Channel) -> None:
        """The leg as the switch shows it after the link was away."""
        self.watch()
        self.is_seen()
        self.monitor.link_returned(channel.is_bridged)
        if self.join is not None:
            self.join.link_returned()
            if channel.is_parked:
                self.join.is_over()
        if self._is_unsent:
            self._is_unsent = False
            self.write(written(self.variables.items()))
        if self.is_leaving:
            self._ending.hang_up()
        if channel.is_answered:
            self._found_answered()
        elif self._is_answering:
            self.answer()
        if channel.is_bridged:
            self._found_bridged(channel)
        elif channel.is_parked:
            self._found_parked(channel)
        elif self.place != "dialling":
            self.place = "away"

    def arrive(self, channel: Channel | None) -> None:
        """A new leg in park, or one found somewhere (`channel`)."""
        self.is_recalled = channel is not None
        if self.place == "parked":
            if channel is not None:
                self._slot.link_was_away(channel.executed)
            self._enter()
        elif channel is not None and channel.is_bridged:
            self.is_in_bridge(channel.partner)

    # --- inside

    def _found_answered(self) -> None:
        if self._is_answering:
            self._answered()
        elif self.place != "dialling":
            self.is_answered = True

    def _found_bridged(self, channel: Channel) -> None:
        if self.place == "dialling":
            self._answered()
        self.is_in_bridge(channel.partner)

    def _found_parked(self, channel: Channel) -> None:
        was, self.place = self.place, "away"
        self._pay_what_is_owed("lost")
        if not (self._music and self._slot.adopt(Music(self._output, self._music), channel.executed)):
            self._slot.link_was_away(channel.executed)
        self._enter()
        if was == "dialling":
            self._answered()
        elif self.join is not None and (not self.join.is_recalled or channel.way == "returned"):
            self.join.came_back(self)
        elif self.join is None and self.is_joined:
            self.is_joined, self.partner = False, ""
            self._output.emit(LegReturned(self.id))
        if self._is_to_ring:
            self._is_to_ring = False
            self.ring()

    def _enter(self) -> None:
        self.place, self.is_left = "parked", False
        self.lease.begin(at_once=self.is_recalled)
        if self.join is not None:
            self._music = ""
        self._slot.enter()
        if self._music and self._slot.current is None:  # the way here ended the music
            self._slot.put(Music(self._output, self._music))

    def _answered(self) -> None:
        self.is_answered, self._is_answering = True, False
        self._output.alarms.clear((self.uuid, "gone"))
        self._output.calm((self.uuid, "answer"))
        self._output.calm((self.uuid, "dial"))
        self._output.emit(LegAnswered(self.id))

    def _answer_taken(self, answer: Said) -> None:
        """+OK says it as well as CHANNEL_ANSWER does, and may be here before it."""
        if is_success(answer) and self._is_answering:
            self._answered()

    def _pay_what_is_owed(self, play_result: PlayResult) -> None:
        """Of prompts nobody knows how far they came; a bridge that is still owed here has no other leg any more."""
        for command in self.owed:
            if isinstance(command, Play):
                self._output.emit(PlayEnded(self.id, command.serial, play_result))
            elif isinstance(command, Bridge):
                self._output.emit(BridgeFailed(self.id, command.other, "the other leg is gone"))
        self.owed = [command for command in self.owed if isinstance(command, HandBack)]

    def _fetch(self) -> None:
        """A bridge that its partner was taken out of parks a leg by itself, and hangs it up three seconds later."""
        self._output.api("uuid_transfer", f"{self.uuid} {self._output.settings.returned} XML {self._context}")

    @property
    def _context(self) -> str:
        return self._output.settings.context

    def _clear_queue(self) -> None:
        """What is only queued would play wherever the channel goes."""
        if self._slot.is_busy:
            self._output.api("uuid_break", f"{self.uuid} all")

    def _forgotten(self) -> None:
        self._ending.begins("switch" if self.place == "dialling" else "far_end")
        self.is_gone()
        self.on_gone(0)
