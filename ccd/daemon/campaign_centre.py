"""Campaigns, contacts and do-not-call lists, as the HTTP API sees them (`ccd.web.campaign_desk.CampaignDesk`).

What is short is asked of the store behind everything that the engine said before. What takes long, a file or a report,
is another process's errand, which has the store open, too: the dialler waits for a chunk at most.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

import structlog

from ccd.core import campaign_view as seen
from ccd.core.dialer.story import Stories
from ccd.core.floor import Floor
from ccd.daemon import contact_words as words
from ccd.daemon.errand import Contacts, Counting, Failed, Numbers, Report, Told
from ccd.daemon.errands import Errands
from ccd.daemon.follower import AwayError
from ccd.daemon.uploads import Uploads
from ccd.io.contact_add import NewContact
from ccd.io.contact_edit import ContactOutError
from ccd.io.contact_store import ContactStore
from ccd.io.numbering import normalise
from ccd.model.campaign import ContactRules
from ccd.model.campaign_view import (
    AttemptView,
    Blocked,
    CampaignReport,
    CampaignView,
    ChangeView,
    ContactCounts,
    ContactView,
    ImportKind,
    ImportView,
    PlacedView,
    PreviewView,
)
from ccd.model.fact import AnyFact
from ccd.model.ids import SECOND, AgentId, CallId, CampaignId, ContactId, Length, Moment
from ccd.web.campaign_desk import AddedContacts, BusyError, Change, NewlyBlocked, NotAdded, Upload, WantedContact
from ccd.web.centre import UnavailableError

FRESH: Length = 5 * SECOND
"""So old may counts be: of a million contacts they take a while."""
NO_NUMBER = "is no telephone number"
OUT = "The contact is being dialled, or is about to be; try again in a moment."
T = TypeVar("T")
log = structlog.get_logger()


class Stored(Protocol):
    """Does something with the store, in its thread, behind all that was said before. Raises AwayError."""

    async def __call__(self, work: Callable[[ContactStore], T]) -> T: ...


class Place(NamedTuple):
    """How numbers and days are read here, by a region as `DE` and a time zone as `Europe/Berlin`; all do-not-call
    lists, of campaigns or not.
    """

    region: str
    zone: str
    lists: tuple[str, ...] = ()


class CampaignCentre:
    """Called with the engine's facts, too, to remember why so many were dialled. `rules` and `place` are those of now.

    `changed` hears of campaigns that have other contacts, `blocked` of numbers that were put on a list by a file.
    """

    def __init__(
        self,
        floor: Floor,
        state: Path,
        store: Path,
        stored: Stored,
        errands: Errands,
        *,
        rules: Callable[[], Mapping[CampaignId, ContactRules]],
        place: Callable[[], Place],
        now: Callable[[], Moment],
        changed: Callable[[CampaignId, str], None],
        blocked: Callable[[Sequence[str], str, str], None],
    ) -> None:
        self.uploads = Uploads(state, self._bring, self._imported, now)
        self._floor = floor
        self._store = str(store)
        self._ask = stored
        self._errands = errands
        self._rules = rules
        self._place = place
        self._now = now
        self._changed = changed
        self._blocked = blocked
        self._stories = Stories()
        self._counts: dict[CampaignId, tuple[Moment, ContactCounts]] = {}
        self._reporting = asyncio.Lock()

    def __call__(self, facts: tuple[AnyFact, ...], at: Moment) -> None:
        """The facts of one input."""
        self._stories(facts, at)

    # --- as they stand

    def campaigns(self) -> tuple[CampaignView, ...]:
        """All."""
        return seen.campaign_views(self._floor)

    def campaign(self, campaign: CampaignId) -> CampaignView | None:
        """One."""
        return seen.campaign_view(self._floor, campaign)

    def placed(self, campaign: CampaignId) -> Sequence[PlacedView]:
        """Its last decisions that dialled."""
        return tuple(self._stories.of(campaign).placed)

    def changes(self, campaign: CampaignId) -> Sequence[ChangeView]:
        """Its last changes of state."""
        return tuple(self._stories.of(campaign).changes)

    def preview(self, agent: AgentId) -> PreviewView:
        """The contact that an agent looks at."""
        return seen.preview_view(self._floor, agent)

    async def counts(self, campaign: CampaignId) -> ContactCounts:
        """Of its contacts."""
        now = self._now()
        at, counts = self._counts.get(campaign, (0, None))
        if counts is None or at < now - FRESH:
            counts = words.counts_view(await self._stored(lambda store: store.counts(campaign, now)))
            self._counts[campaign] = now, counts
        return counts

    async def report(self, campaign: CampaignId, began: Moment, ended: Moment) -> CampaignReport:
        """The regulator's numbers. One at a time: each reads all the attempts of its period."""
        rules, now = self._floor.campaigns[campaign].rules, self._now()
        cap, zone = rules.cap, self._place().zone
        since, until = began or cap.period.begin(now), ended or now
        await self._stored(lambda store: None)  # all that was said is written
        errand = Report(self._store, campaign, rules.name, cap.law.name, cap.target, since, until, zone)
        async with self._reporting:
            told = await self._errands.send(errand)
        if isinstance(told, Counting):
            return told.report
        raise UnavailableError(f"The report was not made: {told.reason if isinstance(told, Failed) else 'no end'}.")

    # --- contacts

    async def add(self, campaign: CampaignId, contacts: Sequence[WantedContact], by: str) -> AddedContacts:
        """Those whose numbers are numbers go to the store."""
        places: list[int] = []
        new: list[NewContact] = []
        wrong: list[NotAdded] = []
        for index, one in enumerate(contacts):
            numbers = tuple(self._normalised(text) for text in one.numbers)
            if "" in numbers:
                wrong.append(NotAdded(index, f"{one.numbers[numbers.index('')]} {NO_NUMBER}"))
                continue
            places.append(index)
            unique = tuple(dict.fromkeys(numbers))
            new.append(NewContact(unique, one.key, one.name, one.fields, one.priority, one.zone, one.due_at))
        rules = words.add_rules(self._rules().get(campaign))
        added = await self._stored(lambda store: store.add(campaign, new, rules))
        self._counts.pop(campaign, None)
        return words.added_view(added, places, wrong)

    async def find(self, campaign: CampaignId, number: str) -> Sequence[ContactView]:
        """Those with this number."""
        wanted = self._normalised(number)
        found = await self._stored(
            lambda store: [store.contact(contact) for contact in store.find(campaign, wanted)] if wanted else []
        )
        return [words.contact_view(record, with_attempts=False) for record in found if record is not None]

    async def contact(self, contact: ContactId) -> ContactView | None:
        """One."""
        record = await self._stored(lambda store: store.contact(contact))
        return words.contact_view(record) if record is not None else None

    async def change(self, contact: ContactId, change: Change) -> ContactView | None:
        """As it is afterwards. Raises BusyError while it is out."""
        now = self._now()
        await self._edited(lambda store: store.change(contact, now, change.priority, change.due_at, change.done))
        return await self.contact(contact)

    async def remove(self, contact: ContactId) -> bool:
        """Out of the list. Raises BusyError while it is out."""
        return await self._edited(lambda store: store.remove(contact))

    async def call_back(self, contact: ContactId, at: Moment, agent: AgentId) -> ContactView | None:
        """Dial it then. Raises BusyError while it is dialled."""
        if await self.contact(contact) is None:
            return None
        if not await self._edited(lambda store: store.call_back(contact, at, agent)):
            raise BusyError(OUT)
        return await self.contact(contact)

    def dispositions(self, campaign: CampaignId) -> tuple[str, ...]:
        """Of its own table."""
        known = self._floor.campaigns.get(campaign)
        return tuple(known.rules.dispositions) if known is not None else ()

    async def forget(self, numbers: Sequence[str]) -> int:
        """Contacts with these numbers, and the numbers of their attempts."""
        return await self._stored(lambda store: sum(store.erase(number) for number in numbers))

    async def attempt(self, call: CallId) -> AttemptView | None:
        """One dial, and who talks in it where it runs."""
        attempt = await self._stored(lambda store: store.attempt(call))
        running = seen.attempt_view(self._floor, call)
        if attempt is None or (running is not None and running.agent and not attempt.agent):
            return running if attempt is None else words.joined(words.attempt_view(attempt), running)
        return words.attempt_view(attempt)

    # --- who is not to be called

    def lists(self) -> Mapping[str, tuple[CampaignId, ...]]:
        """All that there are, and who keeps to them."""
        found: dict[str, tuple[CampaignId, ...]] = dict.fromkeys(self._place().lists, ())
        for campaign, rules in self._rules().items():
            for name in rules.lists:
                found[name] = (*found.get(name, ()), campaign)
        return found

    async def blocks(self, number: str) -> tuple[str, tuple[Blocked, ...]]:
        """Where a number stands."""
        wanted = self._normalised(number)
        if not wanted:
            return "", ()
        found = await self._stored(lambda store: store.look_up(wanted))
        return wanted, tuple(Blocked(one.list, one.at, one.reason, one.by) for one in found)

    async def block(self, name: str, numbers: Sequence[str], reason: str, by: str) -> NewlyBlocked:
        """Those that are not there yet."""
        written = [self._normalised(text) for text in numbers]
        wrong = tuple(NotAdded(n, f"{numbers[n]} {NO_NUMBER}") for n, number in enumerate(written) if not number)
        wanted, now = [number for number in dict.fromkeys(written) if number], self._now()

        def block(store: ContactStore) -> list[str]:
            new = [number for number in wanted if not store.is_blocked(number, (name,))]
            store.block(new, name, now, reason, by)
            return new

        return NewlyBlocked(tuple(await self._stored(block)), wrong)

    async def unblock(self, name: str, number: str, by: str) -> bool:
        """Off the list."""
        wanted, now = self._normalised(number), self._now()
        return bool(wanted) and bool(
            await self._stored(lambda store: store.unblock((wanted,), name, now, "by request", by))
        )

    # --- files

    async def upload(self, kind: ImportKind, target: str, by: str) -> Upload:
        """Take a file in."""
        return await self.uploads.begin(kind, target, by)

    def file(self, number: str) -> ImportView | None:
        """How far it is."""
        return self.uploads.view(number)

    def wrong_rows(self, number: str) -> Path | None:
        """What could not be taken."""
        return self.uploads.errors(number)

    async def _bring(self, view: ImportView, file: Path, errors: Path, went: Callable[[int], None]) -> Told:
        return await self._errands.send(self._errand(view, str(file), str(errors)), went)

    def _errand(self, view: ImportView, file: str, errors: str) -> Contacts | Numbers:
        region = self._place().region
        if view.kind == "do_not_call":
            return Numbers(self._store, file, errors, region, view.target, self._now(), view.by)
        campaign = CampaignId(view.target)
        return Contacts(self._store, file, errors, region, campaign, words.add_rules(self._rules().get(campaign)))

    async def _imported(self, view: ImportView) -> None:
        if view.kind == "contacts":
            self._counts.pop(CampaignId(view.target), None)
            self._changed(CampaignId(view.target), view.by)
            return
        at_hand = self._at_hand()
        names = (view.target,)
        try:
            found = await self._stored(lambda store: [one for one in at_hand if store.is_blocked(one, names)])
        except UnavailableError:  # whatever is at hand is not dialled then
            found = at_hand
        self._blocked(found, view.target, view.by)

    def _at_hand(self) -> list[str]:
        """The numbers that are dialled, or would be without asking the store again."""
        numbers: dict[str, None] = {}
        for campaign in self._floor.campaigns.values():
            for contact in (*campaign.at_hand, *campaign.shown.values()):
                numbers[contact.number] = None
            for attempt in campaign.attempts.values():
                numbers[attempt.contact.number] = None
        return list(numbers)

    # --- the store's door

    def _normalised(self, text: str) -> str:
        return normalise(text, self._place().region)

    async def _edited(self, work: Callable[[ContactStore], bool]) -> bool:
        try:
            return await self._stored(work)
        except ContactOutError:
            raise BusyError(OUT) from None

    async def _stored(self, work: Callable[[ContactStore], T]) -> T:
        try:
            return await self._ask(work)
        except AwayError as error:
            log.warning("contact store away", reason=str(error))
            raise UnavailableError("The contact store is away.") from error
