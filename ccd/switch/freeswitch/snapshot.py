"""What the switch has after a login: phones and channels, against what the driver knew before."""

from collections import deque
from collections.abc import Callable

from ccd.model.command import Bridge, SwitchCommand
from ccd.model.event import SwitchUp
from ccd.model.ids import SECOND
from ccd.switch.freeswitch.channel import Channel, described, listed, registered
from ccd.switch.freeswitch.endpoint import Endpoints
from ccd.switch.freeswitch.leg import Leg, Place
from ccd.switch.freeswitch.legs import LEFT, ROLES, Legs
from ccd.switch.freeswitch.output import Output
from ccd.switch.freeswitch.question import Answer, is_success, said
from ccd.switch.freeswitch.session import Session
from ccd.wire.esl import Event

EARLY_LIMIT = 50_000
AT_ONCE = 100
"""So many channels are asked about in one go: an answer is some 5 kB."""
LISTED_LATE = SECOND
"""The list of channels is a database that is written behind them: one that was not in it is by then."""


class Snapshot:
    """Asks, holds back the legs' events meanwhile, then tells the engine in order: phones, SwitchUp, legs, the events.

    The answers and the events come by two connections, so a channel may be described after its end was sent; the events
    are therefore read after the answers.
    """

    def __init__(
        self,
        output: Output,
        session: Session,
        endpoints: Endpoints,
        legs: Legs,
        perform: Callable[[SwitchCommand], None],
        handle: Callable[[Event], None],
    ) -> None:
        self._output = output
        self._session = session
        self._endpoints = endpoints
        self._legs = legs
        self._perform = perform
        self._handle = handle
        self._phones: list[tuple[str, str]] = []
        self._to_ask: deque[str] = deque()
        self._asked = 0
        self._found: dict[str, Channel] = {}
        self._early: list[Event] = []

    def begin(self, boot: str) -> None:
        """The session is logged in and knows the boot."""
        self._early, self._found, self._asked = [], {}, 0
        self._to_ask.clear()
        if boot != self._legs.boot:
            self._legs.restarted(boot)
        self._output.api("show", "registrations", self._told_phones)
        self._output.api("show", "channels", self._told_list)

    def hold_back(self, event: Event) -> None:
        """An event of a leg while the answers are outstanding."""
        if len(self._early) >= EARLY_LIMIT:
            self._session.end("too many events before the first answers")
            return
        self._early.append(event)

    def _told_phones(self, answer: Answer) -> None:
        if is_success(answer):
            self._phones = registered(answer.text)
        else:
            self._session.end(f"show registrations: {said(answer)}", self._output.settings.hold_off)

    def _told_list(self, answer: Answer) -> None:
        if not is_success(answer):
            self._session.end(f"show channels: {said(answer)}", self._output.settings.hold_off)
            return
        known = [leg.uuid for leg in self._legs.known()]
        self._to_ask.extend(dict.fromkeys((*known, *listed(answer.text))))
        self._ask_on()

    def _ask_on(self) -> None:
        while self._to_ask and self._asked < AT_ONCE:
            self._asked += 1
            self._output.api("uuid_dump", self._to_ask.popleft(), self._told_channel)
        if not self._asked and self._session.cut is None:
            self._told_all()

    def _told_channel(self, answer: Answer) -> None:
        self._asked -= 1
        channel = described(answer.text) if is_success(answer) else None
        if channel is not None:
            self._found[channel.uuid] = channel
        self._ask_on()

    def _told_all(self) -> None:
        found = self._found
        self._endpoints.listed(self._phones, [channel.event for channel in found.values()])
        self._session.is_up()
        for leg in self._legs.known():  # before the engine may command: nobody is rung for a caller who is gone
            channel = found.get(leg.uuid)
            if channel is None:
                # Nobody saw it end. Who was in a call has left it; one that was only dialled may never have been.
                leg.is_gone()
                self._legs.close(leg, 0, by="switch" if leg.place == "dialling" else "far_end")
            elif channel.event.variable("CCD_ROLE") == LEFT:
                self._legs.left(leg)
        self._output.emit(SwitchUp(self._output.settings.name, self._legs.boot))
        for channel in found.values():
            self._compare(channel)
        for leg in self._legs.known():
            if leg.is_recalled:
                self._finish(leg)
            elif leg.join is not None and leg.join.leg is leg:
                leg.join.watch()
        early, self._early = self._early, []
        for event in early:
            self._handle(event)
        self._output.alarm("late", LISTED_LATE, self._look_again)

    def _compare(self, channel: Channel) -> None:
        leg = self._legs.by_uuid(channel.uuid)
        if leg is None:
            self._arrive(channel)
            return
        leg.link_returned(channel)
        join = leg.join
        if (
            join is not None
            and channel.is_bridged
            and {channel.uuid, channel.partner}
            == {
                join.leg.uuid,
                join.other.uuid,
            }
        ):
            join.came_about()
        found = channel.variables
        if leg.is_recalled and any(found.get(name) != value for name, value in leg.variables.items()):
            leg.set_variables(tuple(leg.variables.items()))

    def _finish(self, leg: Leg) -> None:
        """What a former driver may not have got to say, now that it is known where both legs are."""
        leg.is_recalled = False
        if leg.owed and leg.place == "parked":
            self._perform(leg.owed.pop())
        join = leg.join
        if join is None or not join.is_recalled or join.leg is not leg:
            return
        join.is_recalled = False
        if leg.place == join.other.place == "parked":
            join.drop()
            self._perform(Bridge(leg.id, join.other.id))
        else:
            join.watch()

    def _arrive(self, channel: Channel) -> None:
        if channel.event.variable("CCD_ROLE") not in ROLES:
            return
        place: Place = "away"
        if channel.is_bridged:
            place = "bridged"
        elif channel.is_parked:
            place = "parked"
        elif channel.is_dialled_and_rings:
            place = "dialling"
        self._legs.arrive(channel.event, place, channel)

    # --- those that the list did not have yet

    def _look_again(self) -> None:
        self._output.api("show", "channels", self._told_again)

    def _told_again(self, answer: Answer) -> None:
        for uuid in listed(answer.text):
            if uuid not in self._found and self._legs.by_uuid(uuid) is None:
                self._output.api("uuid_dump", uuid, self._told_late)
        self._found = {}

    def _told_late(self, answer: Answer) -> None:
        channel = described(answer.text) if is_success(answer) else None
        if channel is not None and self._legs.by_uuid(channel.uuid) is None:
            self._endpoints.channel_seen(channel.event)
            self._arrive(channel)
            if leg := self._legs.by_uuid(channel.uuid):
                leg.is_recalled = False
