import pytest

from ccd.io.contact_store import ContactStore
from ccd.io.do_not_call import Blocked, Unblocked
from tests.io.contacts import BERLIN, CHICAGO, NEW_YORK


def test_a_number_is_on_the_lists_that_it_was_put_on(store: ContactStore) -> None:
    assert store.block([NEW_YORK, CHICAGO, NEW_YORK], "acme", 5, "asked for it", "lucia") == 2
    assert store.is_blocked(NEW_YORK, ("global", "acme"))
    assert not store.is_blocked(NEW_YORK, ("global",))
    assert not store.is_blocked(NEW_YORK, ())
    assert not store.is_blocked(BERLIN, ("acme",))
    assert store.list_sizes() == {"acme": 2}


def test_who_put_it_there_first_stays(store: ContactStore) -> None:
    store.block([NEW_YORK], "acme", 5, "asked for it", "lucia")
    assert store.block([NEW_YORK], "acme", 6, "again", "marta") == 0
    store.block([NEW_YORK], "global", 7, "a letter", "marta")
    assert store.look_up(NEW_YORK) == [
        Blocked(NEW_YORK, "acme", 5, "asked for it", "lucia"),
        Blocked(NEW_YORK, "global", 7, "a letter", "marta"),
    ]


def test_taken_off_it_is_not_there_and_that_is_kept(store: ContactStore) -> None:
    store.block([NEW_YORK], "acme", 5, "asked for it", "lucia")
    assert store.unblock([NEW_YORK, CHICAGO], "acme", 9, "a mistake", "marta") == 1
    assert not store.is_blocked(NEW_YORK, ("acme",))
    assert store.removals(NEW_YORK) == [
        Unblocked(NEW_YORK, "acme", 9, "a mistake", "marta", 5, "asked for it", "lucia")
    ]


@pytest.mark.parametrize("name", ["", "Acme", "a b", "../x", "x" * 65, "a'; DROP TABLE blocked"])
def test_a_list_s_name_is_plain(store: ContactStore, name: str) -> None:
    with pytest.raises(ValueError, match="is no name of a list"):
        store.block([NEW_YORK], name, 5, "", "lucia")


@pytest.mark.parametrize("number", ["", "112", "2125550100", "+1212555010x", "+0123456789", "+1" * 20])
def test_what_is_no_number_is_refused(store: ContactStore, number: str) -> None:
    with pytest.raises(ValueError, match="is no number"):
        store.block([number], "acme", 5, "", "lucia")
