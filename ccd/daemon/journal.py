"""The journal: every input, what the engine made of it, and a digest of the commands, on disk before any byte leaves.

A segment is a file of frames: length (4 bytes, big endian), CRC-32 of the payload (4 bytes), payload (msgpack). One
`write` per batch puts it into the kernel, which survives a kill of the daemon. The first frame of a segment says what
wrote it. What could not be written (a full disk) is written as a gap, as soon as something can be.
"""

import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from struct import Struct as Layout
from typing import BinaryIO

import msgspec
from msgspec import Struct

from ccd.model.command import AnyCommand
from ccd.model.event import AnyEvent
from ccd.model.fact import AnyFact
from ccd.model.ids import SECOND, Moment

SEGMENT_BYTES = 64 * 1024 * 1024
LONGEST_FRAME = 16 * 1024 * 1024
SUFFIX = ".journal"
HEAD = Layout(">II")


class Began(Struct, frozen=True, tag=True):
    """First in every segment: what wrote it, and the number of the entry before the first in it."""

    at: Moment
    sequence: int
    version: str
    configuration: str
    seed: int
    zone_data: str
    number_data: str
    is_first: bool = False
    """Whether the run begins here: with a fresh engine, not where a daemon before came to."""


class Entry(Struct, frozen=True, tag=True):
    """One input. `digest` is of the commands, in order (blake2b, 8 bytes)."""

    sequence: int
    at: Moment
    event: AnyEvent
    facts: tuple[AnyFact, ...]
    digest: bytes


class Gap(Struct, frozen=True, tag=True):
    """So many entries were lost before this one, and why."""

    at: Moment
    lost: int
    reason: str


Frame = Began | Entry | Gap
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)
_entry_decoder: msgspec.msgpack.Decoder[Entry] = msgspec.msgpack.Decoder(Entry)


def digest(commands: Sequence[AnyCommand]) -> bytes:
    """What two runs with the same inputs must have in common."""
    return blake2b(_encoder.encode(commands), digest_size=8).digest() if commands else b""


class Journal:
    """The writing side. It never raises for a disk that fails: calls go on, the gap is counted and told."""

    def __init__(self, folder: Path, head: Began) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        self.folder = folder
        self._head = head
        self._sequence = head.sequence
        self._file = -1
        self._is_unsynced = False
        """Something was written to the file since it was last given to be made durable."""
        self._left: list[int] = []
        """Files that are written to no more, and folders with a new name in them, that are not durable yet."""
        self._size = 0
        self._pending: list[tuple[Moment, int, bytes]] = []
        self.lost = 0
        self.failure = ""
        self.gaps = 0
        """Those written."""
        self.on_lost: Callable[[int], None] = lambda inputs: None
        self.on_gap: Callable[[], None] = lambda: None
        self.copied: Callable[[Moment, int, bytes], None] = lambda at, sequence, entry: None
        """Told of every entry after the disk was, whether that took it or not."""

    @property
    def sequence(self) -> int:
        """The number of the last entry."""
        return self._sequence

    @property
    def leaves_unsynced(self) -> bool:
        """Whether a segment is complete and may not be on the disk yet."""
        return bool(self._left)

    def unsynced(self) -> list[int]:
        """What must be synced for all that was written so far to be durable: open files, which whoever asks syncs and
        closes. Raises OSError.
        """
        own = [os.dup(self._file)] if self._is_unsynced else []
        files, self._left, self._is_unsynced = [*self._left, *own], [], False
        return files

    def append(self, at: Moment, event: AnyEvent, facts: tuple[AnyFact, ...], commands: Sequence[AnyCommand]) -> None:
        """Add to the batch; `flush` writes it."""
        self._sequence += 1
        payload = _encoder.encode(Entry(self._sequence, at, event, facts, digest(commands)))
        self._pending.append((at, self._sequence, payload))

    def flush(self, at: Moment) -> None:
        """One write of the batch."""
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        try:
            self._write(b"".join(headed(payload) for _, _, payload in pending), at, pending[0][1] - 1)
        except OSError as error:
            self.lost += len(pending)
            self.on_lost(len(pending))
            self.failure = f"{error.strerror or error}"
            self._close()
        for entry in pending:
            self.copied(*entry)

    def _write(self, batch: bytes, at: Moment, before: int) -> None:
        if self._file < 0 or self._size > SEGMENT_BYTES:
            self._open(at, before)
        if self.lost:
            batch = framed(Gap(at, self.lost, self.failure)) + batch
        begin = os.lseek(self._file, 0, os.SEEK_END)
        written = os.write(self._file, batch)
        if written < len(batch):
            os.ftruncate(self._file, begin)
            raise OSError(28, "the disk took only part of a batch")
        self._is_unsynced = True
        self._size += written
        if self.lost:
            self.gaps += 1
            self.on_gap()
        self.lost, self.failure = 0, ""

    def _open(self, at: Moment, before: int) -> None:
        self._close()
        name = f"{at:016d}{SUFFIX}"
        self._file = os.open(self.folder / name, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o640)
        self._left.append(os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        head = framed(msgspec.structs.replace(self._head, at=at, sequence=before))
        self._size = os.write(self._file, head)
        self._head = msgspec.structs.replace(self._head, is_first=False)

    def roll(self) -> None:
        """The next entry begins a segment."""
        self._close()

    def _close(self) -> None:
        if self._file < 0:
            return
        if self._is_unsynced:
            self._left.append(self._file)
        else:
            os.close(self._file)
        self._file, self._is_unsynced = -1, False

    def close(self, at: Moment) -> None:
        """Write what is left, and make it durable."""
        self.flush(at)
        sync(self.unsynced())
        self._close()


def sync(files: Sequence[int]) -> None:
    """Make them durable, and close them. Raises OSError."""
    try:
        for file in files:
            os.fsync(file)
    finally:
        for file in files:
            os.close(file)


def framed(frame: Frame) -> bytes:
    """A frame as it stands in the file."""
    return headed(_encoder.encode(frame))


def headed(payload: bytes) -> bytes:
    """Length and checksum before it."""
    return HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def entry_of(payload: bytes) -> Entry:
    """An entry as it was copied. Raises msgspec.DecodeError, msgspec.ValidationError for one of another version."""
    return _entry_decoder.decode(payload)


def day_of(at: Moment) -> str:
    """The day in UTC, 2026-11-22."""
    return datetime.fromtimestamp(at / SECOND, UTC).date().isoformat()


def prune(folder: Path, before: Moment) -> int:
    """Delete segments in which everything is older; how many. The newest always stays."""
    found = segments(folder)
    old = [path for path, following in pairwise(found) if began_at(following) < before]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def began_at(segment: Path) -> Moment:
    """When the segment begins: the moment is its name."""
    return int(segment.name.removesuffix(SUFFIX))


def segments(folder: Path) -> list[Path]:
    """The segments, oldest first; a file that is called otherwise is none."""
    return sorted(folder.glob("[0-9]" * 16 + SUFFIX))


def read(segment: Path) -> Iterator[Frame]:
    """The frames of a segment, up to the first that is cut short or damaged (a crash in the middle of a write)."""
    with segment.open("rb") as file:
        yield from frames_in(file)


def frames_in(file: BinaryIO) -> Iterator[Frame]:
    """The same, of an open file."""
    while len(head := file.read(HEAD.size)) == HEAD.size:
        length, check = HEAD.unpack(head)
        payload = file.read(min(length, LONGEST_FRAME))
        if len(payload) != length or zlib.crc32(payload) != check:
            return
        yield _decoder.decode(payload)
