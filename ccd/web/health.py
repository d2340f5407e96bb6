"""`/healthz`, `/readyz`: for load balancers and watchdogs, open to everybody, and therefore saying little."""

from fastapi import APIRouter
from fastapi.responses import Response

from ccd.web.access import TheCentre
from ccd.web.answer import Alive, Ready
from ccd.web.document import answer, gives

router = APIRouter(tags=["health"])


@router.get("/healthz", responses=gives(Alive, "The daemon answers"))
async def healthz() -> Response:
    """Whether the daemon lives; nothing about the switch or Redis."""
    return answer(Alive())


@router.get("/readyz", responses=gives(Ready, "Calls can be taken") | gives(Ready, "Calls cannot be taken", 503))
async def readyz(centre: TheCentre) -> Response:
    """Whether calls can be taken: the switch is up, the journal writable, …"""
    health = centre.health()
    failing = tuple(part.name for part in health.parts if not part.ok)
    return answer(Ready(health.ready, failing), 200 if health.ready else 503)
