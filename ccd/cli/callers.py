"""`ccd callers`: forget one."""

import re
import sys
from typing import Annotated
from urllib.parse import quote

import typer

from ccd.cli.client import Client, client
from ccd.cli.failure import REFUSED, UNKNOWN, Failure
from ccd.cli.screen import plain
from ccd.model.caller import Caller
from ccd.model.view import CallerPage
from ccd.web.answer import Erased

app = typer.Typer(no_args_is_help=True, help="Those who call: what is kept of them.")
_FILLING = re.compile(r"[ ./()-]")


@app.callback()
def callers() -> None:
    """Those who call: what is kept of them."""


@app.command()
def erase(
    context: typer.Context,
    who: Annotated[str, typer.Argument(metavar="NUMBER|ID", help="A number with + and country code, or the id.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget a caller: record, numbers, history, personal data of every call, recordings. It cannot be undone."""
    daemon = client(context)
    caller = by_number(daemon, _FILLING.sub("", who)) if who.startswith("+") else who
    if not yes:
        confirm(who)
    done = daemon.delete(f"/v1/callers/{quote(caller, safe='')}", Erased)
    typer.echo(plain(f"{who}: erased, with {done.calls} calls and {done.recordings} recordings"))
    if done.left:
        left = f"{len(done.left)} recordings could not be deleted, erase again: {', '.join(done.left)}"
        raise Failure(plain(left), REFUSED)


def by_number(daemon: Client, number: str) -> str:
    """The id of the caller with this number."""
    found = daemon.get("/v1/callers", CallerPage, {"search": number}).callers
    caller: Caller | None = next((one for one in found if number in one.numbers), None)
    if caller is None:
        raise Failure(f"no caller has the number {plain(number)}", UNKNOWN)
    return caller.id


def confirm(who: str) -> None:
    """Nobody is forgotten by a slip; a script says so by `--yes`."""
    if not sys.stdin.isatty():
        raise Failure("not erased: nobody is there to be asked, give --yes", REFUSED)
    typer.confirm(plain(f"Forget {who} for ever?"), abort=True)
