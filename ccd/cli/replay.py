"""`ccd replay`: a journalled day through the engine again; the same decisions, or the first that differs."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer
from rich.console import Console
from rich.padding import Padding

from ccd.cli.failure import Failure
from ccd.cli.why import candidates
from ccd.core.acd.reason import Explained
from ccd.daemon import archive
from ccd.daemon.day import NoBeginningError, Run, beginning, runs
from ccd.daemon.journal import Began, digest
from ccd.model.ids import SECOND, Moment
from ccd.simulation.replay import Difference, Replayed, replay

Verdict = Literal["same", "differs", "nothing"]
DIFFERS, NOTHING = 1, 3
"""Exit statuses: a difference; inputs there are, of which none could be compared. (2: wrong usage.)"""


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

    Compares every outcome and command with those of the day; ends with 1 at the first that differs, with 3 where
    nothing could be compared. With --policy the callers and agents of the day live it again under another
    configuration.
    """
    console = Console(highlight=False)
    found: set[Verdict] = set()
    try:
        if policy is not None:
            under_another(journal, day, policy, range(seed, seed + runs_), calls=calls, as_json=as_json)
            return
        days = asked(journal, day)
        known = archive.policies(journal, days)
        for run in runs(journal, days, known):
            found.add(one(console, run))
    except msgspec.ValidationError as error:
        raise Failure(f"the journal was written by another version: {error}") from error
    except (archive.ArchiveError, OSError) as error:
        raise Failure(str(error)) from error
    if "differs" in found:
        raise typer.Exit(DIFFERS)
    if found == {"nothing"}:
        raise typer.Exit(NOTHING)


def under_another(journal: Path, day: str, policy: Path, seeds: range, *, calls: bool, as_json: bool) -> None:
    """The people of a day under its own policy and another."""
    from ccd.cli.replay_policy import compare, day_of, read_policy

    if not day:
        raise Failure("--policy needs a day (as 2026-11-22)")
    candidate = read_policy(policy)
    known = archive.policies(journal, asked(journal, day))
    heads = (frame for frame in archive.frames(journal, day) if isinstance(frame, Began))
    head = next(heads, None)
    if head is None:
        raise Failure(f"the journal in {journal} has nothing of {day} that can be read")
    try:
        ledger, _ = beginning(journal, head, known)
    except NoBeginningError as why:
        raise Failure(f"what the day began with is not there: {why}") from why
    found = day_of(archive.frames(journal, day), ledger, head.at)
    compare(found, candidate, seeds, calls=calls, as_json=as_json)


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


def one(console: Console, run: Run) -> Verdict:
    """Replay it and tell."""
    done: list[Replayed] = []
    try:
        for ledger, inputs in run.stretches():
            done.append(replay(inputs, ledger, digest))
            if done[-1].difference is not None:
                break
    except KeyError as missing:
        raise Failure(f"the configuration {missing} was not kept, or by another version") from missing
    compared = [stretch for stretch in done if stretch.inputs]
    if compared or run.missing or run.skipped:
        tell(console, run, compared)
    if not compared:
        return "nothing" if run.missing or run.skipped else "same"
    return "same" if compared[-1].difference is None else "differs"


# --- telling


def tell(console: Console, run: Run, compared: Sequence[Replayed]) -> None:
    """One line a run, what is missing, and the first difference in full."""
    then = compared[-1].difference if compared else None
    if not compared:
        console.print(f"from {instant(run.head.at):%Y-%m-%d %H:%M:%S}: nothing compared")
    else:
        span = f"{instant(compared[0].began):%Y-%m-%d %H:%M:%S} to {instant(compared[-1].ended):%H:%M:%S}"
        if then is None:
            console.print(f"{span}: {sum(stretch.inputs for stretch in compared)} inputs, no difference")
        else:
            console.print(f"{span}: differs at input {then.input.sequence} of the journal", style="bold red")
    for missing in run.missing:
        console.print(
            f"  {missing.inputs} inputs lost before {instant(missing.at):%H:%M:%S} ({missing.reason})", markup=False
        )
    if run.skipped:
        why = f"replayed: {run.unknown}" if run.unknown else "compared: they follow what is missing"
        console.print(f"  {run.skipped} inputs cannot be {why}", markup=False)
    if then is not None:
        _difference(console, then)


def instant(at: Moment) -> datetime:
    """The moment in UTC."""
    return datetime.fromtimestamp(at / SECOND, UTC)


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
