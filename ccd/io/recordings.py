"""The recordings' folder: what the switch wrote is made a sound file, put in its place, measured.

The switch writes into `<folder>/incoming`: a recording as `<id>.raw` (16-bit little-endian, 8000 Hz, two channels, the
customer's side right), a voicemail as `<id>.wav`. `finalise` makes it `<folder>/<yyyy>/<mm>/<dd>/<id>.wav`, the
customer's side left, the day in UTC. WAV, because a header in front of what is there already is all the work: no
encoder on the way, a part of the file is a part of the call, and every player reads it. An hour takes 115 MB.

A file appears in its place whole or not at all, and the incoming one goes only afterwards: after a crash everything
is either in its place or still in `incoming`, and may be finalised again.
"""

import asyncio
import hashlib
import os
import re
import shutil
import stat
import struct
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal, ParamSpec, TypeVar

import structlog
from msgspec import Struct

from ccd.model.ids import SECOND, Length, Moment, RecordingId

RATE = 8_000
_FRAME = 4  # bytes of a stereo sample of 16 bits
_LONGEST = (1 << 32) - 100  # what a WAV can hold: 37 hours
_CHUNK = 1 << 18
_ID = re.compile(r"(?![.])[A-Za-z0-9._-]{1,128}", re.ASCII)
_PATH = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2}/(?P<id>[^/]+)\.wav", re.ASCII)
_BREAKS = (0.1, 0.5, 2.0)
P = ParamSpec("P")
T = TypeVar("T")
Level = Literal["ok", "warn", "full"]


class RecordingError(Exception):
    """A file could not be put in its place (it is still where it was), or there is none such."""


class Finalised(Struct, frozen=True):
    """A recording in its place: `path` below the folder, `length` in samples a channel, `checksum` SHA-256 in hex."""

    recording: RecordingId
    path: str
    length: int
    checksum: str


class Usage(Struct, frozen=True):
    """Bytes in use by finished recordings, allowed for them, and free on the disk.

    `warn` from the folder's `warn_at` on or when under 10 % of the disk are free, `full` from 95 % or under 2 %.
    """

    used: int
    quota: int
    free: int
    level: Level


class FileRange(Struct):
    """A part of a file to be sent: the bytes from `start` up to but without `stop`, of `size` in all."""

    file: BinaryIO
    start: int
    stop: int
    size: int

    def chunks(self) -> Iterator[bytes]:
        """The part in pieces; closes the file. Blocks on the disk."""
        with self.file as file:
            file.seek(self.start)
            left = self.stop - self.start
            while left > 0 and (chunk := file.read(min(left, _CHUNK))):
                left -= len(chunk)
                yield chunk


class Recordings:
    """The folder. All work on files is done in `threads` threads of its own; `quota` is in bytes, `warn_at` a part of
    it.

    `settle_time` (seconds) is how long the switch may take to close a file after the call.
    """

    def __init__(
        self, folder: Path, quota: int, threads: int = 2, settle_time: float = 0.1, warn_at: float = 0.8
    ) -> None:
        self.folder = folder
        self.incoming = folder / "incoming"
        self._quota = quota
        self._warn_at = warn_at
        self._settle_time = settle_time
        self._used = 0
        self._lock = threading.Lock()
        self._counting: asyncio.Task[None] | None = None
        self._closing = False
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="recordings")
        self._working: dict[RecordingId, asyncio.Task[Finalised]] = {}
        self._log = structlog.get_logger("recordings")

    async def start(self) -> None:
        """Make the folders. The folder of the incoming ones must be the switch's to write. What is there is counted
        meanwhile: a daemon that begins again does not keep its callers waiting for a look at years of recordings.
        """
        self.incoming.mkdir(parents=True, exist_ok=True)
        self._counting = asyncio.create_task(self._count(time.time_ns()), name="count recordings")

    async def counted(self) -> None:
        """Until `usage` knows of all that is there."""
        if self._counting is not None:
            await asyncio.shield(self._counting)

    async def close(self) -> None:
        """Let what is at work come to its end."""
        self._closing = True
        if self._counting is not None:
            await asyncio.wait([self._counting])
        await asyncio.gather(*self._working.values(), return_exceptions=True)
        await asyncio.to_thread(self._pool.shutdown)

    async def finalise(self, recording: RecordingId, began_at: Moment) -> Finalised:
        """Put a finished recording or voicemail in its place; asked twice it is done once.

        Tries again for some seconds; raises RecordingError when it cannot be done: the incoming file stays, for
        `left_over`. Not to be called for a recording that still runs.
        """
        task = self._working.get(recording)
        if task is None:
            task = asyncio.create_task(self._finalise(recording, began_at), name=f"finalise {recording}")
            self._working[recording] = task
            task.add_done_callback(lambda _: self._working.pop(recording, None))
        return await asyncio.shield(task)

    async def left_over(self) -> list[tuple[RecordingId, Moment]]:
        """What lies in `incoming`, each with the moment it was last written to: what is to be finalised unless its call
        still runs.
        """
        return await self._in_thread(_left_over, self.incoming)

    def last_written(self, recording: RecordingId) -> Moment:
        """When the switch last wrote to an incoming recording or voicemail; 0 where there is nothing, or of talks no
        sound yet. Does not wait: one look.
        """
        message = _known(self.incoming / f"{recording}.wav")
        return self.sound(recording)[0] if message is None else message.st_mtime_ns // 1_000

    def sound(self, recording: RecordingId) -> tuple[Moment, Length]:
        """When the switch last wrote to a recording of talks, or closed it, and how much; zeros for nothing."""
        known = _known(self.incoming / f"{recording}.raw")
        if known is None or not known.st_size:
            return 0, 0
        return known.st_mtime_ns // 1_000, known.st_size // _FRAME * SECOND // RATE

    async def open_range(self, path: str, start: int = 0, stop: int | None = None) -> FileRange:
        """A part of a recording's file, `path` as `Finalised` gave it. Raises RecordingError where there is none.

        Whatever the path says, only a finished recording below the folder is opened, and no link is followed.
        """
        return await self._in_thread(self._open_range, path, start, stop)

    def find(self, recording: RecordingId, began_at: Moment) -> Path | None:
        """The file of a finished recording, None where there is none. No link is followed; may block on the disk."""
        path = path_of(recording, began_at)
        place = self.folder / path
        return place if place.is_file() and place.resolve() == self.folder.resolve() / path else None

    async def delete(self, path: str) -> bool:
        """Delete a recording; False where there is none."""
        return await self._in_thread(self._delete, path)

    def usage(self) -> Usage:
        """How full it is; costs one question to the file system."""
        disk = shutil.disk_usage(self.folder)
        share = self._used / self._quota if self._quota else 1.0
        free = disk.free / disk.total
        level: Level = (
            "full" if share >= 0.95 or free < 0.02 else "warn" if share >= self._warn_at or free < 0.1 else "ok"
        )
        return Usage(self._used, self._quota, disk.free, level)

    async def _finalise(self, recording: RecordingId, began_at: Moment) -> Finalised:
        await asyncio.sleep(self._settle_time)
        for pause in _BREAKS:
            try:
                return await self._in_thread(self._put_in_place, recording, began_at)
            except OSError as error:
                self._log.warning("recording not in its place yet", recording=recording, error=str(error))
                await asyncio.sleep(pause)
        try:
            return await self._in_thread(self._put_in_place, recording, began_at)
        except OSError as error:
            raise RecordingError(f"{recording}: {error}") from error

    def _put_in_place(self, recording: RecordingId, began_at: Moment) -> Finalised:
        path = path_of(recording, began_at)
        place, source = self.folder / path, _source(self.incoming, recording)
        if source is not None:
            before = place.stat().st_size if place.exists() else 0
            _make(source, place)
            self._add(place.stat().st_size - before)
            source.unlink()
        if not place.exists():
            raise RecordingError(f"{recording}: the switch wrote no file")
        import soundfile  # with numpy a tenth of what a daemon loads, and nothing was recorded yet

        try:
            return Finalised(recording, path, soundfile.info(place).frames, _checksum(place))
        except soundfile.LibsndfileError as error:
            raise RecordingError(f"{recording} is in its place, but damaged: {error}") from error

    async def _count(self, before: int) -> None:
        """Add what was there before this moment (ns); later files are added by whoever puts them there."""
        try:
            self._add(await self._in_thread(_size, self.folder, before, lambda: self._closing))
        except OSError as error:
            self._log.error("recordings not counted", error=str(error))

    def _add(self, size: int) -> None:
        with self._lock:
            self._used += size

    def _place(self, path: str) -> Path:
        match = _PATH.fullmatch(path)
        if match is None or not _ID.fullmatch(match["id"]):
            raise RecordingError("no path of a recording")
        return self.folder / path

    def _open_range(self, path: str, start: int, stop: int | None) -> FileRange:
        place = self._place(path)
        try:
            if place.resolve() != self.folder.resolve() / path:
                raise RecordingError("no path of a recording")
            file = place.open("rb")
        except OSError as error:
            raise RecordingError(f"there is no {path}") from error
        size = os.fstat(file.fileno()).st_size
        start = min(max(start, 0), size)
        return FileRange(file, start, size if stop is None else min(max(stop, start), size), size)

    def _delete(self, path: str) -> bool:
        place = self._place(path)
        try:
            size = place.lstat().st_size
            place.unlink()
        except FileNotFoundError:
            return False
        self._add(-size)
        return True

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, partial(work, *args, **kwargs))


def path_of(recording: RecordingId, began_at: Moment) -> str:
    """Where a recording that began then belongs, below the folder. Raises RecordingError for an id that is none."""
    if not _ID.fullmatch(recording):
        raise RecordingError(f"no id of a recording: {recording[:80]!r}")
    return f"{datetime.fromtimestamp(began_at // SECOND, UTC):%Y/%m/%d}/{recording}.wav"


def _source(incoming: Path, recording: RecordingId) -> Path | None:
    found = (incoming / f"{recording}{suffix}" for suffix in (".raw", ".wav"))
    return next((path for path in found if path.is_file() and not path.is_symlink()), None)


def _known(path: Path) -> os.stat_result | None:
    """What is known of a file; None where there is none, or no regular one."""
    try:
        known = path.lstat()
    except OSError:
        return None
    return known if stat.S_ISREG(known.st_mode) else None


def _make(source: Path, place: Path) -> None:
    """The sound file out of what the switch wrote, in its place at once and on the disk."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_suffix(".part")
    try:
        _write(source, part)
        part.replace(place)
    except OSError:  # a full disk needs the room
        part.unlink(missing_ok=True)
        raise


def _write(source: Path, part: Path) -> None:
    with source.open("rb") as raw, part.open("wb") as made:
        if source.suffix == ".raw":
            size = min(os.fstat(raw.fileno()).st_size, _LONGEST) // _FRAME * _FRAME
            made.write(_header(size))
            _copy_sides_changed(raw, made, size)
        else:
            shutil.copyfileobj(raw, made, _CHUNK)
        made.flush()
        os.fsync(made.fileno())


def _copy_sides_changed(source: BinaryIO, target: BinaryIO, size: int) -> None:
    """The switch has the customer's side right (`ccd/switch/asterisk/recording.py` says why), a recording left."""
    while size > 0 and (chunk := source.read(min(size, _CHUNK))):
        samples = array("H", chunk)
        samples[::2], samples[1::2] = samples[1::2], samples[::2]
        target.write(samples.tobytes())
        size -= len(chunk)


def _header(size: int) -> bytes:
    """RIFF, `fmt ` (PCM, two channels, 16 bits) and `data`: little-endian."""
    form = struct.pack("<HHIIHH", 1, 2, RATE, RATE * _FRAME, _FRAME, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + size)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + b"data"
        + struct.pack("<I", size)
    )


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _left_over(incoming: Path) -> list[tuple[RecordingId, Moment]]:
    found = []
    for path in incoming.iterdir():
        if path.suffix in {".raw", ".wav"} and _ID.fullmatch(path.stem):
            with suppress(FileNotFoundError):  # put in its place meanwhile
                known = path.lstat()
                if stat.S_ISREG(known.st_mode):
                    found.append((RecordingId(path.stem), known.st_mtime_ns // 1_000))
    return sorted(found)


def _size(folder: Path, before: int, is_over: Callable[[], bool]) -> int:
    """Bytes of the recordings finished before a moment (ns); what a crash left half made then is removed."""
    size = 0
    for path in folder.glob("[0-9]*/[0-9]*/[0-9]*/*"):
        if is_over():
            break
        known = _known(path)
        if known is None or known.st_mtime_ns >= before:
            continue
        if path.suffix == ".wav":
            size += known.st_size
        elif path.suffix == ".part":
            path.unlink(missing_ok=True)
    return size
