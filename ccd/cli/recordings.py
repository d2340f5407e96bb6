"""`ccd recordings`: fetch one."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from ccd.cli.client import client
from ccd.cli.failure import REFUSED, Failure

app = typer.Typer(no_args_is_help=True, help="Recordings as files.")


@app.callback()
def recordings() -> None:
    """Recordings as files."""


@app.command()
def get(
    context: typer.Context,
    recording: Annotated[str, typer.Argument(help="Its id, as `ccd why` shows it.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file; else RECORDING.wav.")] = None,
) -> None:
    """Fetch a recording: two channels, customer left, agent right."""
    target = output or Path(quote(recording, safe="") + ".wav")
    part = target.with_name(target.name + ".part")
    with client(context).streamed(f"/v1/recordings/{quote(recording, safe='')}", quiet_time=30.0) as response:
        size = int(response.headers.get("content-length", 0))
        try:
            with part.open("wb") as file, typer.progressbar(length=size, label=target.name) as bar:
                for piece in response.iter_bytes():
                    file.write(piece)
                    bar.update(len(piece))
            part.replace(target)
        except OSError as error:
            raise Failure(f"{target}: {error.strerror}", REFUSED) from error
        finally:
            part.unlink(missing_ok=True)
    typer.echo(f"{target}: {size} bytes")
