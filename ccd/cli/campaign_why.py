"""What a campaign's pacing decided, and why, laid out."""

from urllib.parse import quote

from rich.padding import Padding
from rich.text import Text

from ccd.cli.client import Client
from ccd.cli.screen import NONE, Cell, clock, console, percent, plain, print_json, table, word
from ccd.model.campaign_view import CampaignWhy, PlacedView

HEADS = (
    "at",
    "algorithm",
    "dialled>",
    "free>",
    "talking>",
    "wrap-up>",
    "ringing>",
    "answered>",
    "chance>",
    "limit>",
    "surplus>",
    "what ended the counting",
)


def show_why(daemon: Client, campaign: str, json: bool) -> None:
    """How it stands in words, then the last decisions that dialled, with the numbers they were made of."""
    story = daemon.get(f"/v1/campaigns/{quote(campaign, safe='')}/why", CampaignWhy)
    if json:
        print_json(story)
        return
    out, view = console(), story.campaign
    out.print(Text.assemble((plain(f"{view.id}  {view.name}"), "bold"), "  ", word(view.state)))
    for line in story.now:
        out.print(Padding(Text(plain(line)), (0, 0, 0, 2)))
    if story.placed:
        out.print()
        out.print(table("Decisions that dialled, the newest first", HEADS, [_row(one) for one in story.placed]))
        out.print(Text("The last one:", "dim"))
        out.print(Padding(Text(plain(story.placed[0].said)), (0, 0, 0, 2)))
    if story.changes:
        out.print()
        rows = [(clock(one.at), f"{one.old} → {one.new}", one.reason, one.by) for one in story.changes]
        out.print(table("Changes", ("at", "", "why", "by"), rows))


def _row(one: PlacedView) -> tuple[Cell, ...]:
    made = one.decision
    cut = f" (of {made.calls_to_place})" if one.allowed < made.calls_to_place else ""
    return (
        clock(made.at),
        made.algorithm,
        f"{one.allowed}{cut}",
        made.free,
        made.talking,
        made.wrapping_up,
        made.ringing,
        percent(made.answer_rate) if made.answer_rate else NONE,
        percent(made.chance) if made.limit else NONE,
        percent(made.limit) if made.limit else NONE,
        f"{made.surplus:.1f}" if made.limit else NONE,
        made.reason,
    )
