"""The compliance log: one JSON line for every dial attempt's begin, answer, abandon, end and disposition, and for every
refusal to dial; append-only, a file a campaign and day (UTC).

    compliance/2026-11-27-summer.jsonl

    {"chain": "<SHA-256 of the line before>", "at": "2026-11-27T09:00:00.123456Z", "kind": "began", ...}

A file's first line has the hash of the last line that the campaign's file before had then. Who changes a line, takes
one out or puts one in must change all that follow, up to the last, whose hash is told when its day is over. A line is
written once for each fact, however often that is told; what a crash cut off is made whole or cut off, and said.
"""

import os
import re
from collections import deque
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import structlog

from ccd.io.compliance_line import FIRST, KINDS, encoded, hash_of, key_of, key_of_line, parsed, written
from ccd.model.fact import AnyFact
from ccd.model.ids import CampaignId, Moment

FOLDER = "compliance"
SUFFIX = ".jsonl"
LONGEST_LINE = 1 << 20
LONGEST_NAME = 120
_NOT_IN_NAMES = re.compile(rb"[^A-Za-z0-9_-]")
log = structlog.get_logger("compliance_log")


class ComplianceLog:
    """The writing side, for one thread."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made with the first line."""
        self.folder = folder
        self._open: dict[Path, LogFile] = {}

    def write(self, facts: Iterable[tuple[AnyFact, Moment]]) -> int:
        """What of these facts belongs into the log and is not in it, on the disk when this returns; how many lines.

        Raises OSError: then some of it may not be, and it is to be tried again with the same facts.
        """
        found: dict[Path, list[tuple[AnyFact, Moment]]] = {}
        for fact, at in facts:
            if type(fact) in KINDS:
                place = path_of(self.folder, fact.campaign, at)  # type: ignore[union-attr]
                found.setdefault(place, []).append((fact, at))
        count = sum(self._file(place).append(of_file) for place, of_file in found.items())
        for file in self._open.values():
            file.sync()
        return count

    def close(self) -> None:
        """No more of it."""
        for file in self._open.values():
            file.close()
        self._open.clear()

    def _file(self, place: Path) -> "LogFile":
        """Of each campaign the newest stays open."""
        file = self._open.get(place)
        if file is None:
            before = [other for other in self._open if name_of(other) == name_of(place) and other < place]
            file = self._open[place] = LogFile(place)
            for other in before:
                self._open.pop(other).end()
        return file


class LogFile:
    """One file, open to be appended to. Raises OSError."""

    def __init__(self, place: Path) -> None:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._place = place
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        self._file = os.open(place, flags, 0o600)
        self._size = -1
        self._chain = FIRST
        self._seen: set[bytes] = set()
        self._is_unsynced = True
        try:
            self._read()
            sync_folder(place.parent)
        except BaseException:
            os.close(self._file)
            raise

    def append(self, facts: Iterable[tuple[AnyFact, Moment]]) -> int:
        """Those that are not in it, with one write; how many."""
        if os.fstat(self._file).st_size != self._size:  # a daemon that was taken for dead wrote once more
            log.warning("somebody else wrote to the compliance log", file=self._place.name)
            self._read()
        chain, lines = self._chain, []
        new = {key: told for told in facts if (key := key_of(*told)) not in self._seen}
        for fact, at in new.values():
            line = encoded(fact, at, chain)
            chain = hash_of(line)
            lines.append(line + b"\n")
        self._put(b"".join(lines))
        self._chain = chain
        self._seen.update(new)
        return len(lines)

    def _put(self, data: bytes) -> None:
        if not data:
            return
        taken = os.write(self._file, data)
        if taken < len(data):
            os.ftruncate(self._file, self._size)
            raise OSError(28, "the disk took only part of the compliance log")
        self._size += taken
        self._is_unsynced = True

    def sync(self) -> None:
        """All that was appended is on the disk."""
        if self._is_unsynced:
            os.fsync(self._file)
            self._is_unsynced = False

    def end(self) -> None:
        """Its day is over: how it ends is told, for whoever keeps that elsewhere."""
        log.info("the compliance log of a day is complete", file=self._place.name, hash=self._chain)
        self.sync()
        self.close()

    def close(self) -> None:
        """No more of it."""
        os.close(self._file)

    # --- what is in it already

    def _read(self) -> None:
        """What its lines are about, and the hash of the last; the end of one that a crash cut off is mended."""
        self._seen.clear()
        last = b""
        with open(os.dup(self._file), "rb") as file:
            file.seek(0)
            end = 0
            for line in file:
                if not line.endswith(b"\n"):
                    break
                end += len(line)
                last = line[:-1]
                if (known := parsed(last)) is not None:
                    self._seen.add(key_of_line(known))
            torn = b"" if end == os.fstat(self._file).st_size else os.pread(self._file, LONGEST_LINE, end)
        self._size = end
        self._chain = hash_of(last) if end else self._before()
        if torn:
            self._mend(torn)

    def _mend(self, torn: bytes) -> None:
        """A line without its end: all of it is there but the newline, or it is cut off and comes again."""
        found = parsed(torn)
        if found is not None and found.chain == self._chain:
            log.warning("the compliance log's last line is completed", file=self._place.name)
            self._put(b"\n")
            self._size += len(torn)
            self._chain = hash_of(torn)
            self._seen.add(key_of_line(found))
            return
        log.warning("the compliance log's torn last line is cut off", file=self._place.name, size=len(torn))
        os.ftruncate(self._file, self._size)

    def _before(self) -> str:
        """The hash of the last line of the campaign's file before."""
        earlier = [place for place in files_of(self._place.parent, name_of(self._place)) if place < self._place]
        return last_hash(earlier[-1]) if earlier else FIRST


# --- places


def path_of(folder: Path, campaign: CampaignId, at: Moment) -> Path:
    """Where a campaign's lines of that day are; whatever it is called, within the folder."""
    return folder / f"{written(at)[:10]}-{file_name(campaign)}{SUFFIX}"


def file_name(campaign: str) -> str:
    """A campaign's name as part of a file's; one that is long or odd is marked with `%`, which no plain one has."""
    raw = campaign.encode("utf-8", "surrogatepass")
    name = _NOT_IN_NAMES.sub(lambda found: b"%%%02x" % found[0][0], raw).decode("ascii")
    if len(name) > LONGEST_NAME:
        name = f"{name[:LONGEST_NAME]}%{blake2b(raw, digest_size=8).hexdigest()}"
    return name


def name_of(place: Path) -> str:
    """The part that `file_name` made."""
    return place.name.removesuffix(SUFFIX)[11:]


def files_of(folder: Path, name: str) -> list[Path]:
    """A campaign's files by day; `name` as `file_name` makes it."""
    return [place for place in log_files(folder) if name_of(place) == name]


def log_files(folder: Path) -> list[Path]:
    """All files of the log."""
    return sorted(folder.glob(f"[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]-*{SUFFIX}"))


def last_hash(place: Path) -> str:
    """Of a file's last line."""
    with place.open("rb") as file:
        last = deque(whole_lines(file), maxlen=1)
    return hash_of(last[0]) if last else FIRST


def whole_lines(file: BinaryIO) -> Iterator[bytes]:
    """Those that have an end, without it."""
    return (line[:-1] for line in file if line.endswith(b"\n"))


def sync_folder(folder: Path) -> None:
    """A new file's name is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
