"""What people do at their phones, and what they notice there: the messages into and out of the simulated switch."""

from msgspec import Struct

from ccd.model.ids import Endpoint, LegId, Length


class Act(Struct, frozen=True, gc=False):
    """Somebody does something. Done at a leg that is over it changes nothing."""


class Calls(Act, frozen=True):
    """A caller from outside, or (`endpoint` set) an agent's phone, dials `dnis`; the channel gets the id `leg`."""

    leg: LegId
    dnis: str
    ani: str = ""
    ani_name: str = ""
    number: str = ""
    endpoint: Endpoint = Endpoint("")


class PicksUp(Act, frozen=True):
    """The phone that rings is answered."""

    leg: LegId


class Rejects(Act, frozen=True):
    """The phone that rings says no: 486 busy, 603 declined, 480 not available …"""

    leg: LegId
    sip_code: int


class HangsUp(Act, frozen=True):
    """The person at the leg ends it."""

    leg: LegId


class Presses(Act, frozen=True):
    """A key."""

    leg: LegId
    digit: str


class Refers(Act, frozen=True):
    """The phone at `leg` sends the one it talks with to `dialled`, and leaves."""

    leg: LegId
    dialled: str
    number: str = ""


class Holds(Act, frozen=True):
    """The phone at `leg` puts the one it talks with on hold, or takes him back."""

    leg: LegId
    held: bool


class PhoneChanges(Act, frozen=True):
    """A phone comes or goes (`reachable`), or is used for something that ccd has no part in (`busy`)."""

    endpoint: Endpoint
    reachable: bool = True
    busy: bool = False


class FarPhone(Act, frozen=True):
    """A phone rings (`ringing`), talks (`up`) or does neither any more (`gone`) for a leg of another switch."""

    endpoint: Endpoint
    leg: LegId
    state: str


class Restarts(Act, frozen=True):
    """The switch itself dies and boots: all channels are gone, all links down."""


class Sight(Struct, frozen=True, gc=False):
    """Somebody notices something."""

    leg: LegId


class Rings(Sight, frozen=True):
    """A phone rings, and shows a number and perhaps a name; `number` is set where it is one outside, `through` where it
    is of the switch behind that trunk.
    """

    endpoint: Endpoint
    number: str
    ring_time: Length
    shown_number: str = ""
    shown_name: str = ""
    through: Endpoint = Endpoint("")


class IsAnswered(Sight, frozen=True):
    """His call is answered: from now on it costs."""


class Hears(Sight, frozen=True):
    """A prompt of these sounds begins; with `until_digit` a key ends it."""

    until_digit: bool
    sounds: tuple[str, ...] = ()


class HearsEnd(Sight, frozen=True):
    """The prompt is over, and it is quiet."""


class HearsMusic(Sight, frozen=True):
    """Music on hold."""


class HearsRinging(Sight, frozen=True):
    """His own phone says that it rings somewhere."""


class HearsTone(Sight, frozen=True):
    """What is said now is recorded, for at most `max_time`; without `beep` nothing tells him so."""

    max_time: Length
    beep: bool = True


class Talks(Sight, frozen=True):
    """Somebody is there: `other`."""

    other: LegId


class Alone(Sight, frozen=True):
    """The other side has left, this one is still there."""


class Over(Sight, frozen=True):
    """The leg is over, for this Q.850 cause."""

    cause: int = 0


AnyAct = Calls | PicksUp | Rejects | HangsUp | Presses | Refers | Holds | PhoneChanges | FarPhone | Restarts
AnySight = Rings | IsAnswered | Hears | HearsEnd | HearsMusic | HearsRinging | HearsTone | Talks | Alone | Over
