"""What the door needs of the house for campaigns: who keeps contacts, attempts and do-not-call lists."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from ccd.model.campaign_view import (
    AttemptView,
    Blocked,
    CampaignReport,
    CampaignView,
    ChangeView,
    ContactCounts,
    ContactView,
    ImportKind,
    ImportView,
    PlacedView,
    PreviewView,
)
from ccd.model.ids import AgentId, CallId, CampaignId, ContactId, Moment


class WantedContact(Struct, frozen=True):
    """A contact to be added; `numbers` as people write them, `key` its name in the list, `due_at` 0 for at once."""

    numbers: tuple[str, ...]
    key: str = ""
    name: str = ""
    fields: dict[str, str] = {}
    zone: str = ""
    priority: int = 0
    due_at: Moment = 0


class Change(Struct, frozen=True):
    """What of a contact is to be different; None stays as it is. `done` true: never dialled again; false: again."""

    priority: int | None = None
    due_at: Moment | None = None
    done: bool | None = None


class NotAdded(Struct, frozen=True):
    """The contact or number at this place of those that were given (0 the first), and why it was not taken."""

    index: int
    reason: str


class AddedContacts(Struct, frozen=True):
    """What became of contacts that were given; those `blocked` are on a do-not-call list."""

    added: int
    duplicates: int = 0
    blocked: int = 0
    wrong: tuple[NotAdded, ...] = ()


class NewlyBlocked(Struct, frozen=True):
    """What became of numbers that were given: those not on the list before, and those that are no numbers."""

    added: tuple[str, ...]
    wrong: tuple[NotAdded, ...] = ()


class BusyError(Exception):
    """Too many files are being imported already, or this one is larger than is taken; its text says which."""


class Upload(Protocol):
    """A file that comes in, piece by piece. It is kept nowhere unless `finish` is reached."""

    async def write(self, piece: bytes) -> None:
        """More of it. Raises `BusyError` beyond the size that is taken, `UnavailableError` when the disk is full."""

    async def finish(self) -> ImportView:
        """That was all; its import begins, or waits for its turn."""

    async def discard(self) -> None:
        """It did not come to its end. After `finish` this does nothing."""


class CampaignDesk(Protocol):
    """Campaigns and what belongs to them. What waits raises `UnavailableError` when the store does not answer."""

    # --- as they stand

    def campaigns(self) -> tuple[CampaignView, ...]:
        """All; without the counts of their contacts."""

    def campaign(self, campaign: CampaignId) -> CampaignView | None:
        """One; without the counts of its contacts."""

    async def counts(self, campaign: CampaignId) -> ContactCounts:
        """Of its contacts; perhaps some seconds old, as it takes a while on a large list."""

    def placed(self, campaign: CampaignId) -> Sequence[PlacedView]:
        """Its last decisions that dialled, the newest first."""

    def changes(self, campaign: CampaignId) -> Sequence[ChangeView]:
        """Its last changes of state, the newest first."""

    def preview(self, agent: AgentId) -> PreviewView:
        """The contact that an agent looks at."""

    async def report(self, campaign: CampaignId, began: Moment, ended: Moment) -> CampaignReport:
        """The regulator's numbers; a moment of 0 stands for the beginning of the cap's period, and for now."""

    # --- contacts

    async def add(self, campaign: CampaignId, contacts: Sequence[WantedContact], by: str) -> AddedContacts:
        """Take them into the campaign's list; who is there already is left as he is."""

    async def find(self, campaign: CampaignId, number: str) -> Sequence[ContactView]:
        """Those with this number, as people write it; without their attempts."""

    async def contact(self, contact: ContactId) -> ContactView | None:
        """One, with all attempts."""

    async def change(self, contact: ContactId, change: Change) -> ContactView | None:
        """As it is afterwards; None for an unknown one."""

    async def remove(self, contact: ContactId) -> bool:
        """Out of the list, its attempts stay on record; false for an unknown one."""

    async def call_back(self, contact: ContactId, at: Moment, agent: AgentId) -> ContactView | None:
        """Dial it at this time, for this agent where one is given; None for an unknown one."""

    def dispositions(self, campaign: CampaignId) -> tuple[str, ...]:
        """The words that an agent has for an attempt of it."""

    async def forget(self, numbers: Sequence[str]) -> int:
        """Erase the contacts with these numbers (E.164); how many. What is on a do-not-call list stays there."""

    async def attempt(self, call: CallId) -> AttemptView | None:
        """One dial."""

    # --- who is not to be called

    def lists(self) -> Mapping[str, tuple[CampaignId, ...]]:
        """The do-not-call lists by name, and the campaigns that each holds for."""

    async def blocks(self, number: str) -> tuple[str, tuple[Blocked, ...]]:
        """The number in E.164, empty where it is none, and the lists that it is on."""

    async def block(self, name: str, numbers: Sequence[str], reason: str, by: str) -> NewlyBlocked:
        """Put numbers on a list."""

    async def unblock(self, name: str, number: str, by: str) -> bool:
        """Take a number off a list; false where it was not on it."""

    # --- files

    async def upload(self, kind: ImportKind, target: str, by: str) -> Upload:
        """Begin to take a file in. Raises `BusyError`."""

    def file(self, number: str) -> ImportView | None:
        """An import, running or one of the last that ended."""

    def wrong_rows(self, number: str) -> Path | None:
        """The rows that an import could not take, as a CSV file: line, error, the row. None: no such import."""
