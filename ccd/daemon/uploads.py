"""Files that come in by the API: bounded, into a folder of the state, and imported one after the other.

A file is gone when it has been imported; what could not be taken of it stays for a while. What a former daemon left is
thrown away: whoever sent it was told nothing of an end, and the same file again adds what is missing.
"""

import asyncio
import os
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Protocol

import structlog
from msgspec.structs import replace

from ccd.daemon.errand import Brought, Failed, Told
from ccd.model.campaign_view import ImportKind, ImportView
from ccd.model.ids import Moment
from ccd.web.campaign_desk import BusyError
from ccd.web.centre import UnavailableError

FOLDER = "imports"
MOST_BYTES = 1 << 29
MOST_AT_ONCE = 4
"""Files that come in or wait to be imported."""
REMEMBERED = 20
HEAD = "line,error\r\n"
log = structlog.get_logger()


class Bring(Protocol):
    """Brings a file into the store; `went` hears how many bytes of it are done."""

    async def __call__(self, view: ImportView, file: Path, errors: Path, went: Callable[[int], None]) -> Told: ...


class Uploads:
    """All files of the daemon. `told` hears of every import that is done."""

    def __init__(
        self, state: Path, bring: Bring, told: Callable[[ImportView], Awaitable[None]], now: Callable[[], Moment]
    ) -> None:
        self._folder = state / FOLDER
        self._bring = bring
        self._told = told
        self._now = now
        self._views: dict[str, ImportView] = {}
        self._coming = 0
        self._waiting: deque[str] = deque()
        self._work: asyncio.Task[None] | None = None
        self._is_stopping = False

    async def begin(self, kind: ImportKind, target: str, by: str) -> "FileUpload":
        """Take one in. Raises BusyError, UnavailableError."""
        if self._coming + len(self._waiting) >= MOST_AT_ONCE or self._is_stopping:
            raise BusyError("Other files are being imported; try again when they are done.")
        number = secrets.token_hex(8)
        self._coming += 1
        try:
            file = await asyncio.to_thread(opened, self._path(number))
        except OSError as error:
            self._coming -= 1
            raise away(error) from error
        return FileUpload(self, ImportView(number, kind, target, "waiting", by, self._now()), file)

    def view(self, number: str) -> ImportView | None:
        """How far an import is."""
        return self._views.get(number)

    def errors(self, number: str) -> Path | None:
        """Its rows that were wrong."""
        return self._errors(number) if number in self._views else None

    def tidy(self) -> None:
        """What a former daemon left goes. Blocks on the disk."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in self._folder.glob("*.csv"):
            file.unlink(missing_ok=True)

    async def close(self) -> None:
        """No more files; whoever carries out the import that runs is to be stopped, too."""
        self._is_stopping = True
        self._waiting.clear()
        if self._work is not None:
            await asyncio.wait([self._work])

    # --- what an upload does

    def take(self, view: ImportView) -> None:
        """It is all there."""
        self._views[view.id] = view
        self._waiting.append(view.id)
        if self._work is None or self._work.done():
            self._work = asyncio.get_running_loop().create_task(self._import_all(), name="imports")

    def left(self) -> None:
        """One less that comes in."""
        self._coming -= 1

    async def discard(self, number: str) -> None:
        """It did not come to its end."""
        await asyncio.to_thread(self._path(number).unlink, missing_ok=True)

    # --- importing

    async def _import_all(self) -> None:
        while self._waiting:
            number = self._waiting.popleft()
            self._views[number] = replace(self._views[number], state="running")
            file, errors = self._path(number), self._errors(number)
            told = await self._bring(self._views[number], file, errors, partial(self._went, number))
            await asyncio.to_thread(settled, file, errors)
            view = self._views[number] = ended(self._views[number], told, self._now())
            log.info("imported", number=number, target=view.target, state=view.state, rows=view.rows, added=view.added)
            if view.added:
                await self._told(view)
            await asyncio.to_thread(self._forget)

    def _went(self, number: str, at: int) -> None:
        self._views[number] = replace(self._views[number], done=at)

    def _forget(self) -> None:
        over = [number for number, view in self._views.items() if view.ended_at]
        for number in over[:-REMEMBERED]:
            del self._views[number]
            self._errors(number).unlink(missing_ok=True)

    def _path(self, number: str) -> Path:
        return self._folder / f"{number}.csv"

    def _errors(self, number: str) -> Path:
        return self._folder / f"{number}.errors.csv"


class FileUpload:
    """One that comes in (`ccd.web.campaign_desk.Upload`)."""

    def __init__(self, uploads: Uploads, view: ImportView, file: int) -> None:
        self._uploads = uploads
        self._view = view
        self._file = file
        self._size = 0
        self._is_over = False

    async def write(self, piece: bytes) -> None:
        """More of it."""
        self._size += len(piece)
        if self._size > MOST_BYTES:
            raise BusyError(f"The file is larger than {MOST_BYTES >> 20} MB.")
        try:
            await asyncio.to_thread(written, self._file, piece)
        except OSError as error:
            raise away(error) from error

    async def finish(self) -> ImportView:
        """That was all."""
        self._end()
        view = replace(self._view, size=self._size)
        self._uploads.take(view)
        return view

    async def discard(self) -> None:
        """Away with it, unless it is finished."""
        if not self._is_over:
            self._end()
            await self._uploads.discard(self._view.id)

    def _end(self) -> None:
        self._is_over = True
        os.close(self._file)
        self._uploads.left()


def ended(view: ImportView, told: Told, at: Moment) -> ImportView:
    """What came of an import."""
    if not isinstance(told, Brought):
        reason = told.reason if isinstance(told, Failed) else "it was not brought to its end"
        return replace(view, state="failed", reason=reason, ended_at=at)
    done = told.imported
    return replace(
        view,
        state="done",
        ended_at=at,
        done=view.size,
        rows=done.rows,
        added=done.added,
        duplicates=done.duplicates,
        blocked=done.blocked,
        wrong=done.wrong,
    )


def settled(file: Path, errors: Path) -> None:
    """The list goes; of what was wrong there is a file in any case."""
    file.unlink(missing_ok=True)
    if not errors.exists():
        errors.write_text(HEAD, encoding="ascii")


def opened(path: Path) -> int:
    """A new file that nobody else reads."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def written(file: int, piece: bytes) -> None:
    """All of it."""
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(file, rest) :]


def away(error: OSError) -> UnavailableError:
    """The disk takes nothing."""
    log.error("upload not written", reason=str(error))
    return UnavailableError(f"The file cannot be kept: {error.strerror}.")
