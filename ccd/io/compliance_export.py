"""What the compliance log is for: whoever asks for it can see that it is whole, and gets it as a table."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from msgspec import Struct

from ccd.io.compliance_line import FIRST, Line, hash_of, parsed, written
from ccd.io.compliance_log import files_of, log_files
from ccd.model.ids import Moment

COLUMNS = tuple(name for name in Line.__struct_fields__ if name != "chain")
TYPED = ("disposition", "note", "reason")
"""What people wrote. A spreadsheet takes some of it for a formula unless it is marked as text."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class DamagedLogError(Exception):
    """A file is not as it was written; the text says from which line on."""


class Verified(Struct, frozen=True):
    """A file's lines hang together. `follows` is the hash of the line before its first one, `hash` that of its last."""

    lines: int
    follows: str
    hash: str


def verify(file: Path) -> Verified:
    """Whether all of it is as it was written. Raises DamagedLogError, OSError."""
    count, follows, last = 0, FIRST, FIRST
    for line, raw in checked(file):
        if not count:
            follows = line.chain
        count, last = count + 1, hash_of(raw)
    return Verified(count, follows, last)


def checked(file: Path) -> Iterator[tuple[Line, bytes]]:
    """The lines, each as what it says and as it stands there; up to the first that does not follow the one before."""
    before = ""
    with file.open("rb") as lines:
        for number, raw in enumerate(lines, 1):
            if not raw.endswith(b"\n"):
                raise DamagedLogError(f"{file.name}: line {number} has no end")
            line = parsed(raw[:-1])
            if line is None:
                raise DamagedLogError(f"{file.name}: line {number} is none of this log")
            if before and line.chain != before:
                raise DamagedLogError(f"{file.name}: line {number} does not follow line {number - 1}")
            before = hash_of(raw[:-1])
            yield line, raw[:-1]


def export(folder: Path, begin: Moment, end: Moment, out: TextIO, names: Iterable[str] | None = None) -> int:
    """The lines of [begin, end) of some campaigns (`file_name`), or of all, as CSV with a head; how many.

    A file is checked while it is read. Raises DamagedLogError, OSError.
    """
    table = csv.writer(out)
    table.writerow(COLUMNS)
    count = 0
    for line in period(folder, begin, end, names):
        table.writerow(row(line))
        count += 1
    return count


def period(folder: Path, begin: Moment, end: Moment, names: Iterable[str] | None = None) -> Iterator[Line]:
    """The lines of [begin, end). Raises DamagedLogError, OSError."""
    first, last = written(begin), written(end)
    files = log_files(folder) if names is None else [file for name in names for file in files_of(folder, name)]
    for file in files:
        if first[:10] <= file.name[:10] <= last[:10]:
            yield from (line for line, _ in checked(file) if first <= line.at < last)


def row(line: Line) -> list[str]:
    """As a table has it."""
    return [cell(name, getattr(line, name)) for name in COLUMNS]


def cell(name: str, value: object) -> str:
    """One value; what people wrote cannot be run."""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, tuple):
        return "; ".join(value)
    text = str(value)
    return f"'{text}" if name in TYPED and text.startswith(FORMULA) else text
