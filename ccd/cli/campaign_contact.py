"""`ccd campaign add`, `contact`, `call-back`: one contact of a campaign."""

from typing import Annotated
from urllib.parse import quote

import typer
from rich.text import Text

from ccd.cli.client import Client, client
from ccd.cli.failure import REFUSED, UNKNOWN, Failure
from ccd.cli.period import moment_of
from ccd.cli.screen import Cell, console, day, lasting, plain, print_json, table
from ccd.model.campaign_view import AttemptView, ContactView
from ccd.web.answer import Contacts, Removed
from ccd.web.campaign_desk import AddedContacts, WantedContact

Campaign = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The campaign's id.")]
Which = Annotated[str, typer.Argument(metavar="NUMBER|ID", help="A number with + and country code, or the id.")]
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]
HEADS = ("attempt>", "began", "number", "trunk", "shown", "rang>", "outcome", "agent", "talked>", "disposition", "call")


def add(
    context: typer.Context,
    campaign: Campaign,
    numbers: Annotated[list[str], typer.Argument(help="His numbers, in the order in which they are tried.")],
    name: Annotated[str, typer.Option(help="Whose they are.")] = "",
    key: Annotated[str, typer.Option(help="Your own name for the contact; none is added twice.")] = "",
    field: Annotated[list[str] | None, typer.Option(help="A field of your own, NAME=TEXT.")] = None,
    zone: Annotated[str, typer.Option(help="His time zone, where the numbers do not tell it.")] = "",
    priority: Annotated[int, typer.Option(min=0, max=100, help="The larger come first.")] = 0,
    at: Annotated[str, typer.Option(help="Not before, as 2026-11-27T15:30 here.")] = "",
) -> None:
    """Add a contact."""
    fields = dict(_pair(text) for text in field or ())
    wanted = WantedContact(tuple(numbers), key, name, fields, zone, priority, moment_of(at) if at else 0)
    path = f"/v1/campaigns/{quote(campaign, safe='')}/contacts"
    done = client(context).post_for(path, {"contacts": [wanted]}, AddedContacts)
    if not done.added:
        raise Failure(plain(f"{numbers[0]}: {done.wrong[0].reason if done.wrong else 'not added'}"), REFUSED)
    typer.echo(plain(f"{numbers[0]}: added"))


def contact(
    context: typer.Context,
    campaign: Campaign,
    who: Which,
    priority: Annotated[int | None, typer.Option(min=0, max=100, help="From now on.")] = None,
    at: Annotated[str, typer.Option(help="Not before, as 2026-11-27T15:30 here.")] = "",
    done: Annotated[bool | None, typer.Option("--done/--not-done", help="Not dialled any more; or again.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Out of the list.")] = False,
    json: Json = False,
) -> None:
    """A contact with all attempts; with options it is changed before."""
    daemon = client(context)
    path = _path(daemon, campaign, who)
    if remove:
        removed = daemon.delete(path, Removed).removed
        typer.echo(plain(f"{who}: {'removed' if removed else 'was not there'}"))
        return
    change = {"priority": priority, "due_at": moment_of(at) if at else None, "done": done}
    change = {name: value for name, value in change.items() if value is not None}
    view = daemon.patch(path, change, ContactView) if change else daemon.get(path, ContactView)
    if json:
        print_json(view)
    else:
        _show(view)


def call_back(
    context: typer.Context,
    campaign: Campaign,
    who: Which,
    at: Annotated[str, typer.Argument(help="When, as 2026-11-27T15:30 here.")],
    agent: Annotated[str, typer.Option(help="By him and nobody else.")] = "",
) -> None:
    """Promise a call-back: it is dialled at that time, before all others."""
    daemon = client(context)
    body: dict[str, object] = {"at": moment_of(at)}
    if agent:
        body["agent"] = agent
    view = daemon.post_for(f"{_path(daemon, campaign, who)}/call-back", body, ContactView)
    typer.echo(plain(f"{who}: called back at {day(view.due_at)}{f' by {agent}' if agent else ''}"))


def _path(daemon: Client, campaign: str, who: str) -> str:
    """Of the contact that was meant, which must be one of this campaign."""
    if who.startswith("+"):
        found = daemon.get(f"/v1/campaigns/{quote(campaign, safe='')}/contacts", Contacts, {"number": who}).contacts
        if not found:
            raise Failure(plain(f"no contact of {campaign} has the number {who}"), UNKNOWN)
        return f"/v1/contacts/{quote(found[0].id, safe='')}"
    path = f"/v1/contacts/{quote(who, safe='')}"
    if daemon.get(path, ContactView).campaign != campaign:
        raise Failure(plain(f"{who} is no contact of {campaign}"), UNKNOWN)
    return path


def _pair(text: str) -> tuple[str, str]:
    name, is_given, value = text.partition("=")
    if not is_given:
        raise typer.BadParameter(plain(f"{text}: expected NAME=TEXT"))
    return name, value


def _show(view: ContactView) -> None:
    out = console()
    out.print(Text(plain(f"{view.id}  {view.name or view.numbers[0]}  in {view.campaign}"), "bold"))
    rows: list[tuple[Cell, ...]] = [
        ("numbers", ", ".join(view.numbers)),
        ("state", view.state + (f", {view.result}" if view.result else "")),
        ("priority", view.priority),
    ]
    if view.state == "waiting":
        rows.append(("next", f"{day(view.due_at) if view.due_at else 'at once'} at {_next_number(view)}"))
    if view.agent:
        rows.append(("only by", view.agent))
    if view.locked_until:
        rows.append(("until then", f"{day(view.locked_until)} only for an agent who is held for it"))
    rows += [(name, value) for name, value in view.fields.items()]
    out.print(table("", ("", ""), rows))
    if view.attempts:
        out.print()
        out.print(table("Attempts", HEADS, [_attempt(one) for one in view.attempts]))
        out.print(table("Why the last one was allowed", ("",), [(reason,) for reason in view.attempts[0].reasons]))


def _next_number(view: ContactView) -> str:
    return view.numbers[view.number_index] if view.number_index < len(view.numbers) else view.numbers[0]


def _attempt(one: AttemptView) -> tuple[Cell, ...]:
    rang = (one.answered_at or one.ended_at) - one.began_at
    talked = one.ended_at - one.connected_at if one.connected_at and one.ended_at else 0
    return (
        one.attempt,
        day(one.began_at),
        one.number,
        one.trunk,
        one.outbound_cli,
        lasting(rang) if rang > 0 else "",
        one.outcome or "running",
        one.agent,
        lasting(talked) if talked else "",
        one.disposition,
        one.call,
    )
