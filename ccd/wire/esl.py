"""The FreeSWITCH event socket, sans I/O: bytes in, frames out; commands in, bytes out.

Text is UTF-8 with surrogateescape: bytes that are not UTF-8 survive the way through and back.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

LINE_LIMIT = 2_097_152
"""Longest line of a frame's head received, bytes. A header of 900 kB was seen whole."""
HEAD_LIMIT = 4_194_304
"""Longest head of a frame received, bytes."""
HEADER_LIMIT = 32_768
"""Most headers in one head or one event received."""
BODY_LIMIT = 33_554_432
"""Longest body received, bytes. 4 MB was seen whole; `show channels as json` has 1.2 kB a channel."""
COMMAND_LIMIT = 1_000_000
"""Longest command FreeSWITCH reads, bytes, its end and its body not counted."""


class ProtocolError(Exception):
    """The peer broke the protocol or a bound; the connection is dead.

    `frames` holds what was whole before the fault in the bytes of the same call.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.frames: list[Frame] = []


class IllegalValue(ValueError):  # noqa: N818 - reads as what it is: the value, not the connection, is at fault
    """A command that FreeSWITCH would read as something else, or as more than one."""


class AuthRequest(msgspec.Struct, frozen=True):
    """The first frame of an inbound connection: FreeSWITCH waits for Auth or UserAuth."""


class Rejection(msgspec.Struct, frozen=True):
    """The address may not connect (the event socket's ACL); the end of the stream follows."""

    text: str


class Reply(msgspec.Struct, frozen=True):
    """What answers a command, unless it is an Api that was carried out. Replies come in the commands' order."""

    text: str
    """`+OK …` or `-ERR …`, as it was written."""
    headers: dict[str, str]
    """All of the frame, as written (Content-Type and Reply-Text, too); a Job-UUID among them where it is a BgApi's."""

    @property
    def is_ok(self) -> bool:
        """Whether it begins with `+OK`. For an Execute that only says: queued."""
        raise NotImplementedError

    @property
    def job_id(self) -> str:
        """The Job-UUID that the BACKGROUND_JOB will carry, or ''."""
        raise NotImplementedError


class ApiResponse(msgspec.Struct, frozen=True):
    """What an Api printed. Api that is not permitted is answered with a Reply."""

    text: str
    """As it was written: nothing is decoded, no line end taken off."""

    @property
    def is_error(self) -> bool:
        """Whether it begins with `-ERR` or `-USAGE`; many commands print neither that nor `+OK`."""
        raise NotImplementedError


class Event(msgspec.Struct, frozen=True):
    """One event, the same whether it came as json or as plain text. Names are matched exactly."""

    first: dict[str, str]
    """The first value of each name, decoded, in order of arrival. An array is `ARRAY::a|:b` (see `array`)."""
    body: str = ""
    """What follows the headers: a BACKGROUND_JOB's result, a MESSAGE's text."""
    every: tuple[tuple[str, str], ...] | None = None
    """All headers in order, where a name repeats; else None."""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """All (name, value) pairs in order of arrival."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """Event-Name: CHANNEL_PARK, BACKGROUND_JOB, CUSTOM …"""
        raise NotImplementedError

    @property
    def subclass(self) -> str:
        """Event-Subclass of a CUSTOM event (`conference::maintenance`), or ''."""
        raise NotImplementedError

    @property
    def uuid(self) -> str:
        """Unique-ID: the channel the event is about, or ''."""
        raise NotImplementedError

    @property
    def job_id(self) -> str:
        """Job-UUID of a BACKGROUND_JOB, or ''."""
        raise NotImplementedError

    def get(self, name: str, default: str = "") -> str:
        """The first value of the header, or the default."""
        raise NotImplementedError

    def variable(self, name: str, default: str = "") -> str:
        """The channel variable of this name (the header `variable_<name>`), or the default."""
        raise NotImplementedError

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of the header in order."""
        raise NotImplementedError

    def array(self, name: str) -> tuple[str, ...]:
        """The values of a header that FreeSWITCH keeps as an array; one value where it is none, none if missing."""
        raise NotImplementedError


class Connect(Event, frozen=True):
    """The answer to Connected on an outbound connection: the channel, as an event's headers."""


class DisconnectNotice(msgspec.Struct, frozen=True):
    """FreeSWITCH is done with this connection, or, when it lingers, with the channel."""

    headers: dict[str, str]
    text: str

    @property
    def disposition(self) -> str:
        """Content-Disposition: `disconnect` or `linger` for a connection that belongs to a channel, else ''."""
        raise NotImplementedError

    @property
    def is_linger(self) -> bool:
        """Whether events may still follow; otherwise the end of the stream does."""
        raise NotImplementedError

    @property
    def linger_time(self) -> int:
        """Seconds of lingering, or 0."""
        raise NotImplementedError


class LogData(msgspec.Struct, frozen=True):
    """One message of FreeSWITCH's log, after Log."""

    headers: dict[str, str]
    """Log-Level, Log-File, Log-Func, Log-Line, Text-Channel, User-Data (the channel's uuid, if any)."""
    text: str

    @property
    def level(self) -> int:
        """0 console, 1 alert, 2 crit, 3 err, 4 warning, 5 notice, 6 info, 7 debug."""
        raise NotImplementedError


class Other(msgspec.Struct, frozen=True):
    """A frame of a content type that is not known here (text/event-xml, say)."""

    content_type: str
    headers: dict[str, str]
    body: bytes


Frame = AuthRequest | Rejection | Reply | ApiResponse | Event | DisconnectNotice | LogData | Other


class Command(msgspec.Struct, frozen=True):
    """What is asked of FreeSWITCH. Every command but Nudge is answered by one Reply (an Api by an ApiResponse)."""

    def render(self) -> bytes:
        """The bytes to write. Raises IllegalValue rather than let a value be anything but this value."""
        raise NotImplementedError


class Auth(Command, frozen=True):
    """The event socket's password."""

    password: str


class UserAuth(Command, frozen=True):
    """A directory user's password (`esl-password`); what he may do is in the Reply's Allowed-… headers."""

    user: str
    """`name@domain`."""
    password: str


class Subscribe(Command, frozen=True):
    """Events from now on; adds to what is subscribed already, but the format of the last Subscribe counts for all."""

    events: Sequence[str] = ()
    """CHANNEL_PARK …, or ALL."""
    subclasses: Sequence[str] = ()
    """Of CUSTOM events: `conference::maintenance`."""
    encoding: Literal["json", "plain"] = "json"


class Unsubscribe(Command, frozen=True):
    """`nixevent`."""

    events: Sequence[str] = ()
    subclasses: Sequence[str] = ()


class UnsubscribeAll(Command, frozen=True):
    """`noevents`."""


class Filter(Command, frozen=True):
    """Only events with this value (`/regex/`, too) in this header; several are joined by or."""

    header: str
    value: str


class Unfilter(Command, frozen=True):
    """`filter delete`: the filters of this header, or with a value just that one."""

    header: str
    value: str = ""


class Api(Command, frozen=True):
    """Runs a command and waits: no event is sent on this connection until it is done."""

    command: str
    argument: str = ""


class BgApi(Command, frozen=True):
    """Runs a command in a thread of its own; the result is a BACKGROUND_JOB event."""

    command: str
    argument: str = ""
    job_id: str = ""
    """The Job-UUID it shall have; FreeSWITCH makes one if ''."""


class Execute(Command, frozen=True):
    """Runs an application on a channel. The Reply says queued; an application that does not exist kills the call."""

    uuid: str
    """The channel; '' on an outbound connection is its own."""
    application: str
    argument: str = ""
    """FreeSWITCH expands `${…}` in it, functions too, so that is refused."""
    event_id: str = ""
    """Event-UUID: comes back as Application-UUID of CHANNEL_EXECUTE and CHANNEL_EXECUTE_COMPLETE."""
    is_locked: bool = True
    """event-lock: waits its turn behind what is queued; without, it runs inside what runs now."""
    loops: int = 1


class Hangup(Command, frozen=True):
    """Hangs a channel up by sendmsg."""

    uuid: str
    cause: str = "NORMAL_CLEARING"


class SendEvent(Command, frozen=True):
    """Fires an event of one's own."""

    name: str
    headers: Sequence[tuple[str, str]] = ()
    body: str = ""


class Log(Command, frozen=True):
    """LogData from now on, of this level and those below."""

    level: int = 7


class NoLog(Command, frozen=True):
    """No more LogData."""


class Connected(Command, frozen=True):
    """`connect`: the first command on an outbound connection, answered by Connect."""


class MyEvents(Command, frozen=True):
    """The events of one channel only; '' on an outbound connection is its own."""

    uuid: str = ""
    encoding: Literal["json", "plain"] = "json"


class DivertEvents(Command, frozen=True):
    """Outbound: whether the channel's own private events come here, too."""

    is_on: bool = True


class Linger(Command, frozen=True):
    """Outbound: the connection outlives the channel by this long, so that its last events arrive."""

    seconds: int


class NoLinger(Command, frozen=True):
    """Outbound: takes Linger back."""


class Exit(Command, frozen=True):
    """Asks FreeSWITCH to close; a Reply and a DisconnectNotice come before the end."""


class Nudge(Command, frozen=True):
    """A bare line feed. No answer; but it wakes the connection, which looks for events only every 20 ms."""


class Connection:
    """One event socket's bytes. Feed it all that arrives; after a ProtocolError it is dead and says so."""

    def receive_data(self, data: bytes) -> list[Frame]:
        """The frames that became whole; raises ProtocolError, also on every call after the first fault."""
        raise NotImplementedError

    def receive_eof(self) -> None:
        """The peer closed; raises ProtocolError if it did so in the middle of a frame, or if already dead."""
        raise NotImplementedError

    def send(self, command: Command) -> bytes:
        """The bytes to write. Raises IllegalValue, with nothing sent, if FreeSWITCH would read anything else."""
        raise NotImplementedError


def quote_variables(variables: Mapping[str, str]) -> str:
    """`{a='1',b='x y'}` as originate reads it before a dial string, or '' for none. Raises IllegalValue for what cannot
    be said so.
    """
    raise NotImplementedError
