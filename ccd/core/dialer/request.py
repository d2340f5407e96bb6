"""What people and the daemon ask of campaigns; each function returns why not, or nothing."""

from typing import TYPE_CHECKING

from ccd.core.configuration import Disposition
from ccd.core.dialer import at_hand, attempt, placing
from ccd.core.dialer import campaign as campaigns
from ccd.core.dialer.abandon import Standing, Tally
from ccd.core.dialer.campaign import Campaign, EndedAttempt
from ccd.core.dialer.clearance import block
from ccd.core.dialer.pacing.preview import Preview
from ccd.model.campaign import AttemptOutcome, CampaignStanding, CampaignState, Counts
from ccd.model.command import BlockNumber
from ccd.model.event import (
    CampaignRequested,
    CampaignsRestored,
    ContactsChanged,
    DispositionRequested,
    NumberBlocked,
    PreviewRequested,
)
from ccd.model.fact import AttemptAbandoned, AttemptAnswered, AttemptEnded, DispositionSet
from ccd.model.ids import AgentId, CallId, Moment

if TYPE_CHECKING:
    from ccd.core.floor import Floor

TRANSITIONS: dict[str, tuple[tuple[CampaignState, ...], CampaignState]] = {
    "start": (("stopped", "draining"), "running"),
    "pause": (("running", "draining"), "paused"),
    "resume": (("paused", "draining", "running"), "running"),
    "stop": (("running", "paused", "draining"), "stopped"),
    "drain": (("running", "paused"), "draining"),
}
"""By action: from where, to where. `resume` of a running one is for one that its cap had stopped."""


def act(floor: "Floor", event: CampaignRequested) -> str:
    """Start, pause, resume, stop or drain."""
    campaign = floor.campaigns.get(event.campaign)
    if campaign is None or event.campaign not in floor.configuration.campaigns:
        return f"no campaign {event.campaign}"
    sources, target = TRANSITIONS[event.action]
    if campaign.state not in sources:
        return f"campaign {event.campaign} is {campaign.state}"
    if event.action in ("start", "resume"):
        campaign.cap.resume()
        campaign.is_dry, campaign.ask_at = False, 0
    if campaign.state != target or event.action == "resume":
        campaigns.change(floor, campaign, target, event.action, event.by)
    if target == "stopped":
        for call in list(campaign.attempts):
            attempt.cancel_when_lawful(floor, campaign, call)
    return ""


def contacts_changed(floor: "Floor", event: ContactsChanged) -> str:
    """It may ask again."""
    campaign = floor.campaigns.get(event.campaign)
    if campaign is None:
        return f"no campaign {event.campaign}"
    campaign.is_dry, campaign.ask_at = False, 0
    campaigns.stir(floor, campaign)
    return ""


def number_blocked(floor: "Floor", event: NumberBlocked) -> str:
    """Nobody dials it any more; a line that rings already is given up."""
    block(floor, event.number, event.campaigns)
    for campaign_id in event.campaigns:
        campaign = floor.campaigns.get(campaign_id)
        if campaign is not None:
            at_hand.drop_number(floor, campaign, event.number)
            campaigns.stir(floor, campaign)
            for call in [call for call, one in campaign.attempts.items() if one.contact.number == event.number]:
                attempt.cancel_when_lawful(floor, campaign, call)
    return ""


# --- agents


def set_disposition(floor: "Floor", event: DispositionRequested) -> str:
    """What an agent says of an attempt, during the talk or after it."""
    for campaign in floor.campaigns.values():
        known = about(campaign, event.attempt)
        if known is not None:
            return dispose(floor, campaign, event, known)
    return f"no attempt {event.attempt} is known any more"


def about(campaign: Campaign, call: CallId) -> EndedAttempt | None:
    """An attempt that runs, or ended a short while ago."""
    running = campaign.attempts.get(call)
    if running is None:
        return campaign.ended.get(call)
    return EndedAttempt(running.contact.id, running.contact.number, running.agent, "talked")


def dispose(floor: "Floor", campaign: Campaign, event: DispositionRequested, known: EndedAttempt) -> str:
    """By the campaign's own table."""
    meaning = campaign.rules.dispositions.get(event.disposition)
    if meaning is None:
        return f"no disposition {event.disposition}; there are {', '.join(campaign.rules.dispositions) or 'none'}"
    if meaning.is_call_back and event.call_back_at <= floor.now:
        return f"{event.disposition} is a call-back: it needs a time to come"
    running = campaign.attempts.get(event.attempt)
    next_at = due(meaning, event.call_back_at, floor.now)
    if running is not None:
        running.disposition = meaning
        running.call_back_at = event.call_back_at
    personal = known.agent if meaning.is_call_back and event.is_personal else AgentId("")
    floor.note(
        DispositionSet(
            campaign.id,
            known.contact,
            event.attempt,
            known.agent,
            event.disposition,
            next_at,
            meaning.is_done or bool(meaning.blocks),
            personal,
            event.note,
            meaning.is_call_back,
        )
    )
    if meaning.blocks:
        floor.send(BlockNumber(known.number, meaning.blocks, event.attempt))
    return ""


def due(meaning: Disposition, call_back_at: Moment, now: Moment) -> Moment:
    """When the contact is dialled again by what the agent said; 0: that says nothing of it."""
    if meaning.is_call_back:
        return call_back_at
    return now + meaning.after if meaning.after else 0


def preview(floor: "Floor", event: PreviewRequested) -> str:
    """Dial the contact that he looks at, or show him another one."""
    agent = floor.agents.get(event.agent)
    campaign = floor.campaigns.get(agent.campaign) if agent is not None and agent.campaign is not None else None
    if campaign is None or event.agent not in campaign.shown or not isinstance(campaign.pacing, Preview):
        return f"agent {event.agent} looks at no contact"
    if event.action == "skip":
        placing.skip(floor, campaign, campaign.pacing, event.agent)
    else:
        campaign.pacing.contact_accepted(event.agent, floor.now)
    campaigns.stir(floor, campaign)
    return ""


# --- after a restart


def restore(floor: "Floor", event: CampaignsRestored) -> None:
    """What the store tells of the campaigns of a former daemon. The worst is taken for what nobody saw the end of."""
    for standing in event.campaigns:
        campaign = floor.campaigns.get(standing.campaign)
        if campaign is not None and not campaign.attempts:
            restore_one(floor, campaign, standing)


def restore_one(floor: "Floor", campaign: Campaign, standing: CampaignStanding) -> None:
    """Counts first, then the state that it was in, unless somebody was quicker."""
    days = {day: tally(counts) for day, counts in standing.days.items()}
    campaign.cap = type(campaign.cap).restored(
        campaign.rules.cap,
        Standing(standing.began, Tally(), tally(standing.counts), days, {}, {}, campaign.cap.held, 0, False),
    )
    campaign.pacing = campaigns.succeeded(campaign.pacing, campaigns.pacing_of(campaign.rules, campaign.cap))
    for one in standing.unknown:
        if not one.is_connected:
            if not one.is_answered:
                campaign.cap.dialled(one.call, floor.now)
                floor.note(AttemptAnswered(campaign.id, one.contact.id, one.call, "unknown"))
            else:
                campaign.cap.waiting[one.call] = floor.now
            campaign.cap.unknown(one.call, floor.now)
            floor.note(AttemptAbandoned(campaign.id, one.contact.id, one.call))
        outcome: AttemptOutcome = "talked" if one.is_connected else "lost"
        next_at, next_index = attempt.next_dial(campaign.rules, one.contact, outcome, floor.now)
        floor.note(AttemptEnded(campaign.id, one.contact.id, one.call, outcome, next_at=next_at, next_index=next_index))
    if standing.state != "stopped" and campaign.state == "stopped":
        campaigns.change(floor, campaign, standing.state, "the daemon began anew")


def tally(counts: Counts) -> Tally:
    """As the cap has it."""
    return Tally(counts.live, counts.abandoned, counts.machines)
