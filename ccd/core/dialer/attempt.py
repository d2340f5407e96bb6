"""One dial of a contact, from the command to what became of it and when it is tried again."""

from typing import TYPE_CHECKING, Literal

from ccd.core.acd import agent as agents
from ccd.core.acd import offer
from ccd.core.call import Call, Cursor, Leg
from ccd.core.configuration import Campaign as Rules
from ccd.core.configuration import RetryRule
from ccd.core.dialer import campaign as campaigns
from ccd.core.dialer import holding
from ccd.core.dialer.campaign import Attempt, Campaign, EndedAttempt
from ccd.core.dialer.clearance import Clearance, TrunkLoad
from ccd.core.dialer.pacing.base import LEAST_RING_TIME
from ccd.core.flow import interpreter
from ccd.core.network import device_of
from ccd.core.timer import AttemptTimer, LegTimer
from ccd.model.campaign import AttemptOutcome, Contact
from ccd.model.command import Dial
from ccd.model.event import LegHungUp
from ccd.model.fact import (
    AttemptAbandoned,
    AttemptAnswered,
    AttemptBegan,
    AttemptConnected,
    AttemptEnded,
    CallStarted,
    LegDialled,
    VisitOutcome,
)
from ccd.model.ids import SECOND, AgentId, CallId, LegId, Length, Moment, SwitchName

if TYPE_CHECKING:
    from ccd.core.floor import Floor

NOBODY = AgentId("")
GRACE: Length = 3 * SECOND
"""How much longer than the switch's own ring time its result is waited for."""
LOCKED_FOR: Length = 72 * 3600 * SECOND
"""After an abandoned call (Ofcom); with an agent held for it it may be sooner."""
NEXT_NUMBER: Length = SECOND
"""Between two numbers of one contact."""
LISTENING: dict[str, Length] = {"": 0, "detect": 10 * SECOND, "message": 45 * SECOND}
"""How much longer it may be until an answer is told, where the switch listens to it first."""
OUTCOME_OF_CAUSE: dict[int, AttemptOutcome] = {
    1: "unreachable",
    3: "unreachable",
    16: "hung_up",
    17: "busy",
    18: "no_answer",
    19: "no_answer",
    20: "no_answer",
    21: "refused",
    22: "unreachable",
    28: "unreachable",
}
"""Q.850 codes as the switches map SIP answers to them; any other one is the trunk's or the switch's trouble. A normal
end before anybody was told of an answer is that of somebody who picked up and left at once.
"""


def begin(floor: "Floor", campaign: Campaign, contact: Contact, clearance: Clearance, wanted: AgentId = NOBODY) -> None:
    """Dial. The cap and the pacing count it before the command is even said; the contact counts as dialled."""
    call = new_call(floor, campaign, contact, clearance)
    now, rules, trunk = floor.now, campaign.rules, clearance.trunk
    campaign.attempts[call.id] = Attempt(contact, trunk, now, wanted or contact.agent)
    campaign.cap.dialled(call.id, now)
    campaign.pacing.dialled(call.id, now)
    load = floor.trunk_loads.setdefault(trunk, TrunkLoad())
    load.calls += 1
    load.begun.append(now)
    number, cli = contact.number, clearance.outbound_cli
    floor.note(
        AttemptBegan(
            campaign.id,
            contact.id,
            call.id,
            number,
            contact.number_index,
            contact.attempts + 1,
            trunk,
            cli,
            clearance.reasons,
            wanted or contact.agent,
        )
    )
    variables = (
        ("CCD_CALL", call.id),
        ("CCD_ROLE", "dialled"),
        ("CCD_CAMPAIGN", campaign.id),
        ("CCD_CONTACT", contact.id),
        ("CCD_FLOW", rules.flow.name),
        ("CCD_FLOW_VERSION", rules.flow.version),
    )
    machine: Literal["", "detect", "message"] = ""
    if rules.detects_machines:
        machine = "message" if rules.machine_step else "detect"
    floor.send(
        Dial(call.leg, device_of(trunk), rules.ring_time, number, cli, "", (), variables, barrier=True, machine=machine)
    )
    floor.at(now + rules.ring_time + GRACE + LISTENING[machine], LegTimer(call.id, call.dial_serial))


def new_call(floor: "Floor", campaign: Campaign, contact: Contact, clearance: Clearance) -> Call:
    """The call and its one leg, which we name."""
    switch = SwitchName(floor.network.name(clearance.area) or next(iter(floor.boots)))
    call_id, flow = CallId(floor.new_id()), campaign.rules.flow
    leg = LegId(f"{switch}/{floor.boots[switch]}/ccd-{call_id}-{floor.new_id()}")
    cli, name = clearance.outbound_cli, contact.name
    call = Call(call_id, leg, "outbound", cli, name, "", contact.number, floor.now, "attempting")
    call.campaign = campaign.id
    call.cursor = Cursor(flow, flows=floor.configuration.flows)
    call.identify({**contact.fields, "name": name} if name else dict(contact.fields))
    call.legs.append(leg)
    call.dial_serial = 1
    floor.calls[call_id] = call
    floor.legs[leg] = Leg(leg, call_id, "customer", "dialling", clearance.trunk)
    floor.note(CallStarted(call_id, leg, "outbound", cli, name, "", contact.number, flow.name, flow.version))
    floor.note(LegDialled(call_id, leg, clearance.trunk, contact.number, clearance.why))
    return call


# --- what happens to it


def on_answered(floor: "Floor", call: Call, *, is_machine: bool) -> None:
    """A person, as far as is known: through the flow to an agent. Who answered while nobody looked has waited for as
    long as that may have been.
    """
    campaign, attempt = holding.campaign_of(floor, call)
    if is_machine:
        on_machine(floor, campaign, call, attempt)
        return
    answered_at = max(attempt.began, floor.seen_at(floor.area_of(call.leg)))
    note_person(floor, campaign, call, attempt, answered_at)
    if floor.now - answered_at > campaign.rules.cap.law.patience:
        abandon(floor, campaign, call, attempt)
    call.phase, call.answered = "flow", True
    call.dial_serial += 1
    interpreter.begin(floor, call)


def on_machine(floor: "Floor", campaign: Campaign, call: Call, attempt: Attempt) -> None:
    """No person: no agent for it; it is hung up, or hears what is to be left on it."""
    attempt.answered_at, attempt.by = floor.now, "machine"
    campaign.cap.machine(call.id, floor.now)
    campaign.pacing.not_answered(call.id, floor.now)
    floor.note(AttemptAnswered(campaign.id, attempt.contact.id, call.id, "machine"))
    campaigns.stir(floor, campaign)
    call.phase, call.answered = "flow", True
    call.dial_serial += 1
    if campaign.rules.machine_step:
        interpreter.run_of(floor, call).go(campaign.rules.machine_step)
    else:
        interpreter.run_of(floor, call).hang_up()


def on_answered_too_late(floor: "Floor", call: Call) -> None:
    """The answer crossed our hang-up: somebody picked up and hears nobody."""
    campaign, attempt = holding.campaign_of(floor, call)
    if not attempt.answered_at:
        note_person(floor, campaign, call, attempt, floor.now)
        abandon(floor, campaign, call, attempt)


def note_person(floor: "Floor", campaign: Campaign, call: Call, attempt: Attempt, answered_at: Moment) -> None:
    """A live answer, as far as is known."""
    attempt.answered_at, attempt.by = answered_at, "person"
    campaign.cap.answered(call.id, floor.now)
    campaign.pacing.answered(call.id, floor.now)
    floor.note(AttemptAnswered(campaign.id, attempt.contact.id, call.id, "person"))
    campaigns.stir(floor, campaign)


def on_left_queue(floor: "Floor", call: Call, outcome: VisitOutcome, at: Moment) -> None:
    """The stay in the campaign's queue is over: an agent, in time or not, or none."""
    campaign, attempt = holding.campaign_of(floor, call)
    waited = (at or floor.now) - attempt.answered_at
    if call.id in campaign.cap.waiting:
        if outcome not in ("answered", "abandoned") or waited > campaign.rules.cap.law.patience:
            abandon(floor, campaign, call, attempt)
        elif outcome == "abandoned":
            campaign.cap.hung_up(call.id)
            campaign.pacing.abandoned(call.id, floor.now)
    if outcome == "answered" and call.agent is not None:
        attempt.agent = call.agent
        floor.agents[call.agent].campaign = campaign.id
        floor.note(AttemptConnected(campaign.id, attempt.contact.id, call.id, call.agent))
        campaign.cap.talk_begun(call.agent, call.id)
        campaign.pacing.talk_begun(call.agent, call.id, floor.now)
    campaigns.stir(floor, campaign)


def abandon(floor: "Floor", campaign: Campaign, call: Call, attempt: Attempt) -> None:
    """Counted at this moment, once."""
    if attempt.is_abandoned:
        return
    attempt.is_abandoned = True
    campaign.cap.abandoned(call.id, floor.now)
    campaign.pacing.abandoned(call.id, floor.now)
    floor.note(AttemptAbandoned(campaign.id, attempt.contact.id, call.id))
    campaigns.stir(floor, campaign)


def cancel(floor: "Floor", campaign: Campaign, call: CallId) -> None:
    """Give up a line that rings."""
    attempt = campaign.attempts[call]
    if not attempt.answered_at and not attempt.is_cancelled:
        attempt.is_cancelled = True
        offer.end_leg(floor, floor.calls[call].leg, offer.NORMAL)


def cancel_when_lawful(floor: "Floor", campaign: Campaign, call: CallId) -> None:
    """Give it up, but let it ring as long as the law wants."""
    rung_until = campaign.attempts[call].began + LEAST_RING_TIME
    if floor.now >= rung_until:
        cancel(floor, campaign, call)
    else:
        floor.at(rung_until, AttemptTimer(call))


def on_timer(floor: "Floor", timer: AttemptTimer) -> None:
    """It has rung long enough to be given up."""
    call = floor.calls.get(timer.call)
    if call is not None and call.campaign is not None and call.phase == "attempting":
        cancel(floor, floor.campaigns[call.campaign], call.id)


def on_gone(floor: "Floor", call: Call, event: LegHungUp) -> None:
    """The dialled leg ended: what became of it, and when the contact is tried again."""
    campaign, attempt = holding.campaign_of(floor, call)
    contact = attempt.contact
    if not attempt.answered_at:
        outcome = unanswered(event)
        settle_unanswered(floor, campaign, call, outcome)
    else:
        outcome = answered(floor, campaign, call, attempt)
    del campaign.attempts[call.id]
    floor.trunk_loads[attempt.trunk].calls -= 1
    campaign.remember(call.id, EndedAttempt(contact.id, contact.number, attempt.agent, outcome))
    next_at, next_index = by_disposition(campaign.rules, attempt, outcome, floor.now)
    locked_until = floor.now + LOCKED_FOR if attempt.is_abandoned and not attempt.agent else 0
    floor.note(
        AttemptEnded(
            campaign.id,
            contact.id,
            call.id,
            outcome,
            event.cause,
            event.sip_code,
            next_at,
            next_index,
            locked_until,
            attempt.agent,
        )
    )
    campaigns.stir(floor, campaign)
    if attempt.wanted in floor.agents:  # he is there for others now
        agents.settle(floor, floor.agents[attempt.wanted])


def unanswered(event: LegHungUp) -> AttemptOutcome:
    """Nobody answered, or nobody saw it."""
    if event.by == "switch" and not event.cause:
        return "lost"
    if event.by == "us":
        return "no_answer" if OUTCOME_OF_CAUSE.get(event.cause) == "no_answer" else "cancelled"
    return OUTCOME_OF_CAUSE.get(event.cause, "congested")


def settle_unanswered(floor: "Floor", campaign: Campaign, call: Call, outcome: AttemptOutcome) -> None:
    """The worst is taken for what nobody knows: he picked up at once when nobody looked any more. Where that was
    shorter ago than the law's patience nobody can have waited too long: an answered leg waits on the switch for the
    daemon, and one that is gone was not answered, or its party left in time.
    """
    unseen = floor.now - floor.seen_at(floor.area_of(call.leg))
    if outcome == "lost" and unseen > campaign.rules.cap.law.patience:
        contact = campaign.attempts[call.id].contact.id
        campaign.cap.unknown(call.id, floor.now)
        floor.note(AttemptAnswered(campaign.id, contact, call.id, "unknown"))
        floor.note(AttemptAbandoned(campaign.id, contact, call.id))
    else:
        campaign.cap.not_answered(call.id)
    campaign.pacing.not_answered(call.id, floor.now)


def answered(floor: "Floor", campaign: Campaign, call: Call, attempt: Attempt) -> AttemptOutcome:
    """Somebody did, or something."""
    if attempt.by == "machine":
        return "machine"
    if call.id in campaign.cap.waiting:  # he never came to the queue, or the switch took him out of it
        if floor.now - attempt.answered_at > campaign.rules.cap.law.patience:
            abandon(floor, campaign, call, attempt)
        campaign.cap.hung_up(call.id)
        campaign.pacing.abandoned(call.id, floor.now)
    if attempt.agent:
        return "talked"
    return "abandoned" if attempt.is_abandoned else "hung_up"


def by_disposition(rules: Rules, attempt: Attempt, outcome: AttemptOutcome, now: Moment) -> tuple[Moment, int]:
    """What the agent said counts more than the outcome's own rule."""
    meaning, index = attempt.disposition, attempt.contact.number_index
    if meaning is None:
        return next_dial(rules, attempt.contact, outcome, now)
    if meaning.is_done or meaning.blocks:
        return 0, 0
    if meaning.is_call_back:
        return attempt.call_back_at, index
    return (now + meaning.after, index) if meaning.after else next_dial(rules, attempt.contact, outcome, now)


def next_dial(rules: Rules, contact: Contact, outcome: AttemptOutcome, now: Moment) -> tuple[Moment, int]:
    """When, and which of its numbers; (0, 0): never again."""
    rule = rules.retry.get(outcome, RetryRule(0))
    if contact.attempts + 1 >= rules.most_attempts:
        return 0, 0
    if rule.next_number and contact.number_index + 1 < contact.numbers:
        return now + NEXT_NUMBER, contact.number_index + 1
    if not rule.after:
        return 0, 0
    return now + rule.after, 0 if rule.next_number else contact.number_index
