"""The simulated switch behind the seam of all switches: commands and people in, events and sights out."""

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
    SetVariables,
    StartRecording,
    StopPlay,
    StopRecording,
    SwitchCommand,
)
from ccd.model.event import (
    BridgeFailed,
    DigitPressed,
    LegArrived,
    LegHungUp,
    MessageRecorded,
    PlayEnded,
    RecordingFailed,
    SwitchDown,
    SwitchUp,
)
from ccd.model.ids import Moment, SwitchName
from ccd.switch.base import Cut, Reaction
from ccd.switch.simulated.channels import NO_ANSWER, RECOVERY, Channels, RecordingCommand, may_join
from ccd.switch.simulated.leg import Leg
from ccd.switch.simulated.output import Output
from ccd.switch.simulated.people import (
    AnyAct,
    AnySight,
    Calls,
    HangsUp,
    Hears,
    HearsMusic,
    HearsTone,
    PhoneChanges,
    PicksUp,
    Presses,
    Refers,
    Rejects,
    Restarts,
    Rings,
)
from ccd.switch.simulated.phones import Phones
from ccd.switch.simulated.settings import Chance, Settings

UNREACHABLE = 20
BUSY = 17
REJECTED = 21
AWAY = 27
TEMPORARY_FAILURE = 41
BUSY_HERE = 486
DOWN = "the link to the switch is down"


class SimulatedSwitch:
    """A `Driver[AnyAct, AnySight]`. All chance comes from `chance`: the same seed gives the same day."""

    def __init__(self, name: SwitchName, chance: Chance, settings: Settings | None = None) -> None:
        self.name = name
        self.settings = settings or Settings()
        self.boot = "b1"
        self._boots = 1
        self._told_boot = ""
        self._output = Output(self.settings, chance)
        self._phones = Phones(name, self._output)
        self._channels = Channels(self._output, self._phones)
        self.faults = self._output.faults

    # --- the seam

    def receive(self, message: AnyAct, now: Moment) -> Reaction[AnySight]:
        """Somebody does something."""
        self._output.run(now)
        _ACTS[type(message)](self, message)
        return self._output.take()

    def perform(self, command: SwitchCommand, now: Moment) -> Reaction[AnySight]:
        """One intent of the engine; for a leg that is over there is nothing to do."""
        self._output.run(now)
        if isinstance(command, Dial):
            self._dial(command)
        elif (leg := self._channels.legs.get(command.leg)) is not None and leg.state != "gone":
            leg.due.append(command)
            if self._output.is_up:
                _COMMANDS[type(command)](self, leg, command)
            else:
                self._refuse(leg, command)
        elif leg is not None:  # over, which the daemon is yet to hear
            leg.due.append(command)
            if not self._output.is_up:
                self._refuse(leg, command)
        return self._output.take()

    def connected(self, now: Moment) -> Reaction[AnySight]:
        """The link is back: what is gone, the phones, SwitchUp, then what became of every leg."""
        self._output.run(now)
        self._output.is_up = True
        if self.boot != self._told_boot:
            for leg in [leg for leg in self._channels.legs.values() if not leg.id.startswith(self._here())]:
                self._channels.close(leg)
            self._output.flush()
            self._told_boot = self.boot
        self._phones.tell_all()
        self._output.tell_now(SwitchUp(self.name, self.boot))
        for leg in list(self._channels.legs.values()):
            self._channels.catch_up(leg)
            if leg.state == "early" and any(isinstance(command, Answer) for command in leg.due):
                self._output.after(self._output.draw(self.settings.delays.answer), partial(self._answered, leg))
            if leg.is_leaving and leg.state != "gone":
                self._hang_up_soon(leg)
        return self._output.take()

    def lost(self, reason: str, now: Moment) -> Reaction[AnySight]:
        """The link is down; the calls go on."""
        self._output.run(now)
        if self._output.is_up:
            self._output.flush()
            self._output.is_up = False
            self._output.tell_now(SwitchDown(self.name, reason))
        return self._output.take()

    def take_cut(self) -> Cut | None:
        """It never asks for one."""
        return None

    def deadline(self) -> Moment | None:
        """When the next thing happens in it."""
        return self._output.deadline()

    def tick(self, now: Moment) -> Reaction[AnySight]:
        """What is due."""
        self._output.run(now)
        return self._output.take()

    @property
    def is_up(self) -> bool:
        """Whether the link is."""
        return self._output.is_up

    # --- people

    def _calls(self, act: Calls) -> None:
        if not act.leg.startswith(self._here()) or act.leg in self._channels.legs:
            return
        found = {} if self._output.is_up else {"CCD_ROLE": "agent" if act.endpoint else "caller"}
        arrival = LegArrived(act.leg, act.ani, act.ani_name, act.dnis, act.endpoint, act.number, variables=found)
        leg = Leg(act.leg, "early", act.endpoint, arrival=arrival)
        self._channels.add(leg)
        self._channels.arrive(leg)

    def _picks_up(self, act: PicksUp) -> None:
        leg = self._channels.alive(act.leg)
        if leg is not None and leg.state == "ringing" and not leg.is_leaving:
            self._channels.answer(leg)

    def _rejects(self, act: Rejects) -> None:
        leg = self._channels.alive(act.leg)
        if leg is not None and leg.state == "ringing":
            cause = {BUSY_HERE: BUSY, 480: 18, 404: 1}.get(act.sip_code, REJECTED)
            self._channels.end(leg, cause, "far_end", act.sip_code)

    def _hangs_up(self, act: HangsUp) -> None:
        leg = self._channels.alive(act.leg)
        if leg is not None and leg.state in ("early", "up"):
            self._channels.leave(leg)

    def _presses(self, act: Presses) -> None:
        leg = self._channels.alive(act.leg)
        if leg is None or leg.state not in ("early", "up"):
            return
        if self._output.is_up:
            self._output.tell(DigitPressed(leg.id, act.digit), leg)
        if isinstance(leg.sound, RecordMessage):
            self._message_ended(leg, leg.sound_number)
        elif isinstance(leg.sound, Play) and leg.sound.until_digit:
            self._channels.end_sound(leg, "digit")

    def _refers(self, act: Refers) -> None:
        leg = self._channels.alive(act.leg)
        if leg is not None and leg.peer is not None:
            self._channels.refer(leg, act.dialled, act.number)

    def _phone_changes(self, act: PhoneChanges) -> None:
        self._phones.change(act)
        phone = self._phones.get(act.endpoint)
        if phone is not None and not act.reachable:
            for leg in list(phone.legs.values()):
                self._output.after(self.settings.media_time, partial(self._without_media, leg))

    def _without_media(self, leg: Leg) -> None:
        phone = self._phones.get(leg.endpoint)
        if phone is not None and not phone.reachable:
            self._channels.end(leg, RECOVERY, "switch")

    def _restarts(self, act: Restarts) -> None:
        """Whoever had the link has lost it first; nobody hears of the channels' ends."""
        self._output.flush()
        if self._output.is_up:
            self._output.tell_now(SwitchDown(self.name, "the switch restarts"))
        self._output.is_up = False
        for leg in list(self._channels.legs.values()):
            self._channels.end(leg, 0, "switch")
        self._boots += 1
        self.boot = f"b{self._boots}"

    # --- commands

    def _dial(self, dial: Dial) -> None:
        output = self._output
        if not output.is_up or not dial.leg.startswith(self._here()):
            output.tell_now(LegHungUp(dial.leg, TEMPORARY_FAILURE if output.is_up else AWAY, "switch"))
            return
        leg = Leg(dial.leg, "dialling", dial.endpoint, is_dialled=True)
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
        if not dial.number and (phone is None or not phone.reachable):
            self._channels.end(leg, UNREACHABLE, "switch")
        elif phone is not None and not dial.number and (phone.busy or len(phone.legs) > 1):
            self._channels.end(leg, BUSY, "far_end", BUSY_HERE)
        else:
            self._channels.ring(leg)
            self._output.see(Rings(leg.id, leg.endpoint, dial.number, dial.ring_time))
            self._output.after(dial.ring_time, partial(self._rung_out, leg))

    def _rung_out(self, leg: Leg) -> None:
        if leg.state == "ringing":
            self._channels.end(leg, NO_ANSWER, "switch")

    def _answer(self, leg: Leg, command: Answer) -> None:
        if not self._output.fails("lost answer: Answer", self.settings.rates.lost_answer):
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
        length = sum(self._output.draw(self.settings.prompt_time) for _ in play.sounds)
        self._output.see(Hears(leg.id, play.until_digit))
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

    def _record_message(self, leg: Leg, command: RecordMessage) -> None:
        self._channels.end_sound(leg, "stopped")
        leg.sound, leg.is_held = command, False
        self._output.see(HearsTone(leg.id, command.max_time))
        length = min(command.max_time, self._output.draw(self.settings.message_time) + command.silence_time)
        self._output.after(length, partial(self._message_ended, leg, leg.sound_number))

    def _message_ended(self, leg: Leg, number: int) -> None:
        if leg.state != "gone" and leg.sound_number == number and isinstance(leg.sound, RecordMessage):
            leg.sound_number += 1
            length = self._output.draw(self.settings.message_time)
            self._channels.end_message(leg, leg.sound, min(length, leg.sound.max_time), "finished")

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
            self._hang_up_soon(leg)

    def _hang_up_soon(self, leg: Leg) -> None:
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

    def _refuse(self, leg: Leg, command: SwitchCommand) -> None:
        """The link is down: results at once, the rest when it is back."""
        match command:
            case Answer():
                return
            case HangUp() | HandBack():
                leg.is_leaving = True
                return
            case Hold():
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

    def _here(self) -> str:
        return f"{self.name}/{self.boot}/"


_ACTS: dict[type, Callable[[SimulatedSwitch, Any], None]] = {
    Calls: SimulatedSwitch._calls,
    PicksUp: SimulatedSwitch._picks_up,
    Rejects: SimulatedSwitch._rejects,
    HangsUp: SimulatedSwitch._hangs_up,
    Presses: SimulatedSwitch._presses,
    Refers: SimulatedSwitch._refers,
    PhoneChanges: SimulatedSwitch._phone_changes,
    Restarts: SimulatedSwitch._restarts,
}
_COMMANDS: dict[type, Callable[[SimulatedSwitch, Leg, Any], None]] = {
    Answer: SimulatedSwitch._answer,
    Play: SimulatedSwitch._play,
    StopPlay: SimulatedSwitch._stop_play,
    Hold: SimulatedSwitch._hold,
    RecordMessage: SimulatedSwitch._record_message,
    Bridge: SimulatedSwitch._bridge,
    HangUp: SimulatedSwitch._hang_up,
    HandBack: SimulatedSwitch._hand_back,
    SetVariables: SimulatedSwitch._set_variables,
    StartRecording: SimulatedSwitch._recording,
    PauseRecording: SimulatedSwitch._recording,
    ResumeRecording: SimulatedSwitch._recording,
    StopRecording: SimulatedSwitch._recording,
}
