"""The channels of the simulated switch: how they ring, sound, meet, part and end."""

from functools import partial

from msgspec.structs import replace

from ccd.model.command import (
    Answer,
    Bridge,
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
    HungUpBy,
    LegAnswered,
    LegArrived,
    LegHeld,
    LegHungUp,
    LegReferred,
    LegReturned,
    LegRinging,
    LegsBridged,
    MessageRecorded,
    PlayEnded,
    PlayResult,
    RecordingChanged,
    RecordingFailed,
    RecordingStarted,
    SwitchEvent,
)
from ccd.model.ids import MILLISECOND, LegId, Length
from ccd.model.standing import LegStanding
from ccd.switch.simulated.leg import Leg
from ccd.switch.simulated.output import Output
from ccd.switch.simulated.people import Alone, HearsEnd, HearsMusic, IsAnswered, Over, Talks
from ccd.switch.simulated.phones import Phones

RecordingCommand = StartRecording | PauseRecording | ResumeRecording | StopRecording
NO_ANSWER = 19
NORMAL = 16
RECOVERY = 38
REFER_TIME: Length = 500 * MILLISECOND
SOMETHING: Length = 1
"""The length of a message whose end nobody saw."""


class Channels:
    """Every channel, the truth and what was told of it. While the link is down nothing is told or forgotten."""

    def __init__(self, output: Output, phones: Phones) -> None:
        self.legs: dict[LegId, Leg] = {}
        self._output = output
        self._phones = phones
        output.is_over = self._forget

    def add(self, leg: Leg) -> None:
        """A new channel."""
        self.legs[leg.id] = leg
        phone = self._phones.get(leg.endpoint)
        if phone is not None:
            phone.legs[leg.id] = leg
            self._phones.settle(leg.endpoint)

    def alive(self, leg: LegId) -> Leg | None:
        """The channel, if it lives."""
        found = self.legs.get(leg)
        return found if found is not None and found.state != "gone" else None

    def arrive(self, leg: Leg) -> None:
        """Tell of a channel that came by itself."""
        if self._output.is_up and leg.arrival is not None:
            leg.told_arrived = True
            self._output.tell(leg.arrival, leg)

    def ring(self, leg: Leg) -> None:
        """A dialled phone rings."""
        leg.state = "ringing"
        self._phones.settle(leg.endpoint)
        if self._output.is_up:
            leg.told_rang = True
            self._output.tell(LegRinging(leg.id), leg)

    def answer(self, leg: Leg) -> None:
        """The far end of a dialled leg picked up, or our `Answer` was carried out."""
        self.open(leg)
        self._phones.settle(leg.endpoint)
        self.tell_answered(leg)

    def open(self, leg: Leg) -> None:
        """From now on there is sound both ways; who called notices that he is answered."""
        if leg.state == "early":
            self._output.see(IsAnswered(leg.id))
        leg.state = "up"

    def tell_answered(self, leg: Leg) -> None:
        """Once for a dialled leg, once for every `Answer` of another."""
        asked = next((command for command in leg.due if isinstance(command, Answer)), None)
        if self._output.is_up and (asked is not None or (leg.is_dialled and not leg.told_up)):
            if asked is not None:
                leg.due.remove(asked)
            leg.told_up = True
            self._output.tell(LegAnswered(leg.id), leg)

    # --- results

    def pay(self, leg: Leg, command: SwitchCommand, event: SwitchEvent, other: Leg | None = None) -> None:
        """The one result of a command, if it is still due."""
        if self._output.is_up and not leg.told_over and command in leg.due:
            leg.due.remove(command)
            self._output.tell(event, leg, other)

    def end_sound(self, leg: Leg, result: PlayResult) -> None:
        """What is played or recorded ends."""
        sound, leg.sound = leg.sound, None
        leg.sound_number += 1
        if isinstance(sound, Play):
            self.pay(leg, sound, PlayEnded(leg.id, sound.serial, result))
            self._output.see(HearsEnd(leg.id))
        elif isinstance(sound, RecordMessage):
            self.end_message(leg, sound, "stopped")

    def end_message(self, leg: Leg, message: RecordMessage, result: str) -> None:
        """A message is in its file, all of it so far."""
        leg.sound = None
        length = min(self._output.now - leg.sound_began, message.max_time)
        self.pay(leg, message, MessageRecorded(leg.id, message.serial, length, result))  # type: ignore[arg-type]

    def pay_recording(self, leg: Leg, command: RecordingCommand, reason: str = "") -> None:
        """A recording command worked, or did not for this reason; one given earlier is not waited for any more."""
        if not self._output.is_up or command not in leg.due:
            return
        for earlier in leg.due[: leg.due.index(command)]:
            if isinstance(earlier, RecordingCommand):
                self.pay(leg, earlier, result_of(earlier, "no answer"))
        self.pay(leg, command, result_of(command, reason))

    # --- together and apart

    def fail_join(self, leg: Leg, reason: str) -> None:
        """A bridge that is under way does not come about."""
        bridge, leg.joining = leg.joining, None
        if bridge is not None:
            self.pay(leg, bridge, BridgeFailed(leg.id, bridge.other, reason))

    def join(self, bridge: Bridge) -> None:
        """The two meet, if both are still there."""
        leg, other = self.alive(bridge.leg), self.alive(bridge.other)
        if leg is None or leg.joining != bridge:
            return
        if other is None or not may_join(leg, other):
            self.fail_join(leg, "one of the legs was not there")
            return
        leg.joining = None
        self.end_sound(leg, "stopped")
        self.open(leg)
        leg.is_held = False
        leg.peer, other.peer = other.id, leg.id
        self._phones.settle(leg.endpoint)
        self.tell_joined(leg, other, bridge)
        self._output.see(Talks(leg.id, other.id))
        self._output.see(Talks(other.id, leg.id))

    def tell_joined(self, leg: Leg, other: Leg, bridge: Bridge) -> None:
        """The result of a bridge."""
        if self._output.is_up and bridge in leg.due:
            leg.told_joined = other.told_joined = True
            self.pay(leg, bridge, LegsBridged(leg.id, other.id), other)

    def part(self, leg: Leg) -> Leg | None:
        """The leg leaves its bridge; returns the one who stays."""
        peer = self.alive(leg.peer) if leg.peer else None
        leg.peer = None
        if peer is not None:
            peer.peer = None
            self._output.see(Alone(peer.id))
        return peer

    def return_(self, leg: Leg) -> None:
        """Out of a bridge, under our commands again."""
        if leg.state != "gone" and leg.peer is None and leg.told_joined and self._output.is_up:
            leg.told_joined = False
            self._output.tell(LegReturned(leg.id), leg)

    def refer(self, phone: Leg, dialled: str, number: str) -> None:
        """The phone sends the other side of its talk on; it leaves when it is told how that went, or hung up before."""
        peer = self.part(phone)
        if peer is not None and peer.told_joined and self._output.is_up:
            peer.told_joined = False
            self._output.tell(LegReferred(peer.id, dialled, number), peer)
        self._output.after(REFER_TIME, partial(self.end, phone, NORMAL, "far_end"))

    def hold(self, phone: Leg, *, held: bool) -> None:
        """The other side hears music until the phone takes it back; they stay bridged."""
        peer = self.alive(phone.peer) if phone.peer else None
        if peer is None:
            return
        if self._output.is_up:
            self._output.tell(LegHeld(phone.id, held), phone)
        if held:
            self._output.see(HearsMusic(peer.id))
            self._output.see(Alone(phone.id))
        else:
            self._output.see(Talks(peer.id, phone.id))
            self._output.see(Talks(phone.id, peer.id))

    # --- the end

    def leave(self, leg: Leg) -> None:
        """The far end hangs up. Crossing a bridge it may leave a ghost, which is cleared a little later."""
        output = self._output
        if leg.joining is not None and output.fails("ghost", output.settings.rates.ghost):
            output.after(output.settings.ghost_time, partial(self.end, leg, NORMAL, "far_end"))
        else:
            self.end(leg, NORMAL, "far_end")

    def end(self, leg: Leg, cause: int, by: HungUpBy, sip_code: int = 0) -> None:
        """The channel is over; who talked with it comes back."""
        if leg.state == "gone":
            return
        leg.cause, leg.by, leg.sip_code = cause, by, sip_code
        if isinstance(leg.sound, RecordMessage):
            self.end_message(leg, leg.sound, "hung_up")
        peer = self.part(leg)
        leg.state = "gone"
        phone = self._phones.get(leg.endpoint)
        if phone is not None:
            phone.legs.pop(leg.id, None)
            self._phones.settle(leg.endpoint)
        self._output.see(Over(leg.id, cause))
        self.close(leg)
        if peer is not None:
            goes = partial(self.end, peer, NORMAL, "us") if peer.is_unseen else partial(self.return_, peer)
            self._output.after(self._output.draw(self._output.settings.delays.return_), goes)

    def close(self, leg: Leg) -> None:
        """Tell the end: every result that is due, then LegHungUp. A leg that nobody knows is just gone."""
        if not self._output.is_up:
            return
        if leg.told_arrived or leg.is_dialled:
            self.pay_all(leg, "the leg is over")
            leg.told_over = True
            self._output.tell(LegHungUp(leg.id, leg.cause, leg.by, leg.sip_code), leg)
        else:
            del self.legs[leg.id]

    def _forget(self, leg: LegId) -> None:
        """Its end is told now: what was commanded while that was on its way has its results before."""
        over = self.legs.pop(leg, None)
        if over is None:
            return
        due, over.due = over.due, []
        for command in due:
            event = failure_of(command, "the leg is over")
            if event is not None:
                self._output.tell_now(event)

    def pay_all(self, leg: Leg, reason: str) -> None:
        """No result of these will come by itself any more."""
        for command in list(leg.due):
            event = failure_of(command, reason)
            if event is not None:
                self.pay(leg, command, event)

    # --- after the daemon died

    def recall(self, standings: list[LegStanding]) -> None:
        """What was told is what the new daemon knows."""
        for leg in list(self.legs.values()):
            self._unknown(leg)
        for standing in standings:
            leg = self.legs.get(standing.leg) or _left_meanwhile(standing)
            self.legs[leg.id] = leg
            leg.is_recalled = leg.told_arrived = True
            leg.told_rang, leg.told_up, leg.told_joined = standing.has_rung, standing.is_answered, standing.is_joined
            leg.due = list(standing.due)
            leg.is_held = bool(standing.music)
            leg.is_leaving = leg.is_leaving or any(isinstance(command, HangUp | HandBack) for command in leg.due)

    def _unknown(self, leg: Leg) -> None:
        leg.told_arrived = leg.told_rang = leg.told_up = leg.told_joined = leg.told_over = False
        leg.due = []
        if leg.state == "gone":
            del self.legs[leg.id]
        elif leg.arrival is not None:
            role = {"CCD_ROLE": "agent" if leg.endpoint else "caller"}
            leg.arrival = replace(leg.arrival, variables=role, answered=leg.state == "up")

    def bridges_to_make(self, leg: Leg) -> list[Bridge]:
        """What a former daemon asked for, and neither came about nor is under way."""
        was_recalled, leg.is_recalled = leg.is_recalled, False
        if not was_recalled or leg.state == "gone" or leg.joining is not None:
            return []
        return [command for command in leg.due if isinstance(command, Bridge)]

    # --- after the link was down

    def catch_up(self, leg: Leg) -> None:
        """Tell what was missed of one leg, as the switch's list of channels shows it."""
        if leg.state == "gone":
            self.close(leg)
            return
        if leg.arrival is not None and not leg.told_arrived:
            self.arrive(leg)
        if leg.state == "up":
            self.tell_answered(leg)
        if leg.joining is None:
            self._catch_up_bridge(leg)
        if leg.is_recalled:
            self._catch_up_sounds(leg)
        else:
            self.end_sound(leg, "stopped")
        for command in list(leg.due):
            if isinstance(command, RecordingCommand):
                self.pay_recording(leg, command)
        if leg.told_joined and leg.peer is None:
            self.return_(leg)
        if leg.is_held and leg.peer is None:
            self._output.see(HearsMusic(leg.id))

    def _catch_up_sounds(self, leg: Leg) -> None:
        """A message goes on; of prompts nobody knows."""
        for command in list(leg.due):
            if isinstance(command, Play):
                self.pay(leg, command, PlayEnded(leg.id, command.serial, "lost"))
            elif isinstance(command, RecordMessage) and command != leg.sound:
                self.pay(leg, command, MessageRecorded(leg.id, command.serial, SOMETHING, "hung_up"))
        if isinstance(leg.sound, Play):
            leg.sound = None
            leg.sound_number += 1
            self._output.see(HearsEnd(leg.id))

    def _catch_up_bridge(self, leg: Leg) -> None:
        for command in list(leg.due):
            if isinstance(command, Bridge):
                other = self.alive(command.other)
                if other is not None and leg.peer == other.id:
                    self.tell_joined(leg, other, command)
                elif not leg.is_recalled or other is None:
                    self.pay(leg, command, BridgeFailed(leg.id, command.other, "not in time"))

    def hang_up(self, leg: Leg) -> None:
        """We end it."""
        hang_up = next((command for command in leg.due if isinstance(command, HangUp | HandBack)), None)
        self.end(leg, hang_up.cause if isinstance(hang_up, HangUp) else NORMAL, "us")


def failure_of(command: SwitchCommand, reason: str) -> SwitchEvent | None:
    """The result of a command that will not be carried out; None where it promises none but the leg's end."""
    match command:
        case Play():
            return PlayEnded(command.leg, command.serial, "stopped")
        case RecordMessage():
            return MessageRecorded(command.leg, command.serial, 0, "hung_up")
        case Bridge():
            return BridgeFailed(command.leg, command.other, reason)
        case StartRecording() | PauseRecording() | ResumeRecording() | StopRecording():
            return RecordingFailed(command.leg, command.recording, reason)
    return None


def _left_meanwhile(standing: LegStanding) -> Leg:
    """A leg that is not there. Who was in a call has left it; one that was only dialled may never have been."""
    if standing.is_dialled and not standing.is_answered:
        return Leg(standing.leg, "gone", is_dialled=True)
    return Leg(standing.leg, "gone", is_dialled=standing.is_dialled, cause=NORMAL, by="far_end")


def may_join(leg: Leg, other: Leg) -> bool:
    """Whether the two can be bridged: the customer's leg may be unanswered, the other one not."""
    if leg is other or leg.peer or other.peer or leg.is_leaving or other.is_leaving:
        return False
    return leg.state in ("early", "up") and other.state == "up"


def result_of(command: RecordingCommand, reason: str) -> SwitchEvent:
    """What a recording command gives: without a reason it worked."""
    leg, recording = command.leg, command.recording
    if reason:
        return RecordingFailed(leg, recording, reason)
    if isinstance(command, StartRecording):
        return RecordingStarted(leg, recording)
    if isinstance(command, PauseRecording):
        return RecordingChanged(leg, recording, "paused")
    return RecordingChanged(leg, recording, "recording" if isinstance(command, ResumeRecording) else "stopped")


def arrival_of(leg: LegId, ani: str, ani_name: str, dnis: str, number: str, endpoint: str) -> LegArrived:
    """A channel in the dialplan's loop."""
    return LegArrived(leg, ani, ani_name, dnis, endpoint, number)  # type: ignore[arg-type]
