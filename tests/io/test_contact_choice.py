from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccd.io.contact_add import AddRules, NewContact
from ccd.io.contact_choice import AGAIN, MOST_LOOKS
from ccd.io.contact_store import ContactStore
from ccd.model.campaign import Batch, Contact
from ccd.model.fact import ContactReturned
from ccd.model.ids import SECOND, Moment
from tests.io.contacts import (
    BERLIN,
    CHICAGO,
    MADRID,
    NEW_YORK,
    NOON,
    SPRING,
    began,
    ended,
    facts_at,
    hours,
    moment,
    numbered,
    rules,
)


def numbers(batch: Batch) -> list[str]:
    return [contact.number for contact in batch.contacts]


def dial(store: ContactStore, contact: Contact, at: Moment, next_at: Moment, next_index: int = 0) -> None:
    """Dialled in vain; again at `next_at`."""
    attempt = began(contact)
    store.apply([(attempt, at), (ended(attempt, "no_answer", next_at, next_index), at + SECOND)])


def test_what_is_given_says_all_that_the_dialler_must_know(store: ContactStore) -> None:
    store.add(SPRING, [NewContact((CHICAGO, NEW_YORK), "k", "Ann", {"city": "Oak Park"})])
    (contact,) = store.next_contacts(rules(hours([(480, 1260)]), lists=("global", "acme")), 1, NOON).contacts
    assert contact == Contact(
        contact.id,
        CHICAGO,
        moment("2026-11-25T21:00-06:00"),
        0,
        2,
        "Ann",
        {"city": "Oak Park"},
        "America/Chicago",
        0,
        0,
        checks=(
            "within 08:00-21:00 at the callee (America/Chicago)",
            "not on the lists global, acme",
            "attempt 1 of 8, 1 of 3 today",
        ),
    )


def test_priority_then_time_then_order_of_the_list(store: ContactStore) -> None:
    store.add(
        SPRING,
        [
            NewContact((NEW_YORK,), due_at=2),
            NewContact((CHICAGO,), due_at=1),
            NewContact((BERLIN,), priority=5, due_at=NOON),
            NewContact((MADRID,), due_at=1),
            NewContact(("+12125550199",), priority=9, due_at=NOON + 1),
        ],
    )
    assert numbers(store.next_contacts(rules(), 9, NOON)) == [BERLIN, CHICAGO, MADRID, NEW_YORK]
    assert numbers(store.next_contacts(rules(), 9, NOON + 1)) == ["+12125550199"]


def test_only_where_it_is_day(store: ContactStore) -> None:
    store.add(SPRING, [NewContact((number,)) for number in (NEW_YORK, CHICAGO, BERLIN)])
    day = rules(hours([(720, 1020)]))
    batch = store.next_contacts(day, 9, NOON)
    assert numbers(batch) == [NEW_YORK]
    assert batch.contacts[0].callable_until == moment("2026-11-25T17:00-05:00")
    assert batch.next_due == moment("2026-11-25T12:00-06:00")
    batch = store.next_contacts(day, 9, batch.next_due)
    assert numbers(batch) == [CHICAGO]
    assert batch.next_due == moment("2026-11-26T12:00+01:00")
    assert numbers(store.next_contacts(day, 9, batch.next_due)) == [BERLIN]


def test_what_is_given_holds_until_midnight_at_most(store: ContactStore) -> None:
    store.add(SPRING, [NewContact((BERLIN,))])
    (contact,) = store.next_contacts(rules(), 1, NOON).contacts
    assert contact.callable_until == moment("2026-11-26T00:00+01:00")


def test_a_state_s_own_hours(store: ContactStore) -> None:
    store.add(SPRING, [NewContact((CHICAGO,)), NewContact(("+13125560100",)), NewContact((BERLIN,))])
    assert numbers(store.next_contacts(rules(hours([], "+1312556", name="none"), hours()), 1, NOON)) == [CHICAGO]
    state = rules(hours(), hours([], "+1312556", name="none"), hours([], "+49", name="no"))
    assert store.next_contacts(state, 9, NOON) == Batch((), 0)
    store.add(SPRING, [NewContact(("+13125560101",)), NewContact(("+13125550101",))])
    assert numbers(store.next_contacts(state, 9, NOON)) == ["+13125550101"]
    assert sorted(numbers(store.next_contacts(rules(), 9, NOON))) == ["+13125560100", "+13125560101", BERLIN]


def test_prefixes_that_are_known_at_import_give_the_same(store: ContactStore) -> None:
    state = rules(hours(), hours([], "+1312", name="none"), hours([(0, 1440)], "+1312555", name="some"))
    store.add(
        SPRING,
        [NewContact((number,)) for number in ("+13125560100", CHICAGO)],
        AddRules(prefixes=("+1312", "+1312555")),
    )
    assert numbers(store.next_contacts(state, 9, NOON)) == [CHICAGO]


def test_a_list_s_time_zone_holds_in_place_of_the_number_s(store: ContactStore) -> None:
    store.add(
        SPRING, [NewContact((NEW_YORK,), time_zone="Asia/Tokyo"), NewContact(("+870773123456",), time_zone="UTC")]
    )
    batch = store.next_contacts(rules(hours([(720, 1080)])), 9, NOON)
    assert [(contact.number, contact.zone) for contact in batch.contacts] == [("+870773123456", "UTC")]
    assert batch.next_due == moment("2026-11-26T12:00+09:00")


def test_who_came_on_a_list_meanwhile_is_passed_over_for_good(store: ContactStore) -> None:
    store.add(SPRING, [NewContact((NEW_YORK, CHICAGO)), NewContact((BERLIN,)), NewContact((MADRID,))])
    store.block([NEW_YORK, BERLIN], "acme", NOON, "asked for it", "lucia")
    store.block([MADRID], "other", NOON, "asked for it", "lucia")
    mine = rules(lists=("global", "acme"))
    batch = store.next_contacts(mine, 9, NOON)
    batch = Batch(batch.contacts + store.next_contacts(mine, 9, NOON).contacts)
    assert sorted(numbers(batch)) == [CHICAGO, MADRID]
    assert store.counts(SPRING, NOON).done == {"on the do-not-call list acme": 1}
    said = [(refusal.number, refusal.reason) for refusal in store.refusals(SPRING)]
    assert said == [(NEW_YORK, "on the do-not-call list acme"), (BERLIN, "on the do-not-call list acme")]
    store.unblock([NEW_YORK], "acme", NOON, "", "lucia")
    dial(store, next(contact for contact in batch.contacts if contact.number == CHICAGO), NOON, NOON + SECOND, 0)
    assert numbers(store.next_contacts(mine, 9, NOON + SECOND)) == [CHICAGO]


def test_not_more_attempts_than_allowed(store: ContactStore) -> None:
    store.add(SPRING, numbered(NEW_YORK, 1))
    for n in range(2):
        (contact,) = store.next_contacts(rules(most=2), 9, NOON + n * 60 * SECOND).contacts
        assert (contact.attempts, contact.attempts_today) == (n, n)
        dial(store, contact, NOON + n * 60 * SECOND, NOON + n * 60 * SECOND + 5)
    assert store.next_contacts(rules(most=2), 9, NOON + 600 * SECOND) == Batch((), 0)
    assert store.counts(SPRING, NOON).done == {"attempts made": 1}


def test_not_more_attempts_a_day_than_allowed_by_the_contact_s_own_day(store: ContactStore) -> None:
    late = moment("2026-11-25T23:30-05:00")  # the next day has begun long ago where the site is
    store.add(SPRING, numbered(NEW_YORK, 1))
    (contact,) = store.next_contacts(rules(a_day=1), 9, late).contacts
    dial(store, contact, late, late + 60 * SECOND)
    midnight = moment("2026-11-26T00:00-05:00")
    assert store.next_contacts(rules(a_day=1), 9, late + 60 * SECOND) == Batch((), midnight)
    (contact,) = store.next_contacts(rules(a_day=1), 9, midnight).contacts
    assert (contact.attempts, contact.attempts_today) == (1, 0)
    assert contact.checks[-1] == "attempt 2 of 8, 1 of 1 today"


def test_the_next_moment_is_when_somebody_is_due(store: ContactStore) -> None:
    assert store.next_contacts(rules(), 1, NOON) == Batch((), 0)
    store.add(SPRING, [NewContact((NEW_YORK,), due_at=NOON + 5 * SECOND), NewContact((CHICAGO,), due_at=NOON + SECOND)])
    assert store.next_contacts(rules(), 1, NOON) == Batch((), NOON + SECOND)
    assert store.next_contacts(rules(), 2, NOON + SECOND).next_due == NOON + 5 * SECOND
    assert store.next_contacts(rules(hours([], "+1")), 1, NOON + 9 * SECOND) == Batch((), 0)


def test_those_who_may_not_be_called_do_not_hold_an_answer_up(store: ContactStore) -> None:
    many = [f"+1212555{n:04}" for n in range(1_000)]
    store.add(SPRING, [NewContact((number,)) for number in many])
    store.block(many[:700], "global", NOON, "", "lucia")
    answers = [store.next_contacts(rules(), 5, NOON) for _ in range(4)]
    assert [batch.next_due for batch in answers] == [NOON + AGAIN] * 3 + [0]
    assert [len(batch.contacts) for batch in answers] == [0, 0, 0, 5]
    assert store.counts(SPRING, NOON).done == {"on the do-not-call list global": 700}
    assert MOST_LOOKS * 3 < 700 < MOST_LOOKS * 4


def test_a_time_that_goes_back_is_judged_anew(store: ContactStore) -> None:
    store.add(SPRING, numbered(NEW_YORK, 2))
    day = rules(hours([(720, 1020)]))
    assert len(store.next_contacts(day, 1, NOON).contacts) == 1
    assert store.next_contacts(day, 1, NOON - SECOND).contacts == ()


PLACES = (NEW_YORK, CHICAGO, BERLIN, MADRID)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from(PLACES), st.sampled_from([0, 0, 1, 7]), st.integers(0, 3), st.booleans()),
        min_size=1,
        max_size=40,
    ),
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 6)), min_size=1, max_size=12),
)
def test_who_is_given_is_whom_a_look_at_all_of_them_would_give(
    tmp_path_factory: pytest.TempPathFactory,
    people: list[tuple[str, int, int, bool]],
    asked: list[tuple[int, int]],
) -> None:
    """Against the plainest way to choose: sort all who may be called, take the first."""
    store = ContactStore(Path(tmp_path_factory.mktemp("store")) / "contacts.db")
    day = rules(hours([(660, 1140)]), hours([(720, 1140)], "+1312", name="late"))
    opens = {NEW_YORK: (11, -5), CHICAGO: (12, -6), BERLIN: (11, 1), MADRID: (11, 1)}
    hour, waiting, taken = 3_600 * SECOND, {}, set()
    for n, (place, priority, due, is_blocked) in enumerate(people):
        number = f"+{int(place) + n}"
        store.add(SPRING, [NewContact((number,), priority=priority, due_at=NOON + due * hour)])
        if is_blocked:
            store.block([number], "global", NOON, "", "lucia")
        waiting[number] = (-priority, NOON + due * hour, n, place, is_blocked)
    now = NOON
    for later, wanted in asked:
        now += later * hour
        local = {place: (now // hour + offset) % 24 for place, (_, offset) in opens.items()}
        free = sorted(
            (urgency[:3], number)
            for number, urgency in waiting.items()
            if urgency[1] <= now and not urgency[4] and opens[urgency[3]][0] <= local[urgency[3]] < 19
        )
        batch = store.next_contacts(day, wanted, now)
        assert numbers(batch) == [number for _, number in free[:wanted]]
        if len(batch.contacts) < wanted and batch.next_due:
            assert batch.next_due > now
        for contact in batch.contacts:
            taken.add(contact.number)
            del waiting[contact.number]
    store.close()


def test_returned_it_is_given_again(store: ContactStore) -> None:
    store.add(SPRING, numbered(NEW_YORK, 1))
    (contact,) = store.next_contacts(rules(), 1, NOON).contacts
    store.apply(facts_at(NOON, ContactReturned(SPRING, contact.id, "paused")))
    assert store.next_contacts(rules(), 1, NOON).contacts == (contact,)
