"""`ccd replay`: a journalled day through the engine again; the same decisions, or the first that differs."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from msgspec import Struct
from rich.console import Console
from rich.padding import Padding

from ccd.cli.failure import Failure
from ccd.cli.why import candidates
from ccd.core.acd.reason import Explained
from ccd.core.configuration import Configuration
from ccd.daemon import archive
from ccd.daemon.journal import Began, Entry, Frame, Gap, day_of, digest
from ccd.daemon.snapshot import SnapshotError, unframed
from ccd.model.ids import SECOND, Moment
from ccd.simulation.ledger import Ledger
from ccd.simulation.replay import Difference, Input, Replayed, handled, replay

DIFFERS = 1


class NoBeginningError(Exception):
    """What a run began with cannot be had; the text says why."""


class Run(Struct):
    """One line of daemons in the days asked for. `gap` is where comparing ends, `rest` how many inputs follow it."""

    head: Began
    frames: Iterable[Frame]
    gap: str = ""
    rest: int = 0

    def inputs(self, after: int) -> Iterator[Input]:
        """Behind the entry `after`, as far as nothing is missing."""
        last = after
        for frame in self.frames:
            if isinstance(frame, Gap):
                when = datetime.fromtimestamp(frame.at / SECOND, UTC)
                self.gap = self.gap or f"{frame.lost} inputs lost until {when:%H:%M:%S} ({frame.reason})"
            if not isinstance(frame, Entry) or frame.sequence <= after:
                continue
            if frame.sequence != last + 1:
                self.gap = self.gap or f"inputs {last + 1} to {frame.sequence - 1} are missing"
            if self.gap:
                self.rest += 1
                continue
            last = frame.sequence
            yield Input(frame.sequence, frame.at, frame.event, frame.facts, frame.digest)


def replay_day(
    day: Annotated[str, typer.Argument(metavar="[DAY]", help="2026-11-22 (UTC); else all that there is.")] = "",
    journal: Annotated[Path, typer.Option("--journal", help="The journal's folder.")] = Path("/var/lib/ccd/journal"),
    policy: Annotated[
        Path | None, typer.Option("--policy", help="Another ccd.yaml: what it would have done with that day's people.")
    ] = None,
    runs_: Annotated[int, typer.Option("--runs", min=1, max=1_000, help="With --policy: so often.")] = 5,
    seed: Annotated[int, typer.Option("--seed", help="With --policy: the first run's.")] = 1,
    calls: Annotated[bool, typer.Option("--calls", help="With --policy: every call.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --policy: for scripts.")] = False,
) -> None:
    """A journalled day through the engine again: the same decisions?

    Compares every outcome and command with those of the day; ends with 1 at the first that differs. With --policy the
    callers and agents of the day live it again under another configuration.
    """
    console = Console(highlight=False)
    differs = False
    try:
        if policy is not None:
            under_another(journal, day, policy, range(seed, seed + runs_), calls=calls, as_json=as_json)
            return
        days = asked(journal, day)
        known = archive.policies(journal, days)
        for run in runs(journal, days):
            differs = one(console, journal, run, known) or differs
    except msgspec.ValidationError as error:
        raise Failure(f"the journal was written by another version: {error}") from error
    except (archive.ArchiveError, OSError) as error:
        raise Failure(str(error)) from error
    if differs:
        raise typer.Exit(DIFFERS)


def under_another(journal: Path, day: str, policy: Path, seeds: range, *, calls: bool, as_json: bool) -> None:
    """The people of a day under its own policy and another."""
    from ccd.cli.replay_policy import compare, day_of, read_policy

    if not day:
        raise Failure("--policy needs a day (as 2026-11-22)")
    candidate = read_policy(policy)
    known = archive.policies(journal, asked(journal, day))
    heads = (frame for frame in archive.frames(journal, day) if isinstance(frame, Began))
    head = next(heads)
    try:
        ledger, _ = beginning(journal, head, known)
    except NoBeginningError as why:
        raise Failure(f"what the day began with is not there: {why}") from why
    held = ledger.engine.floor.configuration
    found = day_of(archive.frames(journal, day), ledger, head.at)
    compare(found, held, candidate, seeds, calls=calls, as_json=as_json)


def asked(journal: Path, day: str) -> list[str]:
    """The days to replay."""
    there = archive.days(journal)
    if not day:
        return there
    try:
        datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise Failure(f"{day} is no day (expected as 2026-11-22)") from error
    if day not in there:
        span = f"it goes from {there[0]} to {there[-1]}" if there else "it is empty"
        raise Failure(f"the journal in {journal} has nothing of {day}: {span}")
    return [day]


def runs(journal: Path, days: Sequence[str]) -> Iterator[Run]:
    """Each run; frames are read as they are asked for."""
    for _, group in groupby(headed(journal, days), lambda pair: pair[0].seed):
        head, first = next(group)
        yield Run(head, (frame for _, frame in _with(head, first, group)))


def _with(head: Began, first: Frame, rest: Iterator[tuple[Began, Frame]]) -> Iterator[tuple[Began, Frame]]:
    yield head, first
    yield from rest


def headed(journal: Path, days: Sequence[str]) -> Iterator[tuple[Began, Frame]]:
    """Each frame with the head of its run."""
    head: Began | None = None
    for day in days:
        for frame in archive.frames(journal, day):
            if isinstance(frame, Began) and (head is None or frame.seed != head.seed):
                head = frame
            if head is not None:
                yield head, frame


def one(console: Console, journal: Path, run: Run, known: dict[str, Configuration]) -> bool:
    """Replay it and tell; whether it differs."""
    try:
        ledger, after = beginning(journal, run.head, known)
        result = replay(run.inputs(after), ledger, digest)
    except NoBeginningError as why:
        count = sum(isinstance(frame, Entry) for frame in run.frames)
        at = datetime.fromtimestamp(run.head.at / SECOND, UTC)
        console.print(f"from {at:%Y-%m-%d %H:%M:%S}: {count} inputs cannot be replayed: {why}", markup=False)
        return False
    except KeyError as missing:
        raise Failure(f"the configuration {missing} was not kept") from missing
    if result.inputs or run.gap:
        tell(console, result, run)
    return result.difference is not None


# --- what a run began with


def beginning(journal: Path, head: Began, known: dict[str, Configuration]) -> tuple[Ledger, int]:
    """The ledger after an entry, and the number of that. Raises NoBeginningError."""
    if head.is_first:
        return Ledger(known, head.configuration, head.seed, watch=None), head.sequence
    reasons = []
    for sequence, name, data in archive.mornings(journal, day_of(head.at)):
        if sequence >= head.sequence:
            try:
                ledger = unframed(data, name, known)
                if ledger.engine.floor.seed == head.seed:
                    return ledger, sequence
            except SnapshotError as error:
                reasons.append(str(error))
    try:
        return from_the_first(journal, head, known), head.sequence
    except NoBeginningError as error:
        raise NoBeginningError("; ".join((*reasons, str(error)))) from error


def from_the_first(journal: Path, head: Began, known: dict[str, Configuration]) -> Ledger:
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


# --- telling


def tell(console: Console, result: Replayed, run: Run) -> None:
    """One line a run, what is missing, and the first difference in full."""
    begun, ended = (datetime.fromtimestamp((at or run.head.at) / SECOND, UTC) for at in (result.began, result.ended))
    span = f"{begun:%Y-%m-%d %H:%M:%S} to {ended:%H:%M:%S}"
    then = result.difference
    if then is None:
        console.print(f"{span}: {result.inputs} inputs, no difference")
    else:
        console.print(f"{span}: differs at input {then.input.sequence} of the journal", style="bold red")
    if run.gap:
        behind = f"; {run.rest} inputs behind it cannot be compared" if run.rest else ""
        console.print(f"  {run.gap}{behind}", markup=False)
    if then is not None:
        _difference(console, then)


def _difference(console: Console, then: Difference) -> None:
    console.print(f"  input  {then.input.event}", markup=False)
    for label, facts, reasons in (("then", then.input.facts, then.then), ("now ", then.facts, then.now)):
        console.print(f"  {label}   {facts}", markup=False)
        for explained in reasons:
            _reason(console, label.strip(), explained, then.input.at)
    console.print(f"  now    {then.commands}", markup=False)


def _reason(console: Console, label: str, explained: Explained, at: Moment) -> None:
    offer = explained.offer
    console.print(f"  {label}, {offer.queue} to {offer.agent} (a free {offer.trigger}):", markup=False)
    found = explained.explanation.candidates
    skills = tuple(f"skill {n + 1}" for n in range(max((len(c.levels) for c in found), default=0)))
    console.print(Padding(candidates(found, offer.agent, skills, at), (0, 0, 0, 4)))
