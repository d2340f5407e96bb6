"""Dials that must not leave before the journal that tells of them is safe: whoever is called is called once, whatever
becomes of daemon and machine.

Safe is on the disk (fsync) and, where the journal is copied to a Redis that answers, acknowledged there. The disk is
waited for in a thread, and all that wait when it begins leave together when it has ended. A dial is held back before
its driver hears of it: one that never left is a leg that the switch never had. After a crash the driver finds that out
(`recall`) and tells its end; while the daemon lives it is told here, as the switch would.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import structlog

from ccd.daemon.journal import Journal, sync
from ccd.model.command import Dial, HangUp, SwitchCommand
from ccd.model.event import LegHungUp
from ccd.model.ids import LegId

COPY_TIME = 1.0
"""Seconds that Redis has to acknowledge what is on the disk already."""
LONGEST = 3.0
"""Seconds after which a dial is not made any more: what it was decided by is not true any more."""
REFUSAL_TIME = 1.0
"""Seconds until a dial that did not leave is told as ended: at once, and a list is through before the disk is well."""
CONGESTION = 42
"""Q.850 switching equipment congestion."""
log = structlog.get_logger()


class Stream(Protocol):
    """The journal's second home (`ccd.io.journal_stream.JournalStream`)."""

    @property
    def acknowledged(self) -> int: ...

    async def holds(self, sequence: int) -> bool: ...


class Held:
    """A dial that waits, what else its leg was told meanwhile, and the journal's entry that tells of it."""

    def __init__(self, dial: Dial, sequence: int, since: float) -> None:
        self.commands: list[SwitchCommand] = [dial]
        self.sequence = sequence
        self.since = since
        self.refusal: asyncio.TimerHandle | None = None


class Barrier:
    """Asked by the pump for every command to a switch, and told whenever it has written the journal.

    `go` carries out commands that may leave, `feed` takes the ends of legs that never were, `refused` how many.
    """

    def __init__(
        self,
        journal: Journal,
        stream: Stream | None,
        *,
        go: Callable[[Iterable[SwitchCommand]], None],
        feed: Callable[[LegHungUp], None],
        refused: Callable[[int], None] = lambda dials: None,
        sync: Callable[[Sequence[int]], None] = sync,
    ) -> None:
        self._journal = journal
        self._stream = stream
        self._go = go
        self._feed = feed
        self._refused = refused
        self._sync = sync
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="fsync")
        self._held: dict[LegId, Held] = {}
        self._written = 0
        """The last entry that the pump has written."""
        self._task: asyncio.Task[None] | None = None
        self._missed = 0
        """An entry that Redis did not acknowledge in time; until it has, it is not waited for."""

    def __len__(self) -> int:
        return len(self._held)

    def takes(self, command: SwitchCommand) -> bool:
        """Whether the command is held back: a dial with a barrier, and what the leg of a held one is told."""
        held = self._held.get(command.leg)
        if held is not None:
            if isinstance(command, HangUp):
                self._end(command.leg, command)
            else:
                held.commands.append(command)
            return True
        if type(command) is not Dial or not command.barrier:
            return False
        since = asyncio.get_running_loop().time()
        self._held[command.leg] = Held(command, self._journal.sequence, since)
        return True

    def written(self) -> None:
        """The pump has written what it had, or tried to."""
        self._written = self._journal.sequence
        if self._held and self._journal.failure:
            self._refuse(self._waiting(), self._journal.failure)
        self._begin()

    async def close(self) -> None:
        """What waits does not leave; the daemon that comes after this one tells its end."""
        for held in self._held.values():
            if held.refusal is not None:
                held.refusal.cancel()
        self._held.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await asyncio.to_thread(self._thread.shutdown)

    def _begin(self) -> None:
        if self._task is None and (self._waiting() or self._journal.leaves_unsynced):
            self._task = asyncio.get_running_loop().create_task(self._live(), name="barrier")
            self._task.add_done_callback(self._ended)

    def _waiting(self) -> list[LegId]:
        """Those whose entries are written and that nobody has refused."""
        return [leg for leg, held in self._held.items() if held.refusal is None and held.sequence <= self._written]

    async def _live(self) -> None:
        """As long as something waits."""
        while (group := self._waiting()) or self._journal.leaves_unsynced:
            written = self._written
            try:
                files = self._journal.unsynced()
                await asyncio.get_running_loop().run_in_executor(self._thread, self._sync, files)
            except OSError as error:
                log.error("the journal is not safe on its disk", error=str(error))
                self._journal.roll()  # whatever of this segment is lost, the next one can be read
                self._refuse(group, f"{error.strerror or error}")
                return
            if group:
                await self._copied(written)
                self._leave(group)

    async def _copied(self, sequence: int) -> None:
        """Until Redis has it, too; not for long, and not at all while it is behind."""
        stream = self._stream
        if stream is None or stream.acknowledged < self._missed:
            return
        try:
            async with asyncio.timeout(COPY_TIME):
                is_there = await stream.holds(sequence)
        except TimeoutError:
            is_there = False
        if not is_there and not self._missed:
            log.warning("dials leave without the journal's copy in Redis")
        elif is_there and self._missed:
            log.info("dials wait for the journal's copy again")
        self._missed = 0 if is_there else sequence

    def _leave(self, group: Iterable[LegId]) -> None:
        """Those of them that somebody still wants."""
        latest = asyncio.get_running_loop().time() - LONGEST
        left = [leg for leg in group if leg in self._held and self._held[leg].refusal is None]
        late = [leg for leg in left if self._held[leg].since < latest]
        if late:
            self._refuse(late, "the journal's disk is too slow")
        commands = [command for leg in left if leg not in late for command in self._held.pop(leg).commands]
        if commands:
            self._go(commands)

    def _refuse(self, group: Iterable[LegId], reason: str) -> None:
        """Their legs end as if the switch had had no room for them."""
        refused = [leg for leg in group if leg in self._held and self._held[leg].refusal is None]
        if not refused:
            return
        log.error("dials did not leave", dials=len(refused), reason=reason)
        self._refused(len(refused))
        loop = asyncio.get_running_loop()
        for leg in refused:
            self._held[leg].refusal = loop.call_later(REFUSAL_TIME, self._end, leg)

    def _end(self, leg: LegId, asked: HangUp | None = None) -> None:
        """Told as the driver tells it: of one that was hung up, and of one that never was at the switch."""
        held = self._held.pop(leg)
        if held.refusal is not None:
            held.refusal.cancel()
        self._feed(LegHungUp(leg, asked.cause, "us") if asked is not None else LegHungUp(leg, CONGESTION, "switch"))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if task.cancelled():
            return
        if (fault := task.exception()) is not None:  # a fault of ours: nothing waits for ever all the same
            log.error("the barrier failed", exc_info=fault)
            self._refuse(list(self._held), "a fault of ours")
        else:
            self._begin()
