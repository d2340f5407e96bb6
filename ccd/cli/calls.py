"""`ccd calls`: those that run, those that ran, hang up, recording."""

from typing import Annotated, Literal
from urllib.parse import quote

import typer

from ccd.cli.client import client
from ccd.cli.screen import Cell, console, day, lasting, now, plain, print_json, since, table, word
from ccd.model.cdr import Cdr
from ccd.model.view import CallPage, CallView
from ccd.web.answer import RunningCalls

app = typer.Typer(invoke_without_command=True, help="The calls that run or ran, and what can be done to one.")
RUNNING = ("call", "", "phase", "for>", "from", "name", "to", "flow, step", "queue", "agent", "recording")
PAST = ("call", "", "began", "from", "to", "waited>", "talked>", "agents", "outcome", "ended by", "recordings>")
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]
Which = Annotated[str, typer.Argument(metavar="CALL", help="The call's id.")]


@app.callback()
def calls(context: typer.Context, json: Json = False) -> None:
    """The calls that run or ran, and what can be done to one."""
    if context.invoked_subcommand:
        return
    answer = client(context).get("/v1/calls", RunningCalls)
    if json:
        print_json(answer)
    else:
        console().print(table("Calls", RUNNING, [_running(call) for call in answer.calls]))


def _running(call: CallView) -> tuple[Cell, ...]:
    began = {"waiting": call.waiting_since, "talking": call.talk_began_at}.get(call.phase, 0) or call.started_at
    place = f" ({call.position}.)" if call.position else ""
    return (
        call.id,
        call.direction,
        word(call.phase),
        since(began, now()),
        call.number or call.ani,
        call.ani_name,
        call.dnis,
        ", ".join(filter(None, (call.flow, call.step))),
        f"{call.queue or ''}{place}",
        call.agent or "",
        "" if call.recording_state == "none" else call.recording_state,
    )


@app.command()
def past(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many, the newest first.")] = 20,
    agent: Annotated[str, typer.Option(help="Only his.")] = "",
    queue: Annotated[str, typer.Option(help="Only of this queue.")] = "",
    json: Json = False,
) -> None:
    """The calls that ended."""
    parameters: dict[str, str | int] = {"limit": limit}
    parameters |= {name: value for name, value in (("agent", agent), ("queue", queue)) if value}
    page = client(context).get("/v1/calls/past", CallPage, parameters)
    if json:
        print_json(page)
    else:
        console().print(table("Past calls", PAST, [_past(cdr) for cdr in page.calls]))


def _past(cdr: Cdr) -> tuple[Cell, ...]:
    return (
        cdr.call,
        cdr.direction,
        day(cdr.started_at),
        cdr.number or cdr.ani,
        cdr.dnis,
        lasting(cdr.wait_time),
        lasting(cdr.talk_time),
        ", ".join(dict.fromkeys(talk.agent for talk in cdr.talks if talk.agent)),
        ", ".join(f"{visit.queue} {visit.outcome or ''}" for visit in cdr.visits),
        cdr.ended_by,
        len(cdr.recordings) or "",
    )


@app.command()
def hangup(context: typer.Context, call: Which) -> None:
    """End a call."""
    client(context).post(f"/v1/calls/{quote(call, safe='')}/hangup")
    typer.echo(plain(f"{call}: hung up"))


@app.command()
def record(
    context: typer.Context,
    call: Which,
    action: Annotated[Literal["start", "pause", "resume", "stop"], typer.Argument()],
) -> None:
    """Start, pause, resume or stop the recording of a call."""
    client(context).post(f"/v1/calls/{quote(call, safe='')}/recording/{action}")
    typer.echo(plain(f"{call}: recording {action}"))
