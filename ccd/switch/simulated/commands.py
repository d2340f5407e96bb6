"""The engine's commands, carried out late, not at all, or refused at once while the link is down."""

from collections.abc import Callable
from functools import partial
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
from ccd.model.event import BridgeFailed, LegHungUp, MessageRecorded, PlayEnded, RecordingFailed
from ccd.switch.simulated.channels import NO_ANSWER, Channels, RecordingCommand, may_join
from ccd.switch.simulated.leg import Leg
from ccd.switch.simulated.output import Output
from ccd.switch.simulated.people import Hears, HearsMusic, HearsRinging, HearsTone, Rings
from ccd.switch.simulated.phones import Phones

UNREACHABLE = 20
BUSY = 17
AWAY = 27
TEMPORARY_FAILURE = 41
BUSY_HERE = 486
DOWN = "the link to the switch is down"


class Commands:
    """Each gets its one result. `dial` is told whether the leg is of the boot that runs."""

    def __init__(self, output: Output, phones: Phones, channels: Channels) -> None:
        self.settings = output.settings
        self._output = output
        self._phones = phones
        self._channels = channels

    def perform(self, leg: Leg, command: SwitchCommand) -> None:
        """One for a leg that lives."""
        leg.due.append(command)
        if self._output.is_up:
            _COMMANDS[type(command)](self, leg, command)
        else:
            self.refuse(leg, command)

    def dial(self, dial: Dial, *, is_of_this_boot: bool) -> None:
        """Ring a phone or a number outside."""
        output = self._output
        if not output.is_up or not is_of_this_boot:
            output.tell_now(LegHungUp(dial.leg, TEMPORARY_FAILURE if output.is_up else AWAY, "switch"))
            return
        leg = Leg(dial.leg, "dialling", dial.through or dial.endpoint, is_dialled=True)
        self._channels.add(leg)
        if output.fails("lost answer: Dial", self.settings.rates.lost_answer):
            end = partial(self._channels.end, leg, TEMPORARY_FAILURE, "switch")
            output.after(dial.ring_time + self.settings.action_time, end)
        else:
            output.after(output.draw(self.settings.delays.dial), partial(self._invite, leg, dial))

    def _invite(self, leg: Leg, dial: Dial) -> None:
        if leg.state == "gone":
            return
        phone = self._phones.get(leg.endpoint)
        if dial.through and (phone is None or phone.reachable):
            self._channels.ring(leg)
            self._output.see(
                Rings(leg.id, dial.endpoint, "", dial.ring_time, dial.outbound_cli, dial.cli_name, dial.through)
            )
            self._output.after(dial.ring_time, partial(self._rung_out, leg))
        elif not dial.number and (phone is None or not phone.reachable):
            self._channels.end(leg, UNREACHABLE, "switch")
        elif phone is not None and not dial.number and (phone.busy or len(phone.legs) > 1):
            self._channels.end(leg, BUSY, "far_end", BUSY_HERE)
        else:
            self._channels.ring(leg)
            self._output.see(Rings(leg.id, leg.endpoint, dial.number, dial.ring_time, dial.outbound_cli, dial.cli_name))
            self._output.after(dial.ring_time, partial(self._rung_out, leg))

    def _rung_out(self, leg: Leg) -> None:
        if leg.state == "ringing":
            self._channels.end(leg, NO_ANSWER, "switch")

    def _answer(self, leg: Leg, command: Answer) -> None:
        if not self._output.fails("lost answer: Answer", self.settings.rates.lost_answer):
            self.answer_soon(leg)

    def answer_soon(self, leg: Leg) -> None:
        """Our `Answer` takes effect."""
        self._output.after(self._output.draw(self.settings.delays.answer), partial(self._answered, leg))

    def _answered(self, leg: Leg) -> None:
        if leg.state in ("early", "up"):
            self._channels.answer(leg)

    def _play(self, leg: Leg, play: Play) -> None:
        self._channels.end_sound(leg, "stopped")
        leg.is_held = False
        if leg.peer is not None or leg.state not in ("early", "up") or not play.sounds:
            result: Any = "failed" if play.sounds else "finished"
            self._channels.pay(leg, play, PlayEnded(leg.id, play.serial, result))
            return
        leg.sound = play
        length = sum(self.settings.sound_time(sound, self._output.chance) for sound in play.sounds)
        self._output.see(Hears(leg.id, play.until_digit, play.sounds))
        length += self._output.draw(self.settings.delays.audio)
        self._output.after(length, partial(self._played, leg, leg.sound_number))

    def _played(self, leg: Leg, number: int) -> None:
        if leg.state != "gone" and leg.sound_number == number:
            self._channels.end_sound(leg, "finished")

    def _stop_play(self, leg: Leg, command: StopPlay) -> None:
        leg.due.remove(command)
        if isinstance(leg.sound, Play):
            self._channels.end_sound(leg, "stopped")

    def _hold(self, leg: Leg, command: Hold) -> None:
        leg.due.remove(command)
        if leg.peer is None:
            self._channels.end_sound(leg, "stopped")
            leg.is_held = True
            self._output.see(HearsMusic(leg.id))

    def _ring(self, leg: Leg, command: Ring) -> None:
        leg.due.remove(command)
        if leg.state == "early":
            self._output.see(HearsRinging(leg.id))

    def _record_message(self, leg: Leg, command: RecordMessage) -> None:
        self._channels.end_sound(leg, "stopped")
        leg.sound, leg.sound_began, leg.is_held = command, self._output.now, False
        self._output.see(HearsTone(leg.id, command.max_time, command.beep))
        length = min(command.max_time, self._output.draw(self.settings.message_time) + command.silence_time)
        self._output.after(length, partial(self.message_ended, leg, leg.sound_number))

    def message_ended(self, leg: Leg, number: int) -> None:
        """The message is over, unless another sound took its place."""
        if leg.state != "gone" and leg.sound_number == number and isinstance(leg.sound, RecordMessage):
            leg.sound_number += 1
            self._channels.end_message(leg, leg.sound, "finished")

    def make_bridge(self, leg: Leg, bridge: Bridge) -> None:
        """One that a former daemon asked for and the switch never heard of."""
        self._bridge(leg, bridge)

    def _bridge(self, leg: Leg, bridge: Bridge) -> None:
        other = self._channels.alive(bridge.other)
        output, settings = self._output, self.settings
        if other is None or leg.joining or not may_join(leg, other):
            self._channels.pay(leg, bridge, BridgeFailed(leg.id, bridge.other, "it cannot be bridged"))
            return
        leg.joining = bridge
        if output.fails("lost answer: Bridge", settings.rates.lost_answer):
            output.after(settings.action_time, partial(self._not_in_time, leg, bridge))
            return
        output.after(output.draw(settings.delays.bridge), partial(self._channels.join, bridge))
        if output.fails("hang-up crosses bridge", settings.rates.crossing):
            who = leg if output.chance.random() < 0.5 else other
            output.after(output.draw(settings.crossing), partial(self._channels.leave, who))

    def _not_in_time(self, leg: Leg, bridge: Bridge) -> None:
        if leg.joining == bridge:
            self._channels.fail_join(leg, "not in time")

    def _hang_up(self, leg: Leg, command: HangUp) -> None:
        leg.is_leaving = True
        if self._output.fails("lost answer: HangUp", self.settings.rates.lost_answer):
            self._output.after(self.settings.hang_up_again, partial(self._channels.hang_up, leg))
        else:
            self.hang_up_soon(leg)

    def hang_up_soon(self, leg: Leg) -> None:
        """Our hang-up takes effect."""
        self._output.after(self._output.draw(self.settings.delays.hang_up), partial(self._channels.hang_up, leg))

    def _hand_back(self, leg: Leg, command: HandBack) -> None:
        self._channels.end(leg, 0, "us")

    def _set_variables(self, leg: Leg, command: SetVariables) -> None:
        leg.due.remove(command)

    def _recording(self, leg: Leg, command: RecordingCommand) -> None:
        output = self._output
        if output.fails("lost answer: recording", self.settings.rates.lost_answer):
            pay = partial(self._channels.pay_recording, leg, command, "no answer")
            output.after(self.settings.action_time, pay)
        else:
            pay = partial(self._channels.pay_recording, leg, command)
            output.after(output.draw(self.settings.delays.recording), pay)

    def refuse(self, leg: Leg, command: SwitchCommand) -> None:
        """The link is down: results at once, the rest when it is back."""
        match command:
            case Answer():
                return
            case HangUp() | HandBack():
                leg.is_leaving = True
                return
            case Hold() | Ring():
                leg.is_held = True
            case StartRecording() | PauseRecording() | ResumeRecording() | StopRecording():
                self._refuse_recordings(leg)
                return
            case Play():
                self._output.tell_now(PlayEnded(leg.id, command.serial, "failed"))
            case RecordMessage():
                self._output.tell_now(MessageRecorded(leg.id, command.serial, 0, "failed"))
            case Bridge():
                self._output.tell_now(BridgeFailed(leg.id, command.other, DOWN))
        leg.due.remove(command)

    def _refuse_recordings(self, leg: Leg) -> None:
        """Results of a leg's recording come in order: what was under way is not waited for either."""
        for command in [command for command in leg.due if isinstance(command, RecordingCommand)]:
            leg.due.remove(command)
            self._output.tell_now(RecordingFailed(leg.id, command.recording, DOWN))


_COMMANDS: dict[type, Callable[[Commands, Leg, Any], None]] = {
    Answer: Commands._answer,
    Play: Commands._play,
    StopPlay: Commands._stop_play,
    Hold: Commands._hold,
    Ring: Commands._ring,
    RecordMessage: Commands._record_message,
    Bridge: Commands._bridge,
    HangUp: Commands._hang_up,
    HandBack: Commands._hand_back,
    SetVariables: Commands._set_variables,
    StartRecording: Commands._recording,
    PauseRecording: Commands._recording,
    ResumeRecording: Commands._recording,
    StopRecording: Commands._recording,
}
