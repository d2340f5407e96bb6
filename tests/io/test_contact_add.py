from collections.abc import Iterator

import pytest

from ccd.io.contact_add import AddRules, NewContact
from ccd.io.contact_store import CHUNK, ContactStore
from ccd.model.ids import CampaignId
from tests.io.contacts import BERLIN, CHICAGO, MADRID, NEW_YORK, NOON, SPRING, numbered, rules

AUTUMN = CampaignId("autumn")


def test_nobody_is_added_twice(store: ContactStore) -> None:
    added = store.add(
        SPRING,
        [
            NewContact((NEW_YORK, CHICAGO), "a"),
            NewContact((NEW_YORK,)),
            NewContact((BERLIN, CHICAGO)),
            NewContact((BERLIN,), "a"),
            NewContact((BERLIN,)),
        ],
    )
    assert (added.added, added.duplicates) == (2, 3)
    assert [(place, refused.reason) for place, refused in added.refused] == [
        (1, f"the number {NEW_YORK} is there already"),
        (2, f"the number {CHICAGO} is there already"),
        (3, "the key a is there already"),
    ]
    again = store.add(SPRING, [NewContact((CHICAGO,)), NewContact((MADRID,), "a"), NewContact((MADRID,))])
    assert (again.added, again.duplicates) == (1, 2)


def test_who_is_in_another_campaign_counts_if_that_is_asked_for(store: ContactStore) -> None:
    store.add(SPRING, [NewContact((NEW_YORK,))])
    assert store.add(AUTUMN, [NewContact((NEW_YORK,))]).added == 1
    anywhere = AddRules(is_new_anywhere=True)
    assert store.add(CampaignId("winter"), [NewContact((NEW_YORK,)), NewContact((BERLIN,))], anywhere).added == 1


def test_whom_a_list_forbids_to_call_is_not_added(store: ContactStore) -> None:
    store.block([CHICAGO], "acme", NOON, "asked for it", "lucia")
    added = store.add(SPRING, [NewContact((NEW_YORK, CHICAGO)), NewContact((BERLIN,))], AddRules(("global", "acme")))
    assert (added.added, added.blocked) == (1, 1)
    assert added.refused[0][1].reason == f"the number {CHICAGO} is on the do-not-call list acme"
    assert store.add(SPRING, [NewContact((CHICAGO,))], AddRules(("global",))).added == 1


@pytest.mark.parametrize(
    ("contact", "reason"),
    [
        (NewContact(()), "no number"),
        (NewContact(("112",)), "'112' is no number in E.164"),
        (NewContact((BERLIN, "+4930x")), "'+4930x' is no number in E.164"),
        (NewContact((BERLIN, BERLIN)), "one number twice"),
        (NewContact((BERLIN,), priority=101), "priority is 0 to 100"),
        (NewContact((BERLIN,), time_zone="Mars/Olympus"), "'Mars/Olympus' is no time zone"),
        (NewContact((BERLIN, "+870773123456")), "no time zone is known of +870773123456"),
    ],
)
def test_what_is_wrong_is_refused(store: ContactStore, contact: NewContact, reason: str) -> None:
    added = store.add(SPRING, [contact, NewContact((BERLIN,))])
    assert (added.added, added.wrong, added.refused[0][1].reason) == (1, 1, reason)


def test_a_crash_in_the_middle_leaves_whole_contacts_and_the_rest_comes_later(store: ContactStore) -> None:
    def broken() -> Iterator[NewContact]:
        yield from numbered(NEW_YORK, CHUNK + 10)
        raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        store.add(SPRING, broken())
    assert store.counts(SPRING, NOON).waiting == CHUNK
    added = store.add(SPRING, numbered(NEW_YORK, CHUNK + 10))
    assert (added.added, added.duplicates) == (10, CHUNK)
    assert len(store.next_contacts(rules(), CHUNK + 20, NOON).contacts) == CHUNK + 10
