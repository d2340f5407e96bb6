"""Do-not-call lists: numbers in E.164 by the lists' names, with who put them there, when and why; removals, too."""

import re
import sqlite3
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from ccd.model.ids import Moment

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
LIST_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


class Blocked(Struct, frozen=True):
    """A number on a list."""

    number: str
    list: str
    at: Moment
    reason: str
    by: str


class Unblocked(Struct, frozen=True):
    """A number that was taken off a list, and how it had come there."""

    number: str
    list: str
    at: Moment
    reason: str
    by: str
    blocked_at: Moment
    blocked_reason: str
    blocked_by: str


class DoNotCall:
    """Within a transaction of its caller where it changes something."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def block(self, numbers: Iterable[str], list_name: str, at: Moment, reason: str, by: str) -> int:
        """Put numbers on a list; how many were not there yet. Those that were stay as they were put there.

        Raises ValueError for what is no number in E.164, or no name of a list.
        """
        if not LIST_NAME.fullmatch(list_name):
            raise ValueError(f"{list_name!r} is no name of a list: small letters, digits, `_`, `-` and `.`")
        before = self._db.total_changes
        rows = ((_checked(number), list_name, at, reason, by) for number in numbers)
        self._db.executemany("INSERT OR IGNORE INTO blocked VALUES (?, ?, ?, ?, ?)", rows)
        return self._db.total_changes - before

    def unblock(self, numbers: Iterable[str], list_name: str, at: Moment, reason: str, by: str) -> int:
        """Take numbers off a list; how many were there. That they were, and who took them off, is kept."""
        taken = 0
        for number in numbers:
            self._db.execute(
                "INSERT INTO unblocked SELECT number, list, ?, ?, ?, at, reason, by FROM blocked"
                " WHERE number = ? AND list = ?",
                (at, reason, by, number, list_name),
            )
            gone = self._db.execute("DELETE FROM blocked WHERE number = ? AND list = ?", (number, list_name))
            taken += gone.rowcount
        return taken

    def look_up(self, number: str) -> list[Blocked]:
        """On which lists it is."""
        rows = self._db.execute("SELECT number, list, at, reason, by FROM blocked WHERE number = ?", (number,))
        return [Blocked(*row) for row in rows]

    def removals(self, number: str) -> list[Unblocked]:
        """When it was taken off a list."""
        rows = self._db.execute("SELECT * FROM unblocked WHERE number = ? ORDER BY at, list", (number,))
        return [Unblocked(*row) for row in rows]

    def among(self, numbers: Sequence[str], lists: Sequence[str]) -> dict[str, str]:
        """Those of the numbers that are on one of the lists, with its name."""
        rows = self._db.execute(
            "SELECT b.number, b.list FROM json_each(?) j CROSS JOIN blocked b ON b.number = j.value"
            " WHERE b.list IN (SELECT value FROM json_each(?))",
            (msgspec.json.encode(numbers).decode(), msgspec.json.encode(lists).decode()),
        )
        return dict(rows.fetchall())

    def sizes(self) -> dict[str, int]:
        """How many numbers each list has."""
        return dict(self._db.execute("SELECT list, count(*) FROM blocked GROUP BY list ORDER BY list").fetchall())


def _checked(number: str) -> str:
    if not E164.fullmatch(number):
        raise ValueError(f"{number[:40]!r} is no number in E.164")
    return number
