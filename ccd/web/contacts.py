"""`/v1/contacts`: one contact of a campaign, with all attempts, and what can be changed of it."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from msgspec import Meta, Struct

from ccd.model.campaign_view import ContactView
from ccd.model.ids import AgentId
from ccd.web.access import Supervisor, TheCentre
from ccd.web.answer import Removed
from ccd.web.campaign_desk import Change
from ccd.web.campaigns import Due, Priority, tell_changed
from ccd.web.centre import Centre
from ccd.web.document import PROBLEMS, answer, body, gives, takes
from ccd.web.parameter import ID, LAST_MOMENT, NO_BREAK, ContactPath
from ccd.web.problem import ProblemError, unknown

router = APIRouter(prefix="/v1/contacts", tags=["contacts"], responses=PROBLEMS)
SHOWN = gives(ContactView, "The contact afterwards")


class ContactChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be different. `done` true: it is not dialled any more; false: it may be again."""

    priority: Priority | None = None
    due_at: Due | None = None
    done: bool | None = None


class CallBack(Struct, frozen=True, forbid_unknown_fields=True):
    """When to dial it, and for whom: without `agent` for whoever is free then."""

    at: Annotated[int, Meta(ge=1, le=LAST_MOMENT)]
    agent: Annotated[str, Meta(pattern=ID + NO_BREAK)] | None = None


@router.get("/{contact}", responses=gives(ContactView, "The contact"))
async def contact(contact: ContactPath, token: Supervisor, centre: TheCentre) -> Response:
    """One contact and its attempts, the newest first."""
    return answer(_known(await centre.desk.contact(contact)))


@router.patch("/{contact}", responses=SHOWN, openapi_extra=takes(ContactChange))
async def change(
    contact: ContactPath,
    token: Supervisor,
    centre: TheCentre,
    wanted: Annotated[ContactChange, Depends(body(ContactChange))],
) -> Response:
    """Another priority or time, or done with, or not done with."""
    view = _known(await centre.desk.change(contact, Change(wanted.priority, wanted.due_at, wanted.done)))
    return await _changed(centre, view, token.name)


@router.post("/{contact}/call-back", responses=SHOWN, openapi_extra=takes(CallBack))
async def call_back(
    contact: ContactPath, token: Supervisor, centre: TheCentre, wanted: Annotated[CallBack, Depends(body(CallBack))]
) -> Response:
    """Dial it at a time that was promised; it comes before all others then."""
    agent = AgentId(wanted.agent or "")
    if agent and centre.agent(agent) is None:
        raise ProblemError(422, "There is no such agent.")
    return await _changed(centre, _known(await centre.desk.call_back(contact, wanted.at, agent)), token.name)


@router.delete("/{contact}", responses=gives(Removed, "Whether it was there"))
async def remove(contact: ContactPath, token: Supervisor, centre: TheCentre) -> Response:
    """Out of the campaign's list. Its attempts stay in the report; a line that rings goes on."""
    return answer(Removed(await centre.desk.remove(contact)))


def _known(view: ContactView | None) -> ContactView:
    if view is None:
        raise unknown("contact")
    return view


async def _changed(centre: Centre, view: ContactView, by: str) -> Response:
    if view.state == "waiting":
        await tell_changed(centre, view.campaign, by)
    return answer(view)
