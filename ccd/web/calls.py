"""`/v1/calls`: those that run and those that were, why they went as they did, and what can be done to one."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from fastapi.responses import Response

from ccd.model.cdr import Cdr
from ccd.model.event import HangUpRequested, RecordingRequested
from ccd.model.ids import CallId, QueueId
from ccd.model.view import CallPage, Why
from ccd.web.access import Anybody, TheCentre, may_see_past, may_see_running, seen_by
from ccd.web.answer import Done, RunningCalls
from ccd.web.centre import CallSelection, Centre
from ccd.web.document import PROBLEMS, answer, gives
from ccd.web.parameter import AgentQuery, CallPath, LimitQuery, MomentQuery, QueueQuery
from ccd.web.problem import unknown
from ccd.web.request import submit
from ccd.web.token import Token
from ccd.web.why import why

router = APIRouter(prefix="/v1/calls", tags=["calls"], responses=PROBLEMS)
DONE = gives(Done, "Done")
Action = Annotated[Literal["start", "pause", "resume", "stop"], Path()]


@router.get("", responses=gives(RunningCalls, "The calls that run"))
async def running(token: Anybody, centre: TheCentre) -> Response:
    """The calls that run now, the oldest first; with an agent's token his own."""
    return answer(RunningCalls(seen_by(token, centre.view()).calls))


@router.get("/past", responses=gives(CallPage, "Call records, newest first"))
async def past(
    token: Anybody,
    centre: TheCentre,
    limit: LimitQuery = 50,
    before: MomentQuery = 0,
    agent: AgentQuery = None,
    queue: QueueQuery = None,
) -> Response:
    """Calls that ended; with an agent's token those he talked in.

    A page may hold fewer than `limit` and still have a next one.
    """
    page = await centre.calls(CallSelection(limit, before, token.agent or agent, queue))
    seen = tuple(cdr for cdr in page.calls if may_see_past(token, cdr) and _visited(cdr, queue))
    return answer(CallPage(seen, page.next_before))


@router.get("/{call}", responses=gives(Cdr, "The call's record"))
async def call(call: CallPath, token: Anybody, centre: TheCentre) -> Response:
    """A call's record as it stands, running or past."""
    return answer(await _record(token, centre, call))


@router.get("/{call}/why", responses=gives(Why, "The call's record and the reason of every offer"))
async def reasons(call: CallPath, token: Anybody, centre: TheCentre) -> Response:
    """The way through the flow, and why each agent was offered the call and not another."""
    cdr = await _record(token, centre, call)
    return answer(why(cdr, {queue.id: queue.requires for queue in centre.view().queues} if cdr.offers else {}))


@router.post("/{call}/hangup", responses=DONE)
async def hang_up(call: CallPath, token: Anybody, centre: TheCentre) -> Response:
    """End a call."""
    _demand_running(token, centre, call)
    return await submit(centre, HangUpRequested(centre.new_request_id(), token.name, call))


@router.post("/{call}/recording/{action}", responses=DONE)
async def record(call: CallPath, action: Action, token: Anybody, centre: TheCentre) -> Response:
    """Start, pause (payment), resume or stop the recording of a call."""
    _demand_running(token, centre, call)
    return await submit(centre, RecordingRequested(centre.new_request_id(), token.name, call, action))


def _visited(cdr: Cdr, queue: QueueId | None) -> bool:
    """Agent and queue together: the records are found by one of them only."""
    return queue is None or any(visit.queue == queue for visit in cdr.visits)


def _demand_running(token: Token, centre: Centre, call: CallId) -> None:
    view = centre.running(call)
    if view is None or not may_see_running(token, view):
        raise unknown("running call")


async def _record(token: Token, centre: Centre, call: CallId) -> Cdr:
    cdr = await centre.call(call)
    if cdr is not None and not may_see_past(token, cdr):
        view = centre.running(call)
        if view is None or not may_see_running(token, view):
            cdr = None
    if cdr is None:
        raise unknown("call")
    return cdr
