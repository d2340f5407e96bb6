"""The one task that writes to Redis: in order, in batches, again until Redis has taken it."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from ccd.io.backlog import Backlog
from ccd.io.closed import told_as_lost
from ccd.io.record_upgrade import SCHEMA, SCHEMA_KEY, STEPS, Step, WrongSchemaError, settle
from ccd.io.record_write import AnyWrite, add_commands, decoded, encoded

_BATCH = 64
_PING_EVERY = 1.0
_RECENT, _MOST_RECENT = 10.0, 10_000
"""Seconds, and so many: writes that a Redis that fails over may lose though it acknowledged them."""
_SHORTEST_BREAK, _LONGEST_BREAK = 0.05, 2.0


class Health(Struct, frozen=True):
    """`backlog` writes of `backlog_bytes` wait; `written`, `lost` (no room left) and `refused` (damaged, or Redis can
    never take it) count writes since the start.
    """

    is_up: bool
    backlog: int
    backlog_bytes: int
    written: int
    lost: int
    refused: int
    last_error: str


class RecordWriter:
    """Writes what was put. `timeout` in seconds bounds a batch; `file` takes what Redis has not taken.

    `is_settled` tells whether the records are known to be of our schema; nothing is written, or to be read, before.
    """

    def __init__(self, redis: Redis, file: Path, timeout: float, steps: Mapping[int, Step] = STEPS) -> None:
        self.is_settled = False
        self._steps = steps
        self._redis = redis
        self._backlog = Backlog(file)
        self._timeout = timeout
        self._log = structlog.get_logger("records")
        self._is_up = False
        self._last_error = ""
        self._written = self._refused = 0
        self._recent: deque[tuple[float, bytes]] = deque(maxlen=_MOST_RECENT)
        self._asked_at = 0.0
        self._work = asyncio.Event()
        self._empty = asyncio.Event()
        self._is_closing = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Settle the schema if Redis is there, and begin. Raises WrongSchemaError."""
        with suppress(RedisError, OSError), told_as_lost():
            await self._settle()
        self._work.set()
        self._task = asyncio.create_task(self._run(), name="records")
        self._task.add_done_callback(self._ended)

    async def close(self, patience: float) -> None:
        """Write for at most `patience` seconds; the rest stays in the file. Raises what the task died of, if it did."""
        await self.drained(patience)
        self._is_closing = True  # a library below may turn our cancellation into an error of its own
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._backlog.close()

    def health(self) -> Health:
        backlog = self._backlog
        return Health(
            self._is_up, len(backlog), backlog.size, self._written, backlog.lost, self._refused, self._last_error
        )

    def put(self, write: AnyWrite) -> None:
        """Never waits; what finds no room is counted and logged."""
        if not self._backlog.put(encoded(write)):
            self._log.error("record lost", kind=type(write).__name__, lost=self._backlog.lost)
        self._work.set()

    async def drained(self, patience: float) -> bool:
        """Whether everything that waited was written within `patience` seconds."""
        if not len(self._backlog):
            return True
        self._empty.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._empty.wait()
        return not len(self._backlog)

    async def _run(self) -> None:
        pause = _SHORTEST_BREAK
        while not self._is_closing:
            try:
                with told_as_lost():
                    if not self._is_up:
                        await self._settle()
                        await self._write_again()
                    async with asyncio.timeout(self._timeout):
                        await self._write_batch()
                pause = _SHORTEST_BREAK
                self._came_up()
                await self._wait_for_work()
            except (RedisError, OSError, TimeoutError, WrongSchemaError) as error:
                self._went_away(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_BREAK)

    async def _settle(self) -> None:
        """An upgrade takes the time it takes; each of its commands is bounded by the client."""
        await settle(self._redis, self._steps)
        self.is_settled = True

    async def _write_again(self) -> None:
        """What was acknowledged shortly before Redis went away: a replica that took over may not have it."""
        lines = [line for _, line in self._recent]
        for begin in range(0, len(lines), _BATCH):
            async with asyncio.timeout(self._timeout):
                await self._send(self._readable(lines[begin : begin + _BATCH]))

    async def _write_batch(self) -> None:
        now = asyncio.get_running_loop().time()
        lines = self._backlog.peek(_BATCH)
        if not lines or now - self._asked_at >= _PING_EVERY:
            # also a ping, which a server still loading refuses
            if await self._redis.get(SCHEMA_KEY) != str(SCHEMA):
                raise WrongSchemaError("somebody upgrades or restores the records")
            self._asked_at = now
        if not lines:
            return
        writes = self._readable(lines)
        await self._send(writes)
        self._backlog.drop(lines)
        self._written += len(writes)
        self._recent.extend((now, line) for line in lines)
        while self._recent[0][0] < now - _RECENT:
            self._recent.popleft()

    def _readable(self, lines: Sequence[bytes]) -> list[AnyWrite]:
        writes = []
        for line in lines:
            try:
                writes.append(decoded(line))
            except msgspec.DecodeError as error:
                self._refuse(f"damaged line: {error}")
        return writes

    async def _send(self, writes: Sequence[AnyWrite]) -> None:
        async with self._redis.pipeline(transaction=False) as pipe:
            for write in writes:
                add_commands(write, pipe)
            answers = await pipe.execute(raise_on_error=False)
        errors = [answer for answer in answers if isinstance(answer, Exception)]
        for error in errors:
            # Our commands are fixed; the one thing that trying again cannot mend is a key of another type.
            if not (isinstance(error, ResponseError) and "WRONGTYPE" in str(error)):
                raise error
        for error in errors:
            self._refuse(str(error))

    async def _wait_for_work(self) -> None:
        if len(self._backlog) or self._is_closing:
            return
        self._empty.set()
        self._work.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_PING_EVERY):
                await self._work.wait()

    def _came_up(self) -> None:
        if not self._is_up:
            self._is_up = True
            self._log.info("records up", backlog=len(self._backlog))

    def _went_away(self, error: Exception) -> None:
        if isinstance(error, WrongSchemaError):
            self.is_settled = False
        is_news = self._is_up or not self._last_error
        self._last_error = f"{type(error).__name__}: {error}"
        if is_news:
            self._log.warning("records away", error=self._last_error, backlog=len(self._backlog))
        self._is_up = False
        self._backlog.spill()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A fault of ours must not look like health; `close` raises it."""
        self._is_up = False
        if not task.cancelled() and (error := task.exception()) is not None:
            self._last_error = f"the writer died: {error!r}"
            self._log.critical("records writer died", error=repr(error))

    def _refuse(self, why: str) -> None:
        self._refused += 1
        self._log.error("record refused", why=why[:500])
