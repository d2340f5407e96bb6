"""What the door needs of the house: the one seam between the HTTP API and the daemon."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from ccd.model.caller import Caller, HistoryEntry
from ccd.model.cdr import Cdr
from ccd.model.command import Reply
from ccd.model.event import AnyRequest
from ccd.model.ids import AgentId, CallerId, CallId, Moment, QueueId, RecordingId, RequestId
from ccd.model.view import AgentView, CallerPage, CallPage, CallView, CentreView, Health
from ccd.web.answer import Erased
from ccd.web.campaign_desk import CampaignDesk
from ccd.web.feed import Feed


class UnavailableError(Exception):
    """What was asked for is away (the records, mostly) or did not answer in time; its text says what."""


class CallSelection(Struct, frozen=True):
    """Which past calls: at most `limit`, begun before `before` (0: from the newest), of an agent or a queue."""

    limit: int = 50
    before: Moment = 0
    agent: AgentId | None = None
    queue: QueueId | None = None


class Centre(Protocol):
    """The running centre. Everything that waits has a time-out of its own and raises `UnavailableError` beyond it."""

    def new_request_id(self) -> RequestId:
        """An id that no request had before, also not before a restart."""

    async def submit(self, request: AnyRequest) -> Reply:
        """Put a request before the engine; its answer. The engine refuses what is unknown or not possible now."""

    def view(self) -> CentreView:
        """The state now; in proportion to agents and calls, so not for what is asked many times a second."""

    def health(self) -> Health:
        """Cheap: asked every few seconds by those who watch."""

    @property
    def feed(self) -> Feed:
        """Where the daemon notes every fact for those who watch; it closes it when it stops."""

    @property
    def desk(self) -> CampaignDesk:
        """Who keeps the campaigns' contacts."""

    def agent(self, agent: AgentId) -> AgentView | None:
        """One agent as he stands now; cheap."""

    def running(self, call: CallId) -> CallView | None:
        """One running call as it stands now; cheap."""

    async def call(self, call: CallId) -> Cdr | None:
        """A call's record, running or past."""

    async def calls(self, selection: CallSelection) -> CallPage:
        """Past calls, newest first."""

    async def caller(self, caller: CallerId) -> Caller | None:
        """One caller's record."""

    async def callers(self, search: str, cursor: str) -> CallerPage:
        """Callers whose number or fields hold `search` (all, when empty); `cursor` is from the page before."""

    async def update_caller(self, caller: CallerId, fields: dict[str, str]) -> Caller | None:
        """Write these fields, leave the others; the record afterwards, None for an unknown caller."""

    async def erase_caller(self, caller: CallerId) -> Erased | None:
        """Forget a caller, his recordings too; None for one who never was. Done again it changes nothing.

        Not possible while he is in a call.
        """

    async def history(self, caller: CallerId, limit: int) -> Sequence[HistoryEntry] | None:
        """Calls and interactions, newest first; None for an unknown caller."""

    def recording(self, recording: RecordingId) -> Path | None:
        """The finished file of a recording, inside the recordings' folder by construction. May block on the disk."""

    async def reload(self) -> Sequence[str]:
        """Read the configuration again; the errors that made it stay as it was, none when it was taken."""
