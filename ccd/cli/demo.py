"""`ccd demo`: eight callers, five agents, a private PBX: all of it at work, and judged."""

import asyncio
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from ccd.cli.demo_screen import Stage, report
from ccd.cli.failure import REFUSED, Failure
from ccd.cli.screen import console
from ccd.config.secret import hash_secret
from ccd.lab import packages
from ccd.lab.apt import AptError
from ccd.lab.asterisk_config import TRUNK_HOST
from ccd.lab.demo.session import Session
from ccd.lab.demo.site import GUEST_AGENT, HELPDESK, HOTLINE, SHOP
from ccd.lab.demo.verdict import judge
from ccd.lab.process import LabError, left_over
from ccd.lab.progress import step

GLANCE = 0.25
INTERRUPTED = 130


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the lab up afterwards, until Ctrl-C.")] = False,
) -> None:
    """Eight callers, five agents, a private PBX: all of it at work.

    Ends with 0 only if every call went as it should, both sides heard each other, and no process is left.
    """
    try:
        failed = asyncio.run(_demo(keep))
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(INTERRUPTED) from None
    except (AptError, LabError, OSError) as error:
        raise Failure(f"demo: {error}") from error
    except ExceptionGroup as group:
        raise Failure("demo: " + "; ".join(str(error) for error in group.exceptions)) from group
    if failed:
        raise typer.Exit(REFUSED)


async def _demo(keep: bool) -> bool:
    """Whether anything failed."""
    began = time.monotonic()
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    session = Session(hash_secret)
    try:
        await _start(session)
        await _run(session)
        failed = await _judge(session)
        print(f"\n{'FAILED' if failed else 'All as it should be'}, in {time.monotonic() - began:.0f} s.")
        if keep:
            await _stay(session)
    finally:
        await session.close()
    left = left_over(session.lab.folder)
    for line in left:
        print(f"left behind: {line}")
    return failed or bool(left)


async def _start(session: Session) -> None:
    with step("Starting Redis, Asterisk and five softphones"):
        await session.start_lab()
    with step("Starting ccd, with its speech"):
        await session.start_centre()
    with step("Starting the phones of eight callers"):
        await session.start_callers()


async def _run(session: Session) -> None:
    """All calls, shown while they run."""
    with Stage(console(), session.parts) as stage:
        running = asyncio.create_task(session.run())
        try:
            while not running.done():
                stage.show(await session.view())
                await asyncio.wait({running}, timeout=GLANCE)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        running.result()


async def _judge(session: Session) -> bool:
    """Tell of every call what became of it; whether any failed."""
    out, failed = console(), False
    recordings = packages.home() / "demo-recordings"
    found = await session.evidence()
    _keep_recordings(session.centre.recordings, recordings)
    for evidence in found:
        faults = judge(evidence)
        failed = failed or bool(faults)
        why = await session.why(evidence.calls[0]) if evidence.calls else None
        report(out, evidence, faults, why, recordings)
    return failed


def _keep_recordings(source: Path, target: Path) -> None:
    """They outlive the lab, so that one can listen to them; the next demonstration replaces them."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("incoming"))


async def _stay(session: Session) -> None:
    """Tell how to join in, and wait for Ctrl-C."""
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    for name, value in _access(session).items():
        print(f"{name + ':':20}{value}")
    print("The lab is up; Ctrl-C ends it.", flush=True)
    await ended.wait()


def _access(session: Session) -> dict[str, str]:
    """Plain lines: what is to be copied must not be wrapped."""
    server = f"127.0.0.1:{session.lab.asterisk.ports.sip}"
    return {
        "SIP server (UDP)": server,
        "to call in": f"user {session.outside.name}  password {session.outside.password}  server {server}",
        "  and dial": f"{SHOP} (shop)  {HELPDESK} (helpdesk)  {HOTLINE} (hotline, closed now)",
        "  or from a trunk": f"call sip:NUMBER@{server} from the address {TRUNK_HOST}, showing any number",
        "to be an agent": f"user {session.guest.name}  password {session.guest.password}  server {server}",
        "  codes to dial": f"*71 to log in (number {GUEST_AGENT.number}#, PIN {session.pins[GUEST_AGENT.id]}#), "
        "*72 to log out, *73 to pause (*731 break, *732 lunch), *74 to go on",
        "  in a talk": "*1 ends the recording, *2 pauses and resumes it",
        "agents": "ana to eva answer by themselves; Ana is on a break, *74 at her phone ends it",
        "HTTP API": session.centre.url,
        "token (admin)": session.centre.token,
        "try": f"CCD_URL={session.centre.url} CCD_TOKEN={session.centre.token} {sys.argv[0]} status",
        "folder": str(session.lab.folder),
    }
