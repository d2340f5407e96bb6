"""Lists as people send them: text of some encoding with some delimiter, whose rows may be anything.

Nothing that is in a file is more than an error of its row: lines and rows are bounded, a quote that is never closed
ends with its line, and what is in memory does not grow with the file.
"""

import csv
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct
from msgspec.structs import replace

MOST_LINE = 65_536
MOST_LINES_A_ROW = 20
MOST_COLUMNS = 200
DELIMITERS = (",", ";", "\t", "|")
_CHUNK = 1 << 20
_DAMAGED = re.compile("[\ud800-\udfff\ufffd]")


class ListFileError(Exception):
    """The file is no list; the text says why."""


class RawRow(Struct, frozen=True, array_like=True, gc=False):
    """A row as it stands in the file, from its line on; with an `error` its cells are what was there to see."""

    line: int
    cells: tuple[str, ...]
    error: str = ""


class ListFile:
    """A list that is being read. `header` is its first row where that `is_header`, else there is none.

    Raises OSError, ListFileError.
    """

    def __init__(self, path: Path, is_header: Callable[[Sequence[str]], int], needs_header: bool = True) -> None:
        self.size = path.stat().st_size
        self.encoding = encoding_of(path)
        self._file: BinaryIO = path.open("rb")
        errors = "replace" if self.encoding.startswith("utf-16") else "surrogateescape"
        self._lines = Lines(TextIOWrapper(self._file, self.encoding, errors))
        try:
            self.delimiter, self.header = self._begin(is_header, needs_header)
        except BaseException:
            self.close()
            raise

    @property
    def position(self) -> int:
        """How many bytes were read."""
        return self._file.tell()

    def close(self) -> None:
        """No more of it."""
        self._file.close()

    def rows(self) -> Iterator[RawRow]:
        """All rows but the header and empty lines, once."""
        width = len(self.header) if self.header else None
        while (line := self._lines.next()) is not None:
            if line.isspace():
                continue
            row = self._row(line)
            if not any(row.cells):
                continue
            if not row.error and width is not None and len(row.cells) != width:
                row = replace(row, error=f"has {len(row.cells)} columns, the header has {width}")
            yield row

    def _begin(self, is_header: Callable[[Sequence[str]], int], needs_header: bool) -> tuple[str, list[str]]:
        line = self._lines.next()
        while line is not None and line.isspace():
            line = self._lines.next()
        if line is None:
            if needs_header:
                raise ListFileError("the file is empty")
            return DELIMITERS[0], []
        known, delimiter = max(
            ((is_header(_cells(line, delimiter)), delimiter) for delimiter in DELIMITERS), key=lambda found: found[0]
        )
        if not known:
            if needs_header:
                raise ListFileError(f"line {self._lines.number} is no header: it names no column for numbers")
            self._lines.put_back([line])
            return max(DELIMITERS, key=line.count), []
        header = [cell.strip() for cell in _cells(line, delimiter)]
        if len(header) > MOST_COLUMNS:
            raise ListFileError(f"the header has more than {MOST_COLUMNS} columns")
        return delimiter, header

    def _row(self, line: str) -> RawRow:
        number = self._lines.number
        if self._lines.was_cut:
            return RawRow(number, (line[:1_000],), f"is longer than {MOST_LINE} characters")
        row = self._quoted(line) if '"' in line else RawRow(number, tuple(line.rstrip("\n").split(self.delimiter)))
        text = "".join(row.cells)
        if "\0" in text:
            return replace(row, error="has a byte that is zero")
        if not text.isascii() and _DAMAGED.search(text):
            return replace(row, error=f"has bytes that are no {self.encoding}")
        return row

    def _quoted(self, line: str) -> RawRow:
        """A row with quotes, which may go on over some lines; where they are never closed only its first line is it."""
        number, more = self._lines.number, list[str]()
        try:
            cells = tuple(next(csv.reader(self._pulled(line, more), delimiter=self.delimiter, strict=True)))
        except (csv.Error, _UnclosedError) as error:
            self._lines.put_back(more)
            is_open = more or isinstance(error, _UnclosedError) or "end of data" in str(error)
            return RawRow(number, (line.rstrip("\n"),), "has a quote that is never closed" if is_open else str(error))
        return RawRow(number, cells)

    def _pulled(self, line: str, more: list[str]) -> Iterator[str]:
        yield line
        length = len(line)
        while (following := self._lines.next()) is not None:
            more.append(following)
            length += len(following)
            if len(more) >= MOST_LINES_A_ROW or length > MOST_LINE:
                raise _UnclosedError
            yield following


class Lines:
    """Lines of bounded length. `number` is that of the last one that was given; `was_cut` says that it was longer."""

    def __init__(self, file: TextIOWrapper) -> None:
        self.number = 0
        self.was_cut = False
        self._file = file
        self._back: deque[str] = deque()

    def next(self) -> str | None:
        """The next line; None after the last."""
        line = self._back.popleft() if self._back else self._read()
        if not line:
            return None
        self.number += 1
        self.was_cut = len(line) > MOST_LINE and not line.endswith("\n")
        return line

    def _read(self) -> str:
        line = self._file.readline(MOST_LINE + 1)
        if len(line) > MOST_LINE and not line.endswith("\n"):
            while (rest := self._file.readline(MOST_LINE)) and not rest.endswith("\n"):
                pass
        return line

    def put_back(self, lines: Sequence[str]) -> None:
        """Have them given again."""
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)


class _UnclosedError(Exception):
    pass


def encoding_of(path: Path) -> str:
    """The encoding of a text: by its first bytes, else UTF-8 where all of it, or by far the most, is that; else what
    Windows writes, or, where that has no such bytes, Latin-1, which has all. Raises OSError.
    """
    with path.open("rb") as file:
        head = file.read(4_096)
        if head.startswith(BOM_UTF8):
            return "utf-8-sig"
        if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            return "utf-16"
        if head[1::2].count(0) > len(head) // 4:
            return "utf-16-le"
        if head[::2].count(0) > len(head) // 4:
            return "utf-16-be"
        file.seek(0)
        damaged, whole = _looks_like_utf8(file)
        if not damaged or damaged * 10 < whole:
            return "utf-8"
        file.seek(0)
        return "cp1252" if _is_of(file, "cp1252") else "latin-1"


def _looks_like_utf8(file: BinaryIO) -> tuple[int, int]:
    """How many bytes are no UTF-8, and how many characters beyond ASCII are."""
    decoder = getincrementaldecoder("utf-8")("surrogateescape")
    damaged = whole = 0
    while chunk := file.read(_CHUNK):
        text = decoder.decode(chunk)
        if not text.isascii():
            bad = sum(1 for _ in _DAMAGED.finditer(text))
            damaged += bad
            whole += len(text) - len(text.encode("ascii", "ignore")) - bad
    return damaged + len(decoder.getstate()[0]), whole


def _is_of(file: BinaryIO, encoding: str) -> bool:
    decoder = getincrementaldecoder(encoding)()
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error:
        return []
