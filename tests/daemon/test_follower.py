"""The contact store and the compliance log follow: in order, once, and again when the disk is well."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from ccd.daemon import follower
from ccd.daemon.follower import BEHIND, STORE, AwayError, Follower
from ccd.io.compliance_export import verify
from ccd.io.compliance_log import FOLDER, log_files
from ccd.io.contact_store import ContactStore
from ccd.model.campaign import Contact
from ccd.model.command import BlockNumber
from ccd.model.fact import AgentHeld, AttemptBegan, AttemptEnded, DispositionSet
from ccd.model.ids import SECOND, AgentId, CallId
from tests.io.contacts import NEW_YORK, NOON, SPRING, began, ended, numbered, rules


class House:
    """A follower whose clock and fence are set by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = NOON
        self.is_master = True
        self.settled = 0
        self.follower = Follower(folder, lambda: self.now, settle=self.settle, may_write=lambda: self.is_master)

    def settle(self) -> bool:
        self.settled += 1
        return True

    async def given(self, count: int) -> tuple[Contact, ...]:
        """So many new contacts, taken."""

        def take(store: ContactStore) -> tuple[Contact, ...]:
            store.add(SPRING, numbered(NEW_YORK, count))
            return store.next_contacts(rules(), count, self.now).contacts

        return await self.follower.stored(take)

    async def attempts(self) -> dict[str, Any]:
        """Outcomes by call."""
        found = await self.follower.stored(lambda store: list(store.attempts(SPRING)))
        return {attempt.call: attempt.outcome for attempt in found}

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not holds():  # noqa: ASYNC110 - a thread tells nobody
                await asyncio.sleep(0.005)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    yield made
    await made.follower.close()


async def test_nothing_is_made_where_nothing_is_said(tmp_path: Path) -> None:
    made = House(tmp_path)
    made.follower.start()
    made.follower((AgentHeld(AgentId("anna"), SPRING),), NOON)
    await asyncio.sleep(0.1)
    await made.follower.close()
    assert os.listdir(tmp_path) == []


async def test_facts_are_folded_soon_and_in_order(house: House) -> None:
    contacts = await house.given(20)
    house.follower.start()
    dials = [began(contact) for contact in contacts]
    for place, dial in enumerate(dials):
        house.follower((dial,), NOON + place)
        house.follower((ended(dial, "busy", NOON + SECOND),), NOON + place)
    await house.until(lambda: not house.follower.backlog)
    assert await house.attempts() == {dial.call: "busy" for dial in dials}
    assert verify(log_files(house.folder / FOLDER)[0]).lines == 40


async def test_what_is_asked_comes_behind_what_was_said(house: House) -> None:
    (contact,) = await house.given(1)
    dial = began(contact)
    house.follower((dial,), NOON)
    settled = house.settled
    assert await house.attempts() == {dial.call: None}
    assert house.settled > settled, "what the pump had not told yet is in it as well"


async def test_a_number_is_blocked_in_its_turn(house: House) -> None:
    (contact,) = await house.given(1)
    house.follower.tell(BlockNumber(contact.number, "global", CallId("c")), NOON)
    (found,) = await house.follower.stored(lambda store: store.look_up(contact.number))
    assert (found.list, found.at, found.by) == ("global", NOON, "c")


async def test_a_fault_of_ours_in_one_fact_does_not_hold_up_the_others(house: House) -> None:
    one, two = await house.given(2)
    dial = began(two)
    odd = AttemptBegan(SPRING, one.id, CallId("odd"), one.number, 0, 1 << 80, dial.trunk, "", ())
    house.follower.tell(BlockNumber("no number", "global", CallId("c")), NOON)
    house.follower((odd, dial), NOON)
    with capture_logs() as logs:
        assert await house.attempts() == {dial.call: None}
    assert [entry["event"] for entry in logs] == ["a fact is not folded", "a number is not blocked"]
    assert not house.follower.failure


async def test_a_full_disk_is_told_once_and_all_is_written_when_it_is_well(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "AGAIN", 0.01)
    (contact,) = await house.given(1)
    house.follower.start()
    dial = began(contact)
    with capture_logs() as logs:
        with monkeypatch.context() as full:
            full.setattr(os, "fsync", lambda file: (_ for _ in ()).throw(OSError(28, "No space left on device")))
            house.follower((dial,), NOON)
            await house.until(lambda: house.follower.failure)
            assert house.follower.is_behind
            await asyncio.sleep(0.1)
            with pytest.raises(AwayError, match="No space"):
                await house.attempts()
        house.follower((ended(dial),), NOON + 1)
        await house.until(lambda: not house.follower.backlog)
    assert not house.follower.is_behind
    assert await house.attempts() == {dial.call: "no_answer"}
    assert verify(log_files(house.folder / FOLDER)[0]).lines == 2
    assert [entry["event"] for entry in logs] == [
        "the contact store cannot be written",
        "the contact store is written again",
    ]


async def test_a_store_that_cannot_be_opened_is_away(tmp_path: Path) -> None:
    (tmp_path / STORE).write_bytes(b"no database, but long enough to be looked at as one" * 100)
    made = House(tmp_path)
    with pytest.raises(AwayError, match="not a database"):
        await made.attempts()
    assert made.follower.is_behind
    await made.follower.close()


async def test_a_question_that_fails_does_not_keep_what_was_said(house: House) -> None:
    (contact,) = await house.given(1)
    dial = began(contact)
    house.follower((dial,), NOON)

    def fail(store: ContactStore) -> None:
        raise sqlite3.OperationalError("database is locked")

    with pytest.raises(AwayError, match="locked"):
        await house.follower.stored(fail)
    assert not house.follower.backlog
    assert house.follower.failure
    with pytest.raises(ZeroDivisionError):
        await house.follower.stored(lambda store: 1 // 0)
    assert await house.attempts() == {dial.call: None}
    assert not house.follower.failure


async def test_who_goes_away_leaves_the_thread_free(house: House) -> None:
    contacts = await house.given(1)
    task = asyncio.create_task(house.given(3))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    house.follower((began(contacts[0]),), NOON)
    assert len(await house.attempts()) == 1


async def test_who_may_not_be_the_master_any_more_writes_nothing(house: House) -> None:
    (contact,) = await house.given(1)
    house.is_master = False
    house.follower((began(contact),), NOON)
    with pytest.raises(AwayError, match="not sure"):
        await house.attempts()
    assert log_files(house.folder / FOLDER) == []
    house.is_master = True
    assert len(await house.attempts()) == 1


async def test_behind_by_number_and_by_age(house: House) -> None:
    (contact,) = await house.given(1)
    dial = began(contact)
    house.follower((dial,), NOON)
    assert not house.follower.is_behind
    house.now += 11 * SECOND
    assert house.follower.is_behind
    house.now = NOON
    said = tuple(DispositionSet(SPRING, contact.id, dial.call, AgentId("a"), "x", note=str(n)) for n in range(BEHIND))
    house.follower(said, NOON)
    assert house.follower.is_behind
    await house.attempts()
    assert not house.follower.is_behind


async def test_what_was_said_is_there_for_the_next_daemon(tmp_path: Path) -> None:
    first = House(tmp_path)
    first.follower.start()
    (contact,) = await first.given(1)
    dial = began(contact)
    facts = (dial, AttemptEnded(SPRING, contact.id, dial.call, "busy", 17, next_at=NOON + SECOND))
    first.follower(facts, NOON)
    await first.follower.close()
    second = House(tmp_path)
    second.follower(facts, NOON)
    assert await second.attempts() == {dial.call: "busy"}
    assert (await second.follower.stored(lambda store: store.counts(SPRING, NOON + SECOND))).due == 1
    await second.follower.close()
    assert verify(log_files(tmp_path / FOLDER)[0]).lines == 2
