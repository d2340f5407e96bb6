"""A campaign on virtual time: a list of contacts, the people behind it, and the engine that the daemon runs.

The list does what the contact store does: it gives contacts that are due, and follows the facts.
"""

from collections.abc import Iterable
from functools import partial
from heapq import heappop, heappush
from random import Random
from typing import Any

from msgspec import Struct

from ccd.core.configuration import Configuration
from ccd.core.dialer import at_hand
from ccd.model.campaign import AttemptOutcome, Batch, Contact
from ccd.model.command import Ask, BlockNumber
from ccd.model.event import Answered, CampaignRequested, NumberBlocked
from ccd.model.fact import (
    AnyFact,
    AttemptBegan,
    AttemptEnded,
    ContactForbidden,
    ContactReturned,
)
from ccd.model.ids import MILLISECOND, SECOND, CampaignId, ContactId, LegId, Length, Moment
from ccd.model.question import AnswerValue, AnyQuestion, NextContacts
from ccd.simulation.distribution import Distribution, exponential, fixed, lognormal
from ccd.simulation.ledger import Ledger
from ccd.simulation.profile import Profile
from ccd.simulation.world import World
from ccd.switch.simulated.people import AnySight, HangsUp, Hears, Over, PicksUp, Presses, Rejects, Rings, Talks

BUSY, DECLINED, NOT_FOUND, CONGESTED = 486, 603, 404, 503
FOR_EVER: Moment = 1 << 60
ASIDE: Length = 60 * SECOND
"""A contact that was given back is not given again at once."""


class People(Struct, frozen=True):
    """How those behave who are dialled; the rates are shares of dials, what is left of them rings out."""

    answer_rate: float = 0.3
    busy_rate: float = 0.1
    refuse_rate: float = 0.02
    unknown_rate: float = 0.02
    congestion_rate: float = 0.0
    answer_time: Distribution = lognormal(12, 0.5)
    busy_time: Distribution = fixed(2)
    talk_time: Distribution = lognormal(120, 0.9)
    machine_rate: float = 0.0
    """Of those who answer: a machine, with which an agent has done soon."""
    machine_time: Distribution = fixed(3)
    patience: Distribution = exponential(8)
    """Of one who hears nothing, or a message, from the answer on."""
    opt_out_rate: float = 0.1
    """Who presses the key when he is offered it."""


class Entry(Struct):
    """A contact of the list."""

    contact: Contact
    due_at: Moment
    is_taken: bool = False
    is_done: bool = False
    dials: int = 0
    outcomes: list[AttemptOutcome] = []


class ContactList:
    """Of one campaign; what is due first is given first."""

    def __init__(self, contacts: Iterable[Contact], now: Moment) -> None:
        self.entries = {contact.id: Entry(contact, now) for contact in contacts}
        self.blocked: set[str] = set()
        self._due: list[tuple[Moment, ContactId]] = [(now, contact) for contact in self.entries]

    def give(self, count: int, now: Moment) -> Batch:
        """Who is due; none of them twice."""
        given: list[Contact] = []
        due = self._due
        while due and len(given) < count and due[0][0] <= now:
            moment, contact_id = heappop(due)
            entry = self.entries[contact_id]
            if entry.is_taken or entry.is_done or entry.due_at != moment:
                continue
            if entry.contact.number in self.blocked:
                entry.is_done = True
                continue
            entry.is_taken = True
            given.append(entry.contact)
        return Batch(tuple(given), due[0][0] if due else 0)

    def apply(self, fact: AnyFact, now: Moment) -> None:
        """What is told of a contact."""
        match fact:
            case AttemptBegan():
                entry = self.entries[fact.contact]
                entry.dials += 1
                entry.contact = changed(entry.contact, attempts=entry.contact.attempts + 1)
            case AttemptEnded():
                entry = self.entries[fact.contact]
                entry.outcomes.append(fact.outcome)
                entry.contact = changed(entry.contact, number_index=fact.next_index, locked_until=fact.locked_until)
                self._again(entry, fact.next_at)
            case ContactReturned():
                self._again(self.entries[fact.contact], now + ASIDE)
            case ContactForbidden():
                self._again(self.entries[fact.contact], 0 if fact.is_final else now + ASIDE)

    def reconcile(self, held: set[ContactId], now: Moment) -> None:
        """A new daemon knows of these."""
        for contact_id, entry in self.entries.items():
            if entry.is_taken and contact_id not in held:
                self._again(entry, now)

    def _again(self, entry: Entry, due_at: Moment) -> None:
        entry.is_taken, entry.is_done, entry.due_at = False, not due_at, due_at
        if due_at:
            heappush(self._due, (due_at, entry.contact.id))


def changed(contact: Contact, **fields: Any) -> Contact:
    """The contact with other values."""
    values = {name: getattr(contact, name) for name in Contact.__struct_fields__}
    return Contact(**{**values, **fields})


class CampaignWorld(World):
    """A world in which a campaign is started as soon as its agents are there, and stopped at the end of the day. Every
    `resumed_every` somebody looks whether its cap has stopped it.
    """

    resumed_every: Length = 300 * SECOND

    def __init__(
        self,
        configuration: Configuration,
        profile: Profile,
        seed: int,
        contacts: Iterable[Contact],
        people: People,
        **settings: Any,
    ) -> None:
        super().__init__(configuration, profile, seed, **settings)
        self.campaign: CampaignId = next(iter(configuration.campaigns))
        self.list = ContactList(contacts, self.now)
        self.people = people
        self.dialled: dict[LegId, Random] = {}
        """Who was dialled and is still there."""
        self._market = Random(f"{seed}/people")
        self.after(5 * SECOND, lambda: self.request(CampaignRequested, self.campaign, "start"))
        self.at(self.until, lambda: self.request(CampaignRequested, self.campaign, "stop"))

        self.after(self.resumed_every, self._resumes)

    def _resumes(self) -> None:
        """Somebody looks at a campaign that its cap has stopped."""
        if self.engine.floor.campaigns[self.campaign].cap.is_stopped:
            self.request(CampaignRequested, self.campaign, "resume")
        if self.now + self.resumed_every < self.until:
            self.after(self.resumed_every, self._resumes)

    # --- the list

    def answer(self, what: AnyQuestion) -> AnswerValue:
        if isinstance(what, NextContacts):
            return self.list.give(what.count, self.now)
        return super().answer(what)

    def ask(self, ask: Ask) -> None:
        """Nobody hears what was found for a daemon that has died, or after the deadline."""
        if isinstance(ask.what, NextContacts) and ask.deadline > self.now and not self.trouble.has_no_record():
            asker, answer = self.ledger, Answered(ask.question, self.answer(ask.what))
            self.after(2 * MILLISECOND, lambda: self.tell(answer) if self.ledger is asker else None)
        elif not isinstance(ask.what, NextContacts):
            super().ask(ask)

    def noted(self, fact: AnyFact, now: Moment) -> None:
        super().noted(fact, now)
        self.list.apply(fact, now)

    def block(self, command: BlockNumber) -> None:
        self.list.blocked.add(command.number)
        self.request(NumberBlocked, command.number, (self.campaign,))

    def reborn(self, ledger: Ledger) -> None:
        super().reborn(ledger)
        campaign = ledger.engine.floor.campaigns[self.campaign]
        self.list.reconcile(set(at_hand.held(campaign)), self.now)

    # --- the people

    def notice(self, sight: AnySight) -> None:
        if isinstance(sight, Rings) and sight.number:
            self._rings(sight)
        elif sight.leg in self.dialled:
            self._notices(sight, self.dialled[sight.leg])
        else:
            super().notice(sight)

    def _rings(self, sight: Rings) -> None:
        people, leg = self.people, sight.leg
        random = self.dialled[leg] = Random(self._market.getrandbits(32))
        luck = random.random()
        for rate, code in (
            (people.busy_rate, BUSY),
            (people.refuse_rate, DECLINED),
            (people.unknown_rate, NOT_FOUND),
            (people.congestion_rate, CONGESTED),
        ):
            if luck < rate:
                self.after(people.busy_time.draw(random), partial(self.act, Rejects(leg, code)))
                return
            luck -= rate
        if luck < people.answer_rate:
            self.after(people.answer_time.draw(random), lambda: self._picks_up(leg, random))

    def _picks_up(self, leg: LegId, random: Random) -> None:
        if leg in self.dialled:
            self.act(PicksUp(leg))
            self.after(self.people.patience.draw(random), lambda: self._loses_patience(leg))

    def _loses_patience(self, leg: LegId) -> None:
        if leg in self.dialled and not self._is_talking(leg):
            self.act(HangsUp(leg))

    def _is_talking(self, leg: LegId) -> bool:
        known = self.engine.floor.legs.get(leg)
        return known is not None and known.state == "bridged"

    def _notices(self, sight: AnySight, random: Random) -> None:
        leg, people = sight.leg, self.people
        match sight:
            case Hears() if sight.until_digit and random.random() < people.opt_out_rate:
                self.after(int(random.random() * SECOND) + 300 * MILLISECOND, lambda: self._presses(leg))
            case Talks():
                who = leg if random.random() < 0.5 else sight.other
                is_machine = random.random() < people.machine_rate
                length = (people.machine_time if is_machine else people.talk_time).draw(random)
                self.after(length, lambda: self.act(HangsUp(who)))
            case Over():
                del self.dialled[leg]

    def _presses(self, leg: LegId) -> None:
        if leg in self.dialled:
            self.act(Presses(leg, "9"))
