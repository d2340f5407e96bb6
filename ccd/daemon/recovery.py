"""A daemon that begins where one died: the newest snapshot, the journal's tail through the same engine, the rest asked
at the switch.

What the disk has not, for it was full or its folder is gone, is taken from the copy in Redis. What cannot be trusted
is not used: a journal of other code, one with a gap behind the snapshot, or one whose entries the engine does not
decide again as they say, leads to the other way. There agents come from the journal's facts (`history`), and calls from
the channels' own variables (`core/adoption`).
"""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct

from ccd.core.configuration import Configuration
from ccd.daemon import snapshot
from ccd.daemon.copy import Copy, Filled, NoCopy, run_of
from ccd.daemon.journal import Began, Entry, Frame, digest, read, segments
from ccd.model.cdr import Cdr
from ccd.model.command import Ask, UpdateCaller
from ccd.model.ids import SECOND, Length, Moment
from ccd.simulation.ledger import Ledger

STALE: Length = 12 * 3600 * SECOND
"""A centre that stood still for so long begins anew: its callers are gone."""
log = structlog.get_logger()


class NotRecoveredError(Exception):
    """Why the other way is taken."""


class Recovered(Struct, frozen=True):
    """The ledger after the last entry of the journal, and what may not have been done when its daemon died.

    `ended` are records of calls that ended a short while before, `updates` what was to be written to callers' records,
    `questions` what was asked and not answered. `is_torn`: the journal's folder has not all that led here.
    """

    ledger: Ledger
    seed: int
    sequence: int
    last: Moment
    ended: tuple[Cdr, ...]
    updates: tuple[UpdateCaller, ...]
    questions: tuple[Ask, ...]
    entries: int
    is_torn: bool
    seconds: float


def recover(
    journal: Path, configurations: Mapping[str, Configuration], now: Moment, copy: Copy | None = None
) -> Recovered:
    """The ledger of the daemon that wrote the journal. Raises NotRecoveredError."""
    began = time.perf_counter()
    copy = copy or NoCopy()
    reasons = []
    for sequence, load in _snapshots(journal, configurations, copy):
        try:
            return _caught_up(load(), sequence, journal, copy, now, began)
        except (snapshot.SnapshotError, NotRecoveredError) as error:
            reasons.append(str(error))
    raise NotRecoveredError("; ".join(reasons) or "no snapshot of this version")


def _snapshots(
    journal: Path, configurations: Mapping[str, Configuration], copy: Copy
) -> Iterator[tuple[int, Callable[[], Ledger]]]:
    """Those of the disk, the newest first, then the copied one, if that is of the run that came last."""
    for sequence, place in snapshot.found(journal):
        yield sequence, partial(snapshot.read, place, configurations)
    copied = copy.snapshot()
    if copied is not None and copied.code == snapshot.fingerprint() and copied.run == copy.newest_run():
        yield copied.sequence, partial(snapshot.loaded, copied.payload, "the copied snapshot", configurations)


def _caught_up(ledger: Ledger, sequence: int, journal: Path, copy: Copy, now: Moment, began: float) -> Recovered:
    seed = ledger.engine.floor.seed
    count, last = 0, ledger.engine.floor.now
    updates: list[UpdateCaller] = []
    tail = Filled(_tail(journal, sequence, seed), copy, run_of(seed), sequence)
    for entry in tail:
        if entry.sequence != sequence + count + 1:
            raise NotRecoveredError(f"entry {sequence + count + 1} of the journal is missing")
        updates += _repeated(ledger, entry)
        count, last = count + 1, entry.at
    if not last or now - last > STALE:
        raise NotRecoveredError("the journal ended too long ago")
    ledger.expire_questions(last)
    return Recovered(
        ledger=ledger,
        seed=seed,
        sequence=sequence + count,
        last=last,
        ended=tuple(cdr for _, cdr in ledger.recent),
        updates=tuple(updates),
        questions=tuple(ledger.questions.values()),
        entries=count,
        is_torn=bool(tail.missing) or not segments(journal),
        seconds=time.perf_counter() - began,
    )


def _repeated(ledger: Ledger, entry: Entry) -> list[UpdateCaller]:
    """One entry once more; the callers' records that it changes."""
    try:
        outcome = ledger.engine.handle(entry.event, entry.at)
    except Exception as error:  # it failed then, too, and was told; whatever it left is what it left then
        log.warning("an input fails again", sequence=entry.sequence, error=repr(error))
        outcome = ledger.engine.floor.outcome()
    if outcome.facts != entry.facts or digest(outcome.commands) != entry.digest:
        raise NotRecoveredError(f"entry {entry.sequence} of the journal is not decided as it says")
    ledger.follow(entry.event, outcome, entry.at)
    for fact in outcome.facts:
        ledger.fold(fact, entry.at)
    return [command for command in outcome.commands if isinstance(command, UpdateCaller)]


def _tail(journal: Path, sequence: int, seed: int) -> Iterator[Entry]:
    """The entries after the snapshot's. Only segments that may hold some are read."""
    for segment in _segments_from(journal, sequence):
        for frame in _frames(segment):
            if isinstance(frame, Began):
                if frame.seed != seed:
                    raise NotRecoveredError("the journal's end is of another run than the snapshot")
            elif isinstance(frame, Entry) and frame.sequence > sequence:
                yield frame


def _segments_from(journal: Path, sequence: int) -> list[Path]:
    """From the last segment that begins at or before the entry on."""
    found = segments(journal)
    for index in range(len(found) - 1, -1, -1):
        head = next(iter(_frames(found[index])), None)
        if isinstance(head, Began) and head.sequence <= sequence:
            return found[index:]
    return found


def _frames(segment: Path) -> Iterator[Frame]:
    try:
        yield from read(segment)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise NotRecoveredError(f"{segment.name} is of another version: {error}") from error
