"""`ccd restore`."""

from pathlib import Path
from typing import Annotated

import typer

from ccd.cli.failure import Failure
from ccd.cli.run import DEFAULT
from ccd.cli.screen import plain


def restore(
    file: Annotated[Path, typer.Argument(help="What `ccd backup` wrote.")],
    config: Annotated[Path, typer.Option("--config", "-c", envvar="CCD_CONFIG", help="The daemon's file.")] = DEFAULT,
    only: Annotated[
        list[str] | None,
        typer.Option(help="configuration, records, contacts, journal, recordings; else all there is."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    trusted: Annotated[
        bool, typer.Option("--trusted", help="It is my own: also what could run code (`ccd replay` needs it).")
    ] = False,
) -> None:
    """A backup back in its place; the daemon must not run."""
    from ccd.cli.pace import Pace
    from ccd.config.problem import ConfigurationErrors
    from ccd.daemon.backup import BackupError
    from ccd.daemon.restore import PARTS, restore

    parts = [part for part in PARTS if only is None or part in only]
    if only and (unknown := sorted({*only} - {*PARTS})):
        raise typer.BadParameter(f"{', '.join(unknown)}: expected {', '.join(PARTS)}", param_hint="--only")
    pace = Pace(f"restore from {file}")
    try:
        done = restore(file, config, parts=parts, force=force, trusted=trusted, told=pace)
    except (BackupError, ConfigurationErrors, OSError) as error:
        raise Failure(f"not restored: {error}") from error
    finally:
        pace.close()
    records = " and the records" if done.records else ""
    left_out = f"; {done.left_out} that could run code left out (--trusted takes them)" if done.left_out else ""
    typer.echo(plain(f"{file}: {done.files} files{records} restored{left_out}"))
