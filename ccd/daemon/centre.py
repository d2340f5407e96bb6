"""The running centre, as the HTTP API sees it (`ccd.web.centre.Centre`)."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import structlog
from msgspec.structs import replace

from ccd.core import view
from ccd.core.campaign_view import campaign_views
from ccd.daemon.clock import Clock
from ccd.daemon.filing import day_of
from ccd.daemon.folds import Folds
from ccd.daemon.pump import Pump
from ccd.io.recordings import RecordingError, Recordings, path_of
from ccd.io.records import Records, RecordsAwayError
from ccd.model.caller import Caller, HistoryEntry
from ccd.model.cdr import Cdr
from ccd.model.command import Reply
from ccd.model.event import AnyRequest
from ccd.model.ids import AgentId, CallerId, CallId, Moment, RecordingId, RequestId, switch_of
from ccd.model.view import AgentView, CallerPage, CallPage, CallView, CentreView, Health, SwitchView
from ccd.web.answer import Erased
from ccd.web.campaign_desk import CampaignDesk
from ccd.web.centre import CallSelection, UnavailableError
from ccd.web.feed import Feed

REPLY_TIME = 5.0
log = structlog.get_logger()
Value = TypeVar("Value")


class RunningCentre:
    """Puts requests before the engine and reads the floor, the open call records and the stored ones."""

    def __init__(
        self,
        pump: Pump,
        clock: Clock,
        folds: Folds,
        records: Records,
        recordings: Recordings,
        feed: Feed,
        desk: CampaignDesk,
        *,
        version: str,
        health: Callable[[], Health],
        switches: Callable[[], tuple[SwitchView, ...]],
        reload: Callable[[], Awaitable[Sequence[str]]],
    ) -> None:
        self.feed = feed
        self.desk = desk
        self._pump = pump
        self._clock = clock
        self._folds = folds
        self._records = records
        self._recordings = recordings
        self._version = version
        self._health = health
        self._switches = switches
        self._reload = reload
        self._started: Moment = clock.now()
        self._waiting: dict[RequestId, asyncio.Future[Reply]] = {}

    # --- requests

    def new_request_id(self) -> RequestId:
        """Random, so that no two daemons ever give the same."""
        return RequestId(secrets.token_hex(8))

    async def submit(self, request: AnyRequest) -> Reply:
        """The engine answers within the same turn; the wait is for a pump that is in the middle of one."""
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[request.request] = answer
        try:
            self._pump.feed(request)
            async with asyncio.timeout(REPLY_TIME):
                return await answer
        except TimeoutError as error:
            raise UnavailableError("the engine did not answer") from error
        finally:
            self._waiting.pop(request.request, None)

    def reply(self, reply: Reply) -> None:
        """The engine's answer; nobody may wait any more."""
        answer = self._waiting.get(reply.request)
        if answer is not None and not answer.done():
            answer.set_result(reply)

    async def reload(self) -> Sequence[str]:
        """Read the configuration again."""
        return await self._reload()

    # --- what is

    def view(self) -> CentreView:
        """Everything now."""
        floor = self._pump.engine.floor
        calls = Counter(switch_of(call.leg) for call in floor.calls.values())
        return CentreView(
            at=self._clock.now(),
            site=floor.configuration.site.name,
            version=self._version,
            started_at=self._started,
            configuration=floor.configuration.hash,
            switches=tuple(replace(switch, calls=calls[switch.name]) for switch in self._switches()),
            health=self._health(),
            agents=view.agent_views(floor),
            calls=view.call_views(floor),
            queues=view.queue_views(floor, self._started),
            campaigns=campaign_views(floor),
        )

    def health(self) -> Health:
        """What is well and what is not."""
        return self._health()

    def agent(self, agent: AgentId) -> AgentView | None:
        """One agent."""
        return view.agent_view(self._pump.engine.floor, agent)

    def running(self, call: CallId) -> CallView | None:
        """One running call."""
        return view.call_view(self._pump.engine.floor, call)

    # --- what is recorded

    async def call(self, call: CallId) -> Cdr | None:
        """The record as it stands, or as it was stored."""
        return self._folds.cdrs.open(call) or await self._stored(self._records.call(call))

    async def calls(self, selection: CallSelection) -> CallPage:
        """Past calls, newest first."""
        cdrs, following = await self._stored(
            self._records.calls(selection.limit, selection.before or None, selection.agent, selection.queue)
        )
        return CallPage(tuple(cdrs), following)

    async def caller(self, caller: CallerId) -> Caller | None:
        """One caller's record."""
        return await self._stored(self._records.caller(caller))

    async def callers(self, search: str, cursor: str) -> CallerPage:
        """Callers found."""
        found, following = await self._stored(self._records.callers(search, int(cursor) if cursor.isdecimal() else 0))
        return CallerPage(tuple(found), str(following) if following else "")

    async def update_caller(self, caller: CallerId, fields: dict[str, str]) -> Caller | None:
        """Write the fields; what is shown holds them, whether Redis has them yet or not."""
        known = await self.caller(caller)
        if known is None:
            return None
        self._records.update_caller(caller, fields)
        await self._records.drained(1.0)
        return await self.caller(caller)

    async def erase_caller(self, caller: CallerId) -> Erased | None:
        """His records first, which tell the recordings; those that cannot be deleted now are told by the next try."""
        known = await self.caller(caller)
        numbers = known.numbers if known is not None else ()
        if any(call.caller == caller or call.number in numbers for call in view.call_views(self._pump.engine.floor)):
            raise UnavailableError("The caller is in a call; erase him when it has ended.")
        forgotten = await self.desk.forget(numbers) if numbers else 0  # while the records still tell the numbers
        erased = await self._stored(self._records.erase(caller))
        if erased is None:
            return None
        left = [recording for recording in erased.recordings if not await self._deleted(recording)]
        recordings = len(erased.recordings)
        log.info("caller erased", calls=erased.calls, contacts=forgotten, recordings=recordings, left=len(left))
        return Erased(erased.calls, len(erased.recordings) - len(left), tuple(left))

    async def _deleted(self, recording: RecordingId) -> bool:
        """Whether the file is gone, be it that it never was."""
        try:
            await self._recordings.delete(path_of(recording, day_of(recording)))
        except (OSError, RecordingError) as error:
            log.error("recording not deleted", recording=recording, reason=str(error))
            return False
        return True

    async def history(self, caller: CallerId, limit: int) -> Sequence[HistoryEntry] | None:
        """Calls and interactions of a known caller."""
        if await self.caller(caller) is None:
            return None
        return await self._stored(self._records.history(caller, limit))

    def recording(self, recording: RecordingId) -> Path | None:
        """The finished file."""
        return self._recordings.find(recording, day_of(recording))

    # --- the records' door

    async def _stored(self, read: Awaitable[Value]) -> Value:
        try:
            return await read
        except RecordsAwayError as error:
            log.warning("records away", reason=str(error))
            raise UnavailableError("the records are away") from error
