"""Contacts that the store gave and that are not dialled yet: as many as are needed soon, for those given are nobody
else's.
"""

from typing import TYPE_CHECKING

import msgspec

from ccd.core.dialer import campaign as campaigns
from ccd.core.dialer.campaign import Campaign
from ccd.core.dialer.pacing.preview import Preview
from ccd.core.timer import QuestionTimer
from ccd.model.campaign import Batch
from ccd.model.command import Ask
from ccd.model.event import Answered
from ccd.model.fact import ContactForbidden, ContactReturned
from ccd.model.ids import SECOND, ContactId, Length, QuestionId
from ccd.model.question import NextContacts

if TYPE_CHECKING:
    from ccd.core.floor import Floor

ANSWER_TIME: Length = 5 * SECOND
"""For the store to give contacts."""
ASK_AGAIN: Length = 2 * SECOND
"""After it did not."""
DRY_FOR: Length = 60 * SECOND
"""After it had none it is asked again then at the latest."""
MOST_PERSONAL = 4
"""Contacts at hand for certain agents only."""
LEAST, AN_AGENT = 10, 2
"""So many contacts at hand, or so many for each agent."""


def ask(floor: "Floor", campaign: Campaign) -> None:
    """For more, when half of what should be at hand is used up."""
    size = max(LEAST, AN_AGENT * campaign.pacing.agents)
    is_at_work = campaign.state == "running" and campaigns.is_open(campaign, floor.now) and not campaign.cap.is_stopped
    if not is_at_work or campaign.asked is not None or len(campaign.at_hand) > size // 2 or floor.now < campaign.ask_at:
        return
    question = QuestionId(floor.new_id())
    campaign.asked = question
    floor.askers[question] = campaign.id
    due = floor.now + ANSWER_TIME
    floor.send(Ask(question, NextContacts(campaign.id, size - len(campaign.at_hand)), due))
    floor.at(due, QuestionTimer(question))


def on_answer(floor: "Floor", event: Answered) -> bool:
    """Contacts, or none; whether it was a campaign that asked."""
    asker = floor.askers.pop(event.question, None)
    if asker is None:
        return False
    batch = as_batch(event.value)
    campaign = floor.campaigns.get(asker)
    if campaign is None:
        return True
    campaign.asked, campaign.ask_at = None, 0
    if batch is None:
        campaign.ask_at = floor.now + ASK_AGAIN
    else:
        take(floor, campaign, batch)
    campaigns.stir(floor, campaign)
    return True


def take(floor: "Floor", campaign: Campaign, batch: Batch) -> None:
    """What was given; who is here already, or was blocked meanwhile, is not taken twice."""
    known = {contact.id for contact in campaign.at_hand} | {contact.id for contact in campaign.shown.values()}
    known |= {one.contact.id for one in campaign.attempts.values()}
    for contact in batch.contacts:
        if contact.id not in known:
            campaign.at_hand.append(contact)
    campaign.is_dry = not batch.contacts
    if campaign.is_dry:
        latest = floor.now + DRY_FOR
        campaign.ask_at = max(floor.now + SECOND, min(batch.next_due or latest, latest))


def as_batch(value: object) -> Batch | None:
    """The answer, which in a replay comes as plain values."""
    try:
        return msgspec.convert(value, Batch)
    except msgspec.ValidationError:
        return None


def on_late_answer(floor: "Floor", question: QuestionId) -> bool:
    """Nobody answered in time. What comes later is dropped here; the store hears that it was not taken when it is asked
    what is held.
    """
    return on_answer(floor, Answered(question, None)) if question in floor.askers else False


def give_back(floor: "Floor", campaign: Campaign, reason: str) -> None:
    """All that is not dialled."""
    for contact in (*campaign.at_hand, *campaign.shown.values()):
        floor.note(ContactReturned(campaign.id, contact.id, reason))
    campaign.at_hand.clear()
    campaign.shown.clear()


def sift(floor: "Floor", campaign: Campaign) -> None:
    """Call-backs of agents who do not work here now, or too many of others: they would stand in everybody's way. The
    store gives them again in a while.
    """
    room = MOST_PERSONAL
    for contact in [one for one in campaign.at_hand if one.agent]:
        agent = floor.agents.get(contact.agent)
        if agent is not None and agent.campaign == campaign.id and room:
            room -= 1
        else:
            campaign.at_hand.remove(contact)
            floor.note(ContactReturned(campaign.id, contact.id, f"{contact.agent} is not free for it"))


def drop_number(floor: "Floor", campaign: Campaign, number: str) -> None:
    """Its owner is not to be called."""
    for contact in [one for one in campaign.at_hand if one.number == number]:
        campaign.at_hand.remove(contact)
        floor.note(ContactForbidden(campaign.id, contact.id, number, "on a do-not-call list", True))
    for agent in [agent for agent, one in campaign.shown.items() if one.number == number]:
        contact = campaign.shown.pop(agent)
        if isinstance(campaign.pacing, Preview):
            campaign.pacing.contact_used(agent)
        floor.note(ContactForbidden(campaign.id, contact.id, number, "on a do-not-call list", True))


def held(campaign: Campaign) -> list[ContactId]:
    """The contacts that the store gave and has not heard the end of."""
    return [
        *(contact.id for contact in campaign.at_hand),
        *(contact.id for contact in campaign.shown.values()),
        *(one.contact.id for one in campaign.attempts.values()),
    ]
