"""A channel of the simulated switch: what it is, and what the daemon was told of it."""

from typing import Literal

from msgspec import Struct, field

from ccd.model.command import Bridge, Play, RecordMessage, SwitchCommand
from ccd.model.event import HungUpBy, LegArrived
from ccd.model.ids import Endpoint, LegId, Moment

State = Literal["dialling", "ringing", "early", "up", "gone"]


class Leg(Struct):
    """`state`, `peer` and `sound` are the truth; `told_…` and `due` are how far the daemon knows it.

    `due` are the commands whose results it still waits for. `sound_number` tells one sound from the next.
    """

    id: LegId
    state: State
    endpoint: Endpoint = Endpoint("")
    is_dialled: bool = False
    peer: LegId | None = None
    joining: Bridge | None = None
    sound: Play | RecordMessage | None = None
    sound_number: int = 0
    sound_began: Moment = 0
    is_held: bool = False
    is_leaving: bool = False
    is_crossed: bool = False
    is_unseen: bool = False
    """The dialplan's own: the daemon is told nothing of it."""
    cause: int = 0
    sip_code: int = 0
    by: HungUpBy = "switch"
    arrival: LegArrived | None = None
    told_arrived: bool = False
    told_rang: bool = False
    told_up: bool = False
    told_joined: bool = False
    due: list[SwitchCommand] = field(default_factory=list)
    is_recalled: bool = False
    """A former daemon had it; the one that is there now has not been told yet what became of it."""
    told_over: bool = False
    """Its LegHungUp is on its way."""
    told_until: Moment = 0
    """Events of one leg keep their order: the next one is not told before this."""
