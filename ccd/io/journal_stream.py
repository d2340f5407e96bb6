"""A second copy of the journal's end, in Redis: its last entries as a stream, and the newest snapshot.

    ccd:journal           stream: `<moment>-<sequence>` -> `run`, `entry` (bytes, as in a segment)
    ccd:journal:snapshot  hash: `run`, `sequence`, `code`, `payload`, `seal`

Ids rise with moment and sequence, so that Redis refuses an entry that is written again, and what a daemon that was
frozen still holds. A snapshot is a pickle: it is sealed with a key that Redis does not have (HMAC-SHA-256), and one
whose seal is wrong is none.
"""

import asyncio
import hmac
import os
import secrets
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog
from msgspec import Struct
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry as SyncRetry

from ccd.io.closed import told_as_lost
from ccd.model.ids import Moment

STREAM = "ccd:journal"
SNAPSHOT = "ccd:journal:snapshot"
KEY_FILE = "seal.key"
KEY_BYTES = 32
_BATCH = 256
_GATHER = 0.02
"""Seconds in which entries come together: a daemon that is killed leaves so much of its end on its disk alone."""
_RECENT, _MOST_RECENT = 10.0, 10_000
"""Seconds, and so many: entries that a Redis that fails over may lose though it acknowledged them."""
_SHORTEST_BREAK, _LONGEST_BREAK = 0.05, 2.0
_PAGE = 1_000
_THERE_ALREADY = "equal or smaller"
log = structlog.get_logger("journal_stream")


class Copied(Struct, frozen=True):
    """A snapshot of the ledger after entry `sequence` of `run`, which `code` wrote and alone can read."""

    run: str
    sequence: int
    code: str
    payload: bytes


class JournalStream:
    """The writing side. No call waits for it: the disk has it all. What finds no room while Redis is away is a hole in
    the stream, which a reader sees by the sequence.
    """

    def __init__(self, url: str, run: str, key: bytes, entries: int, timeout: float = 2.0) -> None:
        """The stream keeps some `entries`; `timeout` in seconds bounds a batch."""
        self.dropped = 0
        self.acknowledged = 0
        """The last entry that Redis said it has."""
        self._holders: list[tuple[int, asyncio.Future[bool]]] = []
        self._run = run
        self._key = key
        self._entries = entries
        self._waiting: deque[tuple[str, bytes]] = deque(maxlen=entries)
        self._snapshot: Copied | None = None
        self._recent: deque[tuple[float, tuple[str, bytes]]] = deque(maxlen=_MOST_RECENT)
        self._last: Copied | None = None
        self._redis = AsyncRedis.from_url(
            url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=Retry(NoBackoff(), 0)
        )
        self._timeout = timeout
        self._work = asyncio.Event()
        self._is_closing = False
        self._is_away = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._live(), name="journal stream")
        self._task.add_done_callback(self._ended)

    def put(self, at: Moment, sequence: int, entry: bytes) -> None:
        """One more entry."""
        if len(self._waiting) == self._entries:
            self.dropped += 1
        self._waiting.append((f"{at}-{sequence}", entry))
        self._work.set()

    def keep(self, sequence: int, code: str, payload: bytes) -> None:
        """The newest snapshot, in place of the one before."""
        self._snapshot = Copied(self._run, sequence, code, payload)
        self._work.set()

    async def holds(self, sequence: int) -> bool:
        """Wait until Redis has all up to this entry; False where it is away."""
        if self._is_away or self._task is None:
            return False
        if self.acknowledged >= sequence:
            return True
        holder: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._holders.append((sequence, holder))
        return await holder

    async def close(self, patience: float = 1.0) -> None:
        """Write what waits, for at most `patience` seconds."""
        self._is_closing = True
        self._work.set()
        task, self._task = self._task, None
        if task is not None:
            await asyncio.wait([task], timeout=patience)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._redis.aclose()

    async def _live(self) -> None:
        pause = _SHORTEST_BREAK
        while True:
            await self._work.wait()
            if not self._is_closing:
                await asyncio.sleep(_GATHER)
            try:
                with told_as_lost():
                    if self._is_away:
                        await self._write_again()
                    async with asyncio.timeout(self._timeout):
                        await self._write()
                self._tell(None)
                pause = _SHORTEST_BREAK
            except (RedisError, OSError, TimeoutError) as error:
                self._tell(error)
                if self._is_closing:
                    return
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_BREAK)
            if not self._waiting and self._snapshot is None:
                if self._is_closing:
                    return
                self._work.clear()

    async def _write_again(self) -> None:
        """What was acknowledged shortly before Redis went away: a replica that took over may not have it."""
        lately = [entry for _, entry in self._recent]
        for begin in range(0, len(lately), _BATCH):
            async with asyncio.timeout(self._timeout):
                await self._add(lately[begin : begin + _BATCH])
        self._snapshot = self._snapshot or self._last

    async def _write(self) -> None:
        """One batch, all of it or nothing; entries before a snapshot that follows them."""
        batch = [self._waiting[index] for index in range(min(len(self._waiting), _BATCH))]
        if batch:
            await self._add(batch)
            self._remember(batch)
            for written in batch:
                if self._waiting and self._waiting[0] is written:  # else it was pushed out meanwhile
                    self._waiting.popleft()
            self._acknowledge(int(batch[-1][0].partition("-")[2]))
        snapshot = self._snapshot
        if snapshot is not None and not self._waiting:
            await self._redis.hset(
                SNAPSHOT,
                mapping={
                    "run": snapshot.run,
                    "sequence": snapshot.sequence,
                    "code": snapshot.code,
                    "payload": snapshot.payload,
                    "seal": seal(self._key, snapshot),
                },
            )
            self._last = snapshot
            if self._snapshot is snapshot:
                self._snapshot = None

    def _acknowledge(self, sequence: int) -> None:
        self.acknowledged = sequence
        self._holders, waiting = [], self._holders
        for upto, holder in waiting:
            if upto > sequence:
                self._holders.append((upto, holder))
            elif not holder.done():
                holder.set_result(True)

    def _remember(self, batch: list[tuple[str, bytes]]) -> None:
        now = asyncio.get_running_loop().time()
        self._recent.extend((now, entry) for entry in batch)
        while self._recent[0][0] < now - _RECENT:
            self._recent.popleft()

    async def _add(self, batch: list[tuple[str, bytes]]) -> None:
        pipeline = self._redis.pipeline(transaction=True)
        for number, entry in batch:
            pipeline.xadd(STREAM, {"run": self._run, "entry": entry}, id=number, maxlen=self._entries, approximate=True)
        for answer in await pipeline.execute(raise_on_error=False):
            if isinstance(answer, ResponseError) and _THERE_ALREADY in str(answer):
                continue
            if isinstance(answer, Exception):
                raise answer

    def _tell(self, error: BaseException | None) -> None:
        """Once when it goes away, once when it is back."""
        if error is not None and not self._is_away:
            log.warning("the journal is not copied", reason=str(error) or type(error).__name__)
        elif error is None and self._is_away:
            log.info("the journal is copied again", dropped=self.dropped)
        self._is_away = error is not None
        if self._is_away:
            self._let_go()

    def _let_go(self) -> None:
        """Nobody waits for a Redis that is away."""
        for _, holder in self._holders:
            if not holder.done():
                holder.set_result(False)
        self._holders.clear()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the journal's stream died", error=repr(error))
        self._is_away = True
        self._let_go()


class JournalCopy:
    """The reading side, for a daemon that begins: where Redis does not answer within `timeout` seconds there is no
    copy, and it is not asked again.
    """

    def __init__(self, url: str, key: bytes, timeout: float = 1.0) -> None:
        self._key = key
        self._is_away = False
        self._redis = Redis.from_url(
            url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=SyncRetry(NoBackoff(), 0)
        )

    def entries(self, run: str, after: int) -> list[bytes]:
        """The last entries of the run, from the first after the sequence `after` that is there; in order."""
        found: list[bytes] = []
        last, count = "+", 1  # mostly the disk has it all
        while page := self._page(last, count):
            for number, fields in page:
                _, _, sequence = number.partition(b"-")
                if fields.get(b"run") != run.encode() or int(sequence) <= after:
                    return found[::-1]
                found.append(fields[b"entry"])
            last, count = f"({page[-1][0].decode()}", _PAGE
        return found[::-1]

    def newest_run(self) -> str:
        """The run of the newest entry; empty where there is none."""
        page = self._page("+", 1)
        return page[0][1].get(b"run", b"").decode() if page else ""

    def snapshot(self) -> Copied | None:
        """The newest one, if it bears our seal."""
        fields: Any = self._asked(lambda: self._redis.hgetall(SNAPSHOT))
        if not fields:
            return None
        try:
            run, sequence, code, payload = (fields[name] for name in (b"run", b"sequence", b"code", b"payload"))
            copied = Copied(run.decode(), int(sequence), code.decode(), payload)
            if hmac.compare_digest(seal(self._key, copied), fields[b"seal"]):
                return copied
        except (KeyError, ValueError) as error:
            log.warning("the copied snapshot is damaged", reason=repr(error))
            return None
        log.warning("the copied snapshot is not ours: its seal is wrong")
        return None

    def _page(self, last: str, count: int) -> list[tuple[bytes, dict[bytes, bytes]]]:
        """Entries up to an id, the newest first."""
        page: Any = self._asked(lambda: self._redis.xrevrange(STREAM, max=last, count=count))
        return page or []

    def _asked(self, ask: Callable[[], Any]) -> Any:
        if self._is_away:
            return None
        try:
            return ask()
        except (RedisError, OSError) as error:
            self._is_away = True
            log.warning("the journal's copy cannot be read", reason=str(error))
            return None

    def close(self) -> None:
        """No more questions."""
        self._redis.close()


def seal(key: bytes, snapshot: Copied) -> bytes:
    """Over all that a reader goes by (HMAC-SHA-256, RFC 2104)."""
    head = f"{snapshot.run}\0{snapshot.sequence}\0{snapshot.code}\0".encode()
    return hmac.digest(key, head + snapshot.payload, "sha256")


def own_key(folder: Path) -> bytes:
    """The key of the seals; made when there is none. Raises OSError."""
    place = folder / KEY_FILE
    with suppress(FileNotFoundError):
        key = place.read_bytes()
        if len(key) == KEY_BYTES:
            return key
        log.warning("the key of the seals is damaged, a new one is made")
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    part = place.with_suffix(f".{os.getpid()}.part")
    with open(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    part.replace(place)
    return place.read_bytes()
