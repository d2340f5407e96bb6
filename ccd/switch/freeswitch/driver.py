"""The FreeSWITCH driver: frames of two connections and the engine's commands in, events and commands for them out."""

from collections.abc import Callable, Iterable

from ccd.model.command import SwitchCommand
from ccd.model.ids import Moment, RecordingId
from ccd.model.standing import LegStanding
from ccd.switch.base import Cut, Reaction
from ccd.switch.freeswitch.command import Commands
from ccd.switch.freeswitch.endpoint import Endpoints
from ccd.switch.freeswitch.legs import Legs
from ccd.switch.freeswitch.output import Heard, Output, Said
from ccd.switch.freeswitch.recall import recall
from ccd.switch.freeswitch.session import Session
from ccd.switch.freeswitch.settings import Settings
from ccd.switch.freeswitch.snapshot import Snapshot
from ccd.wire.esl import ApiResponse, Event, Reply


class FreeSwitchDriver:
    """One FreeSWITCH over two connections to its event socket, as `ccd.switch.base.Driver` wants it (see `output`).

    After every call the daemon asks `take_cut()`: what it gives is to be done to both connections. They are always to
    be read to the end, whatever else there is to do: one that is not read stops FreeSWITCH's other clients, too.
    """

    def __init__(self, settings: Settings, last_written: Callable[[RecordingId], Moment] = lambda recording: 0) -> None:
        """`last_written` tells when the switch last wrote to a recording, 0 for none: it proves a talk nobody saw."""
        self.name = settings.name
        self._output = Output(settings, last_written)
        self._endpoints = Endpoints(self._output)
        self._legs = Legs(self._output, self._endpoints)
        self._session = Session(self._output, lambda boot: self._snapshot.begin(boot))
        self._commands = Commands(self._output, self._legs)
        self._snapshot = Snapshot(
            self._output, self._session, self._endpoints, self._legs, self._commands.perform, self._event
        )
        self._of_phones = {
            "sofia::register": self._endpoints.registered,
            "sofia::unregister": self._endpoints.unregistered,
            "sofia::expire": self._endpoints.expired,
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

    def connected(self, now: Moment) -> Reaction[Said]:
        """Both connections are up; frames of new ones follow."""
        self._begin(now)
        self._session.connected()
        return self._output.take()

    def lost(self, reason: str, now: Moment) -> Reaction[Said]:
        """One of them is down, and so is the link. What was asked has no answer any more; after the next login the
        switch is asked.
        """
        self._begin(now)
        self._output.alarms.clear_all()
        self._session.lost(reason)
        return self._output.take()

    def receive(self, message: Heard, now: Moment) -> Reaction[Said]:
        """One frame of the switch."""
        self._begin(now)
        self._session.heard(message)
        if message.side == "events":
            self._output.sight.heard_at = now
        match message.frame:
            case Reply() | ApiResponse() as answer:
                if not self._output.questions[message.side].answered(answer):
                    self._session.end("an answer to nothing that was asked")
            case Event() as event if message.side == "events":
                self._event(event)
            case _:
                pass
        return self._output.take()

    def perform(self, command: SwitchCommand, now: Moment) -> Reaction[Said]:
        """One intent of the engine; one that cannot be carried out gives its result as an event at once."""
        self._begin(now)
        if self._session.phase == "up":
            self._commands.perform(command)
        else:
            self._commands.refuse(command)
        return self._output.take()

    def deadline(self) -> Moment | None:
        """When `tick` wants to be called."""
        return self._output.alarms.next()

    def tick(self, now: Moment) -> Reaction[Said]:
        """Breaks to be repeated, leases to be renewed, the connection to be woken while somebody waits."""
        self._begin(now)
        self._output.alarms.fire(now)
        return self._output.take()

    def _event(self, event: Event) -> None:
        if event.name == "SHUTDOWN":
            self._session.shutting_down()
            return
        handler = self._of_phones.get(event.subclass) or self._legs.handlers.get(event.name)
        if handler is None:
            return
        if self._session.phase == "up":
            handler(event)
        elif self._session.phase == "starting":
            self._snapshot.hold_back(event)

    def _begin(self, now: Moment) -> None:
        self._output.now = now
