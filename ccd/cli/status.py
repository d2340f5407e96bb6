"""`ccd status`."""

from typing import Annotated

import typer
from rich.text import Text

from ccd.cli.client import client
from ccd.cli.failure import REFUSED
from ccd.cli.screen import NONE, Cell, console, day, plain, print_json, since, table, word
from ccd.model.view import CentreView, QueueView

QUEUE_HEADS = (
    "queue",
    "waiting>",
    "longest>",
    "ready>",
    "staffed>",
    "talking>",
    "offered>",
    "answered>",
    "abandoned>",
    "service level>",
)


def status(context: typer.Context, json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """How the centre stands: switches, health, queues.

    Ends with 1 when calls cannot be taken.
    """
    view = client(context).get("/v1/state", CentreView)
    if json:
        print_json(view)
    else:
        _show(view)
    if not view.health.ready:
        raise typer.Exit(REFUSED)


def _show(view: CentreView) -> None:
    out = console()
    ready = Text("takes calls", "bold green") if view.health.ready else Text("takes no calls", "bold red")
    out.print(Text.assemble((plain(view.site), "bold"), "  ", ready))
    facts = f"ccd {view.version} since {day(view.started_at)}, configuration {view.configuration[:12]}"
    out.print(Text(plain(f"{facts}, {len(view.calls)} calls"), "dim"))
    out.print()
    parts: list[tuple[Cell, ...]] = [
        (part.name, word("ok" if part.ok else "failing"), part.detail) for part in view.health.parts
    ]
    out.print(table("Health", ("part", "state", "detail"), parts))
    out.print()
    if view.queues:
        out.print(table("Queues", QUEUE_HEADS, [_queue(queue, view) for queue in view.queues]))


def _queue(queue: QueueView, view: CentreView) -> tuple[Cell, ...]:
    level = f"{queue.answered_in_time / queue.offered:.0%}" if queue.offered else NONE
    return (
        queue.name,
        Text(str(queue.waiting), "yellow" if queue.waiting else ""),
        since(queue.longest_waiting_since, view.at) if queue.waiting else NONE,
        Text(str(queue.ready), "red" if queue.waiting and not queue.ready else ""),
        queue.staffed,
        queue.talking,
        queue.offered,
        queue.answered,
        queue.abandoned,
        f"{level} ({queue.answered_in_time}/{queue.offered})",
    )
