"""What the journal of a former daemon tells a new one: how far it came, where its agents stood, whom it dialled."""

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct

from ccd.daemon.copy import Copy, Filled, NoCopy, run_of
from ccd.daemon.journal import Began, Entry, Frame, began_at, read, segments
from ccd.model.event import AgentStanding
from ccd.model.fact import AgentChanged, AnyFact, AttemptBegan, AttemptEnded, CallEnded, CallStarted
from ccd.model.ids import SECOND, AgentId, CallId, Length, Moment
from ccd.simulation.ledger import OF_CONTACTS

SHIFT: Length = 24 * 3600 * SECOND
"""Logins older than this are not taken over."""
CONTACTS_RECENT: Length = 600 * SECOND
"""What the contact store may not have: a backup of it may be older than the journal's by so much."""
Told = tuple[Moment, AnyFact]
log = structlog.get_logger()


class Past(Struct, frozen=True):
    """The last moment and number journalled, 0 where there is none; the agents as they stood; what is known of the
    calls whose end was not journalled; what the contact store may not have heard of, in order.
    """

    last: Moment
    sequence: int
    agents: tuple[AgentStanding, ...]
    calls: dict[CallId, list[Told]]
    of_contacts: tuple[Told, ...] = ()


class Dialled:
    """What was said of contacts lately, and before that of attempts that have not ended."""

    def __init__(self) -> None:
        self._recent: deque[Told] = deque()
        self._running: dict[CallId, list[Told]] = {}

    def note(self, fact: AnyFact, at: Moment) -> None:
        """One of the facts that the store follows."""
        call = getattr(fact, "call", None)
        if isinstance(fact, AttemptBegan):
            self._running[fact.call] = [(at, fact)]
        elif isinstance(fact, AttemptEnded):
            self._running.pop(fact.call, None)
        elif call in self._running:
            self._running[call].append((at, fact))
        self._recent.append((at, fact))
        while self._recent[0][0] < at - CONTACTS_RECENT:
            self._recent.popleft()

    def told(self) -> tuple[Told, ...]:
        """All of it, in order."""
        begin = self._recent[0][0] if self._recent else 0
        running = [told for facts in self._running.values() for told in facts if told[0] < begin]
        return (*sorted(running, key=lambda told: told[0]), *self._recent)


def recall(folder: Path, now: Moment, copy: Copy | None = None) -> Past:
    """Read what was journalled in the last day; behind the disk's end, what the copy has of the same run."""
    copy = copy or NoCopy()
    run = ""
    last = sequence = 0
    standing: dict[AgentId, AgentStanding] = {}
    calls: dict[CallId, list[Told]] = {}
    dialled = Dialled()
    for frame in _frames(folder, now):
        if isinstance(frame, Began):
            run = run_of(frame.seed)
        if not isinstance(frame, Entry):
            last = max(last, frame.at)
            continue
        last, sequence = max(last, frame.at), frame.sequence
        _note(frame, standing, calls, dialled)
    for entry in Filled((), copy, run or copy.newest_run(), sequence):
        if entry.at >= now - SHIFT:
            last, sequence = max(last, entry.at), entry.sequence
            _note(entry, standing, calls, dialled)
    return Past(last, sequence, tuple(standing.values()), calls, dialled.told())


def _frames(folder: Path, now: Moment) -> Iterator[Frame]:
    for segment in recent(segments(folder), now) if folder.is_dir() else ():
        try:
            yield from read(segment)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            log.warning("a journal of another version is not read", segment=segment.name, reason=str(error))


def _note(
    entry: Entry, standing: dict[AgentId, AgentStanding], calls: dict[CallId, list[Told]], dialled: Dialled
) -> None:
    for fact in entry.facts:
        if isinstance(fact, AgentChanged):
            standing[fact.agent] = AgentStanding(
                fact.agent, fact.new, fact.reason, fact.endpoint, fact.idle_since, entry.at
            )
            continue
        if type(fact) in OF_CONTACTS:
            dialled.note(fact, entry.at)
        keep(calls, fact, entry.at)


def keep(calls: dict[CallId, list[Told]], fact: AnyFact, at: Moment) -> None:
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
