"""A desk of one campaign with two contacts, in memory: enough for the door to have something behind it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from ccd.model.campaign import Decision
from ccd.model.campaign_view import (
    AttemptView,
    Blocked,
    CampaignReport,
    CampaignView,
    CapView,
    ChangeView,
    ContactCounts,
    ContactView,
    ImportKind,
    ImportView,
    LargestShare,
    PlacedView,
    PreviewView,
    ReportDay,
    TrunkUse,
)
from ccd.model.ids import SECOND, AgentId, CallId, CampaignId, ContactId, Endpoint, Moment, QueueId
from ccd.web.campaign_desk import AddedContacts, BusyError, Change, NewlyBlocked, NotAdded, WantedContact
from ccd.web.centre import UnavailableError

NOW = 1_790_000_000 * SECOND
WINTER = CampaignId("winter")
PEP, PIA = ContactId("1"), ContactId("2")
TALKED, TRIED = CallId("c-0"), CallId("a-2")
OWN = "own"
BLOCKED = "+34910000009"
MOST = 100_000

DECISION = Decision(NOW, "predictive", 5, "chance over the limit", 4, 3, 1, 6, 0.32, 0.012, 0.041, 0.03, 0.028, 0.6)
CAMPAIGN = CampaignView(
    id=WINTER,
    name="Winter",
    queue=QueueId("sales"),
    state="running",
    reason="start",
    algorithm="predictive",
    cap=CapView("us", 0.03, True, 1, NOW - 600 * SECOND, NOW, 120, 3, 10, 0.025, 0.02, 0.6),
    ringing=6,
    ready=4,
    talking=3,
    wrapping_up=1,
    held=(AgentId("ana"),),
    at_hand=9,
    decision=DECISION,
    trunks=(TrunkUse(Endpoint("PJSIP/trunk"), 9, 30, 2),),
)
ATTEMPT = AttemptView(
    call=TALKED,
    campaign=WINTER,
    contact=PEP,
    number="+34910000001",
    number_index=0,
    attempt=1,
    began_at=NOW - 600 * SECOND,
    trunk=Endpoint("PJSIP/trunk"),
    outbound_cli="+34900000000",
    reasons=("calling hours ES: 09:00 to 21:00", "on none of the lists own"),
    answered_at=NOW - 590 * SECOND,
    by="person",
    connected_at=NOW - 589 * SECOND,
    ended_at=NOW - 500 * SECOND,
    outcome="talked",
    cause=16,
    agent=AgentId("bea"),
    disposition="sold",
)
CONTACTS = (
    ContactView(PEP, WINTER, ("+34910000001",), "done", name="Pep \x1b[31mRos", result="sold", attempts=(ATTEMPT,)),
    ContactView(PIA, WINTER, ("+34910000002", "+34910000003"), "waiting", fields={"tier": "gold"}, priority=5),
)
REPORT = CampaignReport(
    campaign=WINTER,
    name="Winter",
    law="us",
    target=0.03,
    began=NOW - 86_400 * SECOND,
    ended=NOW,
    zone="Europe/Madrid",
    total=ReportDay(NOW - 86_400 * SECOND, 400, 120, 3, 10, 110, 1, 90 * SECOND, 0.025, 0.0231),
    largest_us=LargestShare(0.0275, NOW - 60 * SECOND, 109, 3),
    largest_uk=LargestShare(0.026, NOW - 60 * SECOND, 109, 3),
    longest_wait=SECOND // 2,
    outcomes={"no_answer": 200, "talked": 110},
    dispositions={"sold": 12},
    days=(ReportDay(NOW - 86_400 * SECOND, 400, 120, 3, 10, 110, 1, 90 * SECOND, 0.025, 0.0231),),
)


class SmallUpload:
    """Into memory; what is finished is done at once."""

    def __init__(self, desk: "SmallDesk", view: ImportView) -> None:
        self._desk = desk
        self._view = view
        self._content = b""

    async def write(self, piece: bytes) -> None:
        self._content += piece
        if len(self._content) > MOST:
            raise BusyError("The file is larger than is taken.")

    async def finish(self) -> ImportView:
        rows = self._content.splitlines()[1:]
        wrong = [row for row in rows if not row.startswith(b"+")]
        good = len(rows) - len(wrong)
        size = len(self._content)
        view = replace(self._view, size=size, done=size, rows=len(rows), added=good, wrong=len(wrong))
        self._desk.files[view.id] = self._content
        self._desk.imports[view.id] = view
        path = self._desk.folder / f"{view.id}.errors"
        path.write_bytes(b"line,reason,row\n" + b"".join(b"2,no number," + row + b"\n" for row in wrong))
        return view

    async def discard(self) -> None:
        self._desk.discarded += 1


class SmallDesk:
    """Carries out what it is asked in a few lines, and keeps what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store_up = True
        self.view = CAMPAIGN
        self.contacts = {contact.id: contact for contact in CONTACTS}
        self.attempts = {ATTEMPT.call: ATTEMPT, TRIED: replace(ATTEMPT, call=TRIED, agent=AgentId(""))}
        self.on_list = {BLOCKED: Blocked(OWN, NOW, "asked us \x1b[2J", "sofia")}
        self.added: list[WantedContact] = []
        self.periods: list[tuple[Moment, Moment]] = []
        self.imports = {"i-1": ImportView("i-1", "contacts", WINTER, "running", "sofia", NOW, 0, 90, 45, 3, 3)}
        self.files: dict[str, bytes] = {}
        self.discarded = 0
        self.is_busy = False

    def campaigns(self) -> tuple[CampaignView, ...]:
        return (self.view,)

    def campaign(self, campaign: CampaignId) -> CampaignView | None:
        return self.view if campaign == self.view.id else None

    async def counts(self, campaign: CampaignId) -> ContactCounts:
        self._demand_store()
        return ContactCounts(7, 5, 1, 1, {"sold": 1})

    def placed(self, campaign: CampaignId) -> Sequence[PlacedView]:
        return [PlacedView(DECISION, 3)]

    def changes(self, campaign: CampaignId) -> Sequence[ChangeView]:
        return [ChangeView(NOW, "stopped", "running", "start", "sofia")]

    def preview(self, agent: AgentId) -> PreviewView:
        if agent != "bea":
            return PreviewView()
        return PreviewView(WINTER, PIA, "Pia", "+34910000002", {"tier": "gold"}, 0, NOW + 30 * SECOND)

    async def report(self, campaign: CampaignId, began: Moment, ended: Moment) -> CampaignReport:
        self._demand_store()
        self.periods.append((began, ended))
        return REPORT

    async def add(self, campaign: CampaignId, contacts: Sequence[WantedContact], by: str) -> AddedContacts:
        self._demand_store()
        known = {number for contact in self.contacts.values() for number in contact.numbers}
        wrong = tuple(NotAdded(n, "no number") for n, one in enumerate(contacts) if not one.numbers[0].startswith("+"))
        there = [one for one in contacts if one.numbers[0] in known]
        added = [one for n, one in enumerate(contacts) if one not in there and n not in {no.index for no in wrong}]
        self.added += added
        return AddedContacts(len(added), len(there), 0, wrong)

    async def find(self, campaign: CampaignId, number: str) -> Sequence[ContactView]:
        self._demand_store()
        return [replace(one, attempts=()) for one in self.contacts.values() if number in one.numbers]

    async def contact(self, contact: ContactId) -> ContactView | None:
        self._demand_store()
        return self.contacts.get(contact)

    async def change(self, contact: ContactId, change: Change) -> ContactView | None:
        known = self.contacts.get(contact)
        if known is None:
            return None
        priority = known.priority if change.priority is None else change.priority
        due_at = known.due_at if change.due_at is None else change.due_at
        state = known.state if change.done is None else "done" if change.done else "waiting"
        self.contacts[contact] = replace(known, priority=priority, due_at=due_at, state=state)
        return self.contacts[contact]

    async def remove(self, contact: ContactId) -> bool:
        return self.contacts.pop(contact, None) is not None

    async def call_back(self, contact: ContactId, at: Moment, agent: AgentId) -> ContactView | None:
        known = self.contacts.get(contact)
        if known is None:
            return None
        self.contacts[contact] = replace(known, due_at=at, agent=agent, state="waiting")
        return self.contacts[contact]

    def dispositions(self, campaign: CampaignId) -> tuple[str, ...]:
        return ("sold", "later")

    async def forget(self, numbers: Sequence[str]) -> int:
        return 0

    async def attempt(self, call: CallId) -> AttemptView | None:
        self._demand_store()
        return self.attempts.get(call)

    def lists(self) -> Mapping[str, tuple[CampaignId, ...]]:
        return {OWN: (WINTER,), "empty": ()}

    async def blocks(self, number: str) -> tuple[str, tuple[Blocked, ...]]:
        found = self.on_list.get(number)
        return number if number.startswith("+") else "", (found,) if found else ()

    async def block(self, name: str, numbers: Sequence[str], reason: str, by: str) -> NewlyBlocked:
        wrong = tuple(NotAdded(n, "no number") for n, number in enumerate(numbers) if not number.startswith("+"))
        added = [number for number in numbers if number.startswith("+") and number not in self.on_list]
        self.on_list |= {number: Blocked(name, NOW, reason, by) for number in added}
        return NewlyBlocked(tuple(dict.fromkeys(added)), wrong)

    async def unblock(self, name: str, number: str, by: str) -> bool:
        return self.on_list.pop(number, None) is not None

    async def upload(self, kind: ImportKind, target: str, by: str) -> SmallUpload:
        if self.is_busy:
            raise BusyError("Other files are being imported; try again when they are done.")
        return SmallUpload(self, ImportView(f"i-{len(self.imports) + 1}", kind, target, "done", by, NOW, NOW))

    def file(self, number: str) -> ImportView | None:
        return self.imports.get(number)

    def wrong_rows(self, number: str) -> Path | None:
        return self.folder / f"{number}.errors" if number in self.imports else None

    def _demand_store(self) -> None:
        if not self.store_up:
            raise UnavailableError("The contact store does not answer.")
