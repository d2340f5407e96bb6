"""What the tests of the contact store share: one campaign, numbers of some places, moments as they are written."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import count

from ccd.io.calling_hours import EPOCH
from ccd.io.contact_add import NewContact
from ccd.model.campaign import CallingHours, Contact, ContactRules, Span
from ccd.model.fact import AnyFact, AttemptBegan, AttemptEnded
from ccd.model.ids import CallId, CampaignId, Endpoint, Moment

SPRING = CampaignId("spring")
NEW_YORK, CHICAGO, BERLIN, MADRID = "+12125550100", "+13125550100", "+493023125000", "+34912345000"
ALWAYS: Sequence[Span] = ((0, 1440),)


def moment(text: str) -> Moment:
    """A moment from its ISO form, offset and all."""
    return (datetime.fromisoformat(text) - EPOCH) // EPOCH.resolution


NOON = moment("2026-11-25T17:00+00:00")
"""A Wednesday: 12:00 in New York, 11:00 in Chicago, 18:00 in Berlin and Madrid."""


def hours(spans: Sequence[Span] = ALWAYS, *prefixes: str, name: str = "site", country: str = "") -> CallingHours:
    """Calling hours that are the same on every day."""
    return CallingHours(name, prefixes or ("+",), (tuple(spans),) * 7, country)


def rules(
    *entries: CallingHours, lists: Sequence[str] = ("global",), most: int = 8, a_day: int = 3, campaign: str = SPRING
) -> ContactRules:
    """A campaign's rules, which are lax if nothing else is said."""
    return ContactRules(CampaignId(campaign), entries or (hours(),), tuple(lists), most, a_day)


def numbered(first: str, number: int) -> Iterator[NewContact]:
    """Contacts whose numbers follow one another."""
    for n in range(number):
        yield NewContact((f"+{int(first) + n}",), name=f"contact {n}")


_calls = count(1)


def began(contact: Contact, campaign: str = SPRING, call: str = "") -> AttemptBegan:
    """It is dialled."""
    return AttemptBegan(
        CampaignId(campaign),
        contact.id,
        CallId(call or f"call-{next(_calls):06d}"),
        contact.number,
        contact.number_index,
        contact.attempts + 1,
        Endpoint("PJSIP/trunk"),
        "+34910000000",
        contact.checks,
    )


def ended(attempt: AttemptBegan, outcome: str = "no_answer", next_at: Moment = 0, next_index: int = 0) -> AttemptEnded:
    """What became of it."""
    return AttemptEnded(
        attempt.campaign,
        attempt.contact,
        attempt.call,
        outcome,  # type: ignore[arg-type]  # tests name outcomes as text
        next_at=next_at,
        next_index=next_index,
    )


def facts_at(at: Moment, *facts: AnyFact) -> list[tuple[AnyFact, Moment]]:
    """All at one moment."""
    return [(fact, at) for fact in facts]
