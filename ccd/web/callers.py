"""`/v1/callers`: the records of those who call. An agent sees the caller whose call he is offered or talks in."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from msgspec import Meta, Struct

from ccd.model.caller import Caller
from ccd.model.ids import CallerId
from ccd.model.view import CallerPage
from ccd.web.access import Admin, Anybody, Supervisor, TheCentre
from ccd.web.answer import Erased, History
from ccd.web.centre import Centre
from ccd.web.document import PROBLEMS, answer, body, gives, takes
from ccd.web.parameter import FIELD_NAME, LINE, CallerPath, CursorQuery, LimitQuery, SearchQuery
from ccd.web.problem import unknown
from ccd.web.token import Token

router = APIRouter(prefix="/v1/callers", tags=["callers"], responses=PROBLEMS)
FieldName = Annotated[str, Meta(pattern=FIELD_NAME)]
FieldText = Annotated[str, Meta(max_length=1_000, pattern=LINE)]


class Fields(Struct, frozen=True, forbid_unknown_fields=True):
    """Fields to write; those not named stay as they are."""

    fields: Annotated[dict[FieldName, FieldText], Meta(min_length=1, max_length=50)]


@router.get("", responses=gives(CallerPage, "Callers"))
async def search(token: Supervisor, centre: TheCentre, search: SearchQuery = "", cursor: CursorQuery = "") -> Response:
    """Callers whose number or fields hold the text."""
    return answer(await centre.callers(search, cursor))


@router.get("/{caller}", responses=gives(Caller, "The caller's record"))
async def caller(caller: CallerPath, token: Anybody, centre: TheCentre) -> Response:
    """One caller's record."""
    _demand_concern(token, centre, caller)
    found = await centre.caller(caller)
    if found is None:
        raise unknown("caller")
    return answer(found)


@router.patch("/{caller}", responses=gives(Caller, "The record afterwards"), openapi_extra=takes(Fields))
async def update(
    caller: CallerPath, token: Anybody, centre: TheCentre, wanted: Annotated[Fields, Depends(body(Fields))]
) -> Response:
    """Write fields of a caller's record; the same again changes nothing."""
    _demand_concern(token, centre, caller)
    updated = await centre.update_caller(caller, wanted.fields)
    if updated is None:
        raise unknown("caller")
    return answer(updated)


@router.delete("/{caller}", responses=gives(Erased, "What was erased"))
async def erase(caller: CallerPath, token: Admin, centre: TheCentre) -> Response:
    """Forget a caller for ever: record, numbers, interactions, all that is personal in his calls, and his recordings.

    What is counted stays: that there was a call, when, its queue, agent and lengths. The journal keeps numbers until
    it is deleted by age, and backups made before keep everything.
    """
    erased = await centre.erase_caller(caller)
    if erased is None:
        raise unknown("caller")
    return answer(erased)


@router.get("/{caller}/history", responses=gives(History, "What happened with this caller"))
async def history(caller: CallerPath, token: Anybody, centre: TheCentre, limit: LimitQuery = 20) -> Response:
    """Earlier calls and interactions."""
    _demand_concern(token, centre, caller)
    entries = await centre.history(caller, limit)
    if entries is None:
        raise unknown("caller")
    return answer(History(tuple(entries)))


def _demand_concern(token: Token, centre: Centre, caller: CallerId) -> None:
    """An agent without this caller on the line is told what he would be told of an unknown one."""
    if token.agent is None:
        return
    agent = centre.agent(token.agent)
    call = centre.running(agent.call) if agent is not None and agent.call is not None else None
    if call is None or call.caller != caller:
        raise unknown("caller")
