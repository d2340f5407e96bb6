"""`ccd campaign report`: the regulator's numbers."""

import csv
import sys
from typing import Annotated
from urllib.parse import quote

import typer
from rich.console import Console
from rich.text import Text

from ccd.cli.client import client
from ccd.cli.period import span
from ccd.cli.screen import Cell, console, day, lasting, percent, plain, print_json, table
from ccd.model.campaign_view import CampaignReport, LargestShare, ReportDay
from ccd.model.ids import SECOND

DAY_HEADS = (
    "day",
    "dials>",
    "live>",
    "talked>",
    "abandoned>",
    "unknown>",
    "machines>",
    "US share>",
    "UK share>",
    "talk>",
)
COLUMNS = (
    "day",
    "dials",
    "live_answers",
    "talked",
    "abandoned",
    "unknown",
    "machines",
    "us_share",
    "uk_share",
    "talk_seconds",
)


def report(
    context: typer.Context,
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The campaign's id.")],
    first: Annotated[str, typer.Option("--from", help="The first day; else where the cap's period began.")] = "",
    last: Annotated[str, typer.Option("--to", help="The last day; else until now.")] = "",
    csv: Annotated[bool, typer.Option("--csv", help="A row a day, and one for all.")] = False,
    json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """The regulator's numbers of a period: dials, answers, abandoned calls, shares, day by day."""
    began, ended = span(first, last)
    path = f"/v1/campaigns/{quote(campaign, safe='')}/report"
    found = client(context).get(path, CampaignReport, {"since": began, "until": ended}, patience=120.0)
    if json:
        print_json(found)
    elif csv:
        _write_csv(found)
    else:
        _show(console(), found)


def _show(out: Console, found: CampaignReport) -> None:
    total = found.total
    out.print(Text(plain(f"{found.campaign}  {found.name}"), "bold"))
    out.print(Text(plain(f"{day(found.began)} to {day(found.ended)}, days in {found.zone}"), "dim"))
    out.print()
    rows: list[tuple[Cell, ...]] = [
        ("dials", total.dials, ""),
        ("live answers", total.live, "answered by a person, abandoned ones included"),
        ("talked", total.talked, f"{lasting(total.talk_time)} in all, given to an agent after {_longest(found)}"),
        ("abandoned", total.abandoned, "no agent in time"),
        ("machines", total.machines, ""),
    ]
    if total.unknown:
        rows.append(("unknown", total.unknown, "nobody saw the end: counted as answered and abandoned"))
    for law, share, largest in (
        ("US", total.us_share, found.largest_us),
        ("UK", total.uk_share, found.largest_uk),
    ):
        mark = "  (this campaign's law)" if law.lower() == found.law else ""
        rows.append((f"share, {law}", percent(share), f"{_largest(largest)}{mark}"))
    rows.append(("target", percent(found.target), ""))
    out.print(table("", ("", ">", ""), rows))
    for title, counts in (("Outcomes", found.outcomes), ("Dispositions", found.dispositions)):
        if counts:
            out.print()
            ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
            out.print(table(title, ("", "attempts>"), ranked))
    out.print()
    out.print(table("By day", DAY_HEADS, [_day(one) for one in found.days]))


def _longest(found: CampaignReport) -> str:
    return f"{found.longest_wait / SECOND:.2f} s at the longest"


def _largest(found: LargestShare) -> str:
    if not found.abandoned:
        return "never above 0"
    told = f"{found.abandoned} of {found.live} answers"
    return f"the largest at any instant {percent(found.share)} ({told}, {day(found.at)})"


def _day(one: ReportDay) -> tuple[Cell, ...]:
    return (
        day(one.began)[:10],
        one.dials,
        one.live,
        one.talked,
        one.abandoned,
        one.unknown,
        one.machines,
        percent(one.us_share),
        percent(one.uk_share),
        lasting(one.talk_time),
    )


def _write_csv(found: CampaignReport) -> None:
    """Nothing in it is from outside."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(COLUMNS)
    for one, name in [*((one, day(one.began)[:10]) for one in found.days), (found.total, "all")]:
        out.writerow(
            (
                name,
                one.dials,
                one.live,
                one.talked,
                one.abandoned,
                one.unknown,
                one.machines,
                f"{one.us_share:.6f}",
                f"{one.uk_share:.6f}",
                one.talk_time // SECOND,
            )
        )
