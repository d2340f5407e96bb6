"""SIP messages as far as a loopback peer needs them (RFC 3261), and the SDP of one PCMU stream (RFC 4566)."""

import re
from dataclasses import dataclass, field

_COMPACT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
}


@dataclass
class SipMessage:
    """A request or response; headers in order, repeated ones kept."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    @property
    def method(self) -> str:
        """The request's method, or that of the request which this response answers."""
        if self.start.startswith("SIP/2.0"):
            return self.header("CSeq").split()[-1]
        return self.start.split(" ", 1)[0]

    @property
    def code(self) -> int | None:
        """The status code of a response; None for a request."""
        return int(self.start.split(" ", 2)[1]) if self.start.startswith("SIP/2.0") else None

    @property
    def uri(self) -> str:
        return self.start.split(" ", 2)[1]

    @property
    def sequence(self) -> int:
        """The number in CSeq."""
        return int(self.header("CSeq").split()[0])

    @property
    def branch(self) -> str:
        return parameter(self.header("Via"), "branch")

    def header(self, name: str) -> str:
        """The first header of that name, "" without one."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def render(self) -> bytes:
        """The bytes; what `parse` could not decode comes out as it came in."""
        body = self.body.encode()
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers), f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode(errors="surrogateescape") + body


def parse(data: bytes) -> SipMessage:
    """Raises ValueError if it is no SIP message."""
    head, _, body = data.decode(errors="surrogateescape").partition("\r\n\r\n")
    start, *lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"no SIP header: {line[:80]!r}")
        headers.append((_COMPACT.get(name.strip().lower(), name.strip()), value.strip()))
    message = SipMessage(start, headers, body)
    if not re.fullmatch(r"SIP/2\.0 \d{3} .*|[A-Z]+ \S+ SIP/2\.0", start) or not message.header("CSeq").split():
        raise ValueError(f"no SIP message: {start[:80]!r}")
    return message


def parameter(value: str, name: str) -> str:
    """The parameter of a header's value, "" without one."""
    found = re.search(rf";\s*{re.escape(name)}\s*=\s*([^;,\s]+)", value, re.IGNORECASE)
    return found.group(1) if found else ""


def address_uri(value: str) -> str:
    """The URI in a From, To or Contact."""
    found = re.search(r"<([^>]*)>", value)
    return found.group(1) if found else value.split(";", 1)[0].strip()


def user(uri: str) -> str:
    """`1001` of `sip:1001@127.0.0.1`."""
    return uri.partition(":")[2].rpartition("@")[0].split(";", 1)[0]


def offer(host: str, port: int) -> str:
    """One PCMU stream with telephone events."""
    return (
        f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 101\r\n"
        "a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
    )


def media_address(sdp: str) -> tuple[str, int] | None:
    """Where the other side wants its RTP; None if there is no audio in it."""
    host = re.search(r"^c=IN IP4 (\S+)", sdp, re.MULTILINE)
    port = re.search(r"^m=audio (\d+)", sdp, re.MULTILINE)
    return (host.group(1), int(port.group(1))) if host and port else None
