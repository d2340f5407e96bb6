"""What people change of single contacts: priority, time, whether it is dialled at all; and who has a number."""

import sqlite3

from ccd.io.contact_lane import Lanes
from ccd.io.contact_state import Contacts, Row, row_id
from ccd.model.ids import CampaignId, ContactId, Moment

BY_HAND = "by hand"
OUT = ("taken", "dialling")
"""The engine has it: what is changed now would be overtaken by what it says of it."""


class ContactOutError(Exception):
    """The contact is given to be dialled, or is being dialled: it cannot be changed now."""


class Editing:
    """Within a transaction of its caller, where it changes something."""

    def __init__(self, db: sqlite3.Connection, lanes: Lanes, contacts: Contacts) -> None:
        self._db = db
        self._lanes = lanes
        self._contacts = contacts

    def find(self, campaign: CampaignId, number: str) -> list[ContactId]:
        """Those of a campaign who have this number (E.164)."""
        rows = self._db.execute(
            "SELECT n.contact FROM campaigns c JOIN numbers n ON n.campaign = c.id WHERE c.name = ? AND n.number = ?",
            (campaign, number),
        )
        return [ContactId(str(contact)) for (contact,) in rows]

    def change(
        self, contact: ContactId, now: Moment, priority: int | None, due_at: Moment | None, is_done: bool | None
    ) -> bool:
        """What is not None is to be so. False for an unknown one. Raises ContactOutError; the priority may be changed
        in any state, and counts from the next time that it waits.
        """
        row = self._contacts.row(row_id(contact))
        if row is None:
            return False
        if row.state in OUT and (due_at is not None or is_done is not None):
            raise ContactOutError
        if priority is not None:
            self._db.execute("UPDATE contacts SET priority = ? WHERE id = ?", (priority, row.id))
            row = row._replace(priority=priority)
        self._settle(row, now, due_at, is_done)
        return True

    def remove(self, contact: ContactId) -> bool:
        """Out of the list; its attempts stay. False for an unknown one. Raises ContactOutError."""
        row = self._contacts.row(row_id(contact))
        if row is None:
            return False
        if row.state in OUT:
            raise ContactOutError
        self._db.execute("DELETE FROM contacts WHERE id = ?", (row.id,))
        return True

    def _settle(self, row: Row, now: Moment, due_at: Moment | None, is_done: bool | None) -> None:
        due = row.due_at if due_at is None else due_at
        if is_done:
            self._contacts.finish(row, BY_HAND)
        elif row.state == "waiting":
            self._contacts.wait(row, due)
        elif row.state == "done" and is_done is False:
            self._contacts.wait(row, due if due_at is not None else now)
        elif row.state == "done" and due_at is not None:
            self._db.execute("UPDATE contacts SET due_at = ? WHERE id = ?", (due, row.id))
