"""One channel as `uuid_dump` shows it, and the list of them all.

The list is of the form uuid,direction,… by the line; what a caller shows stands in it, too, and may hold line breaks.
So only the beginnings of lines are read, and every uuid is asked about. That goes past the list's own database besides,
which lags behind the calls.
"""

import re
from urllib.parse import unquote

from ccd.switch.freeswitch.text import UNDEFINED
from ccd.switch.state import unpacked
from ccd.wire.esl import Event

_ROW = re.compile(r"^([A-Za-z0-9_.-]{1,128}),(?:inbound|outbound),", re.MULTILINE)
_PHONE = re.compile(r"^([A-Za-z0-9_.@+-]{1,60}),([^,\n]{1,253}),", re.MULTILINE)
VARIABLES = ("CCD_STATE", "CCD_ROLE", "CCD_DNIS", "CCD_WAY", "CCD_DIALLED", "CCD_RECORDING", "CCD_RECORDING_STATE")
"""What the dialplan, the driver and (CCD_STATE) the engine write."""
BRIDGED = ("CS_EXCHANGE_MEDIA", "CS_SOFT_EXECUTE")
"""States of the two legs of a bridge."""


class Channel:
    """What one channel is at, out of its event-like description."""

    def __init__(self, event: Event) -> None:
        self.event = event
        self.uuid = event.uuid
        self.is_answered = event.get("Answer-State") == "answered"
        self.way = event.variable("CCD_WAY")
        self.executed = event.variable("current_application_data")
        """The argument of what it executed last: whether that still runs is not told."""
        state = event.get("Channel-State")
        self.partner = event.variable("signal_bond") or event.variable("bridge_uuid") if state in BRIDGED else ""

    @property
    def is_bridged(self) -> bool:
        """Whether it is in a bridge."""
        return bool(self.partner)

    @property
    def is_parked(self) -> bool:
        """Whether it takes commands. Within park other applications are executed, and are then the current one."""
        return self.event.get("Channel-State") == "CS_EXECUTE" and not self.is_dialled_and_rings

    @property
    def is_dialled_and_rings(self) -> bool:
        """Whether its far end has not answered yet."""
        return self.event.get("Call-Direction") == "outbound" and not self.is_answered

    @property
    def bridge(self) -> str:
        """A name of its bridge that both legs of it give: FreeSWITCH has none."""
        return min(self.uuid, self.partner) if self.partner else ""

    @property
    def variables(self) -> dict[str, str]:
        """Ours on it."""
        return variables_of(self.event)


def variables_of(event: Event) -> dict[str, str]:
    """Our variables on the channel of an event, those in CCD_STATE each by its name."""
    found = {name: event.variable(name) for name in VARIABLES}
    return unpacked({name: value for name, value in found.items() if value not in ("", UNDEFINED)})


def described(text: str) -> Channel | None:
    """`uuid_dump`'s answer: a header a line, percent-encoded. None where there is no such channel."""
    headers: dict[str, str] = {}
    for line in text.split("\n"):
        name, is_header, value = line.partition(": ")
        if is_header:
            headers.setdefault(name, unquote(value, errors="surrogateescape"))
    return Channel(Event(headers)) if headers.get("Unique-ID") else None


def listed(text: str) -> list[str]:
    """The uuids in `show channels`."""
    return list(dict.fromkeys(_ROW.findall(text)))


def registered(text: str) -> list[tuple[str, str]]:
    """User and domain of the phones in `show registrations`."""
    return [(user, domain) for user, domain in _PHONE.findall(text) if user != "reg_user"]
