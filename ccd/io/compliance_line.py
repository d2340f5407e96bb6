"""The compliance log's lines: what of a fact they say, by what they are told apart, and how they hang together."""

from datetime import UTC, datetime
from hashlib import blake2b, sha256
from typing import Literal

import msgspec
from msgspec import Struct

from ccd.model.fact import (
    AnyFact,
    AttemptAbandoned,
    AttemptAnswered,
    AttemptBegan,
    AttemptConnected,
    AttemptEnded,
    ContactForbidden,
    DispositionSet,
)
from ccd.model.ids import SECOND, Moment

FIRST = "0" * 64
"""What the very first line follows."""
Kind = Literal["began", "answered", "connected", "abandoned", "ended", "disposition", "refused"]
KINDS: dict[type, Kind] = {
    AttemptBegan: "began",
    AttemptAnswered: "answered",
    AttemptConnected: "connected",
    AttemptAbandoned: "abandoned",
    AttemptEnded: "ended",
    DispositionSet: "disposition",
    ContactForbidden: "refused",
}
MOMENTS = ("next_at", "locked_until")


class Line(Struct, frozen=True, omit_defaults=True):
    """A line. Moments are ISO 8601 in UTC, empty for none; what a kind does not have is left out."""

    chain: str
    at: str
    kind: Kind
    campaign: str
    contact: str
    call: str = ""
    number: str = ""
    number_index: int = 0
    attempt: int = 0
    trunk: str = ""
    outbound_cli: str = ""
    reasons: tuple[str, ...] = ()
    wanted: str = ""
    by: str = ""
    outcome: str = ""
    cause: int = 0
    sip_code: int = 0
    agent: str = ""
    next_at: str = ""
    next_index: int = 0
    locked_until: str = ""
    disposition: str = ""
    is_done: bool = False
    personal: str = ""
    note: str = ""
    reason: str = ""
    is_final: bool = False


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


def encoded(fact: AnyFact, at: Moment, chain: str) -> bytes:
    """A fact's line, without its newline."""
    return _encoder.encode(line_of(fact, at, chain))


def line_of(fact: AnyFact, at: Moment, chain: str) -> Line:
    """A fact as the log has it."""
    values = {name: getattr(fact, name) for name in fact.__struct_fields__ if name in Line.__struct_fields__}
    for name in MOMENTS:
        if name in values:
            values[name] = written(values[name])
    if isinstance(fact, DispositionSet):
        values["call"] = fact.attempt
        values.pop("attempt")
    return Line(chain=chain, at=written(at), kind=KINDS[type(fact)], **values)


def written(at: Moment) -> str:
    """2026-11-27T09:00:00.123456Z; empty for 0."""
    return datetime.fromtimestamp(at // SECOND, UTC).strftime(f"%Y-%m-%dT%H:%M:%S.{at % SECOND:06d}Z") if at else ""


def hash_of(line: bytes) -> str:
    """Of a line without its newline."""
    return sha256(line).hexdigest()


def key_of(fact: AnyFact, at: Moment) -> bytes:
    """By what a fact is known when it is told again."""
    call = fact.attempt if isinstance(fact, DispositionSet) else getattr(fact, "call", "")
    return _key(KINDS[type(fact)], call, fact.contact, written(at))  # type: ignore[union-attr]


def key_of_line(line: Line) -> bytes:
    """The same, of what it became."""
    return _key(line.kind, line.call, line.contact, line.at)


def _key(*parts: str) -> bytes:
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=10).digest()


def parsed(line: bytes) -> Line | None:
    """A line's content; None where it is none of ours."""
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
