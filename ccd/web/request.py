"""Requests put before the engine, and what becomes of its answer."""

from fastapi.responses import Response

from ccd.model.event import AnyRequest
from ccd.web.answer import Done
from ccd.web.centre import Centre
from ccd.web.document import answer
from ccd.web.problem import ProblemError


async def submit(centre: Centre, request: AnyRequest) -> Response:
    """The engine's refusal is a 409 with its reason."""
    reply = await centre.submit(request)
    if reply.refusal:
        raise ProblemError(409, reply.refusal)
    return answer(Done(request.request))
