from ccd.io.calling_hours import DAY
from ccd.io.contact_add import NewContact
from ccd.io.contact_report import ContactCounts, ContactNumber
from ccd.io.contact_store import ContactStore
from ccd.model.campaign import CampaignStanding, Contact, Counts, UnknownAttempt
from ccd.model.fact import AttemptAbandoned, AttemptAnswered, AttemptConnected, CampaignChanged
from ccd.model.ids import SECOND, AgentId, CampaignId, ContactId
from tests.io.contacts import BERLIN, CHICAGO, NEW_YORK, NOON, SPRING, began, ended, facts_at, numbered, rules


def test_counts_by_state(store: ContactStore) -> None:
    store.add(SPRING, numbered(NEW_YORK, 4))
    store.add(SPRING, [NewContact((BERLIN,), due_at=NOON + 1)])
    one, two, _ = store.next_contacts(rules(), 3, NOON).contacts
    first, second = began(one), began(two)
    store.apply(facts_at(NOON, first, second, ended(second, "talked")))
    assert store.counts(SPRING, NOON) == ContactCounts(2, 1, 1, 1, {"talked": 1})
    assert store.counts(SPRING, NOON + 1).due == 2
    assert store.counts(CampaignId("other"), NOON) == ContactCounts()


def test_where_a_campaign_stood(store: ContactStore) -> None:
    store.add(SPRING, numbered(NEW_YORK, 9))
    contacts = store.next_contacts(rules(), 9, NOON).contacts
    attempts = [began(contact) for contact in contacts]
    store.apply(facts_at(NOON, CampaignChanged(SPRING, "stopped", "running", ""), *attempts))
    for attempt in attempts[:4]:
        store.apply(facts_at(NOON, AttemptAnswered(SPRING, attempt.contact, attempt.call, "person"), ended(attempt)))
    late = NOON + DAY
    store.apply(facts_at(NOON + 1, AttemptAbandoned(SPRING, attempts[0].contact, attempts[0].call)))
    for attempt in attempts[4:6]:
        store.apply(facts_at(late, AttemptAnswered(SPRING, attempt.contact, attempt.call, "machine"), ended(attempt)))
    for attempt in attempts[6:8]:
        store.apply(facts_at(late, AttemptAnswered(SPRING, attempt.contact, attempt.call, "person")))
    store.apply(facts_at(late, AttemptConnected(SPRING, attempts[7].contact, attempts[7].call, AgentId("anna"))))
    today = NOON // DAY
    assert store.standing(SPRING, NOON - SECOND, late) == CampaignStanding(
        SPRING,
        "running",
        NOON - SECOND,
        Counts(6, 1, 2),
        {today: Counts(4, 1, 0), today + 1: Counts(2, 0, 2)},
        tuple(
            UnknownAttempt(attempt.call, Contact(attempt.contact, attempt.number, 0), *known)
            for attempt, known in zip(attempts[6:], ((True, False), (True, True), (False, False)), strict=True)
        ),
    )
    assert store.standing(SPRING, NOON + 2, late).counts == Counts(2, 0, 2)
    assert store.standing(SPRING, 0, NOON + 31 * DAY).days == {today + 1: Counts(2, 0, 2)}


def test_a_campaign_that_nobody_knows_stands_at_its_beginning(store: ContactStore) -> None:
    assert store.standing(SPRING, 7, NOON) == CampaignStanding(SPRING, "stopped", 7, Counts(), {})


def test_a_contact_is_told_with_all_that_is_known(store: ContactStore) -> None:
    store.add(SPRING, [NewContact((CHICAGO, NEW_YORK), "k", "Ann", {"city": "X"}, 3, kinds=("mobile", "phone"))])
    (contact,) = store.next_contacts(rules(), 1, NOON).contacts
    found = store.contact(contact.id)
    assert found is not None
    assert (found.campaign, found.key, found.name, found.fields, found.priority) == (
        "spring",
        "k",
        "Ann",
        {"city": "X"},
        3,
    )
    assert (found.state, found.done, found.attempts, found.is_call_back) == ("taken", "", (), False)
    assert found.numbers == (
        ContactNumber(CHICAGO, "mobile", ("America/Chicago",)),
        ContactNumber(NEW_YORK, "phone", ("America/New_York",)),
    )
    assert store.contact(ContactId("x")) is None


def test_attempts_of_some_time(store: ContactStore) -> None:
    store.add(SPRING, numbered(NEW_YORK, 3))
    attempts = [began(contact) for contact in store.next_contacts(rules(), 3, NOON).contacts]
    store.apply([(attempt, NOON + n) for n, attempt in enumerate(attempts)])
    assert [made.call for made in store.attempts(SPRING)] == [attempt.call for attempt in attempts]
    assert [made.call for made in store.attempts(SPRING, NOON + 1, NOON + 2)] == [attempts[1].call]
    assert list(store.attempts(CampaignId("other"))) == []
