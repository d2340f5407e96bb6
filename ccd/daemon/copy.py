"""The journal's second home in Redis, as a daemon that begins reads it: what its disk has not.

A disk that was full has a hole where Redis has the entries; a folder that is gone has nothing at all.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

import msgspec
import structlog

from ccd.daemon.journal import Entry, entry_of
from ccd.io.journal_stream import Copied

log = structlog.get_logger()


class Copy(Protocol):
    """What can be asked (`ccd.io.journal_stream.JournalCopy`)."""

    def entries(self, run: str, after: int) -> list[bytes]: ...

    def newest_run(self) -> str: ...

    def snapshot(self) -> Copied | None: ...


class NoCopy:
    """Where there is none."""

    def entries(self, run: str, after: int) -> list[bytes]:
        return []

    def newest_run(self) -> str:
        return ""

    def snapshot(self) -> Copied | None:
        return None


def run_of(seed: int) -> str:
    """How the copy calls the run that one seed began."""
    return f"{seed:x}"


def filled(entries: Iterable[Entry], copy: Copy, run: str, after: int) -> Iterator[Entry]:
    """The disk's entries of a run, behind the entry `after`, with what is missing within them and at their end."""
    last = after
    for entry in entries:
        if entry.sequence > last + 1:
            yield from _between(copy, run, last, entry.sequence)
        yield entry
        last = entry.sequence
    yield from _between(copy, run, last, None)


def _between(copy: Copy, run: str, after: int, before: int | None) -> Iterator[Entry]:
    """Those that the copy has; `before` None is to its end."""
    found = 0
    try:
        for entry in map(entry_of, copy.entries(run, after)):
            if before is not None and entry.sequence >= before:
                break
            found += 1
            yield entry
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        log.warning("the journal's copy is of another version", reason=str(error))
    if found:
        log.info("entries of the journal's copy in Redis", after=after, entries=found)
