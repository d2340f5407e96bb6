"""Lists into the store: contacts, and numbers that are not to be called. Streamed; what is wrong goes into a file."""

import csv
import os
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import TextIO

import msgspec
from msgspec import Struct

from ccd.io.contact_add import AddRules, NewContact, Refused
from ccd.io.contact_row import Columns, RowError, columns, contact_of, is_header
from ccd.io.contact_store import CHUNK, ContactStore
from ccd.io.list_file import ListFile, ListFileError, RawRow
from ccd.io.numbering import normalise_many
from ccd.model.ids import CampaignId, Moment

Progress = Callable[[int, int], None]
"""Bytes done, of how many."""
MOST_REASON = 200
SMALL = 1 << 20
AHEAD = 2
_rows = msgspec.msgpack.Decoder(list[RawRow])
_contacts = msgspec.msgpack.Decoder(list[NewContact | str])
_NO_FORMULA = re.compile(r"[+-]?[0-9 ()./-]*")


class Imported(Struct, frozen=True):
    """What became of a file. `errors` is where the rows lie that were not taken, if there are any."""

    encoding: str
    delimiter: str
    rows: int = 0
    added: int = 0
    duplicates: int = 0
    blocked: int = 0
    wrong: int = 0
    errors: str = ""


def silent(done: int, total: int) -> None:
    """Nobody watches."""


def import_contacts(
    store: ContactStore,
    campaign: CampaignId,
    path: Path,
    errors: Path,
    region: str,
    rules: AddRules,
    progress: Progress = silent,
    small: int = SMALL,
) -> Imported:
    """Add the contacts of a list. It is committed chunk by chunk: after a crash, the same file again adds what is
    missing. Rows that are not taken are written to `errors`. A file of more bytes than `small` is read by a process
    beside, while the store takes what was read before. Raises ListFileError, OSError, sqlite3.Error.
    """
    with closing(ListFile(path, is_header)) as file, closing(Errors(errors, file.header)) as wrong:
        try:
            where = columns(file.header)
        except RowError as error:
            raise ListFileError(str(error)) from None
        counts = {"": 0, "duplicate": 0, "blocked": 0, "wrong": 0}
        for chunk, made, position in _made(file, where, region, small):
            for row, refused in zip(chunk, _added(store, campaign, made, rules), strict=True):
                counts[refused.kind if refused else ""] += 1
                if refused:
                    wrong.put(row, refused.reason)
            progress(position, file.size)
        store.settle()
        return _imported(file, counts, wrong)


def import_numbers(
    store: ContactStore,
    list_name: str,
    path: Path,
    errors: Path,
    region: str,
    at: Moment,
    by: str,
    reason: str = "imported",
    progress: Progress = silent,
) -> Imported:
    """Put the numbers of a file on a do-not-call list: one a line, or with a header and columns `number` and `reason`.

    Raises ListFileError, OSError, sqlite3.Error, ValueError for a name that is none of a list.
    """
    store.block((), list_name, at, reason, by)
    with closing(ListFile(path, is_header, needs_header=False)) as file, closing(Errors(errors, file.header)) as wrong:
        where = columns(file.header) if file.header else Columns(((0, ""),), {}, ())
        reasons = next((place for place, name in where.fields if name.casefold() == "reason"), -1)
        counts = {"": 0, "duplicate": 0, "wrong": 0}
        for chunk, position in _chunks(file):
            by_reason: dict[str, list[str]] = {}
            for row, found in zip(chunk, _numbers(chunk, where, region), strict=True):
                numbers = [number for number in found if number]
                if row.error or not numbers:
                    counts["wrong"] += 1
                    wrong.put(row, row.error or "has no telephone number")
                    continue
                why = row.cells[reasons].strip()[:MOST_REASON] if reasons >= 0 else ""
                by_reason.setdefault(why or reason, []).extend(numbers)
            for why, numbers in by_reason.items():
                added = store.block(numbers, list_name, at, why, by)
                counts[""] += added
                counts["duplicate"] += len(numbers) - added
            progress(position, file.size)
        return _imported(file, counts, wrong)


class Errors:
    """The rows that were not taken: line, reason and the row as it was, for whoever mends them; nobody else's to read.
    The file is there when there is one. A cell that a spreadsheet would compute gets an apostrophe before it.
    """

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self.path = path
        self.number = 0
        self._header = header
        self._file: TextIO | None = None
        path.unlink(missing_ok=True)  # what is there is of an earlier file

    def put(self, row: RawRow, reason: str) -> None:
        """One row."""
        if self._file is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.fdopen(
                os.open(self.path, flags, 0o600), "w", encoding="utf-8", newline="", errors="replace"
            )
            self._writer = csv.writer(self._file)
            self._write(["line", "error", *self._header])
        self._write([str(row.line), reason, *row.cells])
        self.number += 1

    def close(self) -> None:
        """No more."""
        if self._file is not None:
            self._file.close()

    def _write(self, cells: Sequence[str]) -> None:
        self._writer.writerow([_harmless(cell) for cell in cells])


def _harmless(cell: str) -> str:
    is_formula = cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") and not _NO_FORMULA.fullmatch(cell)
    return ("'" + cell if is_formula else cell).replace("\0", "")


def _chunks(file: ListFile) -> Iterator[tuple[list[RawRow], int]]:
    """Some rows at a time, and how far the file was read for them."""
    rows = file.rows()
    while chunk := list(islice(rows, CHUNK)):
        yield chunk, file.position


def _made(
    file: ListFile, where: Columns, region: str, small: int
) -> Iterator[tuple[list[RawRow], list[NewContact | str], int]]:
    """What is made of the rows, chunk by chunk: contacts, or what is wrong."""
    if file.size <= small:
        for chunk, position in _chunks(file):
            yield chunk, contacts_of(chunk, where, region), position
        return
    ahead: deque[tuple[list[RawRow], Future[bytes], int]] = deque()
    with ProcessPoolExecutor(1, get_context("spawn")) as helper:
        for chunk, position in _chunks(file):
            # what is wrong may hold what cannot be written
            rows = [RawRow(row.line, (), row.error) if row.error else row for row in chunk]
            ahead.append((chunk, helper.submit(_work, msgspec.msgpack.encode(rows), where, region), position))
            if len(ahead) > AHEAD:
                yield _taken(*ahead.popleft())
        while ahead:
            yield _taken(*ahead.popleft())


def _taken(
    chunk: list[RawRow], work: "Future[bytes]", position: int
) -> tuple[list[RawRow], list[NewContact | str], int]:
    return chunk, _contacts.decode(work.result()), position


def _work(rows: bytes, where: Columns, region: str) -> bytes:
    """What the process beside does."""
    return msgspec.msgpack.encode(contacts_of(_rows.decode(rows), where, region))


def contacts_of(rows: Sequence[RawRow], where: Columns, region: str) -> list[NewContact | str]:
    """For each row the contact, or what is wrong with it."""
    made: list[NewContact | str] = []
    for row, numbers in zip(rows, _numbers(rows, where, region), strict=True):
        try:
            made.append(row.error or contact_of(row.cells, where, numbers))
        except RowError as error:
            made.append(str(error))
    return made


def _numbers(chunk: Sequence[RawRow], where: Columns, region: str) -> list[Sequence[str]]:
    """The numbers of each row in E.164, one for each of the columns; of a row with an error none."""
    texts = ["" if row.error else row.cells[place].strip() for row in chunk for place, _ in where.numbers]
    found = normalise_many(texts, region)
    width = len(where.numbers)
    return [found[place : place + width] for place in range(0, len(found), width)]


def _added(
    store: ContactStore, campaign: CampaignId, made: Sequence[NewContact | str], rules: AddRules
) -> list[Refused | None]:
    """For each why it was not added."""
    answers = [Refused("wrong", contact) if isinstance(contact, str) else None for contact in made]
    places = [place for place, contact in enumerate(made) if not isinstance(contact, str)]
    contacts = [contact for contact in made if not isinstance(contact, str)]
    for place, refused in zip(places, store.add_chunk(campaign, contacts, rules), strict=True):
        answers[place] = refused
    return answers


def _imported(file: ListFile, counts: dict[str, int], wrong: Errors) -> Imported:
    return Imported(
        file.encoding,
        file.delimiter,
        sum(counts.values()),
        counts[""],
        counts["duplicate"],
        counts.get("blocked", 0),
        counts["wrong"],
        str(wrong.path) if wrong.number else "",
    )
