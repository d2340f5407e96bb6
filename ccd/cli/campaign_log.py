"""`ccd campaign log`: every dial and why it was allowed, for whoever has to show it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ccd.cli.failure import Failure
from ccd.cli.period import span
from ccd.cli.run import DEFAULT
from ccd.cli.screen import plain


def show_log(
    campaign: Annotated[
        str, typer.Argument(metavar="[CAMPAIGN]", help="The campaign's id; --check can do without.")
    ] = "",
    first: Annotated[str, typer.Option("--from", help="The first day; else from the beginning.")] = "",
    last: Annotated[str, typer.Option("--to", help="The last day; else until now.")] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Only tell whether its files are as they were written.")
    ] = False,
    config: Annotated[Path, typer.Option("--config", "-c", envvar="CCD_CONFIG", help="The daemon's file.")] = DEFAULT,
) -> None:
    """The compliance log as CSV: every dial, why it was allowed, what became of it. The daemon may run."""
    from ccd.config.problem import ConfigurationErrors
    from ccd.daemon.compliance import DamagedLogError, export_log, log_folder

    began, ended = span(first, last)
    if not (campaign or check):
        raise typer.BadParameter("which campaign's?", param_hint="CAMPAIGN")
    try:
        folder = log_folder(config)
        if check:
            _check(folder, campaign)
        else:
            export_log(folder, campaign, began, ended, sys.stdout)
    except (ConfigurationErrors, DamagedLogError, OSError) as error:
        raise Failure(f"no compliance log: {error}") from error


def _check(folder: Path, campaign: str) -> None:
    from ccd.daemon.compliance import DamagedLogError, verified

    damaged = 0
    for name, found in verified(folder, campaign):
        if isinstance(found, DamagedLogError):
            damaged += 1
            typer.echo(plain(str(found)), err=True)
        else:
            typer.echo(plain(f"{name}: {found.lines} lines, the last one's SHA-256 {found.hash}"))
    if damaged:
        raise Failure(f"{damaged} files are not as they were written")
