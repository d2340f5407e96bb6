"""The HTTP API, composed: routes, access, errors, document."""

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from ccd.web import (
    agents,
    attempts,
    callers,
    calls,
    campaigns,
    contacts,
    do_not_call,
    health,
    imports,
    problem,
    recordings,
    state,
    stream,
)
from ccd.web.centre import Centre
from ccd.web.document import openapi
from ccd.web.door import Door
from ccd.web.metrics import Metrics
from ccd.web.throttle import Throttle
from ccd.web.token import Token, Tokens

ROOMS = (imports, campaigns, contacts, attempts, do_not_call)
"""Those of the dialler; imports have paths that would be a campaign's action."""
DESCRIPTION = """The call centre at work: live state, agents, calls, callers, recordings, campaigns.

Moments are integers of microseconds of UTC, lengths integers of microseconds. Every request but the two about health
needs a bearer token (`ccd token` makes one); its role is agent, supervisor or admin. Errors are problem documents
(RFC 9457); what the engine refuses to do is a 409 with its reason."""


def create_app(centre: Centre, tokens: Tokens | Iterable[Token], metrics: Metrics | None = None) -> FastAPI:
    """The API of this centre. A `Tokens` that is handed in can be given others while the app runs."""
    app = FastAPI(
        title="ccd",
        version="1",
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation,
    )
    app.state.centre = centre
    app.state.tokens = tokens if isinstance(tokens, Tokens) else Tokens(tokens)
    app.state.metrics = metrics or Metrics()
    app.state.throttle = Throttle()
    app.state.glance = stream.Glance()
    for room in (health, state, agents, calls, callers, recordings, *ROOMS, stream):
        app.include_router(room.router)
    problem.install(app)
    app.add_middleware(Door)

    def document() -> dict[str, Any]:
        return openapi(app)

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own way of replacing its document
    return app


def _operation(route: APIRoute) -> str:
    return f"{route.tags[0]}_{route.name}"
