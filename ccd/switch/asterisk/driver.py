"""The Asterisk driver: AMI messages and the engine's commands in, events and AMI actions out."""

from collections.abc import Callable, Iterable

from ccd.model.command import SwitchCommand
from ccd.model.ids import Moment, RecordingId
from ccd.model.standing import LegStanding
from ccd.switch.asterisk.command import Commands
from ccd.switch.asterisk.endpoint import Endpoints
from ccd.switch.asterisk.legs import Legs
from ccd.switch.asterisk.output import Output
from ccd.switch.asterisk.recall import recall
from ccd.switch.asterisk.session import Session
from ccd.switch.asterisk.settings import Settings
from ccd.switch.asterisk.snapshot import Snapshot
from ccd.switch.base import Cut, Reaction
from ccd.wire.ami import Action, Message


class AsteriskDriver:
    """One Asterisk over AMI, as `ccd.switch.base.Driver` wants it, with the link's coming and going besides.

    After every call the daemon asks `take_cut()`: what it gives is to be done to the link.
    """

    def __init__(self, settings: Settings, last_written: Callable[[RecordingId], Moment] = lambda recording: 0) -> None:
        """`last_written` tells when the switch last wrote to a recording, 0 for none: it proves a talk nobody saw."""
        self.name = settings.name
        self._output = Output(settings, last_written)
        self._endpoints = Endpoints(self._output)
        self._legs = Legs(self._output, lambda endpoint: self._endpoints.state(endpoint) != "unreachable")
        self._session = Session(self._output, lambda boot: self._snapshot.begin(boot))
        self._commands = Commands(self._output, self._legs)
        self._snapshot = Snapshot(self._output, self._session, self._endpoints, self._legs, self._commands.perform)
        self._others = {
            "FullyBooted": lambda message: self._session.fully_booted(),
            "Shutdown": lambda message: self._session.shutting_down(),
            "DeviceStateChange": self._endpoints.device_state_changed,
            "ContactStatus": self._endpoints.contact_status,
        }

    def take_cut(self) -> Cut | None:
        """Given once when the link is to be cut: a peer that fell silent, a refused login, a switch that shuts down."""
        return self._session.take_cut()

    @property
    def is_up(self) -> bool:
        """Whether commands are carried out now."""
        return self._session.phase == "up"

    def recall(self, boot: str, standings: Iterable[LegStanding], now: Moment) -> None:
        """Legs as a former driver had them at `now`, before the first connection."""
        self._begin(now)
        self._output.sight.recalled(now)
        recall(self._output, self._legs, boot, standings)

    def connected(self, now: Moment) -> Reaction[Action]:
        """The link is up; bytes of a new AMI connection follow."""
        self._begin(now)
        self._session.connected()
        return self._output.take()

    def lost(self, reason: str, now: Moment) -> Reaction[Action]:
        """The link is down. What was asked has no answer any more; after the next login the switch is asked."""
        self._begin(now)
        self._output.alarms.clear_all()
        self._session.lost(reason)
        return self._output.take()

    def receive(self, message: Message, now: Moment) -> Reaction[Action]:
        """One message of the switch."""
        self._begin(now)
        self._output.sight.heard_at = now
        self._session.heard(message)
        if not self._output.actions.receive(message, now):
            self._event(message)
        return self._output.take()

    def perform(self, command: SwitchCommand, now: Moment) -> Reaction[Action]:
        """One intent of the engine; one that cannot be carried out gives its result as an event at once."""
        self._begin(now)
        if self._session.phase == "up":
            self._commands.perform(command)
        else:
            self._commands.refuse(command)
        return self._output.take()

    def deadline(self) -> Moment | None:
        """When `tick` wants to be called."""
        alarm, answer = self._output.alarms.next(), self._output.actions.deadline()
        if alarm is None or answer is None:
            return answer if alarm is None else alarm
        return min(alarm, answer)

    def tick(self, now: Moment) -> Reaction[Action]:
        """Time-outs of actions, ghosts to be cleared, leases to be renewed."""
        self._begin(now)
        self._output.actions.expire(now)
        self._output.alarms.fire(now)
        return self._output.take()

    def _event(self, message: Message) -> None:
        if message.every is not None:  # a caller wrote headers into his number; Asterisk's own come after it
            message = Message(dict(message.every))
        name = message.event
        handler = self._legs.handlers.get(name)
        if handler is None:
            if other := self._others.get(name):
                other(message)
        elif self._session.phase == "up":
            handler(message)
        elif self._session.phase == "starting":
            self._snapshot.hold_back(message)

    def _begin(self, now: Moment) -> None:
        self._output.now = now
