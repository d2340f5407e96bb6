import sqlite3
from pathlib import Path

import pytest

from ccd.io.contact_add import NewContact
from ccd.io.contact_store import ContactStore
from ccd.model.ids import SECOND, AgentId, CampaignId, ContactId
from tests.io.contacts import BERLIN, CHICAGO, NEW_YORK, NOON, SPRING, began, facts_at, numbered, rules


def test_what_is_taken_is_nobody_elses_even_after_a_restart(store: ContactStore, tmp_path: Path) -> None:
    store.add(SPRING, numbered(NEW_YORK, 3))
    first = store.next_contacts(rules(), 2, NOON)
    store.close()
    again = ContactStore(tmp_path / "contacts.db")
    second = again.next_contacts(rules(), 2, NOON)
    assert [contact.number for contact in first.contacts + second.contacts] == [
        "+12125550100",
        "+12125550101",
        "+12125550102",
    ]
    assert second.next_due == 0
    again.close()


def test_who_was_taken_and_is_held_by_nobody_waits_again(store: ContactStore) -> None:
    store.add(SPRING, numbered(NEW_YORK, 4))
    one, two, three = store.next_contacts(rules(), 3, NOON).contacts
    store.apply(facts_at(NOON, began(three)))
    assert store.reconcile(SPRING, {two.id}, NOON) == 1
    assert [store.contact(contact.id).state for contact in (one, two, three)] == ["waiting", "taken", "dialling"]  # type: ignore[union-attr]
    assert store.reconcile(SPRING, {one.id, two.id, ContactId("no such"), ContactId("77")}, NOON) == 0
    assert store.contact(one.id).state == "taken"  # type: ignore[union-attr]
    assert len(store.next_contacts(rules(), 9, NOON).contacts) == 1


def test_a_campaign_gives_only_its_own(store: ContactStore) -> None:
    store.add(SPRING, numbered(NEW_YORK, 2))
    store.add(CampaignId("autumn"), numbered(NEW_YORK, 1))
    assert len(store.next_contacts(rules(campaign="autumn"), 9, NOON).contacts) == 1
    assert store.reconcile(SPRING, (), NOON) == 0
    assert store.campaigns() == ["autumn", "spring"]


def test_call_backs_come_first_when_their_time_has_come(store: ContactStore) -> None:
    store.add(SPRING, [NewContact((NEW_YORK,), priority=100), NewContact((CHICAGO,)), NewContact((BERLIN,))])
    urgent, shared, own = store.next_contacts(rules(), 3, NOON).contacts
    assert store.call_back(own.id, NOON + 60 * SECOND, AgentId("lucia"))
    assert store.call_back(shared.id, NOON + 30 * SECOND)
    store.reconcile(SPRING, (), NOON)
    assert [contact.id for contact in store.next_contacts(rules(), 9, NOON).contacts] == [urgent.id]
    batch = store.next_contacts(rules(), 9, NOON + 90 * SECOND)
    assert [(contact.id, contact.agent) for contact in batch.contacts] == [(shared.id, ""), (own.id, "lucia")]


def test_nobody_is_called_back_who_is_not_there_or_is_dialled_now(store: ContactStore) -> None:
    store.add(SPRING, numbered(NEW_YORK, 1))
    (contact,) = store.next_contacts(rules(), 1, NOON).contacts
    store.apply(facts_at(NOON, began(contact)))
    assert not store.call_back(contact.id, NOON)
    for odd in ("", "x", "-1", "1e3", "٣", "9" * 400):
        assert not store.call_back(ContactId(odd), NOON)


def test_a_transaction_that_raised_changed_nothing(store: ContactStore) -> None:
    store.add(SPRING, numbered(NEW_YORK, 1))
    with pytest.raises(ValueError, match=r"no number in E\.164"):
        store.block([NEW_YORK, "112"], "global", NOON, "asked for it", "lucia")
    assert not store.is_blocked(NEW_YORK, ("global",))
    assert len(store.next_contacts(rules(), 9, NOON).contacts) == 1


def test_two_processes_may_have_it_open(store: ContactStore, tmp_path: Path) -> None:
    other = ContactStore(tmp_path / "contacts.db")
    assert store.next_contacts(rules(), 9, NOON).contacts == ()
    other.add(SPRING, [NewContact((NEW_YORK,), priority=3), NewContact((BERLIN,))])
    assert len(store.next_contacts(rules(), 9, NOON).contacts) == 2
    other.block([CHICAGO], "global", NOON, "", "lucia")
    assert (
        store.add(
            SPRING,
            [NewContact((CHICAGO,))],
        ).added
        == 1
    )
    assert store.next_contacts(rules(), 9, NOON).contacts == ()
    other.close()


def test_whoever_is_erased_is_gone_but_for_lists_and_counts(store: ContactStore) -> None:
    store.add(SPRING, numbered(NEW_YORK, 1))
    (contact,) = store.next_contacts(rules(), 1, NOON).contacts
    store.apply(facts_at(NOON, began(contact)))
    store.block([NEW_YORK], "global", NOON, "asked for it", "lucia")
    assert store.erase(NEW_YORK) == 1
    assert store.erase(NEW_YORK) == 0
    assert store.contact(contact.id) is None
    assert [attempt.number for attempt in store.attempts(SPRING)] == [""]
    assert store.is_blocked(NEW_YORK, ("global",))
    assert store.counts(SPRING, NOON).dialling == 0
    store.add(SPRING, numbered(BERLIN, 1))
    assert store.next_contacts(rules(), 1, NOON).contacts[0].id != contact.id


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "contacts.db").write_bytes(b"\0" * 4_096)
    with pytest.raises(sqlite3.DatabaseError):
        ContactStore(tmp_path / "contacts.db").add(SPRING, numbered(NEW_YORK, 1))
