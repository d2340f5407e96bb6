"""The campaigns' door over a real store: contacts, lists, files, the report; and what the engine hears of it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ccd.daemon.campaign_centre import CampaignCentre, Place
from ccd.daemon.errands import Errands
from ccd.daemon.follower import AwayError
from ccd.io.contact_store import ContactStore
from ccd.model.campaign import CallingHours, ContactRules
from ccd.model.campaign_view import ImportView
from ccd.model.fact import AttemptAnswered, AttemptConnected, AttemptEnded, CallsPlaced
from ccd.model.ids import SECOND, AgentId, CallId, CampaignId, ContactId, Endpoint, Moment
from ccd.web.campaign_desk import BusyError, Change, NotAdded, WantedContact
from ccd.web.centre import UnavailableError
from tests.core.dialer.calling import SPRING, Calling, contact, rules
from tests.io.contacts import BERLIN, MADRID, NOON, began

ALWAYS = CallingHours("site", ("+",), (((0, 1440),),) * 7)
RULES = {SPRING: ContactRules(SPRING, (ALWAYS,), ("global", "own"), 8, 3)}
EVA, PIA = WantedContact(("030 23125000",), "k1", "Eva"), WantedContact((MADRID, "+34912345001"), priority=9)


class House:
    """What a daemon has around the door."""

    def __init__(self, folder: Path) -> None:
        self.store = ContactStore(folder / "contacts.sqlite")
        self.engine = Calling(rules())
        self.is_away = False
        self.heard: list[tuple[Any, ...]] = []
        self.errands = Errands()
        self.centre = CampaignCentre(
            self.engine.engine.floor,
            folder,
            folder / "contacts.sqlite",
            self.stored,
            self.errands,
            rules=lambda: RULES,
            place=lambda: Place("DE", "Europe/Berlin", ("global", "others")),
            now=lambda: NOON,
            changed=lambda campaign, by: self.heard.append((campaign, by)),
            blocked=lambda numbers, name, by: self.heard.append((list(numbers), name, by)),
        )
        self.centre.uploads.tidy()

    async def stored(self, work: Callable[[ContactStore], Any]) -> Any:
        if self.is_away:
            raise AwayError("no disk")
        return work(self.store)

    async def add(self, *contacts: WantedContact) -> list[ContactId]:
        assert (await self.centre.add(SPRING, contacts, "sofia")).added == len(contacts)
        return [ContactId(str(number + 1)) for number in range(len(contacts))]

    async def brought(self, kind: Any, target: str, *pieces: bytes) -> ImportView:
        upload = await self.centre.upload(kind, target, "sofia")
        for piece in pieces:
            await upload.write(piece)
        view = await upload.finish()
        await upload.discard()
        while (found := self.centre.file(view.id)) is not None and not found.ended_at:  # noqa: ASYNC110  # a process
            await asyncio.sleep(0.01)
        assert found is not None
        return found


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    yield made
    await made.errands.close()
    await made.centre.uploads.close()
    made.store.close()


async def test_contacts_are_added_as_people_write_them(house: House) -> None:
    nonsense = WantedContact(("112",))
    added = await house.centre.add(SPRING, [nonsense, EVA, EVA, PIA], "sofia")
    assert (added.added, added.duplicates) == (2, 1)
    assert added.wrong[0] == NotAdded(0, "112 is no telephone number")
    (found,) = await house.centre.find(SPRING, "+49 30 23125000")
    assert (found.numbers, found.key, found.name, found.zone) == ((BERLIN,), "k1", "Eva", "Europe/Berlin")
    assert (await house.centre.counts(SPRING)).waiting == 2
    assert await house.centre.find(SPRING, "nonsense") == []


async def test_a_blocked_number_is_not_added(house: House) -> None:
    blocked = await house.centre.block("own", ["030 23125000", BERLIN, "x"], "asked us", "sofia")
    assert (blocked.added, blocked.wrong) == ((BERLIN,), (NotAdded(2, "x is no telephone number"),))
    assert (await house.centre.block("own", [BERLIN], "", "sofia")).added == ()
    added = await house.centre.add(SPRING, [EVA], "sofia")
    assert (added.added, added.blocked) == (0, 1)
    number, lists = await house.centre.blocks("030 23125000")
    assert (number, [(one.list, one.reason, one.by) for one in lists]) == (BERLIN, [("own", "asked us", "sofia")])
    assert await house.centre.unblock("own", BERLIN, "root")
    assert not await house.centre.unblock("own", BERLIN, "root")
    assert await house.centre.blocks("x") == ("", ())
    assert house.centre.lists() == {"global": (SPRING,), "others": (), "own": (SPRING,)}


async def test_a_contact_is_changed(house: House) -> None:
    eva, pia = await house.add(EVA, PIA)
    changed = await house.centre.change(eva, Change(priority=50, due_at=NOON + 1))
    assert changed is not None
    assert (changed.priority, changed.due_at) == (50, NOON + 1)
    promised = await house.centre.call_back(pia, NOON + SECOND, AgentId("anna"))
    assert promised is not None
    assert (promised.is_call_back, promised.agent, promised.due_at) == (True, "anna", NOON + SECOND)
    assert await house.centre.change(ContactId("99"), Change(done=True)) is None
    assert await house.centre.call_back(ContactId("x"), NOON, AgentId("")) is None
    house.store.next_contacts(RULES[SPRING], 5, NOON + 1)
    with pytest.raises(BusyError):
        await house.centre.remove(eva)
    assert await house.centre.remove(pia)


async def test_an_attempt_and_the_report_of_it(house: House) -> None:
    (eva,) = await house.add(EVA)
    (given,) = house.store.next_contacts(RULES[SPRING], 1, NOON).contacts
    house.store.apply(dial(given, CallId("c1")))
    attempt = await house.centre.attempt(CallId("c1"))
    assert attempt is not None
    assert (attempt.outcome, attempt.agent, attempt.connected_at) == ("talked", "anna", NOON + 6 * SECOND)
    view = await house.centre.contact(eva)
    assert view is not None
    assert ([one.call for one in view.attempts], view.state, view.result) == (["c1"], "done", "talked")
    report = await house.centre.report(SPRING, NOON - 3_600 * SECOND, NOON + 3_600 * SECOND)
    assert (report.total.dials, report.total.live, report.total.talked, report.longest_wait) == (1, 1, 1, SECOND)
    assert (report.zone, report.outcomes) == ("Europe/Berlin", {"talked": 1})
    assert (await house.centre.report(SPRING, 0, 0)).began <= NOON


def dial(given: Any, call: CallId) -> list[tuple[Any, Moment]]:
    return [
        (began(given, call=call), NOON),
        (AttemptAnswered(SPRING, given.id, call, "person"), NOON + 5 * SECOND),
        (AttemptConnected(SPRING, given.id, call, AgentId("anna")), NOON + 6 * SECOND),
        (AttemptEnded(SPRING, given.id, call, "talked", agent=AgentId("anna")), NOON + 60 * SECOND),
    ]


async def test_whoever_is_forgotten_is_no_contact_any_more(house: House) -> None:
    (eva, pia) = await house.add(EVA, PIA)
    assert await house.centre.forget([BERLIN, "+493023125999"]) == 1
    assert await house.centre.contact(eva) is None
    assert await house.centre.contact(pia) is not None


async def test_an_attempt_that_runs_is_known_before_it_is_written(house: House) -> None:
    house.engine.start(contact("c1"))
    (call,) = house.engine.campaign.attempts
    attempt = await house.centre.attempt(call)
    assert attempt is not None
    assert (attempt.contact, attempt.trunk) == ("c1", Endpoint("PJSIP/out"))
    assert await house.centre.attempt(CallId("none")) is None


async def test_the_last_decisions_are_remembered(house: House) -> None:
    house.engine.start(contact("c1"))
    house.centre(tuple(house.engine.of(CallsPlaced)), NOON)
    (placed,) = house.centre.placed(SPRING)
    assert placed.allowed == 1
    assert house.centre.changes(SPRING) == ()
    assert [view.id for view in house.centre.campaigns()] == [SPRING]
    assert house.centre.campaign(CampaignId("none")) is None


async def test_a_file_of_contacts_comes_in(house: House, tmp_path: Path) -> None:
    rows = b"number;name;tier\n030 23125000;Eva;gold\n", b"x;Nobody;\n030 23125000;Eva again;\n"
    view = await house.brought("contacts", SPRING, *rows)
    assert (view.state, view.rows, view.added, view.duplicates, view.wrong) == ("done", 3, 1, 1, 1)
    assert view.size == view.done == len(b"".join(rows))
    assert house.heard == [(SPRING, "sofia")]
    errors = house.centre.wrong_rows(view.id)
    assert errors is not None
    assert "Nobody" in errors.read_text()
    assert [file.suffixes for file in errors.parent.iterdir()] == [[".errors", ".csv"]]
    (found,) = await house.centre.find(SPRING, BERLIN)
    assert (found.name, found.fields) == ("Eva", {"tier": "gold"})


async def test_a_file_of_numbers_stops_those_at_hand(house: House) -> None:
    house.engine.start(contact("c1"), contact("c2"))
    view = await house.brought("do_not_call", "own", b"number\n+34612340002\n+34612349999\n")
    assert (view.state, view.added) == ("done", 2)
    assert house.heard == [(["+34612340002"], "own", "sofia")]
    assert house.centre.wrong_rows(view.id) is not None


async def test_a_file_that_is_no_list_fails_with_its_reason(house: House) -> None:
    view = await house.brought("contacts", SPRING, b"first,second\n1,2\n")
    assert (view.state, view.added) == ("failed", 0)
    assert view.reason
    assert house.heard == []
    errors = house.centre.wrong_rows(view.id)
    assert errors is not None
    assert errors.exists()


async def test_what_did_not_come_to_its_end_leaves_nothing(house: House, tmp_path: Path) -> None:
    for _ in range(10):
        upload = await house.centre.upload("contacts", SPRING, "sofia")
        await upload.write(b"number\n")
        await upload.discard()
    assert list((tmp_path / "imports").iterdir()) == []


async def test_too_many_files_at_once_are_refused(house: House) -> None:
    coming = [await house.centre.upload("contacts", SPRING, "sofia") for _ in range(4)]
    with pytest.raises(BusyError):
        await house.centre.upload("contacts", SPRING, "sofia")
    await coming[0].discard()
    coming[0] = await house.centre.upload("contacts", SPRING, "sofia")
    for one in coming:
        await one.discard()


async def test_a_daemon_that_ends_ends_its_errands(house: House, tmp_path: Path) -> None:
    rows = b"".join(b"+4930%08d\n" % number for number in range(20_000_000, 20_200_000))
    upload = await house.centre.upload("contacts", SPRING, "sofia")
    await upload.write(b"number\n" + rows)
    view = await upload.finish()
    await asyncio.sleep(0)
    await house.errands.close()
    await house.centre.uploads.close()
    ended = house.centre.file(view.id)
    assert ended is not None
    assert ended.state in ("failed", "waiting")
    with pytest.raises(BusyError):
        await house.centre.upload("contacts", SPRING, "sofia")


async def test_what_a_former_daemon_left_goes(house: House, tmp_path: Path) -> None:
    (tmp_path / "imports" / "old.csv").write_text("number\n")
    house.centre.uploads.tidy()
    assert list((tmp_path / "imports").iterdir()) == []


async def test_a_store_that_is_away_is_told_so(house: House) -> None:
    house.is_away = True
    asked: Sequence[Callable[[], Any]] = (
        lambda: house.centre.counts(SPRING),
        lambda: house.centre.contact(ContactId("1")),
        lambda: house.centre.report(SPRING, 0, 0),
        lambda: house.centre.block("own", [BERLIN], "", "sofia"),
    )
    for ask in asked:
        with pytest.raises(UnavailableError):
            await ask()
