"""The campaigns' desk, with a real store: contacts come and go, nobody is dialled twice, whatever ends when."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ccd.core.dialer import abandon
from ccd.daemon import barrier, campaign_desk
from ccd.model.command import Ask, BlockNumber
from ccd.model.event import Answered, AnyEvent, LegAnswered, LegHungUp
from ccd.model.fact import AttemptBegan, AttemptEnded, ContactForbidden
from ccd.model.ids import SECOND, CallId, Endpoint, QuestionId
from ccd.model.question import NextContacts
from ccd.switch.grammar import Grammar
from tests.core.dialer.calling import HOUR, SPRING, rules
from tests.daemon.shop import FIRST, Shop
from tests.io.contacts import numbered
from tests.io.contacts import rules as contact_rules

NOT_HARD = rules(cap=abandon.Rules(is_hard=False))
"""What nobody knows counts as abandoned, and ends a campaign with a hard cap."""


def number(place: int) -> str:
    """Of the contact at this place of the list."""
    return f"+{int(FIRST) + place}"


async def test_contacts_are_dialled_and_what_became_of_them_is_in_the_store(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    await shop.open(30)
    await shop.has(2)
    assert all(entries >= shop.journal.sequence - 2 for message, entries in shop.wire.written[-2:]), "journal first"
    for place in range(10):
        shop.hang_up(shop.lines()[place].leg)
        await shop.has(place + 3)
    assert shop.numbers() == [number(place) for place in range(12)]
    attempts = await shop.stored(lambda store: list(store.attempts(SPRING)))
    assert Counter(attempt.outcome for attempt in attempts) == {"busy": 10, None: 2}
    await shop.kill()


async def test_a_dial_that_never_left_is_told_as_lost_and_not_made_again(tmp_path: Path) -> None:
    """Killed between the journal's write and the disk's word."""
    shop = Shop(tmp_path, campaign=NOT_HARD)
    shop.disk.may_go.clear()
    await shop.open(30)
    await shop.until(lambda: len(shop.campaign.attempts) == 2)
    await shop.kill()
    assert shop.lines() == []

    after = Shop(tmp_path, campaign=NOT_HARD)
    assert after.recovered is not None
    after.begin()
    held = [standing.leg for standing in after.ledger.standings() if standing.is_dialled and "ccd-" in standing.leg]
    assert len(held) == 2
    grammar = Grammar.going_on(after.ledger.legs)
    for leg in held:  # what the drivers tell of legs that the switch does not have (tests of recall)
        end = LegHungUp(leg, 0, "switch")
        grammar.happened(end)
        after.pump.feed(end)
    await after.has(2)
    assert after.numbers() == [number(2), number(3)]
    attempts = await after.stored(lambda store: list(store.attempts(SPRING)))
    assert [(attempt.number, attempt.outcome) for attempt in attempts] == [
        (number(0), "lost"),
        (number(1), "lost"),
        (number(2), None),
        (number(3), None),
    ]
    await after.kill()


@pytest.mark.parametrize("is_told", [True, False])
async def test_nobody_is_dialled_twice_and_nobody_lost_over_many_kills(tmp_path: Path, is_told: bool) -> None:
    """What the store was told, and what it was not, when the daemon died."""
    numbers: list[str] = []
    shop = Shop(tmp_path)
    await shop.open(25)
    for _ in range(5):
        await shop.has(2)
        for dial in shop.lines():
            shop.hang_up(dial.leg)
        await shop.has(4)
        numbers += shop.numbers()
        await shop.kill(is_told=is_told)
        shop = Shop(tmp_path)
        assert shop.recovered is not None
        shop.begin()
        for standing in shop.ledger.standings():
            shop.pump.feed(LegHungUp(standing.leg, 17))
    assert len(numbers) == 20
    await shop.has(2)
    for dial in shop.lines():
        shop.hang_up(dial.leg)
    await shop.has(4)
    for dial in shop.lines()[2:]:
        shop.hang_up(dial.leg)
    await shop.has(5)
    shop.hang_up(shop.lines()[-1].leg)
    assert sorted(numbers + shop.numbers()) == [number(place) for place in range(25)]
    counts = await shop.stored(lambda store: store.counts(SPRING, shop.clock.time))
    assert (counts.taken, counts.dialling, counts.due, counts.waiting) == (0, 0, 0, 25)
    await shop.kill()


async def test_a_daemon_that_knows_nothing_learns_where_the_campaign_stood(tmp_path: Path) -> None:
    shop = Shop(tmp_path, campaign=NOT_HARD)
    await shop.open(30)
    await shop.has(2)
    shop.pump.feed(LegAnswered(shop.lines()[0].leg))
    await shop.kill(is_told=False)
    for snap in (tmp_path / "journal" / "snapshots").iterdir():
        snap.unlink()

    after = Shop(tmp_path, campaign=NOT_HARD, now=shop.clock.time + 5 * SECOND)
    assert after.recovered is None
    after.begin()
    await after.until(lambda: after.campaign.state == "running", "the campaign is running again")
    tally = after.campaign.cap.tally
    assert (tally.live, tally.abandoned) == (2, 2), "the worst is taken for what nobody saw"
    ended = [fact for fact in after.facts if isinstance(fact, AttemptEnded)]
    assert {fact.outcome for fact in ended} == {"lost"}
    assert [fact.next_at - after.clock.time for fact in ended] == [24 * HOUR] * 2
    await after.until(lambda: after.campaigns.desk.counts)
    counts = await after.stored(lambda store: store.counts(SPRING, after.clock.time))
    assert (counts.taken, counts.dialling, counts.due, counts.waiting) == (len(after.campaign.at_hand), 0, 18, 20)
    await after.kill()


async def test_attempts_that_the_journal_does_not_know_are_over(tmp_path: Path) -> None:
    """The machine went down: the store was on its disk, the journal's end was not."""
    shop = Shop(tmp_path)
    await shop.open(3)
    await shop.has(2)
    third = shop.campaign.at_hand[0]
    stray = AttemptBegan(SPRING, third.id, CallId("stray"), third.number, 0, 1, Endpoint("PJSIP/out"), "", ())
    await shop.stored(lambda store: store.apply([(stray, shop.clock.time)]))
    await shop.kill()
    after = Shop(tmp_path)
    after.begin()
    await after.until(lambda: after.campaigns.desk.counts)
    attempts = await after.stored(lambda store: list(store.attempts(SPRING)))
    assert {attempt.call: attempt.outcome for attempt in attempts}[CallId("stray")] == "lost"
    assert [attempt.outcome for attempt in attempts if attempt.call != "stray"] == [None, None]
    await after.kill()


# --- numbers that are not to be called


async def test_who_says_so_is_not_dialled(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    await shop.open(6)
    await shop.has(2)
    shop.campaigns.desk.block(BlockNumber(number(2), "global", CallId("c")))
    shop.campaigns.desk.block(BlockNumber(number(3), "another list", CallId("c")))
    await asyncio.sleep(0)
    shop.hang_up(shop.lines()[0].leg)
    await shop.has(3)
    assert shop.numbers()[2] == number(3)
    assert [fact.number for fact in shop.facts if isinstance(fact, ContactForbidden)] == [number(2)]
    assert await shop.stored(lambda store: store.is_blocked(number(2), ["global"]))
    await shop.kill()


async def test_who_said_so_when_the_daemon_died_is_not_dialled_either(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    await shop.open(6)
    await shop.has(2)
    command = BlockNumber(number(2), "global", CallId("c"))
    shop.ledger._remember(command, shop.clock.time)
    told = tuple(shop.ledger.of_contacts)
    await shop.kill()
    after = Shop(tmp_path)
    after.begin()
    after.campaigns.desk._tell_again(told)
    assert await after.stored(lambda store: store.is_blocked(number(2), ["global"]))
    assert number(2) not in [contact.number for contact in after.campaign.at_hand]
    await after.kill()


# --- questions


class Asked:
    """A desk whose answers are kept, beside an engine that does not ask."""

    def __init__(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shop = shop
        self.answers: list[Answered] = []
        monkeypatch.setattr(shop.campaigns.desk, "_feed", self.take)

    def take(self, event: AnyEvent) -> None:
        assert isinstance(event, Answered)
        self.answers.append(event)

    async def ask(self, within: int = SECOND) -> Answered:
        """For two contacts."""
        count = len(self.answers)
        question = NextContacts(SPRING, 2)
        self.shop.campaigns.desk(Ask(QuestionId(str(count)), question, self.shop.clock.time + within))
        await self.shop.until(lambda: len(self.answers) > count)
        return self.answers[-1]


@pytest.fixture
async def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    shop = Shop(tmp_path)
    shop.begin()
    await shop.until(shop.campaigns.desk._known.is_set)
    await shop.stored(lambda store: store.add(SPRING, numbered(FIRST, 10)))
    return Asked(shop, monkeypatch)


async def test_contacts_that_come_too_late_go_back(asked: Asked) -> None:
    assert (await asked.ask(within=0)).value is None
    counts = await asked.shop.stored(lambda store: store.counts(SPRING, asked.shop.clock.time))
    assert (counts.taken, counts.waiting) == (0, 10)
    batch = (await asked.ask()).value
    assert [contact.number for contact in batch.contacts] == [number(0), number(1)]  # type: ignore[union-attr]


async def test_contacts_that_nobody_has_go_back_within_a_minute(asked: Asked) -> None:
    await asked.ask()
    await asked.shop.campaigns.desk._look_at_all()
    counts = await asked.shop.stored(lambda store: store.counts(SPRING, asked.shop.clock.time))
    assert (counts.taken, counts.waiting) == (0, 10)


async def test_no_contacts_for_dials_that_could_not_leave_and_it_is_told_once(asked: Asked) -> None:
    with capture_logs() as logs:
        asked.shop.journal.failure = "No space left on device"
        assert (await asked.ask()).value is None
        assert (await asked.ask()).value is None
        asked.shop.journal.failure = ""
        assert (await asked.ask()).value is not None
    assert [entry["event"] for entry in logs] == ["no contacts are given", "contacts are given again"]


async def test_no_contacts_while_the_store_is_behind(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked.shop.campaigns.follower, "failure", "the disk is full")
    assert (await asked.ask()).value is None


async def test_a_campaign_without_rules_has_no_contacts(asked: Asked) -> None:
    asked.shop.campaigns.desk.take({})
    assert (await asked.ask()).value is None


async def test_a_campaign_that_comes_back_is_not_dialled_before_its_standing_is_known(asked: Asked) -> None:
    desk = asked.shop.campaigns.desk
    desk.take({})
    desk.take({SPRING: contact_rules(campaign=SPRING)})
    assert desk._restoring == {SPRING}
    assert "not known" in desk._reason(SPRING)
    await asked.shop.until(lambda: not desk._restoring)
    assert (await asked.ask()).value is not None


async def test_a_full_disk_ends_dials_and_gives_no_contacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(barrier, "REFUSAL_TIME", 0.02)
    monkeypatch.setattr(campaign_desk, "AGAIN", 0.01)
    shop = Shop(tmp_path, campaign=rules(retry={}))
    await shop.open(20, disk=OSError(28, "No space left on device"))
    await shop.has(2)
    ended = [fact for fact in shop.facts if isinstance(fact, AttemptEnded)]
    assert [(fact.outcome, fact.cause) for fact in ended] == [("congested", barrier.CONGESTION)] * 2
    await shop.kill()
