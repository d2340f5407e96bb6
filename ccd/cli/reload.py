"""`ccd reload`."""

from typing import Annotated

import typer

from ccd.cli.client import client
from ccd.cli.failure import REFUSED
from ccd.cli.screen import plain, print_json
from ccd.web.answer import Reloaded

Json = Annotated[bool, typer.Option("--json", help="For scripts.")]


def reload(context: typer.Context, json: Json = False) -> None:
    """Read the configuration again; running calls are not touched."""
    answer = client(context).reload(Reloaded)
    if json:
        print_json(answer)
    else:
        for error in answer.errors:
            typer.echo(plain(error), err=True)
        typer.echo("The new configuration holds." if answer.taken else "Refused; the old configuration holds.")
    if not answer.taken:
        raise typer.Exit(REFUSED)
