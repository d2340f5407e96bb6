"""Snapshots taken while the daemon lives: by the number of entries, when a day begins, and behind a gap of the journal;
between two turns, written by a thread.
"""

import asyncio
from collections.abc import Callable

import structlog

from ccd.daemon import snapshot
from ccd.daemon.journal import Journal, day_of
from ccd.model.ids import SECOND, Length, Moment
from ccd.simulation.ledger import Ledger

EVERY = 2_000
"""Journal entries: so many, and those of a second, a new daemon reads again."""
GAPS_APART: Length = 600 * SECOND
"""A disk that is full again and again is not filled with what stays behind each gap."""
log = structlog.get_logger()


class Keeper:
    """`settle` tells the folds what they were not told yet, and says whether nothing is in the making. `copied` takes
    each snapshot, its sequence and whose code can read it, to its second home. `last` is when the daemon that this one
    goes on for was last heard of, if there was one.
    """

    def __init__(
        self,
        ledger: Ledger,
        journal: Journal,
        settle: Callable[[], bool],
        copied: Callable[[int, str, bytes], None] = lambda sequence, code, payload: None,
        now: Callable[[], Moment] = lambda: 0,
        last: Moment | None = None,
    ) -> None:
        self._ledger = ledger
        self._copied = copied
        self._journal = journal
        self._settle = settle
        self._now = now
        self._day = day_of(now() if last is None else last)
        self._last = 0
        self._gaps = 0
        self._kept_at: Moment = 0
        self._writing: asyncio.Task[None] | None = None

    def beat(self) -> None:
        """Now and then: a snapshot, if it is time."""
        self.begin_day()
        if self._journal.gaps != self._gaps and self._now() - self._kept_at >= GAPS_APART:
            if self.take(self._day):
                self._gaps, self._kept_at = self._journal.gaps, self._now()
        elif self._journal.sequence - self._last >= EVERY:
            self.take()

    def begin_day(self) -> None:
        """With a new day, a snapshot and a segment."""
        today = day_of(self._now())
        if today != self._day and self.take(today):
            self._journal.roll()
            self._day = today

    def take(self, morning: str = "") -> bool:
        """Now, unless the last one is being written still or an input is in the making. `morning` is the day that
        begins, or goes on, with it.
        """
        if self._writing is not None or not self._settle():
            return False
        taken = snapshot.taken(self._ledger, self._journal.sequence)
        self._last = taken.sequence
        self._writing = asyncio.get_running_loop().create_task(self._write(taken, morning), name="snapshot")
        return True

    async def close(self) -> None:
        """The last one, when nothing happens any more."""
        if self._writing is not None:
            await self._writing
        await self._write(snapshot.taken(self._ledger, self._journal.sequence))

    async def _write(self, taken: snapshot.Snapshot, morning: str = "") -> None:
        self._copied(taken.sequence, snapshot.fingerprint(), taken.payload)
        try:
            await asyncio.to_thread(snapshot.write, self._journal.folder, taken)
            if morning:
                await asyncio.to_thread(snapshot.write_morning, self._journal.folder, taken, morning)
        except OSError as error:
            # A full disk: the next begin reads more of the journal, or goes the other way.
            log.error("no snapshot", error=str(error))
        finally:
            self._writing = None
