import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ccd.io.contact_add import NewContact
from ccd.io.contact_fold import LATER
from ccd.io.contact_report import ContactRecord
from ccd.io.contact_store import ContactStore
from ccd.model.campaign import Batch, Contact
from ccd.model.fact import (
    AnyFact,
    AttemptAbandoned,
    AttemptAnswered,
    AttemptBegan,
    CampaignChanged,
    ContactForbidden,
    ContactReturned,
    DispositionSet,
)
from ccd.model.ids import AgentId, ContactId, Moment
from tests.io.contacts import BERLIN, CHICAGO, MADRID, NEW_YORK, NOON, SPRING, began, ended, facts_at, numbered, rules

LUCIA = AgentId("lucia")


def taken(store: ContactStore, *numbers: str) -> Contact:
    """A contact with these numbers, given to be dialled."""
    store.add(SPRING, [NewContact(numbers)])
    return store.next_contacts(rules(), 1, NOON).contacts[0]


def record(store: ContactStore, contact: Contact) -> ContactRecord:
    found = store.contact(contact.id)
    assert found is not None
    return found


def said(attempt: AttemptBegan, word: str, next_at: Moment = 0, is_done: bool = False, own: str = "") -> DispositionSet:
    contact, call, is_call_back = attempt.contact, attempt.call, word == "call_back"
    return DispositionSet(SPRING, contact, call, LUCIA, word, next_at, is_done, AgentId(own), "note", is_call_back)


def test_an_attempt_from_its_beginning_to_its_end(store: ContactStore) -> None:
    contact = taken(store, NEW_YORK, CHICAGO)
    attempt = began(contact)
    store.apply(facts_at(NOON, attempt))
    assert (record(store, contact).state, record(store, contact).attempts[0].outcome) == ("dialling", None)
    answered = AttemptAnswered(SPRING, contact.id, attempt.call, "person")
    abandoned = AttemptAbandoned(SPRING, contact.id, attempt.call)
    end = replace(ended(attempt, "abandoned", NOON + 99, 1), cause=16, sip_code=200, locked_until=NOON + 50)
    store.apply([(answered, NOON + 1), (abandoned, NOON + 2), (end, NOON + 3)])
    after = record(store, contact)
    assert (after.state, after.due_at, after.number_index, after.locked_until) == ("waiting", NOON + 99, 1, NOON + 50)
    (made,) = after.attempts
    assert (made.call, made.number, made.trunk, made.reasons) == (attempt.call, NEW_YORK, "PJSIP/trunk", contact.checks)
    assert (made.began_at, made.answered_at, made.abandoned_at, made.ended_at) == (NOON, NOON + 1, NOON + 2, NOON + 3)
    assert (made.answered_by, made.outcome, made.cause, made.sip_code) == ("person", "abandoned", 16, 200)
    (again,) = store.next_contacts(rules(), 1, NOON + 99).contacts
    assert (again.number, again.number_index, again.attempts, again.locked_until) == (CHICAGO, 1, 1, NOON + 50)


def test_without_a_next_time_it_is_done(store: ContactStore) -> None:
    contact = taken(store, NEW_YORK)
    attempt = began(contact)
    store.apply(facts_at(NOON, attempt, ended(attempt, "unreachable")))
    assert store.counts(SPRING, NOON).done == {"unreachable": 1}


def test_a_number_that_is_not_there_is_the_first(store: ContactStore) -> None:
    contact = taken(store, NEW_YORK, CHICAGO)
    attempt = began(contact)
    store.apply(facts_at(NOON, attempt, ended(attempt, "busy", NOON, 7)))
    assert store.next_contacts(rules(), 1, NOON).contacts[0].number == NEW_YORK


def test_the_end_of_an_older_attempt_changes_the_newer_one_not(store: ContactStore) -> None:
    contact = taken(store, NEW_YORK)
    first, second = began(contact), began(contact)
    store.apply([(first, NOON), (second, NOON + 1), (ended(first, "lost"), NOON + 2)])
    after = record(store, contact)
    assert (after.state, [made.outcome for made in after.attempts]) == ("dialling", ["lost", None])


def test_forbidden_for_good_the_next_number_takes_its_place(store: ContactStore) -> None:
    contact = taken(store, NEW_YORK, CHICAGO)
    no = ContactForbidden(SPRING, contact.id, NEW_YORK, "the policy forbids it", is_final=True)
    store.apply(facts_at(NOON, no))
    (again,) = store.next_contacts(rules(), 1, NOON).contacts
    assert (again.number, again.attempts) == (CHICAGO, 0)
    store.apply(facts_at(NOON + 1, replace(no, number=CHICAGO)))
    assert store.counts(SPRING, NOON).done == {"the policy forbids it": 1}
    assert [number.barred for number in record(store, contact).numbers] == ["the policy forbids it"] * 2
    assert [refusal.number for refusal in store.refusals(SPRING)] == [NEW_YORK, CHICAGO]


def test_forbidden_for_now_it_comes_again_a_little_later(store: ContactStore) -> None:
    contact = taken(store, NEW_YORK)
    store.apply(facts_at(NOON, ContactForbidden(SPRING, contact.id, NEW_YORK, "it is late", is_final=False)))
    assert store.next_contacts(rules(), 1, NOON) == Batch((), NOON + LATER)
    assert len(store.next_contacts(rules(), 1, NOON + LATER).contacts) == 1


def test_a_personal_call_back_that_is_returned_lets_others_come(store: ContactStore) -> None:
    contact = taken(store, NEW_YORK)
    store.call_back(contact.id, NOON, LUCIA)
    store.add(SPRING, numbered(BERLIN, 1))
    (own,) = store.next_contacts(rules(), 1, NOON).contacts
    assert own.agent == LUCIA
    store.apply(facts_at(NOON, ContactReturned(SPRING, own.id, "she is not there")))
    assert [given.number for given in store.next_contacts(rules(), 9, NOON).contacts] == [BERLIN]
    assert [given.agent for given in store.next_contacts(rules(), 9, NOON + LATER).contacts] == [LUCIA]


def test_what_the_agent_says_after_the_talk(store: ContactStore) -> None:
    contact = taken(store, NEW_YORK)
    attempt = began(contact)
    store.apply([(attempt, NOON), (replace(ended(attempt, "talked"), agent=LUCIA), NOON + 1)])
    store.apply([(said(attempt, "call_back", NOON + 9, own="lucia"), NOON + 2)])
    (again,) = store.next_contacts(rules(), 1, NOON + 9).contacts
    assert (again.id, again.agent) == (contact.id, LUCIA)
    (made,) = record(store, contact).attempts
    assert (made.agent, made.disposition, made.note) == (LUCIA, "call_back", "note")


def test_what_the_agent_says_in_the_talk_holds_when_it_ends(store: ContactStore) -> None:
    contact, other = taken(store, NEW_YORK), taken(store, BERLIN)
    attempt, busy = began(contact), began(other)
    store.apply([(attempt, NOON), (said(attempt, "later", NOON + 9), NOON + 1), (ended(attempt, "talked"), NOON + 2)])
    store.apply([(busy, NOON), (said(busy, "sale", is_done=True), NOON + 1), (ended(busy, "talked", NOON), NOON + 2)])
    assert record(store, contact).state == "waiting"
    assert not record(store, contact).is_call_back, "he did not ask for that time"
    assert store.counts(SPRING, NOON + 9).done == {"sale": 1}


def test_a_word_that_means_nothing_for_the_contact_is_kept_only(store: ContactStore) -> None:
    contact = taken(store, NEW_YORK)
    attempt = began(contact)
    store.apply([(attempt, NOON), (ended(attempt, "talked", NOON + 9), NOON + 1), (said(attempt, "polite"), NOON + 2)])
    assert (record(store, contact).due_at, record(store, contact).attempts[0].disposition) == (NOON + 9, "polite")


def test_what_is_said_of_an_older_attempt_does_not_change_the_contact(store: ContactStore) -> None:
    contact = taken(store, NEW_YORK)
    first, second = began(contact), began(contact)
    store.apply([(first, NOON), (ended(first, "talked", NOON + 1), NOON + 1), (second, NOON + 2)])
    store.apply([(said(first, "sale", is_done=True), NOON + 3)])
    assert record(store, contact).state == "dialling"


def test_a_call_back_stays_his_until_somebody_answers(store: ContactStore) -> None:
    contact = taken(store, NEW_YORK)
    store.call_back(contact.id, NOON, LUCIA)
    store.add(SPRING, [NewContact((BERLIN,), priority=100)])
    (own,) = store.next_contacts(rules(), 1, NOON).contacts
    attempt = began(own)
    store.apply([(attempt, NOON), (ended(attempt, "busy", NOON + 5), NOON + 1)])
    (own,) = store.next_contacts(rules(), 1, NOON + 5).contacts
    assert own.agent == LUCIA
    attempt = began(own)
    store.apply([(attempt, NOON + 6), (ended(attempt, "hung_up", NOON + 7), NOON + 7)])
    assert [given.number for given in store.next_contacts(rules(), 9, NOON + 7).contacts] == [BERLIN, NEW_YORK]
    assert not record(store, contact).agent


def test_the_campaign_s_state_is_kept(store: ContactStore) -> None:
    running, paused = (CampaignChanged(SPRING, "stopped", state, "") for state in ("running", "paused"))
    store.apply([(running, 5), (paused, 6)])
    store.apply([(running, 5)])
    assert store.standing(SPRING, 0, NOON).state == "paused"


def test_facts_of_who_is_not_there_change_nothing(store: ContactStore) -> None:
    nobody = Contact(ContactId("77"), NEW_YORK, NOON)
    attempt = began(nobody)
    no = ContactForbidden(SPRING, ContactId("x"), NEW_YORK, "no", is_final=True)
    store.apply(facts_at(NOON, attempt, ended(attempt), said(attempt, "sale"), no))
    assert [made.outcome for made in store.attempts(SPRING)] == ["no_answer"]


STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["dial", "answer", "abandon", "end", "end for good", "return", "forbid", "bar", "say", "done"]),
        st.integers(0, 2),
    ),
    max_size=40,
)


def story(contacts: Sequence[Contact], steps: list[tuple[int, str, int]]) -> list[tuple[AnyFact, Moment]]:
    """Facts as a dialler might tell them, several at one moment."""
    facts: list[tuple[AnyFact, Moment]] = []
    now, newest = NOON, dict[int, AttemptBegan]()
    for which, step, later in steps:
        contact, now = contacts[which], now + later
        attempt = newest.get(which)
        if step == "dial":
            newest[which] = began(contact, call=f"call-{len(facts)}")
            facts.append((newest[which], now))
        elif step == "return":
            facts.append((ContactReturned(SPRING, contact.id, "paused"), now))
        elif step in ("forbid", "bar"):
            facts.append((ContactForbidden(SPRING, contact.id, contact.number, "no", is_final=step == "bar"), now))
        elif attempt is not None:
            told: dict[str, AnyFact] = {
                "answer": AttemptAnswered(SPRING, contact.id, attempt.call, "machine" if later else "person"),
                "abandon": AttemptAbandoned(SPRING, contact.id, attempt.call),
                "end": ended(attempt, "talked" if later else "busy", now + 10, later),
                "end for good": ended(attempt, "talked"),
                "say": said(attempt, "later", now + 20, own="lucia" if later else ""),
                "done": said(attempt, "sale", is_done=True),
            }
            facts.append((told[step], now))
    return facts


def content(path: Path) -> list[tuple[object, ...]]:
    """All that is in the store's tables."""
    db = sqlite3.connect(path)
    tables = ("contacts", "numbers", "attempts", "refusals", "tallies", "campaigns")
    rows = [row for name in tables for row in db.execute(f"SELECT '{name}', * FROM {name} ORDER BY 2, 3, 4")]
    db.close()
    return rows


def filled(folder: Path) -> tuple[ContactStore, Sequence[Contact]]:
    store = ContactStore(folder / "contacts.db")
    store.add(SPRING, [NewContact((NEW_YORK, CHICAGO)), NewContact((BERLIN,)), NewContact((MADRID,))])
    return store, store.next_contacts(rules(), 3, NOON).contacts


@settings(deadline=None, max_examples=60)
@given(STEPS, st.data())
def test_told_again_from_anywhere_facts_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str, int]], data: st.DataObject
) -> None:
    first, second = tmp_path_factory.mktemp("once"), tmp_path_factory.mktemp("again")
    once, contacts = filled(first)
    facts = story(contacts, steps)
    once.apply(facts)
    once.close()
    again, _ = filled(second)
    told = 0
    for _ in range(data.draw(st.integers(1, 3))):
        told = data.draw(st.integers(told, len(facts)))
        again.apply(facts[:told])
        again.apply(facts[data.draw(st.integers(0, told)) : told])
    again.apply(facts)
    again.close()
    assert content(second / "contacts.db") == content(first / "contacts.db")


def test_any_prefix_twice_is_as_once(tmp_path: Path) -> None:
    steps = [(0, "dial", 1), (0, "answer", 0), (1, "bar", 0), (0, "say", 1), (0, "end", 0), (2, "return", 0)]
    for end in range(len(steps) + 1):
        for times in (1, 2):
            (tmp_path / f"{end}-{times}").mkdir()
            store, contacts = filled(tmp_path / f"{end}-{times}")
            for _ in range(times):
                store.apply(story(contacts, steps)[:end])
            store.close()
        assert content(tmp_path / f"{end}-1" / "contacts.db") == content(tmp_path / f"{end}-2" / "contacts.db")
