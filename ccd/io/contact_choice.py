"""Who is next: the most urgent contacts that may be called now, found in the lanes that are open now."""

import sqlite3
from collections import deque
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from itertools import groupby

import msgspec

from ccd.io.calling_hours import HoursTable, Window
from ccd.io.contact_lane import Lane, Lanes
from ccd.io.contact_state import Contacts
from ccd.model.campaign import Batch, CallingHours, Contact, ContactRules
from ccd.model.ids import MILLISECOND, AgentId, ContactId, Length, Moment

MOST_LOOKS = 200
"""Contacts that are looked at and not given, in one answer: what stops them is written, so they do not come again."""
AGAIN: Length = 10 * MILLISECOND
BLOCK = 32
HEADS = """
SELECT c.due_at, c.id, l.id FROM lanes l CROSS JOIN contacts c ON c.id = (
    SELECT id FROM contacts WHERE lane = l.id AND state = 'waiting' ORDER BY due_at, id LIMIT 1)
WHERE l.id IN (SELECT value FROM json_each(?))"""
BLOCKS = """
SELECT due_at, id FROM contacts WHERE lane = ? AND state = 'waiting' AND (due_at, id) > (?, ?) AND due_at <= ?
ORDER BY due_at, id LIMIT ?"""
CANDIDATE = """
SELECT c.name, c.fields, c.number_index, c.attempts, c.locked_until, c.agent, n.number,
    (SELECT count(*) FROM numbers WHERE contact = c.id),
    (SELECT list FROM blocked b WHERE b.number = n.number AND b.list IN (SELECT value FROM json_each(?)) LIMIT 1)
FROM contacts c JOIN numbers n ON n.contact = c.id AND n.place = c.number_index WHERE c.id = ?"""
TODAY = "SELECT count(*) FROM attempts WHERE contact = ? AND began_at >= ?"
_fields = msgspec.json.Decoder(dict[str, str])


class Choice:
    """Within a transaction of its caller; what it keeps between two is windows of time."""

    def __init__(self, db: sqlite3.Connection, lanes: Lanes, contacts: Contacts) -> None:
        self._db = db
        self._lanes = lanes
        self._contacts = contacts
        self._openings: dict[int, Opening] = {}

    def next(self, campaign: int, rules: ContactRules, count: int, now: Moment) -> Batch:
        """Up to `count` of them; they are taken."""
        opening = self._openings.get(campaign)
        if opening is None or (opening.rules is not rules and opening.rules != rules):
            opening = self._openings[campaign] = Opening(rules)
        opening.look(self._lanes.of(campaign), now)
        found: list[Contact] = []
        looks = 0
        due = self._due(opening, now)
        while len(found) < count and looks < MOST_LOOKS and (head := next(due, None)) is not None:
            chosen = self._judged(*head, opening, now)
            if chosen is None:
                looks += 1
            else:
                found.append(chosen)
        self._db.executemany(
            "UPDATE contacts SET state = 'taken' WHERE id = ?", [(int(contact.id),) for contact in found]
        )
        if len(found) >= count:
            return Batch(tuple(found))
        return Batch(tuple(found), now + AGAIN if looks >= MOST_LOOKS else self._next_due(campaign, opening, now))

    def _due(self, opening: "Opening", now: Moment) -> Iterator[tuple[int, Lane]]:
        """Those who are due, the most urgent first."""
        for ids in opening.groups:
            heads = [head for head in self._db.execute(HEADS, (ids,)).fetchall() if head[0] <= now]
            heapify(heads)
            behind: dict[int, deque[tuple[int, int]]] = {}
            while heads:
                due_at, contact, lane = heappop(heads)
                yield contact, opening.lanes[lane]
                rest = behind.get(lane)
                if not rest:
                    block = self._db.execute(BLOCKS, (lane, due_at, contact, now, BLOCK))
                    rest = behind[lane] = deque(block.fetchall())
                if rest:
                    heappush(heads, (*rest.popleft(), lane))

    def _judged(self, contact: int, lane: Lane, opening: "Opening", now: Moment) -> Contact | None:
        """The contact as it is given; None where something stops it, which is written."""
        row = self._db.execute(CANDIDATE, (opening.lists, contact)).fetchone()
        if row is None:
            self._stop(contact, "no number left")
            return None
        name, fields, index, attempts, locked_until, agent, number, numbers, blocked_on = row
        window, rules = opening.windows[lane.class_], opening.rules
        if blocked_on is not None:
            self._bar(contact, number, f"on the do-not-call list {blocked_on}", now)
            return None
        if attempts >= rules.most_attempts:
            self._stop(contact, "attempts made")
            return None
        today = self._db.execute(TODAY, (contact, window.day_began)).fetchone()[0] if attempts else 0
        if today >= rules.most_attempts_a_day:
            self._db.execute("UPDATE contacts SET due_at = ? WHERE id = ?", (window.next_day, contact))
            return None
        return Contact(
            ContactId(str(contact)),
            number,
            min(window.closes_at, window.next_day),
            index,
            numbers,
            name,
            _fields.decode(fields),
            ", ".join(lane.zones),
            attempts,
            today,
            AgentId(agent),
            locked_until,
            (
                window.said,
                opening.lists_said,
                f"attempt {attempts + 1} of {rules.most_attempts}, {today + 1} of {rules.most_attempts_a_day} today",
            ),
        )

    def _stop(self, contact: int, reason: str) -> None:
        row = self._contacts.row(contact)
        if row is not None:
            self._contacts.finish(row, reason)

    def _bar(self, contact: int, number: str, reason: str, now: Moment) -> None:
        row = self._contacts.row(contact)
        if row is not None:
            self._contacts.bar(row, number, reason, now)

    def _next_due(self, campaign: int, opening: "Opening", now: Moment) -> Moment:
        lanes = {lane.id: lane for lane in self._lanes.of(campaign)}
        heads = self._db.execute(HEADS, (msgspec.json.encode(list(lanes)).decode(),))
        moments = [opening.opens_at(lanes[lane], now, max(due_at, now)) for due_at, _, lane in heads]
        return max(min((at for at in moments if at), default=0), now + AGAIN) if any(moments) else 0


class Opening:
    """Which lanes of a campaign are open, by its rules; looked at again only when that may have changed."""

    def __init__(self, rules: ContactRules) -> None:
        self.rules = rules
        self.lists = msgspec.json.encode(rules.lists).decode()
        names = ", ".join(rules.lists)
        self.lists_said = f"not on the lists {names}" if names else "no do-not-call list holds"
        self.groups: list[str] = []
        """The open lanes as JSON, by priority, the largest first."""
        self.lanes: dict[int, Lane] = {}
        self.windows: dict[int, Window] = {}
        """By class."""
        self._hours = hours_table(rules.hours)
        self._of: list[Lane] | None = None
        self._since: Moment = 0
        self._until: Moment = 0

    def look(self, lanes: list[Lane], now: Moment) -> None:
        """Have `groups` and `windows` right for now."""
        if lanes is self._of and self._since <= now < self._until:
            return
        if now < self._since:
            self.windows.clear()
        for lane in lanes:
            window = self.windows.get(lane.class_)
            if window is None or window.until <= now:
                self.windows[lane.class_] = self._hours.window(lane.zones, lane.prefix, now)
        self._of, self._since = lanes, now
        self._until = min((window.until for window in self.windows.values()), default=now + 1)
        opened = [lane for lane in lanes if self.windows[lane.class_].closes_at]
        self.lanes = {lane.id: lane for lane in opened}
        self.groups = [
            msgspec.json.encode([lane.id for lane in group]).decode()
            for _, group in groupby(opened, key=lambda lane: lane.priority)
        ]

    def opens_at(self, lane: Lane, now: Moment, at: Moment) -> Moment:
        """When a lane is open, from `at` on; 0: never."""
        return self._hours.opens_at(lane.zones, lane.prefix, now, at)


_TABLES: dict[tuple[CallingHours, ...], HoursTable] = {}


def hours_table(hours: tuple[CallingHours, ...]) -> HoursTable:
    """The table of these hours, made once: campaigns share them."""
    if hours not in _TABLES:
        if len(_TABLES) > BLOCK:
            _TABLES.clear()
        _TABLES[hours] = HoursTable(hours)
    return _TABLES[hours]
