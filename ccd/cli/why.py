"""`ccd why CALL`: what happened, step by step, and the reason of every offer; `--campaign`: why so many dials."""

from collections.abc import Iterable, Sequence
from typing import Annotated
from urllib.parse import quote

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ccd.cli.campaign_why import show_why
from ccd.cli.client import client
from ccd.cli.screen import NONE, Cell, clock, console, day, lasting, plain, print_json, table
from ccd.model.cdr import Candidate, Cdr
from ccd.model.ids import AgentId, Moment
from ccd.model.view import OfferReason, Why


def why(
    context: typer.Context,
    call: Annotated[str, typer.Argument(metavar="CALL", help="The call's id, as `ccd calls` shows it.")] = "",
    campaign: Annotated[str, typer.Option(help="Instead of a call: why this campaign dials so many and no more.")] = "",
    json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """A call's way through the flow, and why each agent was chosen."""
    if bool(call) == bool(campaign):
        raise typer.BadParameter("give a call or --campaign")
    if campaign:
        show_why(client(context), campaign, json)
        return
    story = client(context).get(f"/v1/calls/{quote(call, safe='')}/why", Why)
    if json:
        print_json(story)
        return
    out = console()
    _head(out, story.call)
    happened = sorted(_happened(story.call), key=lambda entry: entry[0])
    out.print(table("What happened", ("at", "", ""), [(clock(at), what, how) for at, what, how in happened]))
    for offer in story.offers:
        _offer(out, offer)


def _head(out: Console, cdr: Cdr) -> None:
    who = " ".join(filter(None, (cdr.number or cdr.ani or "anonymous", cdr.ani_name)))
    record = f", caller {cdr.caller}{' (new)' if cdr.created else ''}" if cdr.caller else ""
    out.print(Text(plain(f"Call {cdr.call}, {cdr.direction}, {day(cdr.started_at)}"), "bold"))
    out.print(Text(plain(f"from {who} to {cdr.dnis}{record}")))
    out.print(Text(f"waited {lasting(cdr.wait_time)}, talked {lasting(cdr.talk_time)}", "dim"))
    out.print()


def _happened(cdr: Cdr) -> list[tuple[Moment, str, str]]:
    """Everything in the record that has a moment, as (moment, what, how)."""
    entries = [(cdr.started_at, "call began", "")]
    for step in cdr.way:
        left = f" after {lasting(step.left_at - step.entered_at)}" if step.left_at else ""
        entries.append((step.entered_at, f"{step.flow}: {step.step}", f"{step.verb} {step.result}{left}".strip()))
    for visit in cdr.visits:
        head_start = f", head start {lasting(visit.priority)}" if visit.priority else ""
        entries.append((visit.entered_at, f"queue {visit.queue}", f"entered{head_start}"))
        if visit.left_at:
            told = f"{visit.outcome} after {lasting(visit.wait_time)}"
            entries.append((visit.left_at, f"queue {visit.queue}", told))
    for offer in cdr.offers:
        entries.append((offer.made_at, f"offered to {offer.agent}", f"for queue {offer.queue}"))
        if offer.ended_at:
            entries.append((offer.ended_at, f"offer to {offer.agent}", offer.outcome or ""))
    for talk in cdr.talks:
        entries.append((talk.began_at, f"talk with {talk.agent or 'outside'}", "began"))
        if talk.ended_at:
            told = f"ended by {talk.ended_by} after {lasting(talk.talk_time)}"
            entries.append((talk.ended_at, f"talk with {talk.agent or 'outside'}", told))
    entries += [(dial.at, f"{dial.number} not dialled", dial.why) for dial in cdr.forbidden]
    entries += _recorded(cdr)
    if cdr.ended_at:
        entries.append((cdr.ended_at, "call ended", f"by {cdr.ended_by}, cause {cdr.cause}"))
    return entries


def _recorded(cdr: Cdr) -> list[tuple[Moment, str, str]]:
    entries: list[tuple[Moment, str, str]] = []
    for recording in cdr.recordings:
        name = f"recording {recording.recording}"
        entries.append((recording.began_at, name, recording.lost or f"began ({recording.why})"))
        for segment in recording.segments[1:]:
            entries.append((segment.began_at, name, f"{'paused' if segment.muted else 'resumed'} by {segment.by}"))
        if recording.ended_at:
            entries.append((recording.ended_at, name, recording.path or "ended"))
    entries += [(mail.left_at, f"voicemail {mail.mailbox}", lasting(mail.length)) for mail in cdr.voicemails]
    return entries


def _offer(out: Console, offer: OfferReason) -> None:
    out.print()
    out.print(Text(plain(f"{clock(offer.made_at)}  {offer.queue} → {offer.agent}: {offer.outcome}"), "bold"))
    for said in filter(None, (offer.reason, offer.shadow)):
        out.print(Padding(Text(plain(said)), (0, 0, 0, 2)))
    if offer.candidates:
        skills = offer.skills or tuple(f"skill {n + 1}" for n in range(max(len(c.levels) for c in offer.candidates)))
        out.print(Padding(candidates(offer.candidates, offer.agent, skills, offer.made_at), (0, 0, 0, 2)))


def candidates(found: Iterable[Candidate], chosen: AgentId, skills: Sequence[str], at: Moment) -> Table:
    """Who could have been offered a call at a moment, the chosen one marked."""
    heads = ("", "agent", *(f"{plain(skill)}>" for skill in skills), "idle>", "why not")
    return table("", heads, [_candidate(candidate, chosen, len(skills), at) for candidate in found])


def _candidate(candidate: Candidate, chosen: AgentId, skills: int, at: Moment) -> tuple[Cell, ...]:
    levels = [str(level) for level in candidate.levels[:skills]]
    levels += [NONE] * (skills - len(levels))
    idle = lasting(at - candidate.idle_since) if candidate.idle_since else NONE
    return ("→" if candidate.agent == chosen else "", candidate.agent, *levels, idle, candidate.refusal)
