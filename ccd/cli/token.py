"""`ccd token NAME ROLE`."""

from typing import Annotated, Literal

import typer

from ccd.cli.failure import REFUSED, Failure
from ccd.model.ids import AgentId
from ccd.web.token import Token, hash_token, make_token


def token(
    name: Annotated[str, typer.Argument(help="Who it is for: a-z, 0-9 and -.")],
    role: Annotated[Literal["agent", "supervisor", "admin"], typer.Argument()],
    agent: Annotated[str, typer.Option(help="Whose it is, with role agent.")] = "",
) -> None:
    """Make a token for the API, and its line for the configuration.

    The token goes to stdout and is shown this once; the line holds its hash only.
    """
    try:
        text = make_token(name)
        made = Token(name, role, hash_token(text), AgentId(agent) if agent else None)
    except ValueError as error:
        raise Failure(str(error), REFUSED) from error
    whose = f", agent: {agent}" if agent else ""
    typer.echo("Give this to its owner; it is not kept and not shown again:", err=True)
    typer.echo(text)
    typer.echo("Add this to `http: tokens:` of the configuration, then `ccd reload`:", err=True)
    typer.echo(f'- {{name: {name}, role: {role}{whose}, hash: "{made.hash}"}}', err=True)
