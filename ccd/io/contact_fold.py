"""Facts folded into the contact store, in the order in which they happened, as often as they are told.

After a crash the journal's tail is told again. An attempt, named by its call, begins, is answered, is abandoned and
ends once. Of a contact the store keeps the moment of the last fact that changed it, and which facts of that moment
did: older ones and those change nothing any more.
"""

import sqlite3
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct

from ccd.io.contact_lane import Lanes
from ccd.io.contact_state import Contacts, Row, row_id
from ccd.model.fact import (
    AnyFact,
    AttemptAbandoned,
    AttemptAnswered,
    AttemptBegan,
    AttemptConnected,
    AttemptEnded,
    CampaignChanged,
    ContactForbidden,
    ContactReturned,
    DispositionSet,
)
from ccd.model.ids import SECOND, Length, Moment

LATER: Length = 60 * SECOND
"""After it a contact is given again that could not be dialled, though nothing here stopped it."""
DIGEST = 6
BEGAN = """
INSERT INTO attempts (call, campaign, contact, number, number_index, attempt, trunk, cli, reasons, began_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (call) DO NOTHING"""
DIALLED = """
UPDATE contacts SET state = 'dialling', done = '', last_call = ?,
    folded = CASE WHEN folded_at < ? THEN '' ELSE folded END, folded_at = ?
WHERE id = ? AND folded_at <= ?"""
COUNTED = "UPDATE contacts SET attempts = max(attempts + 1, ?) WHERE id = ?"
ENDED = """
UPDATE attempts SET ended_at = ?, outcome = ?, cause = ?, sip_code = ?, agent = CASE WHEN ? <> '' THEN ? ELSE agent END
WHERE call = ? AND ended_at IS NULL"""


class Decided(Struct, frozen=True, omit_defaults=True):
    """What an agent's word for an attempt means for its contact; kept with the attempt until that ends. A call-back is
    his own, or anybody's.
    """

    disposition: str
    next_at: Moment = 0
    is_done: bool = False
    personal: str = ""
    is_call_back: bool = False


_decided = msgspec.json.Decoder(Decided)


class Fold:
    """Within a transaction of its caller."""

    def __init__(self, db: sqlite3.Connection, lanes: Lanes, contacts: Contacts) -> None:
        self._db = db
        self._lanes = lanes
        self._contacts = contacts
        self._steps: dict[type[Any], Callable[[Any, Moment], None]] = {
            CampaignChanged: self._changed,
            AttemptBegan: self._began,
            AttemptAnswered: self._answered,
            AttemptConnected: self._connected,
            AttemptAbandoned: self._abandoned,
            AttemptEnded: self._ended,
            ContactReturned: self._returned,
            ContactForbidden: self._forbidden,
            DispositionSet: self._said,
        }

    def apply(self, fact: AnyFact, at: Moment) -> None:
        """One fact; what is none of a campaign's is passed over."""
        step = self._steps.get(type(fact))
        if step is not None:
            step(fact, at)

    def _changed(self, fact: CampaignChanged, at: Moment) -> None:
        self._db.execute(
            "UPDATE campaigns SET state = ?, changed_at = ? WHERE id = ? AND changed_at <= ?",
            (fact.new, at, self._lanes.campaign(fact.campaign), at),
        )

    def _began(self, fact: AttemptBegan, at: Moment) -> None:
        contact = row_id(fact.contact)
        made = self._db.execute(
            BEGAN,
            (
                fact.call,
                self._lanes.campaign(fact.campaign),
                contact,
                fact.number,
                fact.number_index,
                fact.attempt,
                fact.trunk,
                fact.outbound_cli,
                msgspec.json.encode(fact.reasons).decode(),
                at,
            ),
        )
        if made.rowcount:
            self._db.execute(COUNTED, (fact.attempt, contact))
            self._db.execute(DIALLED, (fact.call, at, at, contact, at))

    def _answered(self, fact: AttemptAnswered, at: Moment) -> None:
        self._db.execute(
            "UPDATE attempts SET answered_at = ?, answered_by = ? WHERE call = ? AND answered_at IS NULL",
            (at, fact.by, fact.call),
        )

    def _connected(self, fact: AttemptConnected, at: Moment) -> None:
        self._db.execute(
            "UPDATE attempts SET connected_at = ?, agent = ? WHERE call = ? AND connected_at = 0",
            (at, fact.agent, fact.call),
        )

    def _abandoned(self, fact: AttemptAbandoned, at: Moment) -> None:
        self._db.execute(
            "UPDATE attempts SET abandoned_at = ? WHERE call = ? AND abandoned_at IS NULL", (at, fact.call)
        )

    def _ended(self, fact: AttemptEnded, at: Moment) -> None:
        values = (at, fact.outcome, fact.cause, fact.sip_code, fact.agent, fact.agent, fact.call)
        if not self._db.execute(ENDED, values).rowcount:
            return
        row = self._contacts.row(row_id(fact.contact))
        if row is None or row.last_call != fact.call or not self._is_new(row, fact, at):
            return
        row = row._replace(locked_until=max(row.locked_until, fact.locked_until))
        if fact.outcome in ("talked", "hung_up", "abandoned"):  # the call-back that was asked for has been made
            row = row._replace(is_call_back=0, agent="")
        (decided,) = self._db.execute("SELECT decided FROM attempts WHERE call = ?", (fact.call,)).fetchone()
        if decided:
            self._decide(row, _decided.decode(decided))
        elif fact.next_at:
            self._contacts.wait(row, fact.next_at, fact.next_index)
        else:
            self._contacts.finish(row, fact.outcome)

    def _returned(self, fact: ContactReturned, at: Moment) -> None:
        row = self._contacts.row(row_id(fact.contact))
        if row is not None and self._is_new(row, fact, at) and row.state == "taken":
            # whose agent is not there would otherwise be given again at once, before all others
            self._contacts.wait(row, max(row.due_at, at + LATER) if row.agent else row.due_at)

    def _forbidden(self, fact: ContactForbidden, at: Moment) -> None:
        row = self._contacts.row(row_id(fact.contact))
        if row is None or not self._is_new(row, fact, at) or row.state not in ("taken", "waiting"):
            return
        if fact.is_final:
            self._contacts.bar(row, fact.number, fact.reason, at)
        else:
            self._contacts.wait(row, max(row.due_at, at + LATER))

    def _said(self, fact: DispositionSet, at: Moment) -> None:
        row = self._contacts.row(row_id(fact.contact))
        if row is None or not self._is_new(row, fact, at):
            return
        self._db.execute(
            "UPDATE attempts SET disposition = ?, note = ?, agent = ? WHERE call = ?",
            (fact.disposition, fact.note, fact.agent, fact.attempt),
        )
        if not fact.next_at and not fact.is_done:
            return
        decided = Decided(fact.disposition, fact.next_at, fact.is_done, fact.personal, fact.is_call_back)
        self._db.execute(
            "UPDATE attempts SET decided = ? WHERE call = ?", (msgspec.json.encode(decided).decode(), fact.attempt)
        )
        if row.last_call == fact.attempt and row.state != "dialling":
            self._decide(row, decided)

    def _decide(self, row: Row, decided: Decided) -> None:
        if decided.is_done:
            self._contacts.finish(row, decided.disposition)
            return
        row = row._replace(is_call_back=int(decided.is_call_back), agent=decided.personal)
        self._contacts.wait(row, decided.next_at)

    def _is_new(self, row: Row, fact: AnyFact, at: Moment) -> bool:
        """Whether this fact has not been told yet of the contact; that it was is remembered."""
        digest = blake2b(msgspec.json.encode(fact), digest_size=DIGEST).hexdigest()
        told = row.folded.split() if at == row.folded_at else []
        if at < row.folded_at or digest in told:
            return False
        self._db.execute(
            "UPDATE contacts SET folded_at = ?, folded = ? WHERE id = ?", (at, " ".join([*told, digest]), row.id)
        )
        return True
