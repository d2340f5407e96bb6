"""The contact store: who is to be dialled, what became of it, who is not to be called. One SQLite file, one thread.

The journal is the truth and the store follows: what the engine decided comes as facts, which may be told again. A
contact that is given out is *taken* until a fact frees it, or `reconcile` finds that nobody has it.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from ccd.io.contact_add import Added, Adding, AddRules, NewContact, Refused
from ccd.io.contact_choice import Choice
from ccd.io.contact_edit import Editing
from ccd.io.contact_fold import Fold
from ccd.io.contact_lane import Lanes
from ccd.io.contact_report import Attempt, ContactCounts, ContactRecord, Reading, Refusal
from ccd.io.contact_schema import opened
from ccd.io.contact_state import Contacts, row_id
from ccd.io.do_not_call import Blocked, DoNotCall, Unblocked
from ccd.model.campaign import Batch, CampaignStanding, ContactRules
from ccd.model.fact import AnyFact
from ccd.model.ids import AgentId, CallId, CampaignId, ContactId, Moment

CHUNK = 4_000
"""Rows a transaction: a daemon that dials meanwhile waits that long."""
MOST_REFUSED = 100
NO_RULES = AddRules()
NOBODY = AgentId("")
_MODES = {"quick": ("NORMAL", 0), "bulk": ("NORMAL", 16_000), "durable": ("FULL", 2_000)}
"""What a commit costs: `quick` is never on the disk's account, `durable` is there when it returns. Pages after which
what was committed is put into the file itself; 0: left to others."""


class ContactStore:
    """Raises OSError, sqlite3.Error, WrongStoreError; a transaction that raised has changed nothing."""

    def __init__(self, path: Path) -> None:
        self._db = opened(path)
        self._mode = ""
        self._lanes = Lanes(self._db)
        self._contacts = Contacts(self._db, self._lanes)
        self._lists = DoNotCall(self._db)
        self._adding = Adding(self._db, self._lanes, self._lists)
        self._choice = Choice(self._db, self._lanes, self._contacts)
        self._fold = Fold(self._db, self._lanes, self._contacts)
        self._editing = Editing(self._db, self._lanes, self._contacts)
        self._reading = Reading(self._db)

    def close(self) -> None:
        """No more; what was committed is in the file."""
        self._db.close()

    # --- the dialler

    def next_contacts(self, rules: ContactRules, count: int, now: Moment) -> Batch:
        """Up to `count` contacts who may be called now, the most urgent first; they are taken."""
        with self._transaction("quick"):
            campaign = self._lanes.campaign(rules.campaign)
            prefixes = [prefix for entry in rules.hours for prefix in entry.prefixes if prefix != "+"]
            if self._lanes.lacks(campaign, prefixes):
                self._lanes.refine(campaign, prefixes)
            return self._choice.next(campaign, rules, count, now)

    def apply(self, facts: Sequence[tuple[AnyFact, Moment]]) -> None:
        """Fold facts in, all or none, in the order in which they happened; told again they change nothing."""
        with self._transaction("durable"):
            for fact, at in facts:
                self._fold.apply(fact, at)

    def reconcile(self, campaign: CampaignId, held: Collection[ContactId], now: Moment) -> int:
        """Who is taken and held by nobody waits again; who is held and waits is taken. How many were taken in vain."""
        with self._transaction("durable"):
            ours = {row_id(contact) for contact in held}
            id_ = self._lanes.campaign(campaign)
            # both terms: the second one has the index
            out = "SELECT id FROM contacts WHERE campaign = ? AND state = 'taken' AND state IN ('taken', 'dialling')"
            lost = [row for row in self._db.execute(out, (id_,)).fetchall() if row[0] not in ours]
            self._db.executemany("UPDATE contacts SET state = 'waiting' WHERE id = ?", lost)
            self._db.executemany(
                "UPDATE contacts SET state = 'taken' WHERE id = ? AND campaign = ? AND state = 'waiting'",
                [(contact, id_) for contact in sorted(ours)],
            )
            return len(lost)

    def standing(self, campaign: CampaignId, period_began: Moment, now: Moment) -> CampaignStanding:
        """Where the campaign stood when the last fact came."""
        return self._reading.standing(campaign, period_began, now)

    def call_back(self, contact: ContactId, at: Moment, agent: AgentId = NOBODY) -> bool:
        """Have it called at `at`, before others; by the agent, if one is named. False where there is no such contact,
        or it is dialled just now.
        """
        with self._transaction("durable"):
            row = self._contacts.row(row_id(contact))
            if row is None or row.state == "dialling":
                return False
            self._contacts.wait(row._replace(is_call_back=1, agent=agent), at)
            return True

    # --- single ones

    def find(self, campaign: CampaignId, number: str) -> list[ContactId]:
        """Those of a campaign who have this number (E.164)."""
        return self._editing.find(campaign, number)

    def change(
        self,
        contact: ContactId,
        now: Moment,
        priority: int | None = None,
        due_at: Moment | None = None,
        is_done: bool | None = None,
    ) -> bool:
        """What is not None is to be so; False for an unknown one. Raises ContactOutError."""
        with self._transaction("durable"):
            return self._editing.change(contact, now, priority, due_at, is_done)

    def remove(self, contact: ContactId) -> bool:
        """Out of the list; its attempts stay. False for an unknown one. Raises ContactOutError."""
        with self._transaction("durable"):
            return self._editing.remove(contact)

    def attempt(self, call: CallId) -> Attempt | None:
        """One dial."""
        return self._reading.attempt(call)

    # --- lists

    def add(self, campaign: CampaignId, contacts: Iterable[NewContact], rules: AddRules = NO_RULES) -> Added:
        """Add contacts, however many."""
        counts = {"": 0, "duplicate": 0, "blocked": 0, "wrong": 0}
        first: list[tuple[int, Refused]] = []
        place, rest = 0, iter(contacts)
        while chunk := list(islice(rest, CHUNK)):
            for refused in self.add_chunk(campaign, chunk, rules):
                counts[refused.kind if refused else ""] += 1
                if refused and len(first) < MOST_REFUSED:
                    first.append((place, refused))
                place += 1
        return Added(counts[""], counts["duplicate"], counts["blocked"], counts["wrong"], tuple(first))

    def add_chunk(
        self, campaign: CampaignId, contacts: Sequence[NewContact], rules: AddRules = NO_RULES
    ) -> list[Refused | None]:
        """Add contacts, all of them in one transaction; for each, why it was refused."""
        with self._transaction("bulk"):
            return self._adding.add(self._lanes.campaign(campaign), contacts, rules)

    def settle(self) -> None:
        """Have all that was added on the disk."""
        self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def erase(self, number: str) -> int:
        """Forget whoever has this number: contacts, and numbers and notes of their attempts. How many contacts. That it
        stands on a list stays, or it would be called again.
        """
        with self._transaction("durable"):
            found = self._db.execute(
                "SELECT n.contact FROM campaigns c CROSS JOIN numbers n ON n.campaign = c.id AND n.number = ?",
                (number,),
            ).fetchall()
            self._db.executemany("UPDATE attempts SET number = '', note = '' WHERE contact = ?", found)
            self._db.executemany("UPDATE refusals SET number = '' WHERE contact = ?", found)
            self._db.executemany("DELETE FROM contacts WHERE id = ?", found)
            return len(found)

    def block(self, numbers: Iterable[str], list_name: str, at: Moment, reason: str, by: str) -> int:
        """Put numbers (E.164) on a do-not-call list; how many were not there yet. Raises ValueError."""
        with self._transaction("durable"):
            return self._lists.block(numbers, list_name, at, reason, by)

    def unblock(self, numbers: Iterable[str], list_name: str, at: Moment, reason: str, by: str) -> int:
        """Take numbers off a list; how many were there."""
        with self._transaction("durable"):
            return self._lists.unblock(numbers, list_name, at, reason, by)

    def is_blocked(self, number: str, lists: Sequence[str]) -> bool:
        """Whether the number is on one of the lists."""
        return bool(self._lists.among((number,), lists))

    def look_up(self, number: str) -> list[Blocked]:
        """On which lists a number is, since when, why and by whom."""
        return self._lists.look_up(number)

    def removals(self, number: str) -> list[Unblocked]:
        """When a number was taken off a list, why and by whom."""
        return self._lists.removals(number)

    def list_sizes(self) -> dict[str, int]:
        """How many numbers each do-not-call list has."""
        return self._lists.sizes()

    # --- reports

    def campaigns(self) -> list[CampaignId]:
        """All that the store knows of."""
        return self._reading.campaigns()

    def counts(self, campaign: CampaignId, now: Moment) -> ContactCounts:
        """How many contacts are in which state."""
        return self._reading.counts(campaign, now)

    def contact(self, contact: ContactId) -> ContactRecord | None:
        """A contact with its numbers and attempts."""
        return self._reading.contact(contact)

    def attempts(self, campaign: CampaignId, since: Moment = 0, until: Moment = 1 << 62) -> Iterator[Attempt]:
        """A campaign's attempts that began in [since, until), in order."""
        return self._reading.attempts(campaign, since, until)

    def refusals(self, campaign: CampaignId, since: Moment = 0, until: Moment = 1 << 62) -> list[Refusal]:
        """Numbers of a campaign that were passed over for good."""
        return self._reading.refusals(campaign, since, until)

    @contextmanager
    def _transaction(self, mode: str) -> Iterator[None]:
        if mode != self._mode:
            synchronous, pages = _MODES[mode]
            self._db.execute(f"PRAGMA synchronous = {synchronous}")
            self._db.execute(f"PRAGMA wal_autocheckpoint = {pages}")
            self._mode = mode
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._lanes.refresh()
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # a full disk has ended it already
                self._db.execute("ROLLBACK")
            self._lanes.forget()
            raise
