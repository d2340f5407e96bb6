"""`ccd campaign`: the campaigns, what they can be made to do, and all that belongs to them."""

import time
from typing import Annotated
from urllib.parse import quote

import typer
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ccd.cli import campaign_contact, campaign_import, campaign_log, campaign_report
from ccd.cli.campaign_why import show_why
from ccd.cli.client import Client, client
from ccd.cli.screen import NONE, Cell, clock, console, day, now, percent, plain, print_json, table, word
from ccd.model.campaign_view import CampaignView, CapView
from ccd.web.answer import Campaigns

app = typer.Typer(no_args_is_help=True, help="Campaigns: the list, start to stop, contacts, report.")
HEADS = (
    "campaign",
    "state",
    "algorithm",
    "ready>",
    "talking>",
    "wrap-up>",
    "ringing>",
    "waiting>",
    "live>",
    "abandoned>",
    "share>",
    "target>",
    "due>",
    "left>",
    "done>",
    "",
)
EVERY = 1.0
Name = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The campaign's id.")]
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]

app.command("import")(campaign_import.import_contacts)
app.command("add")(campaign_contact.add)
app.command("contact")(campaign_contact.contact)
app.command("call-back")(campaign_contact.call_back)
app.command("report")(campaign_report.report)
app.command("log")(campaign_log.show_log)


@app.callback()
def campaign() -> None:
    """Campaigns: the list, start to stop, contacts, report."""


@app.command("list")
def list_campaigns(
    context: typer.Context,
    json: Json = False,
    live: Annotated[bool, typer.Option("--live", help="Again every second, until Ctrl-C.")] = False,
    count: Annotated[int, typer.Option(min=0, help="With --live: end after so many times; 0: never.")] = 0,
) -> None:
    """All campaigns: lines, agents, abandoned calls, contacts."""
    daemon = client(context)
    if live and not json:
        _follow(daemon, count)
    elif json:
        print_json(_campaigns(daemon))
    else:
        console().print(_table(_campaigns(daemon)))


@app.command()
def show(context: typer.Context, campaign: Name, json: Json = False) -> None:
    """One campaign, in full."""
    view = client(context).get(f"/v1/campaigns/{quote(campaign, safe='')}", CampaignView)
    if json:
        print_json(view)
        return
    out = console()
    out.print(Text.assemble((plain(f"{view.id}  {view.name}"), "bold"), "  ", word(view.state)))
    if view.hindrance:
        out.print(Text(plain(f"dials nothing: {view.hindrance}"), "yellow"))
    out.print()
    out.print(table("", ("", ""), _facts(view)))


@app.command()
def start(context: typer.Context, campaign: Name) -> None:
    """Begin to dial."""
    _act(context, campaign, "start", "started")


@app.command()
def pause(context: typer.Context, campaign: Name) -> None:
    """No new dials; lines that are open go on."""
    _act(context, campaign, "pause", "paused")


@app.command()
def resume(context: typer.Context, campaign: Name) -> None:
    """Dial again, also after the cap has stopped it."""
    _act(context, campaign, "resume", "resumed")


@app.command()
def drain(context: typer.Context, campaign: Name) -> None:
    """No new dials, and stopped when the last line has ended."""
    _act(context, campaign, "drain", "drains")


@app.command()
def stop(context: typer.Context, campaign: Name) -> None:
    """Stop: lines that ring are given up as soon as the law allows, talks go on."""
    _act(context, campaign, "stop", "stopped")


@app.command()
def why(context: typer.Context, campaign: Name, json: Json = False) -> None:
    """Why it dials so many and no more; as `ccd why --campaign`."""
    show_why(client(context), campaign, json)


def _act(context: typer.Context, campaign: str, action: str, done: str) -> None:
    client(context).post(f"/v1/campaigns/{quote(campaign, safe='')}/{action}")
    typer.echo(plain(f"{campaign}: {done}"))


def _campaigns(daemon: Client) -> Campaigns:
    return daemon.get("/v1/campaigns", Campaigns)


def _follow(daemon: Client, count: int) -> None:
    """The table again and again, in its place on a terminal."""
    shown = 0
    with Live(console=console(), auto_refresh=False) as screen:
        while True:
            screen.update(Group(Text(clock(now())[:8], "dim"), _table(_campaigns(daemon))), refresh=True)
            shown += 1
            if shown == count:
                return
            time.sleep(EVERY)


def _table(answer: Campaigns) -> Table:
    return table("Campaigns", HEADS, [_row(view) for view in answer.campaigns])


def _row(view: CampaignView) -> tuple[Cell, ...]:
    contacts, cap = view.contacts, view.cap
    return (
        view.id,
        word(view.state),
        view.algorithm,
        view.ready,
        view.talking,
        view.wrapping_up,
        view.ringing,
        Text(str(view.waiting), "yellow" if view.waiting else ""),
        cap.live,
        cap.abandoned,
        Text(percent(cap.share), "bold red" if cap.share > cap.target else ""),
        percent(cap.target),
        contacts.due if contacts else NONE,
        contacts.waiting if contacts else NONE,
        sum(contacts.done.values()) if contacts else NONE,
        "" if view.state == "stopped" else view.hindrance,
    )


def _facts(view: CampaignView) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = [
        ("state", f"{view.state}{f' ({view.reason})' if view.reason else ''}"),
        ("algorithm", view.algorithm),
        ("queue", view.queue),
        ("agents", f"{view.ready} ready, {view.talking} talking, {view.wrapping_up} in wrap-up"),
        ("held for it", ", ".join(view.held) or NONE),
        ("lines", f"{view.ringing} ringing, {view.waiting} answered and without an agent yet"),
        ("contacts at hand", f"{view.at_hand}{f', {view.shown} looked at' if view.shown else ''}"),
    ]
    if view.contacts is not None:
        left = view.contacts
        rows.append(("contacts", f"{left.waiting} waiting, {left.due} of them due; {left.dialling} being dialled"))
        rows += [("", f"{number} done: {result}") for result, number in sorted(left.done.items())]
    return rows + _cap(view.cap) + [("trunk", trunk) for trunk in _trunks(view)]


def _cap(cap: CapView) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = [
        ("period", f"{day(cap.began)} to {day(cap.ends)}"),
        ("counted", f"{cap.live} live answers, {cap.abandoned} abandoned, {cap.machines} machines"),
        ("share", f"{percent(cap.share)} by the {cap.law.upper()} definition, target {percent(cap.target)}"),
        ("last 30 days", percent(cap.rolling_share)),
        ("still allowed", f"{cap.surplus:.1f} abandoned calls"),
        ("cap", f"hard, {cap.spare} lost agents are covered" if cap.is_hard else "a target"),
    ]
    if cap.is_stopped:
        rows.append(("", Text("stopped by the cap: `ccd campaign resume` when that is understood", "bold red")))
    return rows


def _trunks(view: CampaignView) -> list[str]:
    return [
        f"{one.trunk}: {one.calls} calls"
        + (f" of {one.most_calls}" if one.most_calls else "")
        + (f", {one.calls_per_second} new ones a second" if one.calls_per_second else "")
        for one in view.trunks
    ]
