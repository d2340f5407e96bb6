"""The contact store and the compliance log follow the journal: what the engine says of contacts, folded in order, in
batches, in one thread; whatever else is asked of the store comes behind what was said before.

What could not be written is tried again, and told. Both take a fact once, however often it is told, so a batch that
failed in the middle is told again as a whole, and so is the end of what a former daemon said.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

from ccd.io.compliance_log import FOLDER, ComplianceLog
from ccd.io.contact_schema import WrongStoreError
from ccd.io.contact_store import ContactStore
from ccd.model.command import BlockNumber
from ccd.model.fact import AnyFact
from ccd.model.ids import SECOND, Length, Moment
from ccd.simulation.ledger import OF_CONTACTS

STORE = "contacts.sqlite"
"""In the folder of the state."""
GATHER = 0.05
"""Seconds in which facts come together."""
AGAIN = 1.0
MOST = 200_000
"""What finds no room is lost for the store; the journal has it."""
BEHIND = 5_000
BEHIND_FOR: Length = 10 * SECOND
"""So much that is not written yet, or so old: no more contacts until it is. A new daemon tells a minute again."""
SAID = "said in the call"
OURS = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError, sqlite3.InterfaceError)
"""What SQLite says of statements and values: faults of ours, which do not go away."""
Told = tuple[Moment, AnyFact | BlockNumber]
T = TypeVar("T")
log = structlog.get_logger()


class AwayError(Exception):
    """The store does not take or give anything now; says why."""


class Follower:
    """Called with the engine's facts. `settle` makes the pump tell what it has not told; `may_write` is the pump's."""

    def __init__(
        self,
        state: Path,
        now: Callable[[], Moment],
        *,
        settle: Callable[[], bool],
        may_write: Callable[[], bool] = lambda: True,
    ) -> None:
        """The store is opened when there is something for it."""
        self.failure = ""
        """Why the last batch could not be written; empty where it could."""
        self.lost = 0
        self._state = state
        self._now = now
        self._settle = settle
        self._may_write = may_write
        self._waiting: deque[Told] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="contacts")
        self._lock = asyncio.Lock()
        self._work = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._store: ContactStore | None = None
        self._log = ComplianceLog(state / FOLDER)

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.get_running_loop().create_task(self._live(), name="contacts")

    async def close(self) -> None:
        """Write what waits, if that works; then no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._waiting:
            try:
                await self.stored(nothing)
            except AwayError as error:
                log.error("the contact store is behind", facts=len(self._waiting), reason=str(error))
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    # --- what is said

    def __call__(self, facts: tuple[AnyFact, ...], at: Moment) -> None:
        """Facts of one input."""
        for fact in facts:
            if type(fact) in OF_CONTACTS:
                self.tell(fact, at)

    def tell(self, said: AnyFact | BlockNumber, at: Moment) -> None:
        """One of them, or a number that is not to be called any more."""
        if len(self._waiting) >= MOST:
            self.lost += 1
            return
        self._waiting.append((at, said))
        self._work.set()

    @property
    def backlog(self) -> int:
        """How much is not written yet."""
        return len(self._waiting)

    @property
    def is_behind(self) -> bool:
        """Whether contacts are not to be given now."""
        if self.failure or len(self._waiting) > BEHIND:
            return True
        return bool(self._waiting) and self._waiting[0][0] < self._now() - BEHIND_FOR

    # --- what is asked

    async def stored(self, work: Callable[[ContactStore], T]) -> T:
        """Something of the store, behind all that was said. Raises AwayError, and what else `work` raises."""
        async with self.alone():
            return await self.run(lambda: work)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Nothing else is asked or written meanwhile."""
        async with self._lock:
            yield

    async def run(self, begin: Callable[[], Callable[[ContactStore], T]]) -> T:
        """Within `alone`: `begin` is called at the moment up to which all that was decided is about to be written, and
        what it gives is done with the store behind that. Raises as `stored`.
        """
        self._settle()
        work, batch = begin(), tuple(self._waiting)
        if not self._may_write():
            raise AwayError("it is not sure that this daemon is the one to decide")
        loop = asyncio.get_running_loop()
        job = loop.run_in_executor(self._thread, partial(self._do, batch, work, loop))
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            await asyncio.wait([job])  # who comes next must find the thread free
            raise
        except Exception as error:
            if not is_away(error):
                raise
            self._failed(str(error) or type(error).__name__)
            raise AwayError(str(error)) from error

    async def _live(self) -> None:
        """What is said is written soon; what could not be written, again and again."""
        while True:
            await self._work.wait()
            await asyncio.sleep(GATHER)
            self._work.clear()
            try:
                async with self.alone():
                    if self._waiting or self.failure:
                        await self.run(lambda: nothing)
            except AwayError:
                await asyncio.sleep(AGAIN)
                self._work.set()
            except Exception:  # a fault of ours; the next one may be better
                log.exception("the contact store failed")
                await asyncio.sleep(AGAIN)

    def _written(self, count: int) -> None:
        for _ in range(count):
            self._waiting.popleft()
        if self.failure:
            log.info("the contact store is written again")
        self.failure = ""

    def _failed(self, reason: str) -> None:
        if not self.failure:
            log.error("the contact store cannot be written", reason=reason)
        self.failure = reason
        self._work.set()

    # --- in the thread

    def _do(self, batch: Sequence[Told], work: Callable[[ContactStore], T], loop: asyncio.AbstractEventLoop) -> T:
        if self._store is None:
            self._store = ContactStore(self._state / STORE)
        if batch:
            self._write(self._store, batch)
        loop.call_soon_threadsafe(self._written, len(batch))
        return work(self._store)

    def _write(self, store: ContactStore, batch: Sequence[Told]) -> None:
        facts = [(said, at) for at, said in batch if not isinstance(said, BlockNumber)]
        self._log.write(facts)
        self._safely(lambda: store.apply(facts), lambda: self._apply_each(store, facts))
        for at, said in batch:
            if isinstance(said, BlockNumber):
                block = partial(store.block, (said.number,), said.list, at, SAID, said.call)
                self._safely(block, lambda: log.exception("a number is not blocked"))

    def _apply_each(self, store: ContactStore, facts: Sequence[tuple[AnyFact, Moment]]) -> None:
        """A fault of ours in one of them does not hold up the others."""
        for one in facts:
            self._safely(
                partial(store.apply, (one,)), partial(log.exception, "a fact is not folded", kind=type(one[0]).__name__)
            )

    @staticmethod
    def _safely(do: Callable[[], object], otherwise: Callable[[], object]) -> None:
        try:
            do()
        except Exception as error:
            if is_away(error):
                raise
            otherwise()

    def _close(self) -> None:
        self._log.close()
        if self._store is not None:
            self._store.close()


def is_away(error: Exception) -> bool:
    """Whether it is the disk's doing, or another process's, and may go away."""
    return isinstance(error, OSError | sqlite3.Error | WrongStoreError) and not isinstance(error, OURS)


def nothing(store: ContactStore) -> None:
    """Of the store."""
