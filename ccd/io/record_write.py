"""Writes to the records: each is a value, one line in the backlog, and a few Redis commands that may be repeated.

A call's record is stored in two parts: what is personal lies under the person's key, so that erasing a person is the
deletion of a few keys, and the rest of the record stays for the statistics. A *person* is a caller's id where the flow
looked him up, else the number, else the call itself.
"""

from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from redis.asyncio.client import Pipeline

from ccd.io.record_script import CHANGE_CALLER, KEEP_PERSONAL
from ccd.model.caller import Interaction
from ccd.model.cdr import Cdr
from ccd.model.ids import CallerId, RecordingId


class Write(Struct, frozen=True, tag=True, omit_defaults=True):
    """Base of all writes."""


class KeepCdr(Write, frozen=True):
    """A finished call's record; the last one written under its id counts."""

    cdr: Cdr


class KeepInteraction(Write, frozen=True):
    interaction: Interaction


class KeepRecording(Write, frozen=True):
    """A recording's or a voicemail's file is in its place. `length` in samples, `checksum` SHA-256 in hex."""

    recording: RecordingId
    path: str
    length: int
    checksum: str


class ChangeCaller(Write, frozen=True):
    """Fields of a caller that is there; an empty text removes the field."""

    caller: CallerId
    fields: dict[str, str]


AnyWrite = KeepCdr | KeepInteraction | KeepRecording | ChangeCaller


class Personal(Struct, frozen=True, omit_defaults=True):
    """What of a call's record is about the person; the tuples follow the order of the record's."""

    ani: str = ""
    ani_name: str = ""
    dnis: str = ""
    number: str = ""
    leg_numbers: tuple[str, ...] = ()
    forbidden_numbers: tuple[str, ...] = ()
    collected: tuple[str, ...] = ()


_decoder: msgspec.json.Decoder[AnyWrite] = msgspec.json.Decoder(AnyWrite)


def encoded(value: object) -> bytes:
    """JSON on one line. Text that is no Unicode (bytes off the wire, kept as surrogates) gets replacement marks."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_readable(msgspec.to_builtins(value)))


def decoded(line: bytes) -> AnyWrite:
    """A write from its line. Raises msgspec.DecodeError, which a damaged line causes."""
    return _decoder.decode(line)


def person_of(cdr: Cdr) -> str:
    """Under whose key the personal part lies."""
    return cdr.caller or cdr.number or f"call:{cdr.call}"


def parted(cdr: Cdr) -> tuple[Cdr, Personal]:
    """The record without the person, and the person. The number called by an inbound caller is the site's own."""
    inbound = cdr.direction == "inbound"
    personal = Personal(
        cdr.ani,
        cdr.ani_name,
        "" if inbound else cdr.dnis,
        cdr.number,
        tuple(leg.number for leg in cdr.legs),
        tuple(dial.number for dial in cdr.forbidden),
        tuple(step.result for step in cdr.way if step.verb == "collect"),
    )
    return _with(cdr, Personal(dnis=cdr.dnis if inbound else "")), personal


def joined(cdr: Cdr, personal: Personal | None) -> Cdr:
    """The whole record again; None where the person was erased."""
    if personal is None:
        return cdr
    return _with(cdr, personal if personal.dnis else replace(personal, dnis=cdr.dnis))


def add_commands(write: AnyWrite, pipe: Pipeline) -> None:
    """Put the write's commands into the pipeline."""
    match write:
        case KeepCdr(cdr):
            _keep_cdr(cdr, pipe)
        case KeepInteraction(entry):
            _keep_personal(
                pipe, entry.caller, f"interaction:{entry.id}", encoded(entry), "interactions", entry.at, entry.id
            )
        case KeepRecording(recording, path, length, checksum):
            pipe.hset(f"ccd:recording:{recording}", mapping={"path": path, "length": length, "checksum": checksum})
        case ChangeCaller(caller, fields):
            pairs = [text for pair in fields.items() for text in pair]
            pipe.eval(CHANGE_CALLER, 1, f"ccd:caller:{caller}", *pairs)


def _keep_cdr(cdr: Cdr, pipe: Pipeline) -> None:
    rest, personal = parted(cdr)
    person = person_of(cdr)
    pipe.hset(f"ccd:call:{cdr.call}", mapping={"cdr": encoded(rest), "person": person})
    _keep_personal(pipe, person, f"call:{cdr.call}", encoded(personal), "calls", cdr.started_at, cdr.call)
    pipe.zadd("ccd:calls", {cdr.call: cdr.started_at})
    for agent in sorted({talk.agent for talk in cdr.talks if talk.agent} | {offer.agent for offer in cdr.offers}):
        pipe.zadd(f"ccd:agent:{agent}:calls", {cdr.call: cdr.started_at})
    for queue in sorted({visit.queue for visit in cdr.visits}):
        pipe.zadd(f"ccd:queue:{queue}:calls", {cdr.call: cdr.started_at})


def _keep_personal(pipe: Pipeline, person: str, field: str, value: bytes, index: str, at: int, member: str) -> None:
    keys = ("ccd:erased", f"ccd:person:{person}:personal", f"ccd:person:{person}:{index}")
    # redis-py's stub wants text here; it takes bytes as every other argument
    arguments: tuple[Any, ...] = (person, field, value, at, member)
    pipe.eval(KEEP_PERSONAL, len(keys), *keys, *arguments)


def _with(cdr: Cdr, personal: Personal) -> Cdr:
    numbers, forbidden, collected = (
        iter(personal.leg_numbers),
        iter(personal.forbidden_numbers),
        iter(personal.collected),
    )
    return replace(
        cdr,
        ani=personal.ani,
        ani_name=personal.ani_name,
        dnis=personal.dnis,
        number=personal.number,
        legs=tuple(replace(leg, number=next(numbers, "")) for leg in cdr.legs),
        forbidden=tuple(replace(dial, number=next(forbidden, "")) for dial in cdr.forbidden),
        way=tuple(replace(step, result=next(collected, "")) if step.verb == "collect" else step for step in cdr.way),
    )


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_readable(key): _readable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(item) for item in value]
    return value
