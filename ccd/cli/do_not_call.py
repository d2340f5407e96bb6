"""`ccd do-not-call`: the lists of numbers that are not to be called."""

import sys
from typing import Annotated
from urllib.parse import quote

import typer

from ccd.cli.campaign_import import Errors, File, bring
from ccd.cli.client import client
from ccd.cli.failure import REFUSED, Failure
from ccd.cli.screen import console, day, plain, print_json, table
from ccd.web.answer import Blocks, Removed
from ccd.web.campaign_desk import NewlyBlocked

app = typer.Typer(no_args_is_help=True, help="Numbers that are not to be called.")
Name = Annotated[str, typer.Argument(metavar="LIST", help="The list's name.")]
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]


@app.callback()
def do_not_call() -> None:
    """Numbers that are not to be called."""


@app.command()
def add(
    context: typer.Context,
    name: Name,
    numbers: Annotated[list[str], typer.Argument(help="With + and country code, or as the site writes them.")],
    reason: Annotated[str, typer.Option(help="Why, for who looks it up.")] = "",
) -> None:
    """Put numbers on a list; from now on they are not dialled."""
    body = {"numbers": numbers, "reason": reason}
    done = client(context).post_for(f"/v1/do-not-call/{quote(name, safe='')}", body, NewlyBlocked)
    there = len(numbers) - len(done.added) - len(done.wrong)
    typer.echo(plain(f"{name}: {len(done.added)} added, {there} there already"))
    if done.wrong:
        raise Failure(plain("; ".join(f"{numbers[one.index]}: {one.reason}" for one in done.wrong)), REFUSED)


@app.command()
def remove(
    context: typer.Context,
    name: Name,
    number: str,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take a number off a list, because its owner asked for it (role admin)."""
    if not yes:
        if not sys.stdin.isatty():
            raise Failure("not removed: nobody is there to be asked, give --yes", REFUSED)
        typer.confirm(plain(f"May {number} be called again?"), abort=True)
    path = f"/v1/do-not-call/{quote(name, safe='')}?number={quote(number, safe='')}"
    done = client(context).delete(path, Removed)
    typer.echo(plain(f"{number}: {'removed from' if done.removed else 'was not on'} {name}"))


@app.command()
def check(context: typer.Context, number: str, json: Json = False) -> None:
    """Whether a number is on a list. Ends with 1 when it is on none."""
    found = client(context).get("/v1/do-not-call", Blocks, {"number": number})
    if json:
        print_json(found)
    elif found.lists:
        rows = [(one.list, day(one.at), one.reason, one.by) for one in found.lists]
        console().print(table(found.number, ("list", "since", "why", "by"), rows))
    else:
        typer.echo(plain(f"{found.number}: on no list"))
    if not found.lists:
        raise typer.Exit(REFUSED)


@app.command("import")
def import_numbers(context: typer.Context, name: Name, file: File, errors: Errors = None, json: Json = False) -> None:
    """Numbers from a CSV file, in the column `number`."""
    bring(client(context), f"/v1/do-not-call/{quote(name, safe='')}/imports", file, errors, json)
