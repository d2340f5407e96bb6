"""`ccd lab`: a private PBX with phones to try things on."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from ccd.lab import packages
from ccd.lab.apt import AptError
from ccd.lab.asterisk_config import TRUNK_HOST, AsteriskSettings, Endpoint
from ccd.lab.lab import Lab, LabSettings
from ccd.lab.process import LabError

app = typer.Typer(no_args_is_help=True, help="A private PBX with phones, on loopback and free ports.")
OWN_PHONE = "1999"
PLAIN_DIALPLAN = """
[from-agent]
exten => _X.,1,Dial(PJSIP/${EXTEN},60)
exten => *43,1,Answer()
 same => n,Echo()

[from-trunk]
exten => _[+0-9].,1,Dial(PJSIP/1001,60)
"""


@app.command()
def get() -> None:
    """Get the packages the lab needs (once; later runs find them)."""
    try:
        packages.get()
    except AptError as error:
        raise _fail(error) from error
    typer.echo(f"Everything is in {packages.home()}")


@app.command()
def up(
    agents: Annotated[int, typer.Option(min=0, max=50, help="Phones that register and answer.")] = 5,
    dialplan: Annotated[
        list[Path] | None, typer.Option(exists=True, dir_okay=False, help="Files to include in extensions.conf.")
    ] = None,
    keep: Annotated[bool, typer.Option(help="Keep the folder with logs and recordings afterwards.")] = False,
) -> None:
    """Start a lab, print how to reach it, and end it at Ctrl-C."""
    try:
        asyncio.run(_up(agents, dialplan or [], keep))
    except (AptError, LabError) as error:
        raise _fail(error) from error


async def _up(agents: int, dialplan: list[Path], keep: bool) -> None:
    own = Endpoint(OWN_PHONE)
    asterisk = AsteriskSettings(
        endpoints=[own], dialplan=dialplan, extensions="" if dialplan else PLAIN_DIALPLAN, qualify_seconds=0
    )
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with Lab(LabSettings(agents=agents, asterisk=asterisk, keep=keep)) as lab:
        await asyncio.gather(*(phone.auto_answer(after=2.0) for phone in lab.phones.values()))
        _print(lab, own)
        await ended.wait()
    if keep:
        typer.echo(f"Kept: {lab.folder}")


def _print(lab: Lab, own: Endpoint) -> None:
    """Plain lines: secrets are there to be copied, so nothing may wrap them."""
    server = f"127.0.0.1:{lab.asterisk.ports.sip}"
    rows = {
        "SIP (UDP)": server,
        "AMI": f"127.0.0.1:{lab.asterisk.ports.ami}  user lab  secret {lab.asterisk.lab_secret}",
        "Redis": lab.redis.url,
        "phones": " ".join(lab.phones) or "none",
        "your softphone": f"user {own.name}  password {own.password}  server {server}",
        "from the trunk": f"call sip:NUMBER@{server} from address {TRUNK_HOST}",
        "folder": str(lab.folder),
    }
    for name, value in rows.items():
        typer.echo(f"{name + ':':16}{value}")
    typer.echo("The lab is up; Ctrl-C ends it.")


def _fail(error: Exception) -> typer.Exit:
    typer.echo(f"ccd lab: {error}", err=True)
    return typer.Exit(1)
