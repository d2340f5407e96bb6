"""What the contact store knows, for reports, pages and a daemon that begins; nothing here changes anything."""

import sqlite3
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from ccd.io.calling_hours import DAY
from ccd.io.contact_state import row_id
from ccd.model.campaign import AnsweredBy, AttemptOutcome, CampaignStanding, Contact, Counts, UnknownAttempt
from ccd.model.ids import AgentId, CallId, CampaignId, ContactId, Endpoint, Moment

DAYS_TOLD = 31
ATTEMPT = """
SELECT a.call, c.name, a.contact, a.number, a.number_index, a.attempt, a.trunk, a.cli, a.reasons, a.began_at,
    a.answered_at, a.answered_by, a.abandoned_at, a.ended_at, a.outcome, a.cause, a.sip_code, a.agent, a.disposition,
    a.note, a.connected_at
FROM attempts a JOIN campaigns c ON c.id = a.campaign """
_fields = msgspec.json.Decoder(dict[str, str])
_reasons = msgspec.json.Decoder(tuple[str, ...])


class ContactCounts(Struct, frozen=True):
    """How many contacts of a campaign are in which state; `due` are those of `waiting` whose time has come, callable
    now or not; `done` is by reason: an outcome, a disposition, a list.
    """

    waiting: int = 0
    due: int = 0
    taken: int = 0
    dialling: int = 0
    done: dict[str, int] = {}


class Attempt(Struct, frozen=True):
    """One dial, as it is known; moments that did not come are 0."""

    call: CallId
    campaign: CampaignId
    contact: ContactId
    number: str
    number_index: int
    attempt: int
    trunk: Endpoint
    outbound_cli: str
    reasons: tuple[str, ...]
    began_at: Moment
    answered_at: Moment = 0
    answered_by: AnsweredBy | None = None
    abandoned_at: Moment = 0
    ended_at: Moment = 0
    outcome: AttemptOutcome | None = None
    cause: int = 0
    sip_code: int = 0
    agent: AgentId = AgentId("")
    disposition: str = ""
    note: str = ""
    connected_at: Moment = 0


class ContactNumber(Struct, frozen=True):
    """A number of a contact; `barred` is why it is not dialled any more."""

    number: str
    kind: str
    zones: tuple[str, ...]
    barred: str = ""


class ContactRecord(Struct, frozen=True):
    """A contact as it stands, with all its attempts, the last one last."""

    id: ContactId
    campaign: CampaignId
    key: str
    name: str
    fields: dict[str, str]
    priority: int
    state: str
    done: str
    due_at: Moment
    is_call_back: bool
    agent: AgentId
    locked_until: Moment
    number_index: int
    numbers: tuple[ContactNumber, ...]
    attempts: tuple[Attempt, ...]


class Refusal(Struct, frozen=True):
    """A number that was passed over for good when it was about to be given."""

    at: Moment
    contact: ContactId
    number: str
    reason: str


class Reading:
    """Questions to the store."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def campaigns(self) -> list[CampaignId]:
        """All that there are or were."""
        return [CampaignId(name) for (name,) in self._db.execute("SELECT name FROM campaigns ORDER BY name")]

    def counts(self, campaign: CampaignId, now: Moment) -> ContactCounts:
        """How many are in which state."""
        rows = self._db.execute(
            "SELECT t.state, t.done, t.contacts FROM tallies t JOIN campaigns c ON c.id = t.campaign"
            " WHERE c.name = ? AND t.contacts > 0 ORDER BY t.done",
            (campaign,),
        ).fetchall()
        by_state = {state: number for state, _, number in rows if state != "done"}
        (due,) = self._db.execute(
            "SELECT count(*) FROM campaigns c CROSS JOIN lanes l ON l.campaign = c.id"
            " CROSS JOIN contacts w ON w.lane = l.id AND w.state = 'waiting' AND w.due_at <= ? WHERE c.name = ?",
            (now, campaign),
        ).fetchone()
        done = {reason: number for state, reason, number in rows if state == "done"}
        return ContactCounts(
            by_state.get("waiting", 0), due, by_state.get("taken", 0), by_state.get("dialling", 0), done
        )

    def standing(self, campaign: CampaignId, period_began: Moment, now: Moment) -> CampaignStanding:
        """Counts of the period and of the last days, and the attempts whose end nobody saw."""
        row = self._db.execute("SELECT id, state FROM campaigns WHERE name = ?", (campaign,)).fetchone()
        if row is None:
            return CampaignStanding(campaign, "stopped", period_began, Counts(), {})
        id_, state = row
        first = now // DAY - DAYS_TOLD + 1
        days: dict[int, list[int]] = {}
        for place, (day, number) in self._by_day(id_, first * DAY):
            days.setdefault(day, [0, 0, 0])[place] = number
        return CampaignStanding(
            campaign,
            state,
            period_began,
            self._counts(id_, period_began),
            {day: Counts(*days[day]) for day in sorted(days)},
            tuple(self._unknown(id_)),
        )

    def _unknown(self, campaign: int) -> Iterator[UnknownAttempt]:
        """Attempts that have no end, with what decides when their contacts are dialled again."""
        rows = self._db.execute(
            "SELECT a.call, a.contact, a.number, a.number_index, a.attempt, a.answered_by, a.connected_at,"
            " (SELECT count(*) FROM numbers n WHERE n.contact = a.contact) FROM attempts a"
            " WHERE a.campaign = ? AND a.ended_at IS NULL ORDER BY a.began_at, a.call",
            (campaign,),
        )
        for call, contact, number, index, attempt, by, connected_at, numbers in rows.fetchall():
            known = Contact(ContactId(str(contact)), number, 0, index, max(1, numbers), attempts=attempt - 1)
            yield UnknownAttempt(call, known, by == "person", bool(connected_at))

    def contact(self, contact: ContactId) -> ContactRecord | None:
        """A contact with its numbers and attempts."""
        row = self._db.execute(
            "SELECT p.name, c.key, c.name, c.fields, c.priority, c.state, c.done, c.due_at, c.is_call_back, c.agent,"
            " c.locked_until, c.number_index FROM contacts c JOIN campaigns p ON p.id = c.campaign WHERE c.id = ?",
            (row_id(contact),),
        ).fetchone()
        if row is None:
            return None
        campaign, key, name, fields, priority, state, done, due_at, is_call_back, agent, locked_until, index = row
        numbers = self._db.execute(
            "SELECT n.number, n.kind, c.zones, n.barred FROM numbers n JOIN classes c ON c.id = n.class"
            " WHERE n.contact = ? ORDER BY n.place",
            (row_id(contact),),
        )
        attempts = self._db.execute(ATTEMPT + "WHERE a.contact = ? ORDER BY a.began_at, a.call", (row_id(contact),))
        return ContactRecord(
            contact,
            campaign,
            key,
            name,
            _fields.decode(fields),
            priority,
            state,
            done,
            due_at,
            bool(is_call_back),
            agent,
            locked_until,
            index,
            tuple(ContactNumber(number, kind, tuple(zones.split()), barred) for number, kind, zones, barred in numbers),
            tuple(_attempt(found) for found in attempts),
        )

    def attempt(self, call: CallId) -> Attempt | None:
        """One dial."""
        row = self._db.execute(ATTEMPT + "WHERE a.call = ?", (call,)).fetchone()
        return _attempt(row) if row else None

    def attempts(self, campaign: CampaignId, since: Moment = 0, until: Moment = 1 << 62) -> Iterator[Attempt]:
        """A campaign's attempts that began in [since, until), in order. The store is not to be changed meanwhile."""
        rows = self._db.execute(
            ATTEMPT + "WHERE c.name = ? AND a.began_at >= ? AND a.began_at < ? ORDER BY a.began_at, a.call",
            (campaign, since, until),
        )
        return map(_attempt, rows)

    def refusals(self, campaign: CampaignId, since: Moment = 0, until: Moment = 1 << 62) -> list[Refusal]:
        """Numbers that were passed over for good, in order."""
        rows = self._db.execute(
            "SELECT r.at, r.contact, r.number, r.reason FROM refusals r JOIN campaigns c ON c.id = r.campaign"
            " WHERE c.name = ? AND r.at >= ? AND r.at < ? ORDER BY r.at, r.rowid",
            (campaign, since, until),
        )
        return [Refusal(at, ContactId(str(contact)), number, reason) for at, contact, number, reason in rows]

    def _counts(self, campaign: int, since: Moment) -> Counts:
        rows = self._db.execute(
            "SELECT answered_by, count(*) FROM attempts WHERE campaign = ? AND answered_at >= ? GROUP BY 1",
            (campaign, since),
        )
        answered = dict(rows.fetchall())
        (abandoned,) = self._db.execute(
            "SELECT count(*) FROM attempts WHERE campaign = ? AND answered_at >= ? AND abandoned_at IS NOT NULL",
            (campaign, since),
        ).fetchone()
        machines = answered.pop("machine", 0)
        return Counts(sum(answered.values()), abandoned, machines)

    def _by_day(self, campaign: int, since: Moment) -> Iterator[tuple[int, tuple[int, int]]]:
        """Days and how many: of live answers (0), abandoned (1), machines (2)."""
        answered = (
            "SELECT answered_at / ?, count(*) FROM attempts WHERE campaign = ? AND answered_at >= ? AND {} GROUP BY 1"
        )
        kinds = ("answered_by <> 'machine'", "abandoned_at IS NOT NULL", "answered_by = 'machine'")
        for place, kind in enumerate(kinds):
            for row in self._db.execute(answered.format(kind), (DAY, campaign, since)):
                yield place, row


def _attempt(row: tuple[Any, ...]) -> Attempt:
    call, campaign, contact, number, index, attempt, trunk, cli, reasons, began_at, *rest = row
    answered_at, by, abandoned_at, ended_at, *last = rest
    return Attempt(
        call,
        campaign,
        ContactId(str(contact)),
        number,
        index,
        attempt,
        trunk,
        cli,
        _reasons.decode(reasons),
        began_at,
        answered_at or 0,
        by,
        abandoned_at or 0,
        ended_at or 0,
        *last,
    )
