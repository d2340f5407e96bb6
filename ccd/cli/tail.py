"""`ccd tail`: follow what happens. Comes back by itself when the daemon restarts."""

import sys
import time
from collections.abc import Iterator
from typing import Annotated

import httpx
import msgspec
import typer
from msgspec.structs import asdict
from rich.text import Text

from ccd.cli.client import Client, client
from ccd.cli.failure import NO_DAEMON, REFUSED, Failure
from ccd.cli.screen import clock, console, plain, print_json
from ccd.model.view import Noted

QUIET_TIME = 40.0
FIRST_WAIT = 0.5
LONGEST_WAIT = 5.0
ALARMS = ("RecordingLost", "FlowBroken", "DialForbidden")


def tail(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="A line of JSON a fact.")] = False,
    call: Annotated[str, typer.Option(help="Only of this call.")] = "",
    agent: Annotated[str, typer.Option(help="Only of this agent.")] = "",
    count: Annotated[int, typer.Option(min=0, help="End after so many; 0: never.")] = 0,
) -> None:
    """Follow what happens; Ctrl-C ends it."""
    wanted = {name: value for name, value in (("call", call), ("agent", agent)) if value}
    shown = 0
    for noted in _followed(client(context)):
        if any(getattr(noted.fact, name, None) != value for name, value in wanted.items()):
            continue
        if json:
            print_json(noted)
            sys.stdout.flush()
        else:
            console().print(_line(noted), soft_wrap=True)
        shown += 1
        if shown == count:
            return


def _followed(daemon: Client) -> Iterator[Noted]:
    """Facts, over as many connections as it takes. Only the first one must succeed."""
    wait, connected = FIRST_WAIT, False
    while True:
        try:
            with daemon.streamed("/v1/stream?state=false", QUIET_TIME) as response:
                if connected:
                    print("ccd: connected again; what happened meanwhile is not shown", file=sys.stderr)
                wait, connected = FIRST_WAIT, True
                yield from _facts(response)
        except Failure as failure:
            # Refused: one that is about to stop has closed its stream, and a new one may have no place left.
            if not connected or failure.code not in (NO_DAEMON, REFUSED):
                raise
        print(f"ccd: the connection is gone; trying again in {wait:.1f} s", file=sys.stderr)
        time.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT)


def _facts(response: httpx.Response) -> Iterator[Noted]:
    name = ""
    for line in response.iter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data" and name == "fact":
            yield msgspec.json.decode(value, type=Noted)
        elif field == "data" and name == "skipped":
            print(f"ccd: {int(value)} facts were too many for this connection and are not shown", file=sys.stderr)


def _line(noted: Noted) -> Text:
    kind = type(noted.fact).__name__
    text = Text.assemble((clock(noted.at), "dim"), "  ", (f"{kind:18}", "bold red" if kind in ALARMS else "bold"))
    for name, value in asdict(noted.fact).items():
        if value not in ("", 0, False, None):
            text.append(f" {name}=", "dim")
            text.append(plain(str(value)))
    return text
