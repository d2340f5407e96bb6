"""Between the engine's campaigns and the contact store: contacts out, numbers that are not to be called in, and what a
daemon that begins must know of both.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from contextlib import suppress
from functools import partial
from secrets import token_hex
from typing import Any, TypeVar

import structlog

from ccd.core.dialer import attempt
from ccd.core.dialer.at_hand import held
from ccd.core.floor import Floor
from ccd.daemon.follower import AwayError, Follower, Told
from ccd.io.contact_report import ContactCounts
from ccd.io.contact_store import ContactStore
from ccd.model.campaign import Batch, CampaignStanding, ContactRules, Counts
from ccd.model.command import Ask, BlockNumber
from ccd.model.event import Answered, AnyEvent, CampaignsRestored, NumberBlocked
from ccd.model.fact import AttemptEnded, ContactReturned
from ccd.model.ids import MILLISECOND, CampaignId, Length, Moment, RequestId
from ccd.model.question import NextContacts

MARGIN: Length = 10 * MILLISECOND
"""An answer that comes so late may find that the engine has given up waiting."""
AGAIN = 1.0
LOOK_EVERY = 60.0
NOTHING = Counts()
T = TypeVar("T")
log = structlog.get_logger()


class CampaignDesk:
    """Called with every question for contacts; the answer goes to `feed`, always, never from within the call. `trouble`
    says why nobody should be dialled now, if so.
    """

    def __init__(
        self,
        follower: Follower,
        floor: Floor,
        now: Callable[[], Moment],
        feed: Callable[[AnyEvent], None],
        trouble: Callable[[], str],
    ) -> None:
        self.rules: Mapping[CampaignId, ContactRules] = {}
        self.counts: dict[CampaignId, ContactCounts] = {}
        """Of contacts, not older than a minute."""
        self._follower = follower
        self._floor = floor
        self._now = now
        self._feed = feed
        self._trouble = trouble
        self._tasks: set[asyncio.Task[None]] = set()
        self._known = asyncio.Event()
        """Where the campaigns stood is known to the engine, but for these."""
        self._restoring: set[CampaignId] = set()
        self._told = ""

    # --- what the engine asks and says

    def __call__(self, ask: Ask) -> None:
        """Begin to find contacts."""
        assert isinstance(ask.what, NextContacts)
        self._begin(self._answer(ask, ask.what))

    def block(self, command: BlockNumber) -> None:
        """The number is not dialled any more, from this moment; it is put on the list behind what was said before."""
        self._follower.tell(command, self._now())
        self.tell_blocked((command.number,), command.list, command.call)

    def tell_blocked(self, numbers: Iterable[str], list_name: str, by: str) -> None:
        """Numbers that are on a list now; to be said once they are, or are about to be."""
        campaigns = tuple(name for name, rules in self.rules.items() if list_name in rules.lists)
        for number in numbers if campaigns else ():
            event = NumberBlocked(RequestId(token_hex(8)), by, number, campaigns)
            asyncio.get_running_loop().call_soon(self._feed, event)

    async def _answer(self, ask: Ask, what: NextContacts) -> None:
        batch = None
        with suppress(TimeoutError):
            async with asyncio.timeout((ask.deadline - self._now()) / 2e6):
                await self._known.wait()
        async with self._follower.alone():
            try:
                batch = await self._next(ask, what)
            except AwayError as error:
                self._refused(str(error))
            except Exception:
                log.exception("contacts cannot be given", campaign=what.campaign)
            # before anybody else: whoever looks for contacts that nobody has must find these with the engine
            self._feed(Answered(ask.question, batch))

    async def _next(self, ask: Ask, what: NextContacts) -> Batch | None:
        """Within the follower's `alone`."""
        rules = self.rules.get(what.campaign)
        if rules is None or self._refused(self._reason(what.campaign)):
            return None
        batch = await self._follower.run(lambda: lambda store: store.next_contacts(rules, what.count, self._now()))
        if self._now() < ask.deadline - MARGIN:
            return batch
        back = [(ContactReturned(what.campaign, one.id, "asked for too late"), self._now()) for one in batch.contacts]
        await self._follower.run(lambda: lambda store: store.apply(back))
        return None

    def _reason(self, campaign: CampaignId) -> str:
        """Why no contacts are given."""
        if not self._known.is_set() or campaign in self._restoring:
            return "where the campaigns stood is not known yet"
        if self._follower.is_behind:
            return f"the contact store is behind: {self._follower.failure or self._follower.backlog}"
        return self._trouble()

    def _refused(self, reason: str) -> bool:
        """Told when it changes."""
        if reason != self._told:
            self._told = reason
            log.warning("no contacts are given", reason=reason) if reason else log.info("contacts are given again")
        return bool(reason)

    # --- a daemon that begins

    def take(self, rules: Mapping[CampaignId, ContactRules]) -> None:
        """By what contacts are chosen from now on; to be followed by the engine's own part of the configuration."""
        new = [campaign for campaign in rules if campaign not in self.rules]
        self.rules = rules
        if self._known.is_set() and new:
            self._restoring.update(new)
            self._begin(self._restore(new))

    def go_on(self, told: Iterable[Told]) -> None:
        """The engine knows what a former daemon's knew; the store may have missed the last of it. To be said before
        the engine's questions are asked again.
        """
        known = list(self._floor.campaigns)
        self._tell_again(told)
        self._begin(self._go_on(known))

    def begin_anew(self, told: Iterable[Told]) -> None:
        """The engine knows nothing of campaigns but their rules; the journal told this of a former one."""
        self._tell_again(told)
        self._begin(self._restore_all())

    def _tell_again(self, told: Iterable[Told]) -> None:
        for at, said in told:
            self._follower.tell(said, at)
            if isinstance(said, BlockNumber):
                self.tell_blocked((said.number,), said.list, said.call)

    async def _go_on(self, known: Collection[CampaignId]) -> None:
        for campaign in known:
            await self._until_done(partial(self._end_strays, campaign))
        if new := [campaign for campaign in self._floor.campaigns if campaign not in known]:
            await self._restore(new)
        self._known.set()
        await self._look_at_all()

    async def _restore_all(self) -> None:
        await self._restore(list(self._floor.campaigns))
        self._known.set()

    async def _restore(self, campaigns: Collection[CampaignId]) -> None:
        """Where they stood, by the store; then nobody holds a contact but the engine."""
        standings = [await self._until_done(partial(self._standing, campaign)) for campaign in campaigns]
        if told := tuple(one for one in standings if one is not None and has_begun(one)):
            self._feed(CampaignsRestored(told))
        self._restoring.difference_update(campaigns)
        await self._look_at_all()

    async def _standing(self, campaign: CampaignId) -> CampaignStanding | None:
        known = self._floor.campaigns.get(campaign)
        if known is None:
            return None
        now = self._now()
        began = known.rules.cap.period.begin(now)
        return await self._follower.stored(lambda store: store.standing(campaign, began, now))

    async def _end_strays(self, campaign: CampaignId) -> None:
        """Attempts that the store knows and the engine does not: the store was on the disk, the journal's end was not.
        They never left, or nobody knows what became of them.
        """
        calls: set[str] = set()

        def begin() -> Callable[[ContactStore], CampaignStanding]:
            calls.update(self._floor.campaigns[campaign].attempts)
            return lambda store: store.standing(campaign, now, now)

        now, rules = self._now(), self._floor.campaigns[campaign].rules
        async with self._follower.alone():
            standing = await self._follower.run(begin)
        for one in standing.unknown:
            if one.call not in calls:
                log.warning("an attempt of which the journal knows nothing", campaign=campaign, call=one.call)
                at, index = attempt.next_dial(rules, one.contact, "lost", now)
                self._follower.tell(
                    AttemptEnded(campaign, one.contact.id, one.call, "lost", next_at=at, next_index=index), now
                )

    async def _until_done(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """However long the store is away."""
        while True:
            try:
                return await work()
            except AwayError:
                await asyncio.sleep(AGAIN)

    # --- now and then

    async def watch(self) -> None:
        """As long as the daemon lives."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            await self._look_at_all()

    async def _look_at_all(self) -> None:
        for campaign in list(self._floor.campaigns):
            try:
                await self._look_at(campaign)
            except AwayError:
                return
            except Exception:  # a fault of ours in one campaign does not hold up the others
                log.exception("the campaign's contacts are not looked at", campaign=campaign)

    async def _look_at(self, campaign: CampaignId) -> None:
        """Contacts that were given and that nobody has go back; how many there are of which kind."""

        def begin() -> Callable[[ContactStore], int]:
            known = self._floor.campaigns.get(campaign)
            holds = frozenset(held(known)) if known is not None else frozenset()
            return lambda store: store.reconcile(campaign, holds, now)

        now = self._now()
        async with self._follower.alone():
            lost = await self._follower.run(begin)
            self.counts[campaign] = await self._follower.run(lambda: lambda store: store.counts(campaign, now))
        if lost:
            log.info("contacts that nobody had wait again", campaign=campaign, contacts=lost)

    # --- tasks

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("a fault at the campaigns' desk", exc_info=fault)

    async def close(self) -> None:
        """What is being looked for is dropped."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def has_begun(standing: CampaignStanding) -> bool:
    """Whether there is anything to be restored."""
    return bool(standing.state != "stopped" or standing.unknown or standing.days or standing.counts != NOTHING)
