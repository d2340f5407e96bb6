"""The Asterisk Manager Interface, sans I/O: bytes in, messages out; actions in, bytes out.

Framing as measured on Asterisk 22: a greeting line, then messages that end in an empty line. Only CR LF ends a line. A
lone LF or CR stays in its value: Asterisk itself ends some values in LF (`Message: No Contacts found` LF CR LF), Getvar
answers with what is in the variable, and a bare LF must not be able to begin a header.

CR LF inside a value cannot be told from a real line end, and Asterisk 22 writes a SIP caller's `%0D%0A` and `%3A`
decoded into CallerIDNum: a stranger's INVITE can forge headers and whole events. Forged headers repeat those of the
message they are in, which `Message.is_suspect` tells. Whole events must be kept out at the switch, by a filter of the
AMI user: `eventfilter(action(exclude),method(regex)) = [[:cntrl:]]{4}[^[:cntrl:]]` (an empty line within an event).

Text is UTF-8 with surrogateescape: bytes that are not UTF-8 survive the way through and back.
"""

import re
from collections.abc import Sequence

import msgspec

LINE_LIMIT = 65_536
"""Longest line received, bytes. The longest seen from Asterisk 22 is 1,015."""
HEADER_LIMIT = 32_768
"""Most lines in one message received. A message of up to LINE_LIMIT bytes cannot hold more."""
MESSAGE_LIMIT = 1_048_576
"""Longest message received, bytes, its end not counted."""
ACTION_LINE_LIMIT = 1_024
"""Longest line Asterisk reads, bytes, CR LF counted; it refuses the message with "line too long"."""
ACTION_HEADER_LIMIT = 128
"""Most lines Asterisk reads in one action; it refuses the message with "Too many lines"."""
LIST_LIMIT = 100_000
"""Most events kept of one list action."""

_END = b"\r\n\r\n"
_BANNER = b"Asterisk Call Manager/"
_BANNER_LIMIT = 128
_REPEATABLE = ("Variable", "ChanVariable", "Output")
_UNSENDABLE = re.compile("[\r\n\0]")
_FOLLOWS = "Response: Follows"  # how Asterisk before 14 answered a Command: the output, then its end
_END_COMMAND = "--END COMMAND--"
_REMEMBERED_LINES = 2_048
_REMEMBERED_LENGTH = 100


class ProtocolError(Exception):
    """The peer broke the protocol or a bound; the connection is dead.

    `messages` holds what was whole before the fault in the bytes of the same call.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.messages: list[Message] = []


class IllegalValue(ValueError):  # noqa: N818 - reads as what it is: the value, not the connection, is at fault
    """An action that Asterisk would misread: line breaks or NUL inside, or more than it reads."""


class Message(msgspec.Struct, frozen=True):
    """One event or response. Header names are matched as Asterisk writes them first, then whatever their case."""

    first: dict[str, str]
    """The first value of each name, in order of arrival."""
    every: tuple[tuple[str, str], ...] | None = None
    """All headers in order, where a name repeats; else None."""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """All (name, value) pairs in order of arrival; a line without a colon has the name ''."""
        return tuple(self.first.items()) if self.every is None else self.every

    @property
    def event(self) -> str:
        """The event's name, or ''. Test it before `response`: OriginateResponse carries both."""
        return self.first.get("Event", "")

    @property
    def response(self) -> str:
        """Success, Error, Goodbye, Follows …, or ''."""
        return self.first.get("Response", "")

    @property
    def action_id(self) -> str:
        """The ActionID this answers, or ''."""
        return self.first.get("ActionID", "")

    @property
    def output(self) -> tuple[str, ...]:
        """The lines a Command action printed."""
        return self.all("Output")

    @property
    def stray(self) -> tuple[str, ...]:
        """Lines without a colon: Asterisk writes none, a caller may (see above)."""
        return self.all("")

    @property
    def is_suspect(self) -> bool:
        """Whether a caller may have written into it: it is neither event nor response, or has a stray line, or repeats
        a header that Asterisk writes once. A UserEvent that repeats a channel's header, and TestEvent, look the same.
        """
        if "Event" not in self.first and "Response" not in self.first:
            return not isinstance(self, Banner)
        if self.every is None:
            return "" in self.first
        names = [name for name, _ in self.every if name not in _REPEATABLE]
        return "" in self.first or len(names) != len(set(names))

    def get(self, name: str, default: str = "") -> str:
        """The first value of the header, or the default."""
        value = self.first.get(name)
        if value is not None:
            return value
        folded = name.lower()
        for key, value in self.first.items():
            if key.lower() == folded:
                return value
        return default

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of the header in order, whatever the case of its name."""
        folded = name.lower()
        return tuple([value for key, value in self.headers if key.lower() == folded])


class Banner(Message, frozen=True):
    """The greeting line: `Asterisk Call Manager/11.0.0`."""

    @property
    def version(self) -> str:
        """The version of the protocol (not of Asterisk)."""
        return self.first["Asterisk Call Manager"]


class Action(msgspec.Struct, frozen=True):
    """What is asked of Asterisk. `headers` may repeat a name (Variable); Action and ActionID are not among them."""

    name: str
    headers: Sequence[tuple[str, str]] = ()
    action_id: str = ""


class Connection:
    """One AMI session's bytes. Feed it all that arrives; after a ProtocolError it is dead and says so."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._lines = _Lines()
        self._greeted = False
        self._fault = ""

    def receive_data(self, data: bytes) -> list[Message]:
        """The messages that became whole; raises ProtocolError, also on every call after the first fault.

        Keeps at most MESSAGE_LIMIT bytes of an unfinished message; its lines are counted and measured when it ends.
        """
        if self._fault:
            raise ProtocolError(self._fault)
        messages: list[Message] = []
        try:
            self._receive(data, messages)
        except ProtocolError as error:
            self._fault = str(error)
            self._buffer, self._lines = bytearray(), _Lines()
            error.messages = messages
            raise
        return messages

    def receive_eof(self) -> None:
        """The peer closed; raises ProtocolError if it did so in the middle of a message, or if already dead."""
        fault = self._fault or ("closed in the middle of a message" if self._buffer else "")
        self._fault = fault or "closed"
        if fault:
            raise ProtocolError(fault)

    def send(self, action: Action) -> bytes:
        """The bytes to write. Raises IllegalValue, with nothing sent, if Asterisk would not read just this action."""
        if self._fault:
            raise ProtocolError(self._fault)
        return render(action)

    def _receive(self, data: bytes, messages: list[Message]) -> None:
        searched = len(self._buffer) - len(_END) + 1
        self._buffer += data
        if not self._greeted:
            if not self._greet(messages):
                return
            searched = 0
        if self._buffer.find(_END, max(searched, 0)) >= 0:
            *blocks, self._buffer = self._buffer.split(_END)
            for block in blocks:
                message = _parse(block, self._lines)
                if message.first:  # there may be empty lines between messages
                    messages.append(message)
        if len(self._buffer) >= MESSAGE_LIMIT + len(_END):
            raise ProtocolError(f"message over {MESSAGE_LIMIT} bytes")

    def _greet(self, messages: list[Message]) -> bool:
        line, end, rest = self._buffer.partition(b"\r\n")
        if line[: len(_BANNER)] != (_BANNER if end else _BANNER[: len(line)]):
            raise ProtocolError("no Asterisk Manager greeting")
        if len(line.removesuffix(b"\r")) > _BANNER_LIMIT:
            raise ProtocolError(f"greeting over {_BANNER_LIMIT} bytes")
        if not end:
            return False
        product, _, version = line.decode("utf-8", "surrogateescape").partition("/")
        messages.append(Banner({product: version}))
        self._buffer, self._greeted = rest, True
        return True


class EventList:
    """Collects the answer to one list action: the response, then events of its ActionID up to `EventList: Complete`.

    A response that is an error, or that does not announce a list (`EventList: start`), completes it at once.
    """

    def __init__(self, action_id: str, limit: int = LIST_LIMIT) -> None:
        self.action_id = action_id
        self.response: Message | None = None
        self.events: list[Message] = []
        self.is_complete = False
        self._limit = limit

    def receive(self, message: Message) -> bool:
        """Whether the message belongs to this list, and so was taken. Raises ProtocolError beyond the limit."""
        if self.is_complete or message.action_id != self.action_id:
            return False
        if message.event:
            self._collect(message)
        else:
            self.response = message
            self.is_complete = message.get("EventList").lower() != "start"
        return True

    def _collect(self, event: Message) -> None:
        if event.get("EventList").lower() in ("complete", "cancelled"):
            self.is_complete = True
        elif len(self.events) >= self._limit:
            raise ProtocolError(f"list of over {self._limit} events")
        else:
            self.events.append(event)


def render(action: Action) -> bytes:
    """The action's bytes; raises IllegalValue rather than let a value begin a header, or Asterisk refuse or cut it."""
    headers = [("Action", action.name)]
    if action.action_id:
        headers.append(("ActionID", action.action_id))
    headers += action.headers
    if len(headers) > ACTION_HEADER_LIMIT:
        raise IllegalValue(f"{len(headers)} lines; Asterisk reads {ACTION_HEADER_LIMIT}")
    own = len(headers) - len(action.headers)
    for name, _ in headers[own:]:
        if not name or ":" in name or name != name.strip() or name.lower() in ("action", "actionid"):
            raise IllegalValue(f"header name {name!r}")
    return b"".join([_render_line(name, value) for name, value in headers]) + b"\r\n"


def _render_line(name: str, value: str) -> bytes:
    line = f"{name}: {value}"
    if _UNSENDABLE.search(line):
        raise IllegalValue(f"CR, LF or NUL in {name!r}")
    try:
        encoded = line.encode("utf-8", "surrogateescape") + b"\r\n"
    except UnicodeEncodeError as error:
        raise IllegalValue(f"text that is not UTF-8 in {name!r}") from error
    if len(encoded) > ACTION_LINE_LIMIT:
        raise IllegalValue(f"{name!r}: line of {len(encoded)} bytes; Asterisk reads {ACTION_LINE_LIMIT}")
    return encoded


class _Lines(dict[str, tuple[str, str]]):
    """Line -> (name, value). Remembered: events of one call say most things again, and a look-up costs half a cut."""

    def __missing__(self, line: str) -> tuple[str, str]:
        name, colon, value = line.partition(":")
        header = (name, value.removeprefix(" ")) if colon else ("", line)
        if len(line) <= _REMEMBERED_LENGTH:
            if len(self) >= _REMEMBERED_LINES:
                self.clear()
            self[line] = header
        return header


def _parse(block: bytearray, known: _Lines) -> Message:
    lines = block.decode("utf-8", "surrogateescape").split("\r\n")
    if len(block) > LINE_LIMIT:
        _check_bounds(len(block), lines)
    first = dict(map(known.__getitem__, lines))
    # Most messages name each header once: the dict then holds everything, in order.
    if len(first) == len(lines) and lines[0] not in ("", _FOLLOWS):
        return Message(first)
    return _parse_repeats(lines, known)


def _parse_repeats(lines: list[str], known: _Lines) -> Message:
    body: list[str] = []
    if lines[0] == _FOLLOWS and lines[-1].endswith(_END_COMMAND):
        body = lines.pop().removesuffix(_END_COMMAND).removesuffix("\n").split("\n")
    headers = [known[line] for line in lines if line]
    headers += [("Output", line) for line in body]
    first: dict[str, str] = {}
    for name, value in headers:
        first.setdefault(name, value)
    return Message(first, tuple(headers) if len(first) != len(headers) else None)


def _check_bounds(size: int, lines: list[str]) -> None:
    if size > MESSAGE_LIMIT:
        raise ProtocolError(f"message over {MESSAGE_LIMIT} bytes")
    if len(lines) > HEADER_LIMIT:
        raise ProtocolError(f"message of over {HEADER_LIMIT} lines")
    if any(len(line.encode("utf-8", "surrogateescape")) > LINE_LIMIT for line in lines):
        raise ProtocolError(f"line over {LINE_LIMIT} bytes")
