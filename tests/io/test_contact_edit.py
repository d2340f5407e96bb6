"""Single contacts changed by hand, and what the store says of one dial."""

from pathlib import Path

import pytest

from ccd.io.contact_add import NewContact
from ccd.io.contact_edit import BY_HAND, ContactOutError
from ccd.io.contact_store import ContactStore
from ccd.model.fact import AnyFact, AttemptAnswered, AttemptConnected, AttemptEnded
from ccd.model.ids import SECOND, AgentId, CallId, CampaignId, ContactId, Moment
from tests.io.contacts import BERLIN, MADRID, NOON, SPRING, began, rules

HOUR = 3_600 * SECOND
ONE, TWO = ContactId("1"), ContactId("2")
C1 = CallId("c1")


@pytest.fixture
def store(tmp_path: Path) -> ContactStore:
    made = ContactStore(tmp_path / "contacts.sqlite")
    made.add(SPRING, [NewContact((BERLIN,)), NewContact((MADRID, "+34912345001"))])
    return made


def next_ones(store: ContactStore, at: int = NOON) -> list[ContactId]:
    return [contact.id for contact in store.next_contacts(rules(), 10, at).contacts]


def test_a_contact_is_found_by_any_of_its_numbers(store: ContactStore) -> None:
    assert store.find(SPRING, MADRID) == store.find(SPRING, "+34912345001") == [TWO]
    assert store.find(SPRING, "+34912345999") == store.find(CampaignId("none"), MADRID) == []


def test_a_larger_priority_comes_first(store: ContactStore) -> None:
    assert store.change(TWO, NOON, priority=50)
    assert next_ones(store) == [TWO, ONE]


def test_another_time(store: ContactStore) -> None:
    assert store.change(ONE, NOON, due_at=NOON + HOUR)
    assert next_ones(store) == [TWO]
    assert next_ones(store, NOON + HOUR) == [ONE]


def test_done_by_hand_and_not_done(store: ContactStore) -> None:
    store.change(ONE, NOON, is_done=True)
    assert store.counts(SPRING, NOON).done == {BY_HAND: 1}
    assert next_ones(store) == [TWO]
    store.change(ONE, NOON, is_done=False)
    assert store.counts(SPRING, NOON).done == {}
    assert next_ones(store) == [ONE]


def test_one_that_is_out_stays_as_it_is_but_for_its_priority(store: ContactStore) -> None:
    assert next_ones(store) == [ONE, TWO]
    for change in ({"due_at": NOON + HOUR}, {"is_done": True}):
        with pytest.raises(ContactOutError):
            store.change(ONE, NOON, **change)
    with pytest.raises(ContactOutError):
        store.remove(ONE)
    assert store.change(ONE, NOON, priority=7)
    store.reconcile(SPRING, [], NOON)
    record = store.contact(ONE)
    assert record is not None
    assert (record.priority, record.state) == (7, "waiting")


def test_a_removed_one_leaves_its_attempts(store: ContactStore) -> None:
    (first, *_) = store.next_contacts(rules(), 2, NOON).contacts
    store.apply([(began(first, call=C1), NOON), (AttemptEnded(SPRING, first.id, C1, "busy"), NOON + 1)])
    assert store.remove(first.id)
    assert not store.remove(first.id)
    assert not store.change(first.id, NOON, priority=1)
    assert store.contact(first.id) is None
    assert [attempt.outcome for attempt in store.attempts(SPRING)] == ["busy"]
    assert store.find(SPRING, BERLIN) == []


def test_one_dial_and_when_an_agent_came(store: ContactStore) -> None:
    (first, *_) = store.next_contacts(rules(), 1, NOON).contacts
    facts: list[tuple[AnyFact, Moment]] = [
        (began(first, call=C1), NOON),
        (AttemptAnswered(SPRING, first.id, C1, "person"), NOON + 5),
        (AttemptConnected(SPRING, first.id, C1, AgentId("ana")), NOON + 7),
        (AttemptConnected(SPRING, first.id, C1, AgentId("bea")), NOON + 9),
    ]
    store.apply(facts)
    store.apply(facts)
    attempt = store.attempt(C1)
    assert attempt is not None
    assert (attempt.answered_at, attempt.connected_at, attempt.agent) == (NOON + 5, NOON + 7, "ana")
    assert store.attempt(CallId("none")) is None
