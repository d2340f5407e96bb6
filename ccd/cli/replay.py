"""`ccd replay`: a journalled day through the engine again; the same decisions, or the first that differs."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from ccd.cli.failure import Failure
from ccd.daemon import archive
from ccd.daemon.journal import Began, Entry, Frame, Gap, digest, read, segments
from ccd.model.ids import SECOND, Moment
from ccd.simulation.replay import Input, Replayed, replay

DIFFERS = 1


def replay_day(
    journal: Annotated[Path, typer.Argument(help="The journal's folder.")] = Path("/var/lib/ccd/journal"),
    day: Annotated[str, typer.Option("--day", help="Only runs that have something of this day, 2026-11-22.")] = "",
) -> None:
    """A journalled day through the engine again: the same decisions?

    Compares every outcome and command with those of the day; ends with 1 at the first that differs.
    """
    console = Console(highlight=False)
    begin, end = bounds(day)
    configurations = archive.read(journal)
    differs = False
    for head, frames in runs(journal):
        inputs = [frame for frame in frames if isinstance(frame, Entry)]
        gaps = sum(frame.lost for frame in frames if isinstance(frame, Gap))
        if not inputs or inputs[-1].at < begin or inputs[0].at >= end:
            continue
        try:
            result = replay(map(as_input, inputs), head.configuration, head.seed, configurations, digest)
        except KeyError as missing:
            raise Failure(f"the configuration {missing} was not kept") from missing
        tell(console, result, gaps)
        differs = differs or result.difference is not None
    if differs:
        raise typer.Exit(DIFFERS)


def bounds(day: str) -> tuple[Moment, Moment]:
    """The day's first moment and the next one's, in UTC; without a day, all time."""
    if not day:
        return 0, 1 << 62
    try:
        begin = int(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) * SECOND
    except ValueError as error:
        raise Failure(f"{day} is no day (expected as 2026-11-22)") from error
    return begin, begin + 86_400 * SECOND


def runs(journal: Path) -> Iterator[tuple[Began, list[Frame]]]:
    """Each daemon's run: segments with one seed belong together."""
    head: Began | None = None
    frames: list[Frame] = []
    for segment in segments(journal):
        for frame in readable(segment):
            if isinstance(frame, Began):
                if head is not None and frame.seed != head.seed:
                    yield head, frames
                    head, frames = None, []
                head = head or frame
            else:
                frames.append(frame)
    if head is not None:
        yield head, frames


def readable(segment: Path) -> Iterable[Frame]:
    """The frames; a journal of another version is told, not guessed at."""
    try:
        return list(read(segment))
    except msgspec.ValidationError as error:
        raise Failure(f"{segment.name} was written by another version: {error}") from error


def as_input(entry: Entry) -> Input:
    """The journal's entry as the replay takes it."""
    return Input(entry.sequence, entry.at, entry.event, entry.facts, entry.digest)


def tell(console: Console, result: Replayed, gaps: int) -> None:
    """One line a run, and the first difference in full."""
    begun, ended = (datetime.fromtimestamp(at / SECOND, UTC) for at in (result.began, result.ended))
    span = f"{begun:%Y-%m-%d %H:%M:%S} to {ended:%H:%M:%S}"
    lost = f", {gaps} inputs lost to a gap" if gaps else ""
    if result.difference is None:
        console.print(f"{span}: {result.inputs} inputs, no difference{lost}")
        return
    then = result.difference
    console.print(f"{span}: differs at input {then.input.sequence} of the journal{lost}", style="bold red")
    console.print(f"  input  {then.input.event}", markup=False)
    console.print(f"  then   {then.input.facts}", markup=False)
    console.print(f"  now    {then.facts}", markup=False)
    console.print(f"  now    {then.commands}", markup=False)
