"""`ccd run`: the daemon itself."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT = Path("/etc/ccd/ccd.yaml")


def run(
    config: Annotated[Path, typer.Option("--config", "-c", envvar="CCD_CONFIG", help="The daemon's file.")] = DEFAULT,
) -> None:
    """Run the daemon."""
    from ccd.daemon.main import run as run_daemon

    raise typer.Exit(run_daemon(config))
