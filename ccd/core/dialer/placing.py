"""What a campaign does when it is looked at: dial what pacing, cap and trunks allow, give up lines, ask for more."""

from typing import TYPE_CHECKING

from ccd.core.acd import agent as agents
from ccd.core.dialer import attempt, holding
from ccd.core.dialer import campaign as campaigns
from ccd.core.dialer.at_hand import ask, give_back, sift
from ccd.core.dialer.campaign import Campaign
from ccd.core.dialer.clearance import NO_LOAD, Clearance, clear
from ccd.core.dialer.pacing.preview import Preview
from ccd.core.timer import CampaignTimer
from ccd.model.campaign import Contact
from ccd.model.fact import CallsPlaced, ContactForbidden, ContactReturned, ContactShown
from ccd.model.ids import MILLISECOND, AgentId, Length

if TYPE_CHECKING:
    from ccd.core.floor import Floor

LOOKS = 20
"""At a campaign within one input."""
TRUNK_FULL: Length = 200 * MILLISECOND
"""When a trunk without room is tried again."""


def look_all(floor: "Floor") -> None:
    """Every campaign of which something happened, again where a look made something happen; what never comes to rest
    goes on with the next input.
    """
    looks = LOOKS * (1 + len(floor.campaigns))
    while floor.stirred and looks and not floor.holds_timers:
        looks -= 1
        campaign_id = next(iter(floor.stirred))
        del floor.stirred[campaign_id]
        if campaign_id in floor.campaigns:
            look(floor, floor.campaigns[campaign_id])


def look(floor: "Floor", campaign: Campaign) -> None:
    """One campaign, now."""
    if campaign.cap.is_stopped:
        campaign.cap.turn(floor.now)  # nobody would ask it in a new period while it gives no lines
    if campaign.state == "draining" and not campaign.attempts:
        campaigns.change(floor, campaign, "stopped", "drained")
    staff(floor, campaign)
    if campaign.state != "running":
        give_back(floor, campaign, campaign.state)
    if campaign.state == "stopped" and not campaign.attempts:
        floor.dialling = campaigns.in_rank(floor)
        if campaign.id not in floor.configuration.campaigns:
            del floor.campaigns[campaign.id]
        return
    sift(floor, campaign)
    if isinstance(campaign.pacing, Preview):
        show(floor, campaign, campaign.pacing)
    dial(floor, campaign)
    for call in campaign.pacing.calls_to_hang_up(floor.now):
        attempt.cancel(floor, campaign, call)
    ask(floor, campaign)
    arm(floor, campaign)


def staff(floor: "Floor", campaign: Campaign) -> None:
    """Hold agents while they are wanted, and no longer; callers who wait, and agents who want to leave, get what can be
    spared.
    """
    is_wanted = campaigns.wants_agents(campaign, floor.now)
    if not is_wanted and campaign.cap.held:
        holding.disperse(floor, campaign, "nobody to dial")
    elif is_wanted and not campaign.has_gathered:
        holding.gather(floor, campaign)
    campaign.has_gathered = is_wanted
    for agent_id in list(campaign.cap.held):
        agents.leave_if_spared(floor, floor.agents[agent_id])
    if campaign.cap.held:
        holding.lend_to_waiting(floor)


# --- dials


def dial(floor: "Floor", campaign: Campaign) -> None:
    """As many as pacing wants and all else allows. Pacing is asked in any case: it learns by it."""
    now = floor.now
    campaign.cap.closes_at = campaigns.closes_at(campaign, now)
    wanted = campaign.pacing.calls_to_place(now)
    if wanted <= 0 or campaign.state != "running" or not campaigns.is_open(campaign, now):
        return
    allowed = placed = campaign.cap.allowed(wanted, now)
    is_full = False
    for agent in takers(campaign):
        if not placed or (contact := next_contact(campaign, agent)) is None:
            break
        clearance = clear(floor, campaign, contact)
        if clearance.refusal:
            refuse(floor, campaign, contact, clearance)
            if agent:
                use_up(campaign, agent)
                campaigns.stir(floor, campaign)
        elif clearance.hindrance or not has_room(floor, clearance) or not is_fit(floor, campaign, contact):
            put_back(campaign, agent, contact)
            is_full = is_full or not (clearance.hindrance or has_room(floor, clearance))
        else:
            if placed == allowed and campaign.pacing.decision is not None:
                floor.note(CallsPlaced(campaign.id, campaign.pacing.decision, allowed))
            placed -= 1
            use_up(campaign, agent)
            attempt.begin(floor, campaign, contact, clearance, agent)
    campaign.full_until = now + TRUNK_FULL if is_full else 0


def takers(campaign: Campaign) -> list[AgentId]:
    """For whom is dialled, one contact each: agents who accepted theirs, or nobody in particular."""
    if isinstance(campaign.pacing, Preview):
        return list(campaign.pacing.accepted)
    return [AgentId("")] * len(campaign.at_hand)


def next_contact(campaign: Campaign, agent: AgentId) -> Contact | None:
    """The one that the agent looks at, or the next of all."""
    if agent:
        return campaign.shown.pop(agent, None)
    return campaign.at_hand.popleft() if campaign.at_hand else None


def use_up(campaign: Campaign, agent: AgentId) -> None:
    """The agent's acceptance was for this contact."""
    if isinstance(campaign.pacing, Preview):
        campaign.pacing.contact_used(agent)


def put_back(campaign: Campaign, agent: AgentId, contact: Contact) -> None:
    """It is not the moment for this one; the others come first, which may go another way."""
    if agent:
        campaign.shown[agent] = contact
    else:
        campaign.at_hand.append(contact)


def refuse(floor: "Floor", campaign: Campaign, contact: Contact, clearance: Clearance) -> None:
    """Not dialled, and on record."""
    floor.note(ContactForbidden(campaign.id, contact.id, contact.number, clearance.refusal, clearance.is_final))


def has_room(floor: "Floor", clearance: Clearance) -> bool:
    """Whether the trunk may carry one more now."""
    limit = floor.configuration.trunk_limits.get(clearance.trunk)
    load = floor.trunk_loads.get(clearance.trunk, NO_LOAD)
    return limit is None or load.room(limit.calls, limit.calls_per_second, floor.now) > 0


def is_fit(floor: "Floor", campaign: Campaign, contact: Contact) -> bool:
    """Whether it is the moment for one who is dialled for an agent only: a certain one, or whoever is held for him."""
    if contact.agent:
        agent = floor.agents.get(contact.agent)
        return (
            contact.agent in campaign.cap.held
            and agent is not None
            and agent.offer is None
            and contact.agent not in holding.kept(campaign)
        )
    return contact.locked_until <= floor.now or campaign.pacing.free > len(campaign.pacing.ringing)


# --- preview


def show(floor: "Floor", campaign: Campaign, pacing: Preview) -> None:
    """Every free agent who looks at nothing gets a contact to look at."""
    if campaign.state != "running" or not campaigns.is_open(campaign, floor.now):
        return
    kept = holding.kept(campaign)
    for agent in list(pacing.ready):
        if agent in campaign.shown or agent in kept or floor.agents[agent].offer is not None:
            continue
        contact = next((one for one in campaign.at_hand if one.agent in ("", agent)), None)
        if contact is None:
            return
        campaign.at_hand.remove(contact)
        campaign.shown[agent] = contact
        pacing.contact_shown(agent, floor.now)
        limit = campaign.rules.preview_time
        floor.note(ContactShown(campaign.id, contact.id, agent, floor.now + limit if limit else 0))


def skip(floor: "Floor", campaign: Campaign, pacing: Preview, agent: AgentId) -> None:
    """He wants another one."""
    contact = campaign.shown.pop(agent)
    pacing.contact_used(agent)
    floor.note(ContactReturned(campaign.id, contact.id, f"skipped by {agent}"))
    campaigns.stir(floor, campaign)


# --- time


def arm(floor: "Floor", campaign: Campaign) -> None:
    """Look again when pacing wants to, hours change, contacts may be there, or the cap that stopped it begins anew."""
    change = campaigns.next_change(campaign, floor.now)
    anew = campaign.cap.rules.period.end(floor.now) if campaign.cap.is_stopped else None
    dues = [campaign.pacing.deadline(), change, campaign.ask_at or None, campaign.full_until or None, anew]
    later = [due for due in dues if due is not None and due > floor.now]
    if later and (not floor.now < campaign.look_at <= min(later)):
        campaign.look_at = min(later)
        floor.at(campaign.look_at, CampaignTimer(campaign.id, campaign.look_at))


def on_timer(floor: "Floor", timer: CampaignTimer) -> None:
    """It is time."""
    campaign = floor.campaigns.get(timer.campaign)
    if campaign is not None and timer.due == campaign.look_at:
        campaigns.stir(floor, campaign)
