"""`ccd campaign import` and `ccd do-not-call import`: a file to the daemon, and how far it is with it."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO
from urllib.parse import quote

import typer

from ccd.cli.client import Client, client
from ccd.cli.failure import REFUSED, Failure
from ccd.cli.screen import plain, print_json
from ccd.model.campaign_view import ImportView

PIECE = 1 << 18
EVERY = 0.2
QUIET_TIME = 120.0
File = Annotated[Path, typer.Argument(metavar="FILE.csv", help="With the columns' names in its first row.")]
Errors = Annotated[
    Path | None, typer.Option("--errors", help="Where to write the rows that were wrong; else FILE.errors.csv.")
]
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]


def import_contacts(
    context: typer.Context,
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The campaign's id.")],
    file: File,
    errors: Errors = None,
    json: Json = False,
) -> None:
    """Contacts from a CSV file; rows that are wrong go to a file of their own."""
    bring(client(context), f"/v1/campaigns/{quote(campaign, safe='')}/imports", file, errors, json)


def bring(daemon: Client, path: str, file: Path, errors: Path | None, json: bool) -> None:
    """Upload it, follow the import to its end, fetch its errors, tell what it came to."""
    view = _followed(daemon, _uploaded(daemon, path, file))
    wrong = errors or file.with_name(file.stem + ".errors.csv")
    if view.wrong:
        _fetch(daemon, view.id, wrong)
    if json:
        print_json(view)
    else:
        _tell(view, wrong)
    if view.state == "failed":
        raise Failure(plain(f"the import failed: {view.reason}"), REFUSED)


def _uploaded(daemon: Client, path: str, file: Path) -> ImportView:
    try:
        with file.open("rb") as source, _bar(file.stat().st_size, "upload") as bar:
            return daemon.upload(path, _pieces(source, bar.update), ImportView)
    except OSError as error:
        raise Failure(f"{plain(str(file))}: {error.strerror}", REFUSED) from error


def _pieces(source: BinaryIO, went: Callable[[int], None]) -> Iterator[bytes]:
    while piece := source.read(PIECE):
        yield piece
        went(len(piece))


def _bar(size: int, label: str) -> Any:
    """Beside what is printed for scripts."""
    return typer.progressbar(length=size, label=label, file=sys.stderr)


def _followed(daemon: Client, view: ImportView) -> ImportView:
    with _bar(view.size, "import") as bar:
        done = 0
        while True:
            bar.update(view.done - done)
            done = view.done
            if view.state in ("done", "failed"):
                return view
            time.sleep(EVERY)
            view = daemon.get(f"/v1/imports/{quote(view.id, safe='')}", ImportView)


def _fetch(daemon: Client, number: str, target: Path) -> None:
    part = target.with_name(target.name + ".part")
    with daemon.streamed(f"/v1/imports/{quote(number, safe='')}/errors", QUIET_TIME) as response:
        try:
            with part.open("wb") as out:
                for piece in response.iter_bytes():
                    out.write(piece)
            part.replace(target)
        except OSError as error:
            raise Failure(f"{plain(str(target))}: {error.strerror}", REFUSED) from error
        finally:
            part.unlink(missing_ok=True)


def _tell(view: ImportView, wrong: Path) -> None:
    parts = [f"{view.rows} rows", f"{view.added} added", f"{view.duplicates} there already"]
    if view.blocked:
        parts.append(f"{view.blocked} on a do-not-call list")
    if view.wrong:
        parts.append(f"{view.wrong} wrong, see {wrong}")
    typer.echo(plain(f"{view.target}: {', '.join(parts)}"))
