"""What the contact store keeps, in the words of those who look at it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from ccd.io import contact_report as kept
from ccd.io.contact_add import Added, AddRules
from ccd.model.campaign import ContactRules
from ccd.model.campaign_view import AttemptView, ContactCounts, ContactView
from ccd.model.ids import SECOND, Moment
from ccd.web.campaign_desk import AddedContacts, NotAdded

MOST_DAYS = 500


def attempt_view(attempt: kept.Attempt) -> AttemptView:
    """One dial."""
    return AttemptView(
        call=attempt.call,
        campaign=attempt.campaign,
        contact=attempt.contact,
        number=attempt.number,
        number_index=attempt.number_index,
        attempt=attempt.attempt,
        began_at=attempt.began_at,
        trunk=attempt.trunk,
        outbound_cli=attempt.outbound_cli,
        reasons=attempt.reasons,
        answered_at=attempt.answered_at,
        by=attempt.answered_by,
        connected_at=attempt.connected_at,
        abandoned_at=attempt.abandoned_at,
        ended_at=attempt.ended_at,
        outcome=attempt.outcome,
        cause=attempt.cause,
        sip_code=attempt.sip_code,
        agent=attempt.agent,
        disposition=attempt.disposition,
        note=attempt.note,
    )


def joined(attempt: AttemptView, running: AttemptView | None) -> AttemptView:
    """What is written of an attempt that runs, and what is not written yet."""
    if running is None:
        return attempt
    return replace(attempt, agent=running.agent, answered_at=attempt.answered_at or running.answered_at, by=running.by)


def contact_view(record: kept.ContactRecord, *, with_attempts: bool = True) -> ContactView:
    """A contact, its attempts newest first. The time zones are those of the number that comes next."""
    index = min(record.number_index, len(record.numbers) - 1)
    last = record.attempts[-1].outcome if record.attempts else None
    return ContactView(
        id=record.id,
        campaign=record.campaign,
        numbers=tuple(one.number for one in record.numbers),
        state=record.state,  # type: ignore[arg-type]  # the store's text, of the same four words
        number_index=record.number_index,
        key=record.key,
        name=record.name,
        fields=record.fields,
        zone=", ".join(record.numbers[index].zones) if record.numbers else "",
        priority=record.priority,
        due_at=record.due_at,
        result=record.done or last or "",
        is_call_back=record.is_call_back,
        agent=record.agent,
        locked_until=record.locked_until,
        attempts=tuple(attempt_view(one) for one in reversed(record.attempts)) if with_attempts else (),
    )


def counts_view(counts: kept.ContactCounts) -> ContactCounts:
    """How many are in which state."""
    return ContactCounts(counts.waiting, counts.due, counts.taken, counts.dialling, counts.done)


def add_rules(rules: ContactRules | None) -> AddRules:
    """What of a campaign's rules counts when contacts are added."""
    if rules is None:
        return AddRules()
    prefixes = dict.fromkeys(prefix for hours in rules.hours for prefix in hours.prefixes if prefix != "+")
    return AddRules(rules.lists, tuple(prefixes))


def added_view(added: Added, places: Sequence[int], wrong: Iterable[NotAdded]) -> AddedContacts:
    """What became of contacts: those given to the store had these `places`, the others were `wrong` before."""
    refused = [NotAdded(places[place], one.reason) for place, one in added.refused]
    return AddedContacts(
        added.added,
        added.duplicates,
        added.blocked,
        tuple(sorted((*wrong, *refused), key=lambda one: one.index)),
    )


def days(began: Moment, ended: Moment, zone: str) -> tuple[Moment, ...]:
    """The beginning, and every local midnight until the end."""
    local = datetime.fromtimestamp(began / SECOND, ZoneInfo(zone))
    found, day = [began], local.date()
    while len(found) < MOST_DAYS:
        day += timedelta(days=1)
        midnight = int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp()) * SECOND
        if midnight >= ended:
            break
        found.append(midnight)
    return tuple(found)
