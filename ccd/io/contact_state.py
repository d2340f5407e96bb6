"""What becomes of one contact in the store: it waits, is taken, dialled, done; a number of it is barred for good."""

import sqlite3
from typing import NamedTuple

from ccd.io.contact_lane import CALL_BACK, Lanes
from ccd.model.ids import ContactId, Moment

NO_NUMBER_LEFT = "no number left"
MOST_DIGITS = 18
ROW = """
SELECT id, campaign, state, priority, due_at, number_index, attempts, locked_until, is_call_back, agent, last_call,
    folded_at, folded
FROM contacts WHERE id = ?"""


class Row(NamedTuple):
    """A contact as it lies in the store."""

    id: int
    campaign: int
    state: str
    priority: int
    due_at: Moment
    number_index: int
    attempts: int
    locked_until: Moment
    is_call_back: int
    agent: str
    last_call: str
    folded_at: Moment
    folded: str


class Contacts:
    """Changes, each within a transaction of its caller."""

    def __init__(self, db: sqlite3.Connection, lanes: Lanes) -> None:
        self._db = db
        self._lanes = lanes

    def row(self, contact: int) -> Row | None:
        """The contact; None where there is no such."""
        found = self._db.execute(ROW, (contact,)).fetchone()
        return Row._make(found) if found else None

    def wait(self, row: Row, due_at: Moment, index: int | None = None) -> None:
        """It waits to be dialled at `due_at`, at its `index`-th number (the present one) or the next one after it that
        is not barred; with none left it is done. What `row` says of call-back, agent and lock is written with it.
        """
        place = self._place(row.id, row.number_index if index is None else index)
        if place is None:
            self.finish(row, NO_NUMBER_LEFT)
            return
        number_index, class_ = place
        lane = self._lanes.lane(row.campaign, class_, CALL_BACK if row.is_call_back else row.priority)
        self._db.execute(
            "UPDATE contacts SET state = 'waiting', done = '', lane = ?, due_at = ?, number_index = ?,"
            " locked_until = ?, is_call_back = ?, agent = ? WHERE id = ?",
            (lane, due_at, number_index, row.locked_until, row.is_call_back, row.agent, row.id),
        )

    def finish(self, row: Row, reason: str) -> None:
        """It is not dialled any more."""
        self._db.execute(
            "UPDATE contacts SET state = 'done', done = ?, is_call_back = 0, agent = '' WHERE id = ?", (reason, row.id)
        )

    def bar(self, row: Row, number: str, reason: str, at: Moment) -> None:
        """The number is passed over for good, and that is noted. The next one takes its place; with none left the
        contact is done.
        """
        self._db.execute(
            "INSERT INTO refusals (campaign, at, contact, number, reason) VALUES (?, ?, ?, ?, ?)",
            (row.campaign, at, row.id, number, reason),
        )
        self._db.execute(
            "UPDATE numbers SET barred = ? WHERE campaign = ? AND number = ? AND contact = ?",
            (reason, row.campaign, number, row.id),
        )
        if self._place(row.id, row.number_index) is None:
            self.finish(row, reason)
        else:
            self.wait(row, row.due_at)

    def _place(self, contact: int, index: int) -> tuple[int, int] | None:
        """Index and class of the first number that is not barred, from `index` on and round."""
        found = self._db.execute(
            "SELECT place, class FROM numbers WHERE contact = ? AND barred = '' ORDER BY place < ?, place LIMIT 1",
            (contact, index),
        ).fetchone()
        return (found[0], found[1]) if found else None


def row_id(contact: ContactId) -> int:
    """The contact's number in the store; -1 for what is none."""
    return int(contact) if contact.isascii() and contact.isdecimal() and len(contact) <= MOST_DIGITS else -1
