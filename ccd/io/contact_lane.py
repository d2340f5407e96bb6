"""Campaigns, classes and lanes of the contact store by their numbers, kept at hand; another process may add some."""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from ccd.io.number_zone import Zones

CALL_BACK = 1_000
"""The priority of call-backs: above all that a list can have."""
PRIORITIES = range(101)
BETWEEN_ZONES = " "


class Lane(NamedTuple):
    """Those of a campaign who may be called at the same times and have the same priority."""

    id: int
    class_: int
    zones: Zones
    prefix: str
    priority: int


class Lanes:
    """Within a transaction only: `refresh` begins it, `forget` follows one that was rolled back."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._seen = -1
        self.forget()

    def forget(self) -> None:
        """What is known may not be so."""
        self._campaigns: dict[str, int] = {}
        self._classes: dict[tuple[str, str], int] = {}
        self._lanes: dict[tuple[int, int, int], int] = {}
        self._prefixes: dict[int, frozenset[str]] = {}
        self._lengths: dict[int, tuple[int, ...]] = {}
        self._of: dict[int, list[Lane]] = {}

    def refresh(self) -> None:
        """See what other processes did."""
        seen = self._db.execute("PRAGMA data_version").fetchone()[0]
        if seen != self._seen:
            self._seen = seen
            self._prefixes.clear()
            self._lengths.clear()
            self._of.clear()

    def campaign(self, name: str) -> int:
        """A campaign's number; a new one gets one."""
        if name not in self._campaigns:
            self._db.execute("INSERT INTO campaigns (name) VALUES (?) ON CONFLICT (name) DO NOTHING", (name,))
            (self._campaigns[name],) = self._db.execute("SELECT id FROM campaigns WHERE name = ?", (name,)).fetchone()
        return self._campaigns[name]

    def class_of(self, campaign: int, number: str, zones: str) -> int:
        """The class of a number in these time zones, a space between two."""
        return self._class(zones, self._prefix(campaign, number))

    def lane(self, campaign: int, class_: int, priority: int) -> int:
        """The lane's number; a new one gets one."""
        key = campaign, class_, priority
        if key not in self._lanes:
            self._of.pop(campaign, None)
            self._db.execute(
                "INSERT INTO lanes (campaign, class, priority) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", key
            )
            (self._lanes[key],) = self._db.execute(
                "SELECT id FROM lanes WHERE campaign = ? AND class = ? AND priority = ?", key
            ).fetchone()
        return self._lanes[key]

    def of(self, campaign: int) -> list[Lane]:
        """All lanes of a campaign: the same object as before unless there are new ones."""
        if campaign not in self._of:
            rows = self._db.execute(
                "SELECT l.id, c.id, c.zones, c.prefix, l.priority FROM lanes l JOIN classes c ON c.id = l.class"
                " WHERE l.campaign = ? ORDER BY l.priority DESC, l.id",
                (campaign,),
            )
            self._of[campaign] = [
                Lane(id_, class_, tuple(zones.split(BETWEEN_ZONES)), prefix, priority)
                for id_, class_, zones, prefix, priority in rows
            ]
        return self._of[campaign]

    def lacks(self, campaign: int, prefixes: Iterable[str]) -> bool:
        """Whether the classes are too coarse for these prefixes."""
        return not self._known_prefixes(campaign).issuperset(prefixes)

    def refine(self, campaign: int, prefixes: Iterable[str]) -> None:
        """Split the classes so that each number's begins with the longest of the prefixes that fits it. That takes some
        microseconds for every number of a prefix that is new; lists imported later come with finer classes.
        """
        for prefix in sorted(set(prefixes) - self._known_prefixes(campaign), key=len):
            self._db.execute("INSERT OR IGNORE INTO prefixes VALUES (?, ?)", (campaign, prefix))
            self._split(campaign, prefix)
        self._prefixes.pop(campaign, None)
        self._lengths.pop(campaign, None)

    def _split(self, campaign: int, prefix: str) -> None:
        within = (campaign, prefix, _after(prefix))
        coarse = self._db.execute(
            "SELECT DISTINCT c.id, c.zones FROM numbers n JOIN classes c ON c.id = n.class"
            " WHERE n.campaign = ? AND n.number >= ? AND n.number < ? AND length(c.prefix) < ?",
            (*within, len(prefix)),
        ).fetchall()
        for class_, zones in coarse:
            fine = self._class(zones, prefix)
            self._db.execute(
                "UPDATE numbers SET class = ? WHERE campaign = ? AND number >= ? AND number < ? AND class = ?",
                (fine, *within, class_),
            )
            for lane, priority in self._db.execute(
                "SELECT id, priority FROM lanes WHERE campaign = ? AND class = ?", (campaign, class_)
            ).fetchall():
                self._db.execute(
                    "UPDATE contacts SET lane = ? WHERE id IN (SELECT c.id FROM numbers n CROSS JOIN contacts c"
                    " ON c.id = n.contact AND c.number_index = n.place"
                    " WHERE n.campaign = ? AND n.number >= ? AND n.number < ? AND n.class = ? AND c.lane = ?)",
                    (self.lane(campaign, fine, priority), *within, fine, lane),
                )

    def _class(self, zones: str, prefix: str) -> int:
        key = zones, prefix
        if key not in self._classes:
            self._db.execute("INSERT INTO classes (zones, prefix) VALUES (?, ?) ON CONFLICT DO NOTHING", key)
            (self._classes[key],) = self._db.execute(
                "SELECT id FROM classes WHERE zones = ? AND prefix = ?", key
            ).fetchone()
        return self._classes[key]

    def _prefix(self, campaign: int, number: str) -> str:
        lengths = self._lengths.get(campaign)
        if lengths is None:
            known = self._known_prefixes(campaign)
            lengths = self._lengths[campaign] = tuple(sorted({len(prefix) for prefix in known}, reverse=True))
        for length in lengths:
            if number[:length] in self._prefixes[campaign]:
                return number[:length]
        return "+"

    def _known_prefixes(self, campaign: int) -> frozenset[str]:
        if campaign not in self._prefixes:
            rows = self._db.execute("SELECT prefix FROM prefixes WHERE campaign = ?", (campaign,))
            self._prefixes[campaign] = frozenset(prefix for (prefix,) in rows)
        return self._prefixes[campaign]


def _after(prefix: str) -> str:
    """The first text behind all that begin so."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)
