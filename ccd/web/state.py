"""The live state, and the administrator's reload."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from ccd.model.view import CentreView
from ccd.web.access import Admin, Anybody, TheCentre, TheMetrics, seen_by
from ccd.web.answer import Queues, Reloaded
from ccd.web.document import PROBLEMS, answer, gives, openapi
from ccd.web.metrics import CONTENT_TYPE

router = APIRouter(tags=["centre"], responses=PROBLEMS)
TEXT: dict[int | str, dict[str, Any]] = {
    200: {"description": "The text format of Prometheus", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


@router.get("/v1/state", responses=gives(CentreView, "The centre as it stands"))
async def state(token: Anybody, centre: TheCentre) -> Response:
    """Switches, health, agents, calls, queues. An agent sees himself and his call, and the figures of the queues."""
    return answer(seen_by(token, centre.view()))


@router.get("/v1/queues", responses=gives(Queues, "The queues as they stand"))
async def queues(token: Anybody, centre: TheCentre) -> Response:
    """Who waits, who is ready, how it goes, by queue."""
    return answer(Queues(centre.view().queues))


@router.post("/v1/reload", responses=gives(Reloaded, "Taken") | gives(Reloaded, "Refused; the old one holds", 409))
async def reload(token: Admin, centre: TheCentre) -> Response:
    """Read the configuration again. Running calls keep their flows; with any error everything stays as it was."""
    errors = tuple(await centre.reload())
    return answer(Reloaded(not errors, errors), 409 if errors else 200)


@router.get("/v1/openapi.json", include_in_schema=False)
async def document(request: Request, token: Anybody) -> Response:
    """This API as an OpenAPI document."""
    return JSONResponse(openapi(request.app))


@router.get("/metrics", responses=TEXT)
async def metrics(token: Anybody, centre: TheCentre, metrics: TheMetrics) -> Response:
    """For Prometheus."""
    return Response(await metrics.exposed(centre.view()), media_type=CONTENT_TYPE)
