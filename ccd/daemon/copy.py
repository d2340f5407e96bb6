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


class Filled:
    """The disk's entries of a run, behind the entry `after`, with what is missing within them and at their end; after
    that, how many were `missing` on the disk.
    """

    def __init__(self, entries: Iterable[Entry], copy: Copy, run: str, after: int) -> None:
        self.missing = 0
        self._entries = entries
        self._copy = copy
        self._run = run
        self._last = after

    def __iter__(self) -> Iterator[Entry]:
        for entry in self._entries:
            if entry.sequence > self._last + 1:
                yield from self._from_copy(entry.sequence)
            yield entry
            self._last = entry.sequence
        yield from self._from_copy(None)

    def _from_copy(self, before: int | None) -> Iterator[Entry]:
        """Those that the copy has; `before` None is to its end."""
        found = 0
        try:
            for entry in map(entry_of, self._copy.entries(self._run, self._last)):
                if before is not None and entry.sequence >= before:
                    break
                found += 1
                yield entry
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            log.warning("the journal's copy is of another version", reason=str(error))
        if found:
            log.info("entries of the journal's copy in Redis", after=self._last, entries=found)
        self.missing += found
