"""What the switch has after a login: device states and channels, against what the driver knew before."""

from collections.abc import Callable

from ccd.model.command import Bridge, SwitchCommand
from ccd.model.event import SwitchUp
from ccd.switch.asterisk.action import is_success, said
from ccd.switch.asterisk.endpoint import Endpoints
from ccd.switch.asterisk.leg import Leg, Place
from ccd.switch.asterisk.legs import ROLES, Legs
from ccd.switch.asterisk.output import Output
from ccd.switch.asterisk.session import Session
from ccd.switch.state import unpacked
from ccd.wire.ami import EventList, Message

EARLY_LIMIT = 50_000
RINGING_OUT = ("AppDial2", "AppDial")
UNSET = "(null)"
"""What Status says of a variable that the channel does not have."""


class Snapshot:
    """Asks, holds back the legs' events meanwhile, then tells the engine in order: phones, SwitchUp, legs, the events.

    The answers of Status and the events come by two ways, so a channel may be listed after its Hangup was sent; the
    events are therefore read after the list.
    """

    def __init__(
        self,
        output: Output,
        session: Session,
        endpoints: Endpoints,
        legs: Legs,
        perform: Callable[[SwitchCommand], None],
    ) -> None:
        self._output = output
        self._session = session
        self._endpoints = endpoints
        self._legs = legs
        self._perform = perform
        self._devices: EventList | None = None
        self._early: list[Message] = []

    def begin(self, boot: str) -> None:
        """The session is logged in and knows the boot."""
        self._early.clear()
        if boot != self._legs.boot:
            self._legs.restarted(boot)
        self._output.act("DeviceStateList", (), self._told_devices)
        variables = ",".join(self._output.settings.variables)
        self._output.act("Status", [("Variables", variables)], self._told_channels)

    def hold_back(self, message: Message) -> None:
        """An event of a leg while the answers are outstanding."""
        if len(self._early) >= EARLY_LIMIT:
            self._session.end("too many events before the first answers")
            return
        self._early.append(message)

    def _told_devices(self, answer: EventList | None) -> None:
        self._devices = answer
        if not is_success(answer):
            self._session.end(f"DeviceStateList: {said(answer)}", self._output.settings.hold_off)

    def _told_channels(self, answer: EventList | None) -> None:
        if answer is None or not is_success(answer) or self._devices is None or self._session.cut is not None:
            self._session.end(f"Status: {said(answer)}", self._output.settings.hold_off)
            return
        # Asterisk's own headers come after those that a caller may have written into his number.
        listed = [Message(dict(row.headers), row.headers) for row in answer.events]
        rows = {row.get("Uniqueid"): row for row in listed}
        self._endpoints.listed(self._devices.events)
        self._session.is_up()
        for leg in self._legs.known():  # before the engine may command: nobody is rung for a caller who is gone
            if leg.unique not in rows:
                # Nobody saw it end. Who was in a call has left it; one that was only dialled may never have been.
                leg.is_gone()
                self._legs.close(leg, 0, by="switch" if leg.place == "dialling" else "far_end")
        self._output.emit(SwitchUp(self._output.settings.name, self._legs.boot))
        for unique, row in rows.items():
            self._compare(unique, row)
        for leg in self._legs.known():
            if leg.is_recalled:
                self._finish(leg)
            elif leg.join is not None and leg.join.leg is leg:
                leg.join.watch()
        early, self._early = self._early, []
        for message in early:
            self._legs.handlers[message.event](message)

    def _compare(self, unique: str, row: Message) -> None:
        variables = _variables(row)
        if leg := self._legs.by_unique(unique):
            leg.link_returned(row)
            if leg.join is not None:
                leg.join.entered()
            if leg.is_recalled and any(variables.get(name) != value for name, value in leg.variables.items()):
                leg.set_variables(tuple(leg.variables.items()))
        elif variables.get("CCD_ROLE") in ROLES:
            self._arrive(row, variables)
        elif variables.get("CCD_DNIS") and "CCD_ROLE" not in variables:
            self._arrive(row, {**variables, "CCD_ROLE": "caller"})

    def _finish(self, leg: Leg) -> None:
        """What a former driver may not have got to say, now that it is known where both legs are."""
        leg.is_recalled = False
        if leg.owed and leg.place == "agi":
            self._perform(leg.owed.pop())
        join = leg.join
        if join is None or not join.is_recalled or join.leg is not leg:
            return
        join.is_recalled = False
        if leg.place == join.other.place == "agi":
            join.drop()
            self._perform(Bridge(leg.id, join.other.id))
        else:
            join.watch()

    def _arrive(self, row: Message, variables: dict[str, str]) -> None:
        place: Place = "moving"
        if row.get("BridgeID"):
            place = "bridged"
        elif row.get("Application") == "AGI":
            place = "agi"
        elif row.get("Application") in RINGING_OUT:
            place = "dialling"
        self._legs.arrive(row, variables.get("CCD_DNIS", ""), place, variables, variables["CCD_ROLE"])


def _variables(row: Message) -> dict[str, str]:
    pairs = [text.partition("=") for text in row.all("Variable")]
    values = {name: value for name, _, value in pairs}
    return unpacked({name: value for name, value in values.items() if value not in ("", UNSET)})
