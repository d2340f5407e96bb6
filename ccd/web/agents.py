"""`/v1/agents`: who they are, how they stand, what they do without a phone's feature code."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from msgspec import Meta, Struct

from ccd.model.event import (
    EndWrapUpRequested,
    LogInRequested,
    LogOutRequested,
    PauseRequested,
    UnpauseRequested,
)
from ccd.model.ids import AgentId, Endpoint
from ccd.model.view import AgentView
from ccd.web.access import Anybody, TheCentre, demand_self, seen_by
from ccd.web.answer import Agents, Done
from ccd.web.centre import Centre
from ccd.web.document import PROBLEMS, answer, body, gives, takes
from ccd.web.parameter import ENDPOINT, LINE, AgentPath
from ccd.web.problem import unknown
from ccd.web.request import submit
from ccd.web.token import Token

router = APIRouter(prefix="/v1/agents", tags=["agents"], responses=PROBLEMS)
DONE = gives(Done, "Done")


class LogIn(Struct, frozen=True, forbid_unknown_fields=True):
    """The phone to log in at, as its switch dials it: `PJSIP/1001`, on another than the first `annex:PJSIP/1001`."""

    endpoint: Annotated[str, Meta(pattern=ENDPOINT)]


class Pause(Struct, frozen=True, forbid_unknown_fields=True):
    """Why; a word of the site's list where it has one."""

    reason: Annotated[str, Meta(max_length=100, pattern=LINE)] = ""


@router.get("", responses=gives(Agents, "The agents"))
async def agents(token: Anybody, centre: TheCentre) -> Response:
    """All agents and how they stand."""
    return answer(Agents(seen_by(token, centre.view()).agents))


@router.get("/{agent}", responses=gives(AgentView, "The agent"))
async def agent(agent: AgentPath, token: Anybody, centre: TheCentre) -> Response:
    """One agent."""
    return answer(_known(token, centre, agent))


@router.post("/{agent}/login", responses=DONE, openapi_extra=takes(LogIn))
async def login(
    agent: AgentPath, token: Anybody, centre: TheCentre, wanted: Annotated[LogIn, Depends(body(LogIn))]
) -> Response:
    """Log in at a phone."""
    _known(token, centre, agent)
    request = LogInRequested(centre.new_request_id(), token.name, agent, Endpoint(wanted.endpoint))
    return await submit(centre, request)


@router.post("/{agent}/logout", responses=DONE)
async def logout(agent: AgentPath, token: Anybody, centre: TheCentre) -> Response:
    """Log out; a talk goes on and ends as it would."""
    _known(token, centre, agent)
    return await submit(centre, LogOutRequested(centre.new_request_id(), token.name, agent))


@router.post("/{agent}/pause", responses=DONE, openapi_extra=takes(Pause))
async def pause(
    agent: AgentPath, token: Anybody, centre: TheCentre, wanted: Annotated[Pause, Depends(body(Pause))]
) -> Response:
    """No calls until unpaused."""
    _known(token, centre, agent)
    return await submit(centre, PauseRequested(centre.new_request_id(), token.name, agent, wanted.reason))


@router.post("/{agent}/unpause", responses=DONE)
async def unpause(agent: AgentPath, token: Anybody, centre: TheCentre) -> Response:
    """Calls again."""
    _known(token, centre, agent)
    return await submit(centre, UnpauseRequested(centre.new_request_id(), token.name, agent))


@router.post("/{agent}/end-wrap-up", responses=DONE)
async def end_wrap_up(agent: AgentPath, token: Anybody, centre: TheCentre) -> Response:
    """Done with the after-call work before its time is up."""
    _known(token, centre, agent)
    return await submit(centre, EndWrapUpRequested(centre.new_request_id(), token.name, agent))


def _known(token: Token, centre: Centre, agent: AgentId) -> AgentView:
    demand_self(token, agent)
    view = centre.agent(agent)
    if view is None:
        raise unknown("agent")
    return view
