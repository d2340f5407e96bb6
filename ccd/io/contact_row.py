"""A row of a contact list, by its header's names, to a contact; what is wrong with it in words."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from ccd.io.calling_hours import EPOCH
from ccd.io.contact_add import NewContact
from ccd.io.contact_lane import BETWEEN_ZONES, PRIORITIES
from ccd.io.number_zone import zone, zones_of
from ccd.model.ids import Moment

MOST_NUMBERS = 9
MOST_FIELD = 1_000
MOST_NAME = 200
MOST_FIELD_NAME = 64
_NUMBER = re.compile(r"(number|phone|telephone|mobile)_?([1-9]?)")
_SAME = {"id": "key", "timezone": "time_zone", "firstname": "first_name", "lastname": "last_name"}
_KNOWN = ("key", "name", "first_name", "last_name", "priority", "time_zone", "due_at")
_YEARS = range(2000, 2200)


class RowError(Exception):
    """What is wrong with a row."""


class Columns(NamedTuple):
    """Where a list has what: the numbers in the order in which they are dialled."""

    numbers: tuple[tuple[int, str], ...]
    known: Mapping[str, int]
    fields: tuple[tuple[int, str], ...]


def columns(header: Sequence[str]) -> Columns:
    """What the header's names mean; what ccd does not know is a field of the contact. Raises RowError."""
    numbers: list[tuple[int, int, str]] = []
    known: dict[str, int] = {}
    fields: dict[str, int] = {}
    for place, written in enumerate(header):
        name = _plain(written)
        if found := _NUMBER.fullmatch(name):
            numbers.append((int(found[2] or 1), place, found[1]))
        elif name in _KNOWN:
            if name in known:
                raise RowError(f"the header has {written!r} twice")
            known[name] = place
        elif written:
            if len(written) > MOST_FIELD_NAME:
                raise RowError(f"the header's column {place + 1} has a name of more than {MOST_FIELD_NAME} characters")
            if written in fields:
                raise RowError(f"the header has {written!r} twice")
            fields[written] = place
    if not numbers:
        raise RowError("the header names no column for numbers")
    if len(numbers) > MOST_NUMBERS:
        raise RowError(f"the header has more than {MOST_NUMBERS} columns for numbers")
    return Columns(
        tuple((place, kind) for _, place, kind in sorted(numbers)),
        known,
        tuple((place, name) for name, place in fields.items()),
    )


def is_header(cells: Sequence[str]) -> int:
    """How many of the cells are names that ccd knows; 0 where none is that of a number."""
    names = [_plain(cell) for cell in cells]
    numbers = sum(1 for name in names if _NUMBER.fullmatch(name))
    return numbers + sum(1 for name in names if name in _KNOWN) if numbers else 0


def contact_of(cells: Sequence[str], where: Columns, numbers: Sequence[str]) -> NewContact:
    """The contact; `numbers` are those of its columns in E.164, empty where they are none. Raises RowError."""
    found, kinds = _numbers(cells, where, numbers)
    known = {name: text for name, place in where.known.items() if (text := cells[place].strip())}
    fields = _fields(cells, where)
    for name in ("first_name", "last_name"):
        if name in known:
            fields[name] = known[name][:MOST_NAME]
    whole = known.get("name") or f"{known.get('first_name', '')} {known.get('last_name', '')}"
    time_zone = _time_zone(known.get("time_zone", ""))
    zones = () if time_zone else tuple(BETWEEN_ZONES.join(zones_of(number)) for number in found)
    return NewContact(
        found,
        _key(known.get("key", "")),
        " ".join(whole.split())[:MOST_NAME],
        fields,
        _priority(known.get("priority", "")),
        time_zone,
        _due_at(known["due_at"], time_zone or zones[0].partition(BETWEEN_ZONES)[0]) if "due_at" in known else 0,
        kinds,
        zones,
    )


def _fields(cells: Sequence[str], where: Columns) -> dict[str, str]:
    fields: dict[str, str] = {}
    for place, name in where.fields:
        if text := cells[place].strip():
            if len(text) > MOST_FIELD:
                raise RowError(f"{name} is longer than {MOST_FIELD} characters")
            fields[name] = text
    return fields


def _numbers(cells: Sequence[str], where: Columns, numbers: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found: dict[str, str] = {}
    for (place, kind), number in zip(where.numbers, numbers, strict=True):
        if number:
            found.setdefault(number, kind)
        elif text := cells[place].strip():
            raise RowError(f"{text[:40]!r} is no telephone number")
    if not found:
        raise RowError("has no number")
    return tuple(found), tuple(found.values())


def _key(text: str) -> str:
    if len(text) > MOST_NAME:
        raise RowError(f"the key is longer than {MOST_NAME} characters")
    return text


def _priority(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) < 4 and int(text) in PRIORITIES):
        raise RowError(f"priority is a whole number from 0 to {PRIORITIES[-1]}, not {text[:40]!r}")
    return int(text)


def _time_zone(text: str) -> str:
    if text and zone(text) is None:
        raise RowError(f"{text[:40]!r} is no time zone, as Europe/Madrid is")
    return text


def _due_at(text: str, time_zone: str) -> Moment:
    """A date, or date and time; without an offset it is the contact's own, of several time zones the first."""
    try:
        at = datetime.fromisoformat(text)
        if at.year not in _YEARS:
            raise ValueError
        if at.tzinfo is None:
            at = at.replace(tzinfo=zone(time_zone) or UTC)
        return (at.astimezone(UTC) - EPOCH) // (EPOCH.resolution)
    except (ValueError, OverflowError):
        raise RowError(f"due_at is a date, as 2026-12-31 or 2026-12-31T15:30 are, not {text[:40]!r}") from None


def _plain(name: str) -> str:
    name = re.sub(r"[\s_-]+", "_", name.strip().casefold())
    return _SAME.get(name, name)
