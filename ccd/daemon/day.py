"""Days of the journal as a replay takes them, archived or not: who decided, what he began with, what is missing.

A run is what one line of daemons did. What it began with, and with what it goes on behind a gap, is its first
configuration, a snapshot of that very entry, or the days before.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from pathlib import Path

from msgspec import Struct

from ccd.core.configuration import Configuration
from ccd.daemon import archive, snapshot
from ccd.daemon.journal import Began, Entry, Frame, Gap, day_of
from ccd.model.ids import Moment
from ccd.simulation.ledger import Ledger
from ccd.simulation.replay import Input, handled

Start = tuple[Ledger, int]
"""What was known after an entry, and the number of that."""


class NoBeginningError(Exception):
    """What a run began with cannot be had; the text says why."""


class Missing(Struct, frozen=True):
    """So many inputs, before this moment, and why."""

    at: Moment
    inputs: int
    reason: str


class Run:
    """One line of daemons in the days asked for. After its `stretches`: what is `missing`, how many inputs were
    `skipped` since nothing says how things stood, and why already the first was, if so.
    """

    def __init__(
        self, journal: Path, days: Sequence[str], head: Began, frames: Iterator[Frame], known: dict[str, Configuration]
    ) -> None:
        self.head = head
        self.missing: list[Missing] = []
        self.skipped = 0
        self.unknown = ""
        self._journal = journal
        self._days = days
        self._known = known
        self._frames = frames
        self._next: Entry | None = None
        self._last = head.sequence
        self._is_torn = False

    def stretches(self) -> Iterator[tuple[Ledger, Iterator[Input]]]:
        """What is whole, each with what it began with: of a run without a gap one.

        Raises KeyError with the hash of a configuration that was not kept, ArchiveError, OSError, and msgspec's errors
        for a journal of another version.
        """
        start: Start | None
        try:
            start = beginning(self._journal, self.head, self._known)
        except NoBeginningError as why:
            self.unknown = str(why)
            start = self._later(self.head.sequence)
        while start is not None:
            ledger, after = start
            yield ledger, self._inputs(after)
            if self._next is None:
                return
            start = self._later(self._next.sequence - 1)
        while self._peek() is not None:
            self._skip()

    def _inputs(self, after: int) -> Iterator[Input]:
        """Behind the entry `after`, as far as nothing is missing."""
        self._is_torn = False
        while (entry := self._peek()) is not None:
            if entry.sequence <= after:
                self._skip()
                self._is_torn = False
            elif self._is_torn:
                return
            else:
                self._next = None
                yield Input(entry.sequence, entry.at, entry.event, entry.facts, entry.digest)

    def _skip(self) -> None:
        self._next = None
        self.skipped += 1

    def _peek(self) -> Entry | None:
        """The next entry; what is missing before it is noted."""
        while self._next is None:
            frame = next(self._frames, None)
            if frame is None:
                return None
            if isinstance(frame, Gap):
                self._is_torn = True
                self.missing.append(Missing(frame.at, frame.lost, frame.reason))
            elif isinstance(frame, Entry):
                if frame.sequence > self._last + 1 and not self._is_torn:
                    self._is_torn = True
                    self.missing.append(Missing(frame.at, frame.sequence - self._last - 1, "not in the journal"))
                self._next, self._last = frame, frame.sequence
        return self._next

    def _later(self, sequence: int) -> Start | None:
        """The first snapshot of this run from that entry on."""
        for found, name, data in self._snapshots():
            if found >= sequence:
                try:
                    ledger = snapshot.unframed(data, name, self._known)
                except snapshot.SnapshotError:
                    continue
                if ledger.engine.floor.seed == self.head.seed:
                    return ledger, found
        return None

    def _snapshots(self) -> Iterator[tuple[int, str, bytes]]:
        for day in self._days:
            yield from archive.mornings(self._journal, day)
        for sequence, place in reversed(snapshot.found(self._journal)):
            yield sequence, place.name, place.read_bytes()


def runs(journal: Path, days: Sequence[str], known: dict[str, Configuration]) -> Iterator[Run]:
    """Each run of these days; frames are read as they are asked for."""
    for _, group in groupby(headed(journal, days), lambda pair: pair[0].seed):
        yield _run(journal, days, group, known)


def _run(
    journal: Path, days: Sequence[str], group: Iterator[tuple[Began, Frame]], known: dict[str, Configuration]
) -> Run:
    head, first = next(group)
    return Run(journal, days, head, chain([first], (frame for _, frame in group)), known)


def headed(journal: Path, days: Sequence[str]) -> Iterator[tuple[Began, Frame]]:
    """Each frame with the head of its run."""
    head: Began | None = None
    for day in days:
        for frame in archive.frames(journal, day):
            if isinstance(frame, Began) and (head is None or frame.seed != head.seed):
                head = frame
            if head is not None:
                yield head, frame


def beginning(journal: Path, head: Began, known: dict[str, Configuration]) -> Start:
    """What a run, or its day, began with. Raises NoBeginningError."""
    if head.is_first:
        return Ledger(known, head.configuration, head.seed, watch=None), head.sequence
    reasons = []
    for sequence, name, data in archive.mornings(journal, day_of(head.at)):
        if sequence == head.sequence:
            try:
                ledger = snapshot.unframed(data, name, known)
                if ledger.engine.floor.seed == head.seed:
                    return ledger, sequence
            except snapshot.SnapshotError as error:
                reasons.append(str(error))
    try:
        return _from_the_first(journal, head, known), head.sequence
    except NoBeginningError as error:
        raise NoBeginningError("; ".join((*reasons, str(error)))) from error


def _from_the_first(journal: Path, head: Began, known: dict[str, Configuration]) -> Ledger:
    """Through the days before, from the run's first entry; nothing is compared. Raises NoBeginningError."""
    earlier = [day for day in archive.days(journal) if day <= day_of(head.at)]
    ledger: Ledger | None = None
    last = 0
    for one, frame in headed(journal, earlier):
        if one.seed != head.seed:
            continue
        if isinstance(frame, Began) and frame.is_first:
            ledger, last = Ledger(known, frame.configuration, frame.seed, watch=None), frame.sequence
        if ledger is None or not isinstance(frame, Entry) or frame.sequence > head.sequence:
            continue
        if frame.sequence != last + 1:
            raise NoBeginningError(f"of the days before, inputs {last + 1} to {frame.sequence - 1} are missing")
        last = frame.sequence
        for fact in handled(ledger, Input(last, frame.at, frame.event, frame.facts, frame.digest)).facts:
            ledger.fold(fact, frame.at)
    if ledger is None or last != head.sequence:
        raise NoBeginningError("the run began before, of which nothing is there that this version can read")
    return ledger
