"""The FreeSWITCH event socket, sans I/O: bytes in, frames out; commands in, bytes out.

Framing as measured on FreeSWITCH 1.11 and read in its mod_event_socket.c: a head of `Name: value` lines, an empty
line, then as many bytes of body as Content-Length says. Only LF ends a line. A reply's text and all bodies are raw. The
values of an event in plain text, and of the answer to Connected, are percent-encoded; they are decoded after the cut
into lines, so that a line feed in a caller's name stays in the name. What plain text cannot tell: FreeSWITCH leaves a
percent sign as it is before two capital hex digits, so `%41` in a name arrives as `A`. Json has no such doubt.

Of a header that an event repeats the last counts: FreeSWITCH adds its own Content-Length, and the name of an event that
it was sent or fires once more, behind what the event carried along. (The rest it repeats, it repeats unchanged.)

Commands end in an empty line, so a line break in a value could begin another command: every text is checked. Besides,
FreeSWITCH reloads the event socket at any command that holds `reload` and `mod_event_socket`, wherever they stand, and
runs `${system …}` wherever an application's argument has it: such values are refused, too.

Text is UTF-8 with surrogateescape: bytes that are not UTF-8 survive the way through and back.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal
from urllib.parse import unquote_to_bytes

import msgspec

HEAD_LIMIT = 4_194_304
"""Longest head of a frame received, bytes. Only the answer to Connected is long: it has all the channel's variables."""
BODY_LIMIT = 33_554_432
"""Longest body received, bytes. 4 MB was seen whole, and a header of 900 kB; `show channels as json` is 1.2 kB each."""
HEADER_LIMIT = 32_768
"""Most headers received in one head or event."""
COMMAND_LIMIT = 1_048_576
"""Longest command sent, bytes. FreeSWITCH reads 10 MB, and a body of 16, but each byte by a call of its own."""
JOB_ID_LIMIT = 128
"""Longest Job-UUID sent, characters. FreeSWITCH has 511 bytes for a reply that holds it twice, and cuts off the end."""

_EVENT_HEAD = re.compile(rb"Content-Length: ([0-9]{1,10})\nContent-Type: text/event-(json|plain)\n\n")
_EVENTS = {b"json": "text/event-json", b"plain": "text/event-plain"}
_CONNECT = b"Event-Name: "
_CONNECT_TYPE = "connect\n"  # our own word: its head is the event, and has the type of a reply
_FIRST_NAMES = (b"Content-Length: ", b"Content-Type: ", _CONNECT)
_NOT_BLANK = re.compile(rb"[^\n]")
_NUMBER = re.compile("[0-9]{1,10}")
_NO_HEADERS: dict[str, str] = {}
_WITH_LENGTH = ("api/response", "log/data", "text/event-json", "text/event-plain")
_ARRAY, _ARRAY_SEPARATOR = "ARRAY::", "|:"
_STRINGS = msgspec.json.Decoder(dict[str, str])
_REMEMBERED_LINES = 2_048
_REMEMBERED_LENGTH = 1_000

_UNSENDABLE = re.compile("[\r\n\0]")
_CONTROL = re.compile("[\0-\x1f\x7f]")
_TOKEN = re.compile(r"[A-Za-z0-9_.:@/+-]+")
_WORD = re.compile(r"[A-Za-z0-9_.-]+")
_VARIABLE = re.compile("[A-Za-z_][A-Za-z0-9_-]*")
_EXPANSION = re.compile(r"\$\\*\{")
_SCOPE = re.compile(r"%.?\[", re.DOTALL)  # `%[a=b]` before an argument sets variables
_ENTERPRISE = ":_:"  # originate's separator, looked for before any quote is
_OWN_HEADERS = ("_body", "command", "content-length", "content-type", "event-name")


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
        return self.text.startswith("+OK")

    @property
    def job_id(self) -> str:
        """The Job-UUID that the BACKGROUND_JOB will carry, or ''."""
        return self.headers.get("Job-UUID", "")


class ApiResponse(msgspec.Struct, frozen=True):
    """What an Api printed. Api that is not permitted is answered with a Reply."""

    text: str
    """As it was written: nothing is decoded, no line end taken off. An empty one arrives as `-ERR no reply`."""

    @property
    def is_error(self) -> bool:
        """Whether it begins with `-ERR` or `-USAGE`; many commands print neither that nor `+OK`."""
        return self.text.startswith(("-ERR", "-USAGE"))


class Event(msgspec.Struct, frozen=True):
    """One event, the same whether it came as json or as plain text. Names are matched exactly."""

    headers: dict[str, str]
    """Decoded, in order of arrival; the last value of a name that repeats. An array is `ARRAY::a|:b` (see `array`)."""
    body: str = ""
    """What follows the headers: a BACKGROUND_JOB's result, a MESSAGE's text."""

    @property
    def name(self) -> str:
        """Event-Name: CHANNEL_PARK, BACKGROUND_JOB, CUSTOM …"""
        return self.headers.get("Event-Name", "")

    @property
    def subclass(self) -> str:
        """Event-Subclass of a CUSTOM event (`conference::maintenance`), or ''."""
        return self.headers.get("Event-Subclass", "")

    @property
    def uuid(self) -> str:
        """Unique-ID: the channel the event is about, or ''."""
        return self.headers.get("Unique-ID", "")

    @property
    def job_id(self) -> str:
        """Job-UUID of a BACKGROUND_JOB, or ''."""
        return self.headers.get("Job-UUID", "")

    def get(self, name: str, default: str = "") -> str:
        """The header's value, or the default. FreeSWITCH leaves a header without value out."""
        return self.headers.get(name, default)

    def variable(self, name: str, default: str = "") -> str:
        """The channel variable of this name (the header `variable_<name>`), or the default."""
        return self.headers.get(f"variable_{name}", default)

    def array(self, name: str) -> tuple[str, ...]:
        """The values of a header that FreeSWITCH keeps as an array; one value where it is none, none if missing."""
        value = self.headers.get(name)
        if value is None:
            return ()
        return tuple(value.removeprefix(_ARRAY).split(_ARRAY_SEPARATOR)) if value.startswith(_ARRAY) else (value,)


class Connect(Event, frozen=True):
    """The answer to Connected on an outbound connection: the channel, as an event's headers."""


class DisconnectNotice(msgspec.Struct, frozen=True):
    """FreeSWITCH is done with this connection, or, when it lingers, with the channel."""

    headers: dict[str, str]
    text: str

    @property
    def disposition(self) -> str:
        """Content-Disposition: `disconnect` or `linger` for a connection that belongs to a channel, else ''."""
        return self.headers.get("Content-Disposition", "")

    @property
    def is_linger(self) -> bool:
        """Whether events may still follow; otherwise the end of the stream does."""
        return self.disposition == "linger"

    @property
    def linger_time(self) -> int:
        """Seconds of lingering, or 0 where none are told."""
        return _number(self.headers.get("Linger-Time", ""))


class LogData(msgspec.Struct, frozen=True):
    """One message of FreeSWITCH's log, after Log."""

    headers: dict[str, str]
    """Log-Level, Log-File, Log-Func, Log-Line, Text-Channel, User-Data (the channel's uuid, if any)."""
    text: str

    @property
    def level(self) -> int:
        """0 console, 1 alert, 2 crit, 3 err, 4 warning, 5 notice, 6 info, 7 debug."""
        return _number(self.headers.get("Log-Level", ""))


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

    def render(self) -> bytes:
        return _command(f"auth {self.password}")


class UserAuth(Command, frozen=True):
    """A directory user's password (`esl-password`); what he may do is in the Reply's Allowed-… headers.

    FreeSWITCH cuts that Reply at 511 bytes, its end included, and then hangs: keep `esl-allowed-…` short.
    """

    user: str
    """`name@domain`."""
    password: str

    def render(self) -> bytes:
        name, at, domain = self.user.partition("@")
        if not at or not _WORD.fullmatch(name) or not _WORD.fullmatch(domain):
            raise IllegalValue(f"user {self.user!r}")
        return _command(f"userauth {self.user}:{self.password}")


class Subscribe(Command, frozen=True):
    """Events from now on; adds to what is subscribed already, but the format of the last Subscribe counts for all."""

    events: Sequence[str] = ()
    """CHANNEL_PARK …, or ALL. FreeSWITCH passes over a name that it does not know."""
    subclasses: Sequence[str] = ()
    """Of CUSTOM events: `conference::maintenance`."""
    encoding: Literal["json", "plain"] = "json"

    def render(self) -> bytes:
        return _command(f"event {_token(self.encoding)} {_classes(self.events, self.subclasses)}")


class Unsubscribe(Command, frozen=True):
    """`nixevent`."""

    events: Sequence[str] = ()
    subclasses: Sequence[str] = ()

    def render(self) -> bytes:
        return _command(f"nixevent {_classes(self.events, self.subclasses)}")


class UnsubscribeAll(Command, frozen=True):
    """`noevents`; what waits to be sent is thrown away."""

    def render(self) -> bytes:
        return _command("noevents")


class Filter(Command, frozen=True):
    """Only events with this value (`/regex/`, too) in this header; several are joined by or."""

    header: str
    value: str

    def render(self) -> bytes:
        # FreeSWITCH takes blanks and signs off the front: a sign says whether the filter lets pass.
        if not self.value or self.value[0] in " +-" or self.header.lower() in ("add", "delete"):
            raise IllegalValue(f"filter {self.header!r} {self.value!r}")
        return _command(f"filter {_token(self.header)} {self.value}")


class Unfilter(Command, frozen=True):
    """`filter delete`: the filters of this header (`all`: every one), or with a value just that one."""

    header: str
    value: str = ""

    def render(self) -> bytes:
        return _command(f"filter delete {_token(self.header)}{_after_space(self.value)}")


class Api(Command, frozen=True):
    """Runs a command and waits: no event is sent on this connection until it is done.

    FreeSWITCH takes blanks off both ends of the argument. Most commands cut it at blanks: see `escape`.
    """

    command: str
    argument: str = ""

    def render(self) -> bytes:
        return _command(f"api {_word(self.command)}{_after_space(_unexpanded(self.argument))}")


class BgApi(Command, frozen=True):
    """Runs a command in a thread of its own; the result is a BACKGROUND_JOB event, which every subscriber sees."""

    command: str
    argument: str = ""
    job_id: str = ""
    """The Job-UUID it shall have; FreeSWITCH makes one if ''."""

    def render(self) -> bytes:
        line = f"bgapi {_word(self.command)}{_after_space(_unexpanded(self.argument))}"
        if not self.job_id:
            return _command(line)
        if len(self.job_id) > JOB_ID_LIMIT:
            raise IllegalValue(f"Job-UUID of {len(self.job_id)} characters")
        return _command(line, [("Job-UUID", _token(self.job_id))])


class Execute(Command, frozen=True):
    """Runs an application on a channel. The Reply says queued; an application that does not exist kills the call."""

    uuid: str
    """The channel; '' on an outbound connection is its own."""
    application: str
    argument: str = ""
    """FreeSWITCH expands `${…}` in it, functions too, so that is refused. A line break arrives, a NUL cannot."""
    event_id: str = ""
    """Event-UUID: comes back as Application-UUID of CHANNEL_EXECUTE and CHANNEL_EXECUTE_COMPLETE."""
    is_locked: bool = True
    """event-lock: waits its turn behind what is queued; without, it runs inside what runs now."""
    loops: int = 1
    """How often; below 0 until it is broken off. FreeSWITCH ends the loop at a round of less than half a second."""

    def render(self) -> bytes:
        headers = [("call-command", "execute"), ("execute-app-name", _word(self.application))]
        body = ""
        if _SCOPE.match(self.argument):
            raise IllegalValue(f"argument {self.argument!r}: sets variables")
        # In a header a line break would end it, blanks in front are lost, and an array is made of one element.
        if _UNSENDABLE.search(self.argument) or self.argument.startswith((" ", _ARRAY)):
            headers.append(("content-type", "text/plain"))
            body = self.argument
        elif self.argument:
            headers.append(("execute-app-arg", self.argument))
        _unexpanded(self.argument)
        if self.event_id:
            headers.append(("Event-UUID", _token(self.event_id)))
        if self.is_locked:
            headers.append(("event-lock", "true"))
        if self.loops != 1:
            headers.append(("loops", f"{self.loops:d}"))
        return _command(_sendmsg(self.uuid), headers, body)


class Hangup(Command, frozen=True):
    """Hangs a channel up by sendmsg: when its turn comes (`Api("uuid_kill", …)` is at once)."""

    uuid: str
    cause: str = "NORMAL_CLEARING"

    def render(self) -> bytes:
        return _command(_sendmsg(self.uuid), [("call-command", "hangup"), ("hangup-cause", _word(self.cause))])


class SendEvent(Command, frozen=True):
    """Fires an event of one's own; the Reply's text has its Event-UUID."""

    name: str
    headers: Sequence[tuple[str, str]] = ()
    """A header without value is left out by FreeSWITCH."""
    body: str = ""

    def render(self) -> bytes:
        for name, value in self.headers:
            if name.lower() in _OWN_HEADERS or not _WORD.fullmatch(name) or value.startswith(" "):
                raise IllegalValue(f"header {name!r}: {value!r}")
        return _command(f"sendevent {_word(self.name)}", self.headers, self.body)


class Log(Command, frozen=True):
    """LogData from now on, of this level and those below."""

    level: int = 7

    def render(self) -> bytes:
        return _command(f"log {self.level:d}")


class NoLog(Command, frozen=True):
    """No more LogData."""

    def render(self) -> bytes:
        return _command("nolog")


class Connected(Command, frozen=True):
    """`connect`: the first command on an outbound connection, answered by Connect."""

    def render(self) -> bytes:
        return _command("connect")


class MyEvents(Command, frozen=True):
    """The events of one channel only; '' on an outbound connection is its own.

    With a uuid FreeSWITCH does not heed the encoding: that of the last Subscribe counts.
    """

    uuid: str = ""
    encoding: Literal["json", "plain"] = "json"

    def render(self) -> bytes:
        # With an encoding a uuid that is unknown is answered by -ERR, without one by +OK.
        return _command(f"myevents{_after_space(self.uuid and _token(self.uuid))} {_token(self.encoding)}")


class DivertEvents(Command, frozen=True):
    """Outbound: whether the channel's own private events come here, too."""

    is_on: bool = True

    def render(self) -> bytes:
        return _command(f"divert_events {'on' if self.is_on else 'off'}")


class Linger(Command, frozen=True):
    """Outbound: the connection outlives the channel by this long, so that its last events arrive."""

    seconds: int

    def render(self) -> bytes:
        return _command(f"linger {self.seconds:d}")


class NoLinger(Command, frozen=True):
    """Outbound: takes Linger back."""

    def render(self) -> bytes:
        return _command("nolinger")


class Exit(Command, frozen=True):
    """Asks FreeSWITCH to close; a Reply and a DisconnectNotice come before the end."""

    def render(self) -> bytes:
        return _command("exit")


class Nudge(Command, frozen=True):
    """A bare line feed. No answer; but it wakes the connection, which looks for events only every 20 ms."""

    def render(self) -> bytes:
        return b"\n"


class Connection:
    """One event socket's bytes. Feed it all that arrives; after a ProtocolError it is dead and says so."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._wanted = 0
        self._searched = 0
        self._lines = _Lines()
        self._fault = ""

    def receive_data(self, data: bytes) -> list[Frame]:
        """The frames that became whole; raises ProtocolError, also on every call after the first fault.

        Keeps an unfinished frame of at most HEAD_LIMIT and BODY_LIMIT bytes; a longer one is refused by its head.
        """
        if self._fault:
            raise ProtocolError(self._fault)
        frames: list[Frame] = []
        try:
            self._receive(data, frames)
        except ProtocolError as error:
            self._fault = str(error)
            self._buffer, self._lines = bytearray(), _Lines()
            error.frames = frames
            raise
        return frames

    def receive_eof(self) -> None:
        """The peer closed; raises ProtocolError if it did so in the middle of a frame, or if already dead."""
        fault = self._fault or ("closed in the middle of a frame" if self._buffer.strip(b"\n") else "")
        self._fault = fault or "closed"
        if fault:
            raise ProtocolError(fault)

    def send(self, command: Command) -> bytes:
        """The bytes to write. Raises IllegalValue, with nothing sent, if FreeSWITCH would read anything else."""
        if self._fault:
            raise ProtocolError(self._fault)
        return command.render()

    def _receive(self, data: bytes, frames: list[Frame]) -> None:
        buffer = self._buffer
        buffer += data
        if len(buffer) < self._wanted:
            return
        at = self._wanted = 0
        while True:
            event = _EVENT_HEAD.match(buffer, at)
            if event:  # of a hundred frames ninety-nine
                content_type, headers, body_at = _EVENTS[event[2]], _NO_HEADERS, event.end()
                end = body_at + _length(event[1])
            elif head := self._next_head(at):
                content_type, headers, body_at, end = head
            else:
                break
            if end > len(buffer):
                self._wanted = end - at
                break
            frames.append(self._frame(content_type, headers, buffer[body_at:end]))
            at, self._searched = end, 0
        del buffer[:at]

    def _next_head(self, at: int) -> tuple[str, dict[str, str], int, int] | None:
        """Content type, headers, where the body begins and where it ends; None if the head is not whole."""
        buffer = self._buffer
        first = _NOT_BLANK.search(buffer, at)
        start = first.start() if first else len(buffer)
        began = buffer[start : start + len(max(_FIRST_NAMES, key=len))]
        if not any(began.startswith(name[: len(began)]) for name in _FIRST_NAMES):
            raise ProtocolError("no event socket")
        end = buffer.find(b"\n\n", max(start, at + self._searched))
        if (len(buffer) if end < 0 else end) - at > HEAD_LIMIT:
            raise ProtocolError(f"head over {HEAD_LIMIT} bytes")
        if end < 0:
            self._searched = max(len(buffer) - at - 1, 0)
            return None
        end += 2
        if buffer.startswith(_CONNECT, start):
            return _CONNECT_TYPE, _NO_HEADERS, start, end
        headers = _parse_head(buffer[start : end - 2])
        content_type, length = headers.get("Content-Type", ""), headers.get("Content-Length", "")
        if not length and content_type not in _WITH_LENGTH:
            return content_type, headers, end, end
        if not _NUMBER.fullmatch(length):
            raise ProtocolError(f"{content_type} with the length {length[:20]!r}")
        return content_type, headers, end, end + _length(length)

    def _frame(self, content_type: str, headers: dict[str, str], body: bytearray) -> Frame:
        if content_type == "text/event-json":
            return _parse_json(body)
        if content_type == "text/event-plain":
            return _parse_plain(body, self._lines)
        if content_type == _CONNECT_TYPE:
            return Connect(_parse_plain(body, self._lines).headers)
        if content_type in _FRAMES:
            return _FRAMES[content_type](headers, body.decode("utf-8", "surrogateescape"))
        if not content_type:
            raise ProtocolError("frame without a content type")
        return Other(content_type, headers, bytes(body))


def escape(value: str) -> str:
    r"""An argument behind the first of an api command that cuts at blanks (uuid_setvar): it is read back as this value.

    As its switch_separate_string has it: a backslash before quotes and backslashes, a blank as `\s`. Raises
    IllegalValue for control characters, which would go on into SIP headers, and for `${`, run where it is used.
    """
    if _CONTROL.search(value):
        raise IllegalValue(f"control character in {value!r}")
    return _escape(_unexpanded(value), "")


def quote_variables(variables: Mapping[str, str]) -> str:
    """`{a=1,b=2}` as originate reads it before a dial string, or '' for none; a variable without value is left out.

    Originate takes the quotes and backslashes off three times: at blanks, at commas, at the equals sign. Raises
    IllegalValue for what cannot be said so: braces, which are counted before that, `:_:`, and what `escape` refuses.
    """
    pairs: list[str] = []
    for name, value in variables.items():
        if not _VARIABLE.fullmatch(name):
            raise IllegalValue(f"variable {name!r}")
        if "{" in value or "}" in value or _ENTERPRISE in value or value.startswith(_ARRAY):
            raise IllegalValue(f"variable {name!r}: {value!r}")
        if value:
            pairs.append(f"{name}={escape(_escape(_escape(value, '='), ','))}")
    return f"{{{','.join(pairs)}}}" if pairs else ""


def _escape(value: str, delimiter: str) -> str:
    for mark in ("\\", "'", *delimiter):
        value = value.replace(mark, f"\\{mark}")
    return value.replace(" ", "\\s")


def _command(line: str, headers: Sequence[tuple[str, str]] = (), body: str = "") -> bytes:
    lines = [line, *[f"{name}: {value}" for name, value in headers]]
    try:
        content = body.encode("utf-8", "surrogateescape")
        if content:
            lines.append(f"Content-Length: {len(content)}")
        rendered = "\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + content
    except UnicodeEncodeError as error:
        raise IllegalValue("text that is not UTF-8") from error
    if any(_UNSENDABLE.search(part) for part in lines) or b"\0" in content:
        raise IllegalValue("CR, LF or NUL")
    if len(rendered) > COMMAND_LIMIT:
        raise IllegalValue(f"command of {len(rendered)} bytes")
    _check_reload(line, "\n".join(lines).lower())
    return rendered


def _check_reload(line: str, folded: str) -> None:
    """FreeSWITCH looks for these two words in the whole head, and then reloads or unloads the event socket."""
    is_meant = line in ("api reload mod_event_socket", "api unload mod_event_socket")
    if not is_meant and "mod_event_socket" in folded and ("reload" in folded or "unload" in folded):
        raise IllegalValue("a value that would reload the event socket")


def _token(text: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise IllegalValue(f"{text!r} where FreeSWITCH reads a word")
    return text


def _word(text: str) -> str:
    if not _WORD.fullmatch(text):
        raise IllegalValue(f"{text!r} where FreeSWITCH reads a name")
    return text


def _after_space(text: str) -> str:
    return f" {text}" if text else ""


def _unexpanded(text: str) -> str:
    if _EXPANSION.search(text):
        raise IllegalValue(f"{text!r}: FreeSWITCH would expand it")
    return text


def _sendmsg(uuid: str) -> str:
    return f"sendmsg{_after_space(uuid and _token(uuid))}"


def _classes(events: Sequence[str], subclasses: Sequence[str]) -> str:
    """All behind CUSTOM is read as subclasses."""
    names = [_word(name) for name in events if name != "CUSTOM"]
    if subclasses or "CUSTOM" in events:
        names += ["CUSTOM", *map(_token, subclasses)]
    if not names:
        raise IllegalValue("no events")
    return " ".join(names)


class _Lines(dict[str, tuple[str, str]]):
    """Line -> (name, decoded value). Remembered: events of one call say most things again, and decoding is slow."""

    def __missing__(self, line: str) -> tuple[str, str]:
        name, colon, value = line.partition(":")
        value = value.removeprefix(" ")
        if "%" in value:
            value = unquote_to_bytes(value.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
        header = (name, value) if colon else ("", line)
        if len(line) <= _REMEMBERED_LENGTH:
            if len(self) >= _REMEMBERED_LINES:
                self.clear()
            self[line] = header
        return header


def _length(digits: bytes | str) -> int:
    length = int(digits)
    if length > BODY_LIMIT:
        raise ProtocolError(f"body of {length} bytes")
    return length


def _number(text: str) -> int:
    return int(text) if _NUMBER.fullmatch(text) else 0


def _parse_head(block: bytearray) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in _lines_of(block):
        name, colon, value = line.partition(":")
        # Two frames read as one: a reply that FreeSWITCH cut, or bytes that were lost.
        if not colon or name in headers:
            raise ProtocolError(f"head with the line {line[:100]!r}")
        headers[name] = value.removeprefix(" ")
    return headers


def _lines_of(block: bytearray) -> list[str]:
    if len(block) > HEADER_LIMIT and block.count(b"\n") >= HEADER_LIMIT:
        raise ProtocolError(f"over {HEADER_LIMIT} headers")
    return block.decode("utf-8", "surrogateescape").split("\n")


def _parse_plain(block: bytearray, known: _Lines) -> Event:
    head, empty, body = block.partition(b"\n\n")
    if not empty:
        raise ProtocolError("event without an end of its headers")
    headers = dict(map(known.__getitem__, _lines_of(head)))
    if body and headers.get("Content-Length") != str(len(body)):
        raise ProtocolError("event whose body is not as long as it says")
    return Event(headers, body.decode("utf-8", "surrogateescape"))


def _parse_json(block: bytearray) -> Event:
    if len(block) > HEADER_LIMIT and block.count(b'","') >= HEADER_LIMIT:
        raise ProtocolError(f"over {HEADER_LIMIT} headers")
    try:
        headers = _STRINGS.decode(block)
    except (msgspec.DecodeError, UnicodeDecodeError):
        headers = _parse_odd_json(block)
    return Event(headers, headers.pop("_body", ""))


def _parse_odd_json(block: bytearray) -> dict[str, str]:
    """With an array, or bytes that are not UTF-8."""
    try:
        headers = json.loads(block.decode("utf-8", "surrogateescape"), strict=False)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("event that is not json") from error
    if not isinstance(headers, dict) or len(headers) > HEADER_LIMIT:
        raise ProtocolError("event that is not a json object")
    return {name: _text(value) for name, value in headers.items()}


def _text(value: object) -> str:
    """Json has an array where plain text has `ARRAY::a|:b`, even if there is but one in it."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise ProtocolError("event with a value that is no text")
    return (_ARRAY if len(value) > 1 else "") + _ARRAY_SEPARATOR.join(value)


_FRAMES: dict[str, Callable[[dict[str, str], str], Frame]] = {
    "auth/request": lambda headers, text: AuthRequest(),
    "text/rude-rejection": lambda headers, text: Rejection(text),
    "command/reply": lambda headers, text: Reply(headers.get("Reply-Text", ""), headers),
    "api/response": lambda headers, text: ApiResponse(text),
    "text/disconnect-notice": DisconnectNotice,
    "log/data": LogData,
}
