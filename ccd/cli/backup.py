"""`ccd backup`."""

from pathlib import Path
from typing import Annotated

import typer

from ccd.cli.failure import Failure
from ccd.cli.run import DEFAULT
from ccd.cli.screen import plain


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not be there yet.")],
    config: Annotated[Path, typer.Option("--config", "-c", envvar="CCD_CONFIG", help="The daemon's file.")] = DEFAULT,
    recordings: Annotated[bool, typer.Option("--recordings", help="Recordings and messages too (big).")] = False,
) -> None:
    """Configuration, records, contacts, journal into a file; the daemon may run."""
    from ccd.cli.pace import Pace
    from ccd.config.problem import ConfigurationErrors
    from ccd.daemon.backup import BackupError, back_up

    pace = Pace(f"backup to {file}")
    try:
        done = back_up(config, file, recordings=recordings, told=pace)
    except (BackupError, ConfigurationErrors, OSError, ValueError) as error:
        raise Failure(f"no backup: {error}") from error
    finally:
        pace.close()
    for path in done.left_out:
        typer.echo(plain(f"ccd: {path} lies outside the configuration's folder and is not in the backup"), err=True)
    typer.echo(plain(f"{file}: {done.members} files of {done.size / 1e6:.1f} MB"))
