"""Campaigns on the floor as people see them. Read only."""

from typing import TYPE_CHECKING

from ccd.core.dialer.abandon import AbandonCap, Tally
from ccd.core.dialer.campaign import Campaign, is_open
from ccd.core.dialer.pacing.preview import Preview
from ccd.model.campaign_view import AttemptView, CampaignView, CapView, PreviewView, TrunkUse
from ccd.model.ids import AgentId, CallId, CampaignId, Moment

if TYPE_CHECKING:
    from ccd.core.floor import Floor


def campaign_view(floor: "Floor", campaign_id: CampaignId) -> CampaignView | None:
    """One campaign; None where there is none of that id."""
    campaign = floor.campaigns.get(campaign_id)
    return _campaign_view(floor, campaign) if campaign is not None else None


def campaign_views(floor: "Floor") -> tuple[CampaignView, ...]:
    """All campaigns, also those that the configuration has no more and whose last lines are still open."""
    return tuple(_campaign_view(floor, campaign) for campaign in floor.campaigns.values())


def _campaign_view(floor: "Floor", campaign: Campaign) -> CampaignView:
    pacing, rules = campaign.pacing, campaign.rules
    return CampaignView(
        id=campaign.id,
        name=rules.name,
        queue=rules.queue,
        state=campaign.state,
        reason=campaign.reason,
        algorithm=pacing.name,
        cap=cap_view(campaign.cap, floor.now),
        rank=rules.rank,
        hindrance=hindrance(campaign, floor.now),
        ringing=len(pacing.ringing),
        waiting=len(pacing.waiting),
        ready=len(pacing.ready),
        talking=len(pacing.talking),
        wrapping_up=len(pacing.wrapping_up),
        held=tuple(campaign.cap.held),
        shown=len(campaign.shown),
        at_hand=len(campaign.at_hand),
        decision=pacing.decision,
        trunks=trunk_uses(floor, campaign),
    )


def cap_view(cap: AbandonCap, now: Moment) -> CapView:
    """What the cap counts. It begins a new period at the first dial of it; until then the counts are empty, too."""
    rules = cap.rules
    began = rules.period.begin(now)
    tally = cap.tally if began <= cap.began else Tally()
    return CapView(
        law=rules.law.name,
        target=rules.target,
        is_hard=rules.is_hard,
        spare=rules.spare,
        began=began,
        ends=rules.period.end(now),
        live=tally.live,
        abandoned=tally.abandoned,
        machines=tally.machines,
        share=tally.share(rules.law),
        rolling_share=cap.rolling_share(now),
        surplus=rules.target * tally.live - tally.abandoned,
        is_stopped=cap.is_stopped,
        excess_losses=cap.excess_losses,
    )


def hindrance(campaign: Campaign, now: Moment) -> str:
    """What keeps it from dialling, the first thing that would have to change; empty where nothing does."""
    if campaign.state != "running":
        return f"it is {campaign.state}"
    if campaign.cap.is_stopped:
        return "stopped by the cap: more held agents were lost than are covered; resume it when that is understood"
    if not is_open(campaign, now):
        return "outside its own hours"
    has_contacts = bool(campaign.at_hand or campaign.shown)
    if campaign.is_dry and not has_contacts:
        return "no contact may be dialled now"
    if not campaign.pacing.is_staffed:
        return "no agent is there for it"
    return by_cap(campaign, now) if has_contacts else "it waits for contacts"


def by_cap(campaign: Campaign, now: Moment) -> str:
    """Where pacing wants a line and the cap gives none: what would have to be there for it."""
    cap, decision = campaign.cap, campaign.pacing.decision
    if decision is None:
        return ""
    placed = sum(attempt.began >= decision.at for attempt in campaign.attempts.values())
    if decision.calls_to_place <= placed:
        return ""
    if AbandonCap.restored(cap.rules, cap.standing()).allowed(1, now):
        return ""
    held, spare = len(cap.held), cap.rules.spare
    return f"the cap allows no line more: {held} agents are held, {spare} of them kept back in case that one is lost"


def trunk_uses(floor: "Floor", campaign: Campaign) -> tuple[TrunkUse, ...]:
    """The trunks that its lines are on; those with a limit in any case."""
    limits = floor.configuration.trunk_limits
    own = dict.fromkeys(attempt.trunk for attempt in campaign.attempts.values())
    used: list[TrunkUse] = []
    for trunk in dict.fromkeys((*limits, *own)):
        limit, load = limits.get(trunk), floor.trunk_loads.get(trunk)
        most, rate = (limit.calls, limit.calls_per_second) if limit else (0, 0)
        used.append(TrunkUse(trunk, load.calls if load else 0, most, rate))
    return tuple(used)


def preview_view(floor: "Floor", agent: AgentId) -> PreviewView:
    """What an agent is shown; nothing, where he looks at no contact."""
    for campaign in floor.campaigns.values():
        contact, pacing = campaign.shown.get(agent), campaign.pacing
        if contact is None or not isinstance(pacing, Preview):
            continue
        since, limit = pacing.shown.get(agent), pacing.time_limit
        return PreviewView(
            campaign=campaign.id,
            contact=contact.id,
            name=contact.name,
            number=contact.number,
            fields=contact.fields,
            attempts=contact.attempts,
            until=since + limit if since is not None and limit is not None else 0,
            is_accepted=agent in pacing.accepted,
        )
    return PreviewView()


def attempt_view(floor: "Floor", call: CallId) -> AttemptView | None:
    """An attempt that runs; why it was allowed is on record, not here."""
    for campaign in floor.campaigns.values():
        attempt = campaign.attempts.get(call)
        if attempt is not None:
            contact, owner = attempt.contact, floor.calls.get(call)
            return AttemptView(
                call=call,
                campaign=campaign.id,
                contact=contact.id,
                number=contact.number,
                number_index=contact.number_index,
                attempt=contact.attempts + 1,
                began_at=attempt.began,
                trunk=attempt.trunk,
                outbound_cli=owner.ani if owner is not None else "",
                answered_at=attempt.answered_at,
                by=attempt.by,
                agent=attempt.agent,
                disposition=attempt.disposition.name if attempt.disposition is not None else "",
            )
    return None
