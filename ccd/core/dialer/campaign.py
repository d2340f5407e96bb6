"""A campaign as it runs: who works for it, what it dials, and what it does when somebody looks."""

from bisect import bisect_right
from collections import deque
from typing import TYPE_CHECKING

from msgspec import Struct, field

from ccd.core.configuration import Campaign as Rules
from ccd.core.configuration import Disposition
from ccd.core.dialer.abandon import AbandonCap
from ccd.core.dialer.pacing.base import Pacing
from ccd.core.dialer.pacing.power import Power
from ccd.core.dialer.pacing.predictive import Predictive
from ccd.core.dialer.pacing.preview import Preview
from ccd.core.dialer.pacing.progressive import Progressive
from ccd.model.campaign import AnsweredBy, AttemptOutcome, CampaignState, Contact
from ccd.model.fact import CampaignChanged
from ccd.model.ids import AgentId, CallId, CampaignId, ContactId, Endpoint, Moment, QuestionId

if TYPE_CHECKING:
    from ccd.core.floor import Floor

ENDED_REMEMBERED = 2_000


class Attempt(Struct, gc=False):
    """A dial of a contact. `wanted` is the agent that it was made for, if for one; `agent` who talked."""

    contact: Contact
    trunk: Endpoint
    began: Moment
    wanted: AgentId = AgentId("")
    answered_at: Moment = 0
    by: AnsweredBy | None = None
    is_abandoned: bool = False
    is_cancelled: bool = False
    agent: AgentId = AgentId("")
    disposition: Disposition | None = None
    """What the agent has said of it already."""
    call_back_at: Moment = 0


class EndedAttempt(Struct, frozen=True):
    """What must be known of one that is over, for the agent's disposition."""

    contact: ContactId
    number: str
    agent: AgentId
    outcome: AttemptOutcome


class Campaign(Struct):
    """One of the configuration, with all that it knows. `at_hand` are contacts given and not dialled, `shown` those
    that agents look at; `is_dry`: there are none to be given now.
    """

    id: CampaignId
    rules: Rules
    pacing: Pacing
    cap: AbandonCap
    state: CampaignState = "stopped"
    reason: str = ""
    at_hand: deque[Contact] = field(default_factory=deque)
    shown: dict[AgentId, Contact] = field(default_factory=dict)
    attempts: dict[CallId, Attempt] = field(default_factory=dict)
    ended: dict[CallId, EndedAttempt] = field(default_factory=dict)
    asked: QuestionId | None = None
    ask_at: Moment = 0
    is_dry: bool = False
    has_gathered: bool = False
    """Free agents are held, all that there are."""
    look_at: Moment = 0
    """When the next timer of ours fires."""
    full_until: Moment = 0
    """No trunk had room for somebody who may be dialled; it is tried again then."""
    clis_used: int = 0

    @property
    def is_dialling(self) -> bool:
        """Whether lines are open whose parties may want an agent."""
        return bool(self.cap.in_flight or self.cap.waiting)

    def remember(self, call: CallId, ended: EndedAttempt) -> None:
        """The last ones only."""
        self.ended[call] = ended
        if len(self.ended) > ENDED_REMEMBERED:
            del self.ended[next(iter(self.ended))]


def new(rules: Rules) -> Campaign:
    """A campaign that does not run."""
    cap = AbandonCap(rules.cap)
    return Campaign(rules.id, rules, pacing_of(rules, cap), cap)


def take_rules(floor: "Floor", campaign: Campaign, rules: Rules) -> None:
    """New rules. Another algorithm is told who is there and what rings; it learns the rest anew."""
    former, campaign.rules = campaign.rules, rules
    campaign.cap.rules = rules.cap
    if (former.algorithm, former.power_ratio, former.preview_time) != (
        rules.algorithm,
        rules.power_ratio,
        rules.preview_time,
    ):
        campaign.pacing = succeeded(campaign.pacing, pacing_of(rules, campaign.cap))
        campaign.at_hand.extendleft(campaign.shown.values())
        campaign.shown.clear()
    if campaign.state != "stopped":
        stir(floor, campaign)


def succeeded(old: Pacing, new: Pacing) -> Pacing:
    """The new one, with what the old one knew of agents and lines."""
    for agent, since in old.ready.items():
        new.agent_free(agent, since)
    for agent, since in old.talking.items():
        new.talk_begun(agent, CallId(""), since)
    for agent, since in old.wrapping_up.items():
        new.wrap_up_begun(agent, since)
    for call, since in old.ringing.items():
        new.dialled(call, since)
    for call, since in old.waiting.items():
        new.answered(call, since)
    return new


def pacing_of(rules: Rules, cap: AbandonCap) -> Pacing:
    """The algorithm that its rules name."""
    match rules.algorithm:
        case "preview":
            return Preview(rules.preview_time or None)
        case "progressive":
            return Progressive()
        case "power":
            return Power(rules.power_ratio)
        case "predictive":
            return Predictive(cap)


def is_open(campaign: Campaign, now: Moment) -> bool:
    """Whether it is within the campaign's own hours."""
    return campaign.rules.hours is None or campaign.rules.hours.is_open(now)


def closes_at(campaign: Campaign, now: Moment) -> Moment | None:
    """When its own hours end, where it has some and they are now; pacing spends what the cap allows until then."""
    hours = campaign.rules.hours
    if hours is None or not hours.is_open(now):
        return None
    return hours.closes[bisect_right(hours.opens, now) - 1]


def next_change(campaign: Campaign, now: Moment) -> Moment | None:
    """When its own hours begin or end."""
    hours = campaign.rules.hours
    if hours is None:
        return None
    place = bisect_right(hours.opens, now)
    return closes_at(campaign, now) or (hours.opens[place] if place < len(hours.opens) else None)


def wants_agents(campaign: Campaign, now: Moment) -> bool:
    """Whether agents should be there for it and for nothing else."""
    if campaign.is_dialling:
        return True
    is_at_work = campaign.state == "running" and not campaign.cap.is_stopped and is_open(campaign, now)
    return is_at_work and not (campaign.is_dry and not campaign.at_hand and not campaign.shown)


def stir(floor: "Floor", campaign: Campaign) -> None:
    """Something happened that may mean another dial: it is looked at when the input has been handled."""
    floor.stirred[campaign.id] = None


def stir_all(floor: "Floor") -> None:
    """Something may mean another dial for any of them: a switch or a trunk is back."""
    for campaign in floor.dialling:
        stir(floor, campaign)


def change(floor: "Floor", campaign: Campaign, state: CampaignState, reason: str, by: str = "") -> None:
    """From one state to another."""
    old, campaign.state, campaign.reason = campaign.state, state, reason
    floor.note(CampaignChanged(campaign.id, old, state, reason, by))
    floor.dialling = in_rank(floor)
    stir(floor, campaign)


def in_rank(floor: "Floor") -> list[Campaign]:
    """Those that are at work, or have lines open: who gets free agents first comes first."""
    at_work = [one for one in floor.campaigns.values() if one.state != "stopped" or one.attempts]
    return sorted(at_work, key=lambda one: (-one.rules.rank, one.id))
