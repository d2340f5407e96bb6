"""The simulated switch behind the seam of all switches: commands and people in, events and sights out."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from ccd.model.command import (
    Answer,
    Dial,
    Play,
    RecordMessage,
    SwitchCommand,
)
from ccd.model.event import (
    DigitPressed,
    EndpointState,
    LegArrived,
    SwitchDown,
    SwitchUp,
)
from ccd.model.ids import Endpoint, Moment, SwitchName
from ccd.model.standing import LegStanding
from ccd.switch.base import Cut, Reaction
from ccd.switch.simulated.channels import RECOVERY, Channels
from ccd.switch.simulated.commands import BUSY, BUSY_HERE, Commands
from ccd.switch.simulated.dialplan import Dialplan
from ccd.switch.simulated.leg import Leg
from ccd.switch.simulated.output import Output
from ccd.switch.simulated.people import (
    AnyAct,
    AnySight,
    Calls,
    FarPhone,
    HangsUp,
    HearsRinging,
    Holds,
    PhoneChanges,
    PicksUp,
    Presses,
    Refers,
    Rejects,
    Restarts,
)
from ccd.switch.simulated.phones import Phones
from ccd.switch.simulated.settings import Chance, Settings

REJECTED = 21


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
        self._commands = Commands(self._output, self._phones, self._channels)
        self._dialplan = Dialplan(self._output, self._channels)
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
            self._commands.dial(command, is_of_this_boot=command.leg.startswith(self._here()))
        elif (leg := self._channels.legs.get(command.leg)) is not None and leg.state != "gone":
            self._commands.perform(leg, command)
        elif leg is not None:  # over, which the daemon is yet to hear
            leg.due.append(command)
            if not self._output.is_up:
                self._commands.refuse(leg, command)
        return self._output.take()

    def died(self, now: Moment) -> Reaction[AnySight]:
        """The daemon is gone, and its link; nobody hears what was on its way. People notice what they notice."""
        self._output.run(now)
        self._output.is_up = False
        self._output.forget()
        return self._output.take()

    def recall(self, boot: str, standings: Iterable[LegStanding], now: Moment) -> None:
        """A new daemon, after `died`: what it knows of the legs takes the place of what the former one was told."""
        self._told_boot = boot
        self._channels.recall(list(standings))

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
            for bridge in self._channels.bridges_to_make(leg):
                self._commands.make_bridge(leg, bridge)
            if leg.state == "early" and any(isinstance(command, Answer) for command in leg.due):
                self._commands.answer_soon(leg)
            if leg.is_leaving and leg.state != "gone":
                self._commands.hang_up_soon(leg)
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

    def state_of(self, endpoint: Endpoint) -> EndpointState:
        """A phone's true state."""
        phone = self._phones.get(endpoint)
        return phone.state() if phone is not None else "unreachable"

    # --- people

    def _calls(self, act: Calls) -> None:
        if not act.leg.startswith(self._here()) or act.leg in self._channels.legs:
            return
        found = {} if self._output.is_up else {"CCD_ROLE": "agent" if act.endpoint else "caller"}
        arrival = LegArrived(act.leg, act.ani, act.ani_name, act.dnis, act.endpoint, act.number, variables=found)
        leg = Leg(act.leg, "early", act.endpoint, arrival=arrival)
        self._channels.add(leg)
        if self._dialplan.keeps(leg, act.dnis):
            return
        if leg.endpoint:
            self._output.see(HearsRinging(leg.id))
        self._channels.arrive(leg)

    def _picks_up(self, act: PicksUp) -> None:
        leg = self._channels.alive(act.leg)
        if leg is not None and leg.state == "ringing" and not leg.is_leaving:
            self._channels.answer(leg)
            self._dialplan.answered(leg)

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
            self._commands.message_ended(leg, leg.sound_number)
        elif isinstance(leg.sound, Play) and leg.sound.until_digit:
            self._channels.end_sound(leg, "digit")

    def _refers(self, act: Refers) -> None:
        leg = self._channels.alive(act.leg)
        if leg is not None and leg.peer is not None:
            self._channels.refer(leg, act.dialled, act.number)

    def _holds(self, act: Holds) -> None:
        leg = self._channels.alive(act.leg)
        if leg is not None:
            self._channels.hold(leg, held=act.held)

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

    def _far_phone(self, act: FarPhone) -> None:
        self._phones.use(act)

    def _restarts(self, act: Restarts) -> None:
        """Whoever had the link has lost it first; nobody hears of the channels' ends."""
        self._output.flush()
        if self._output.is_up:
            self._output.tell_now(SwitchDown(self.name, "the switch restarts"))
        self._output.is_up = False
        for leg in list(self._channels.legs.values()):
            self._channels.end(leg, 0, "switch")
        self._phones.forget_far()
        self._boots += 1
        self.boot = f"b{self._boots}"

    def _here(self) -> str:
        return f"{self.name}/{self.boot}/"


_ACTS: dict[type, Callable[[SimulatedSwitch, Any], None]] = {
    Calls: SimulatedSwitch._calls,
    PicksUp: SimulatedSwitch._picks_up,
    Rejects: SimulatedSwitch._rejects,
    HangsUp: SimulatedSwitch._hangs_up,
    Presses: SimulatedSwitch._presses,
    Refers: SimulatedSwitch._refers,
    Holds: SimulatedSwitch._holds,
    PhoneChanges: SimulatedSwitch._phone_changes,
    FarPhone: SimulatedSwitch._far_phone,
    Restarts: SimulatedSwitch._restarts,
}
