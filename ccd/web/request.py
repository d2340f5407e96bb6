"""Requests put before the engine, and what becomes of its answer."""

from fastapi.responses import Response
from msgspec import Struct

from ccd.model.event import AnyRequest
from ccd.web.centre import Centre
from ccd.web.document import answer
from ccd.web.problem import ProblemError


class Done(Struct, frozen=True):
    """It was carried out; `request` names it in the journal."""

    request: str


async def submit(centre: Centre, request: AnyRequest) -> Response:
    """The engine's refusal is a 409 with its reason."""
    reply = await centre.submit(request)
    if reply.refusal:
        raise ProblemError(409, reply.refusal)
    return answer(Done(request.request))
