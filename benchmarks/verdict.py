"""Judges every caller of a stage against ccd's records; lets go of who is done with, and keeps what is wrong.

A caller is done with once his record and recording are as they must be: then the sound is let go. Who is not is looked
at again until the end, when what is still wrong is a finding.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from benchmarks.faults import Fault
from benchmarks.judge import Column, Judge, Wrong, outcome
from benchmarks.people import SECOND, Caller
from benchmarks.stage import Stage
from ccd.lab.process import LabError
from ccd.model.cdr import Cdr
from ccd.model.ids import SECOND as MICROSECONDS

NEAR = 5.0
"""Seconds after a call's end in which a fault may still have harmed its record."""
RECENT = 240 * MICROSECONDS
SETTLED = 3 * SECOND
TRIES = 4
"""So often a caller with whom something is wrong is looked at before the end."""
KEPT = 600.0
"""Seconds until a recording is deleted with which all is right."""


class Finding(NamedTuple):
    """Something wrong, what the caller saw of it, and the kind of fault that was near."""

    column: Column
    what: str
    story: str
    kind: str


class Done(NamedTuple):
    """A caller who is done with."""

    story: str
    kind: str
    may_be_unknown: bool


class Verdict:
    """Of one run."""

    def __init__(self, stage: Stage) -> None:
        self.faults: list[Fault] = []
        self.findings: list[Finding] = []
        self.outcomes: Counter[str] = Counter()
        self.empty_answers = 0
        """Agents who answered and heard nobody."""
        self.unsaid = 0.0
        """The most that the phones left out in one call, s."""
        self._stage = stage
        self._judge = Judge(self.faults, stage.centre.recordings, time.time_ns() - time.monotonic_ns())
        self._done: dict[str, list[Done]] = {}
        self._tries: Counter[str] = Counter()
        self._heard: deque[tuple[float, str]] = deque()
        """Recordings with which all is right: when to delete them."""

    @property
    def excused_recordings(self) -> int:
        """Those of talks and messages while there was no room."""
        return self._judge.excused_recordings

    @property
    def without_tone(self) -> int:
        """Messages that were spoken without a tone, while the daemon was out of reach."""
        return self._judge.without_tone

    def add(self, column: Column, what: str, story: str = "", kind: str = "") -> None:
        self.findings.append(Finding(column, what, story, kind))

    async def sift(self) -> None:
        """Let go of those with whom everything is right."""
        settled = time.monotonic_ns() - SETTLED
        over = [caller for caller in self._stage.people.callers if caller.is_over and caller.ended < settled]
        try:
            records = by_number(await self._stage.past(time.time_ns() // 1_000 - RECENT))
        except LabError:
            return
        calls = Counter(caller.number for caller in self._stage.people.callers)
        done = []
        for caller in over:
            if self._tries[caller.number] == TRIES:
                continue
            self._tries[caller.number] += 1
            found = records.get(caller.number, [])
            alone = calls[caller.number] == len(found) == 1 and caller.number not in self._done
            if alone and not await self._wrong(caller, found[0]):
                done.append(caller)
                self._discard(found[0])
        self._close(done)

    async def finish(self) -> None:
        """What is still wrong; whether every call has exactly one record."""
        records = by_number(await self._stage.past())
        last = list(self._stage.people.callers)
        for caller in last:
            same = [other for other in last if other.number == caller.number]
            found = records.get(caller.number, [])
            if len(found) == len(same):
                wrong = await self._wrong(caller, found[same.index(caller)])
            else:
                wrong = list(self._judge.seen(caller))
            for column, what in wrong:
                self.add(column, what, self._story(caller), self.near(caller))
        self._close(last)
        self._count(records)

    def near(self, caller: Caller) -> str:
        """The kind of the last fault that may have harmed the call."""
        fault = self._near(caller)
        return fault.kind if fault is not None else ""

    def _near(self, caller: Caller) -> Fault | None:
        """The last one in his call, else the next one soon after."""
        during = [fault for fault in self.faults if caller.began < fault.until and fault.began < caller.ended]
        end = caller.ended + int(NEAR * SECOND)
        after = [fault for fault in self.faults if caller.ended <= fault.began < end]
        return during[-1] if during else after[0] if after else None

    def _story(self, caller: Caller) -> str:
        """What he saw, with the fault in it, in seconds since he dialled."""
        fault = self._near(caller)
        if fault is None:
            return caller.story()
        began, until = ((moment - caller.began) / SECOND for moment in (fault.began, fault.until))
        return f"{fault.kind} {fault.note} {began:.1f} to {until:.1f}; {caller.story()}".replace("  ", " ")

    async def _wrong(self, caller: Caller, record: Cdr) -> list[Wrong]:
        unsaid = self._stage.people.unsaid(caller.began, caller.ended)
        self.unsaid = max(self.unsaid, unsaid)
        await asyncio.sleep(0)  # the phones speak every 20 ms
        return list(self._judge.wrong(caller, record, unsaid))

    def _discard(self, record: Cdr) -> None:
        """In a while: a daemon that begins anew looks once more after what ended a short time before."""
        paths = [*(one.path for one in record.recordings), *(mail.path for mail in record.voicemails)]
        self._heard += [(time.monotonic() + KEPT, path) for path in paths if path]
        while self._heard and self._heard[0][0] < time.monotonic():
            (self._stage.centre.recordings / self._heard.popleft()[1]).unlink(missing_ok=True)

    def _close(self, callers: Sequence[Caller]) -> None:
        for caller in callers:
            self.outcomes[outcome(caller)] += 1
            self.empty_answers += len(caller.empty)
            done = Done(self._story(caller), self.near(caller), self._judge.may_be_unknown(caller))
            self._done.setdefault(caller.number, []).append(done)
        self._stage.people.forget(callers)

    def _count(self, records: dict[str, list[Cdr]]) -> None:
        for number, calls in self._done.items():
            found = len(records.get(number, ()))
            needed = sum(not call.may_be_unknown for call in calls)
            if found < needed:
                self.add("record", f"{found} of {needed} records", calls[-1].story, calls[-1].kind)
            elif found > len(calls):
                self.add("doubled", f"{found} records of {len(calls)} calls", calls[-1].story, calls[-1].kind)
        for number in records.keys() - self._done.keys():
            self.add("other", "a record of no call", number)


def by_number(records: Iterable[Cdr]) -> dict[str, list[Cdr]]:
    """The records of each caller's number, the oldest first."""
    found: dict[str, list[Cdr]] = {}
    for record in sorted(records, key=lambda record: record.started_at):
        found.setdefault(record.ani.lstrip("+"), []).append(record)
    return found
