"""What the journal of a former daemon tells a new one: how far it came, and where its agents stood."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct

from ccd.daemon.copy import Copy, Filled, NoCopy, run_of
from ccd.daemon.journal import Began, Entry, Frame, began_at, read, segments
from ccd.model.event import AgentStanding
from ccd.model.fact import AgentChanged, AnyFact, CallEnded, CallStarted
from ccd.model.ids import SECOND, AgentId, CallId, Length, Moment

SHIFT: Length = 24 * 3600 * SECOND
"""Logins older than this are not taken over."""
log = structlog.get_logger()


class Past(Struct, frozen=True):
    """The last moment and number journalled, 0 where there is none; the agents as they stood; what is known of the
    calls whose end was not journalled.
    """

    last: Moment
    sequence: int
    agents: tuple[AgentStanding, ...]
    calls: dict[CallId, list[tuple[Moment, AnyFact]]]


def recall(folder: Path, now: Moment, copy: Copy | None = None) -> Past:
    """Read what was journalled in the last day; behind the disk's end, what the copy has of the same run."""
    copy = copy or NoCopy()
    run = ""
    last = sequence = 0
    standing: dict[AgentId, AgentStanding] = {}
    calls: dict[CallId, list[tuple[Moment, AnyFact]]] = {}
    for frame in _frames(folder, now):
        if isinstance(frame, Began):
            run = run_of(frame.seed)
        if not isinstance(frame, Entry):
            last = max(last, frame.at)
            continue
        last, sequence = max(last, frame.at), frame.sequence
        _note(frame, standing, calls)
    for entry in Filled((), copy, run or copy.newest_run(), sequence):
        if entry.at >= now - SHIFT:
            last, sequence = max(last, entry.at), entry.sequence
            _note(entry, standing, calls)
    return Past(last, sequence, tuple(standing.values()), calls)


def _frames(folder: Path, now: Moment) -> Iterator[Frame]:
    for segment in recent(segments(folder), now) if folder.is_dir() else ():
        try:
            yield from read(segment)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            log.warning("a journal of another version is not read", segment=segment.name, reason=str(error))


def _note(
    entry: Entry, standing: dict[AgentId, AgentStanding], calls: dict[CallId, list[tuple[Moment, AnyFact]]]
) -> None:
    for fact in entry.facts:
        if isinstance(fact, AgentChanged):
            standing[fact.agent] = AgentStanding(
                fact.agent, fact.new, fact.reason, fact.endpoint, fact.idle_since, entry.at
            )
        else:
            keep(calls, fact, entry.at)


def keep(calls: dict[CallId, list[tuple[Moment, AnyFact]]], fact: AnyFact, at: Moment) -> None:
    """Collect the facts of calls, from their beginning to their end."""
    call = getattr(fact, "call", None)
    if isinstance(fact, CallStarted):
        calls.setdefault(fact.call, []).append((at, fact))
    elif isinstance(fact, CallEnded):
        calls.pop(fact.call, None)
    elif call in calls:
        calls[call].append((at, fact))


def recent(found: list[Path], now: Moment) -> Iterable[Path]:
    """The segments that may hold something of the last day: a segment begins at the moment in its name."""
    begins = [began_at(path) for path in found]
    first = next((i for i, begin in enumerate(begins) if begin >= now - SHIFT), len(found))
    return found[max(0, first - 1) :]
