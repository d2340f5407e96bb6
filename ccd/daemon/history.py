"""What the journal of a former daemon tells a new one: how far it came, and where its agents stood."""

from collections.abc import Iterable
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct

from ccd.daemon.journal import Entry, began_at, read, segments
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


def recall(folder: Path, now: Moment) -> Past:
    """Read what was journalled in the last day."""
    last = sequence = 0
    standing: dict[AgentId, AgentStanding] = {}
    calls: dict[CallId, list[tuple[Moment, AnyFact]]] = {}
    for segment in recent(segments(folder), now) if folder.is_dir() else ():
        try:
            for frame in read(segment):
                if not isinstance(frame, Entry):
                    last = max(last, frame.at)
                    continue
                last, sequence = max(last, frame.at), frame.sequence
                for fact in frame.facts:
                    if isinstance(fact, AgentChanged):
                        standing[fact.agent] = AgentStanding(
                            fact.agent, fact.new, fact.reason, fact.endpoint, fact.idle_since, frame.at
                        )
                    else:
                        keep(calls, fact, frame.at)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            log.warning("a journal of another version is not read", segment=segment.name, reason=str(error))
    return Past(last, sequence, tuple(standing.values()), calls)


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
