"""What every switch driver is to the daemon: a machine fed with messages, commands and the clock."""

from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from ccd.model.command import SwitchCommand
from ccd.model.event import SwitchEvent
from ccd.model.ids import Length, Moment, SwitchName
from ccd.model.standing import LegStanding

MessageIn = TypeVar("MessageIn", contravariant=True)
MessageOut = TypeVar("MessageOut")


class Reaction(Struct, Generic[MessageOut], frozen=True):
    """What a driver makes of one input: events for the engine, messages for the switch, both in order.

    The daemon journals the events and what the engine decided on them before any of the messages leaves.
    """

    events: tuple[SwitchEvent, ...] = ()
    messages: tuple[MessageOut, ...] = ()


class Cut(Struct, frozen=True):
    """The daemon is to cut the link, and not to connect again for `hold_off`."""

    reason: str
    hold_off: Length


class Driver(Protocol[MessageIn, MessageOut]):
    """A switch as the daemon sees it. No method waits, reads a clock or touches a socket."""

    name: SwitchName

    def receive(self, message: MessageIn, now: Moment) -> Reaction[MessageOut]:
        """One message of the switch."""

    def perform(self, command: SwitchCommand, now: Moment) -> Reaction[MessageOut]:
        """One intent of the engine; one that cannot be carried out gives its result as an event at once."""

    def connected(self, now: Moment) -> Reaction[MessageOut]:
        """The link is up; messages of a new connection follow."""

    def lost(self, reason: str, now: Moment) -> Reaction[MessageOut]:
        """The link is down; what was asked has no answer any more."""

    def recall(self, boot: str, standings: Iterable[LegStanding], now: Moment) -> None:
        """Before the first connection: the legs of this boot as a former driver had them at `now`. What became of them,
        and of what they were told, is found out after the login; results that nobody can know are told as lost.
        """

    def take_cut(self) -> Cut | None:
        """Asked for after every call: given once when the link is to be cut."""

    def deadline(self) -> Moment | None:
        """When `tick` wants to be called."""

    def tick(self, now: Moment) -> Reaction[MessageOut]:
        """Time-outs of actions, ghosts to be cleared."""
