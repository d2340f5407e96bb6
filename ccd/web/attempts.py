"""`/v1/attempts`: a dial and why it was made, and what its agent says of it; what an agent is shown before a dial."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from msgspec import Meta, Struct

from ccd.model.campaign_view import AttemptView, ContactView, PreviewView
from ccd.model.event import DispositionRequested, PreviewRequested
from ccd.model.ids import AgentId, CallId
from ccd.web.access import Anybody, TheCentre, demand_self, may_see_attempt
from ccd.web.answer import Done
from ccd.web.centre import Centre
from ccd.web.document import PROBLEMS, answer, body, gives, takes
from ccd.web.parameter import ID, LAST_MOMENT, LINE, NO_BREAK, AgentPath, AttemptPath
from ccd.web.problem import unknown
from ccd.web.request import submit
from ccd.web.token import Token

router = APIRouter(prefix="/v1", tags=["attempts"], responses=PROBLEMS)
DONE = gives(Done, "Done")


class NewDisposition(Struct, frozen=True, forbid_unknown_fields=True):
    """A word of the campaign's own list. One that is a call-back needs `call_back_at`; `is_personal`: by this agent."""

    disposition: Annotated[str, Meta(pattern=ID + NO_BREAK)]
    call_back_at: Annotated[int, Meta(ge=0, le=LAST_MOMENT)] = 0
    is_personal: bool = False
    note: Annotated[str, Meta(max_length=2_000, pattern=LINE)] = ""


class AttemptContact(Struct, frozen=True):
    """Whom an agent talks with; `dispositions` are the words for what came of it."""

    contact: ContactView
    dispositions: tuple[str, ...]


@router.get("/attempts/{attempt}", responses=gives(AttemptView, "The attempt"))
async def attempt(attempt: AttemptPath, token: Anybody, centre: TheCentre) -> Response:
    """One dial: why it was allowed, rule by rule, and what came of it. An agent sees those that he talked in."""
    return answer(await _known(token, centre, attempt))


@router.get("/attempts/{attempt}/contact", responses=gives(AttemptContact, "The contact"))
async def contact(attempt: AttemptPath, token: Anybody, centre: TheCentre) -> Response:
    """Who it is that was dialled, with all that is known of him, and what can be said of the attempt afterwards."""
    known = await _known(token, centre, attempt)
    found = await centre.desk.contact(known.contact)
    if found is None:
        raise unknown("contact")
    return answer(AttemptContact(found, centre.desk.dispositions(known.campaign)))


@router.post("/attempts/{attempt}/disposition", responses=DONE, openapi_extra=takes(NewDisposition))
async def dispose(
    attempt: AttemptPath,
    token: Anybody,
    centre: TheCentre,
    wanted: Annotated[NewDisposition, Depends(body(NewDisposition))],
) -> Response:
    """What came of it, as its agent says, during the talk or after it; said again the last one counts."""
    await _known(token, centre, attempt)
    request = DispositionRequested(
        centre.new_request_id(),
        token.name,
        attempt,
        wanted.disposition,
        wanted.call_back_at,
        wanted.is_personal,
        wanted.note,
    )
    return await submit(centre, request)


@router.get("/agents/{agent}/preview", responses=gives(PreviewView, "What he is shown"))
async def preview(agent: AgentPath, token: Anybody, centre: TheCentre) -> Response:
    """The contact that an agent looks at before it is dialled; without `contact` there is none now."""
    _demand_agent(token, centre, agent)
    return answer(centre.desk.preview(agent))


@router.post("/agents/{agent}/preview/accept", responses=DONE)
async def accept(agent: AgentPath, token: Anybody, centre: TheCentre) -> Response:
    """Dial it."""
    _demand_agent(token, centre, agent)
    return await submit(centre, PreviewRequested(centre.new_request_id(), token.name, agent, "accept"))


@router.post("/agents/{agent}/preview/skip", responses=DONE)
async def skip(agent: AgentPath, token: Anybody, centre: TheCentre) -> Response:
    """Show another one; this one waits for its turn again."""
    _demand_agent(token, centre, agent)
    return await submit(centre, PreviewRequested(centre.new_request_id(), token.name, agent, "skip"))


def _demand_agent(token: Token, centre: Centre, agent: AgentId) -> None:
    demand_self(token, agent)
    if centre.agent(agent) is None:
        raise unknown("agent")


async def _known(token: Token, centre: Centre, call: CallId) -> AttemptView:
    view = await centre.desk.attempt(call)
    if view is None or not may_see_attempt(token, view, centre.running(call)):
        raise unknown("attempt")
    return view
