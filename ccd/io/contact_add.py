"""New contacts into the store, a chunk a transaction: whole ones, none twice, none whom a list forbids to call."""

import sqlite3
from collections.abc import Iterator, Sequence
from operator import itemgetter

import msgspec
from msgspec import Struct

from ccd.io.contact_lane import BETWEEN_ZONES, PRIORITIES, Lanes
from ccd.io.do_not_call import E164, DoNotCall
from ccd.io.number_zone import zone, zones_of
from ccd.model.campaign import ContactRules
from ccd.model.ids import Moment

KNOWN = """
SELECT n.number FROM json_each(?) j CROSS JOIN numbers n ON n.number = j.value WHERE n.campaign = ?"""
KNOWN_ANYWHERE = """
SELECT n.number FROM json_each(?) j CROSS JOIN campaigns c CROSS JOIN numbers n
ON n.campaign = c.id AND n.number = j.value"""
KNOWN_KEYS = """
SELECT c.key FROM json_each(?) j CROSS JOIN contacts c ON c.campaign = ? AND c.key = j.value AND c.key <> ''"""
ADD_CONTACT = """
INSERT INTO contacts (id, campaign, key, name, fields, priority, time_zone, state, lane, due_at)
VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?)"""
COUNT = """
INSERT INTO tallies VALUES (?, 'waiting', '', ?)
ON CONFLICT (campaign, state, done) DO UPDATE SET contacts = contacts + excluded.contacts"""
ADD_NUMBER = "INSERT INTO numbers (campaign, number, contact, place, class, kind) VALUES (?, ?, ?, ?, ?, ?)"


SqlRow = tuple[object, ...]


class NewContact(Struct, frozen=True, array_like=True, gc=False):
    """One to be added: numbers in E.164 in the order in which they are dialled, `kinds` what each of them is called.
    `key` is the list's own name for it; `time_zone` holds in place of the numbers'. `zones`, for whoever has computed
    them, are those of each number, a space between two.
    """

    numbers: tuple[str, ...]
    key: str = ""
    name: str = ""
    fields: dict[str, str] = {}
    priority: int = 0
    time_zone: str = ""
    due_at: Moment = 0
    kinds: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()


class AddRules(Struct, frozen=True):
    """`lists` are the do-not-call lists that hold, `prefixes` those of the calling hours; `is_new_anywhere` leaves out
    who is in another campaign as well.
    """

    lists: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    is_new_anywhere: bool = False


def add_rules(rules: ContactRules, is_new_anywhere: bool = False) -> AddRules:
    """The rules of adding that go with those of choosing."""
    prefixes = {prefix for entry in rules.hours for prefix in entry.prefixes if prefix != "+"}
    return AddRules(rules.lists, tuple(sorted(prefixes)), is_new_anywhere)


class Refused(Struct, frozen=True, gc=False):
    """Why a contact was not added."""

    kind: str
    """`duplicate`, `blocked` or `wrong`."""
    reason: str


class Added(Struct, frozen=True):
    """What became of contacts; `refused` has the first ones by their place."""

    added: int = 0
    duplicates: int = 0
    blocked: int = 0
    wrong: int = 0
    refused: tuple[tuple[int, Refused], ...] = ()


class Adding:
    """Within a transaction of its caller."""

    def __init__(self, db: sqlite3.Connection, lanes: Lanes, lists: DoNotCall) -> None:
        self._db = db
        self._lanes = lanes
        self._lists = lists

    def add(self, campaign: int, contacts: Sequence[NewContact], rules: AddRules) -> list[Refused | None]:
        """For each, why it was not added."""
        if self._lanes.lacks(campaign, rules.prefixes):
            self._lanes.refine(campaign, rules.prefixes)
        numbers = [number for contact in contacts for number in contact.numbers]
        blocked = self._lists.among(numbers, rules.lists) if rules.lists else {}
        known = self._known(campaign, numbers, rules.is_new_anywhere)
        keys = self._known_keys(campaign, contacts)
        (next_id,) = self._db.execute("SELECT next FROM ids").fetchone()  # never one that was somebody else's
        answers: list[Refused | None] = []
        rows: list[SqlRow] = []
        number_rows: list[SqlRow] = []
        for contact in contacts:
            refused = _wrong(contact) or _blocked(contact, blocked) or _duplicate(contact, known, keys)
            zones = () if refused else zones_by_number(contact)
            if not refused and "" in zones:
                refused = Refused("wrong", f"no time zone is known of {contact.numbers[zones.index('')]}")
            answers.append(refused)
            if refused:
                continue
            known.update(contact.numbers)
            keys.add(contact.key)  # none is none's: the empty one is not looked for
            classes = [self._lanes.class_of(campaign, *of) for of in zip(contact.numbers, zones, strict=True)]
            rows.append(self._row(next_id, campaign, contact, classes[0]))
            number_rows += _number_rows(next_id, campaign, contact, classes)
            next_id += 1
        self._db.executemany(ADD_CONTACT, rows)
        self._db.execute(COUNT, (campaign, len(rows)))
        self._db.executemany(ADD_NUMBER, sorted(number_rows, key=itemgetter(1)))  # as they will lie
        self._db.execute("UPDATE ids SET next = ?", (next_id,))
        return answers

    def _known(self, campaign: int, numbers: list[str], is_new_anywhere: bool) -> set[str]:
        wanted = msgspec.json.encode(numbers).decode()
        rows = (
            self._db.execute(KNOWN_ANYWHERE, (wanted,))
            if is_new_anywhere
            else self._db.execute(KNOWN, (wanted, campaign))
        )
        return {number for (number,) in rows}

    def _known_keys(self, campaign: int, contacts: Sequence[NewContact]) -> set[str]:
        keys = [contact.key for contact in contacts if contact.key]
        rows = self._db.execute(KNOWN_KEYS, (msgspec.json.encode(keys).decode(), campaign)) if keys else ()
        return {key for (key,) in rows}

    def _row(self, id_: int, campaign: int, contact: NewContact, class_: int) -> SqlRow:
        return (
            id_,
            campaign,
            contact.key,
            contact.name,
            msgspec.json.encode(contact.fields).decode(),
            contact.priority,
            contact.time_zone,
            self._lanes.lane(campaign, class_, contact.priority),
            contact.due_at,
        )


def zones_by_number(contact: NewContact) -> tuple[str, ...]:
    """The time zones of each number, a space between two; empty where none is known."""
    if contact.time_zone:
        return (contact.time_zone,) * len(contact.numbers)
    return contact.zones or tuple(BETWEEN_ZONES.join(zones_of(number)) for number in contact.numbers)


def _number_rows(id_: int, campaign: int, contact: NewContact, classes: Sequence[int]) -> Iterator[SqlRow]:
    kinds = contact.kinds or ("",) * len(contact.numbers)
    for place, (number, class_, kind) in enumerate(zip(contact.numbers, classes, kinds, strict=True)):
        yield campaign, number, id_, place, class_, kind


def _wrong(contact: NewContact) -> Refused | None:
    if not contact.numbers:
        return Refused("wrong", "no number")
    if len(set(contact.numbers)) != len(contact.numbers):
        return Refused("wrong", "one number twice")
    for number in contact.numbers:
        if not E164.fullmatch(number):
            return Refused("wrong", f"{number[:40]!r} is no number in E.164")
    if contact.priority not in PRIORITIES:
        return Refused("wrong", f"priority is 0 to {PRIORITIES[-1]}")
    if contact.time_zone and zone(contact.time_zone) is None:
        return Refused("wrong", f"{contact.time_zone[:40]!r} is no time zone")
    return None


def _blocked(contact: NewContact, blocked: dict[str, str]) -> Refused | None:
    found = next((number for number in contact.numbers if number in blocked), None)
    return Refused("blocked", f"the number {found} is on the do-not-call list {blocked[found]}") if found else None


def _duplicate(contact: NewContact, known: set[str], keys: set[str]) -> Refused | None:
    found = next((number for number in contact.numbers if number in known), None)
    if found:
        return Refused("duplicate", f"the number {found} is there already")
    if contact.key and contact.key in keys:
        return Refused("duplicate", f"the key {contact.key} is there already")
    return None
