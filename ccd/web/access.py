"""Who asks, and what concerns him: tokens to identities, roles, what an agent sees of the centre."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import structlog
from fastapi import Depends, Request
from msgspec.structs import replace

from ccd.model.campaign_view import AttemptView
from ccd.model.cdr import Cdr
from ccd.model.ids import AgentId
from ccd.model.view import CallView, CentreView
from ccd.web.centre import Centre
from ccd.web.metrics import Metrics
from ccd.web.problem import ProblemError
from ccd.web.throttle import Throttle
from ccd.web.token import Role, Token, Tokens

log = structlog.get_logger()


async def _identified(request: Request) -> Token:
    tokens: Tokens = request.app.state.tokens
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    token = tokens.identify(text.strip()) if scheme.lower() == "bearer" else None
    if token is None:
        raise _turned_away(request)
    request.state.by = token.name
    return token


def _turned_away(request: Request) -> ProblemError:
    throttle: Throttle = request.app.state.throttle
    address = request.client.host if request.client else ""
    wait = throttle.failed(address, asyncio.get_running_loop().time())
    if wait:
        return ProblemError(429, "Too many requests without a valid token.", {"Retry-After": str(int(wait) + 1)})
    if "authorization" in request.headers:
        log.warning("token_refused", address=address)
    return ProblemError(401, "A valid bearer token is needed.", {"WWW-Authenticate": 'Bearer realm="ccd"'})


def _at_least(role: Role) -> Callable[[Token], Awaitable[Token]]:
    async def permitted(token: Annotated[Token, Depends(_identified)]) -> Token:
        if not token.is_at_least(role):
            raise ProblemError(403, f"This needs the role {role}; the token {token.name} has {token.role}.")
        return token

    return permitted


async def _centre(request: Request) -> Centre:
    centre: Centre = request.app.state.centre
    return centre


async def _metrics(request: Request) -> Metrics:
    metrics: Metrics = request.app.state.metrics
    return metrics


Anybody = Annotated[Token, Depends(_identified)]
Supervisor = Annotated[Token, Depends(_at_least("supervisor"))]
Admin = Annotated[Token, Depends(_at_least("admin"))]
TheCentre = Annotated[Centre, Depends(_centre)]
TheMetrics = Annotated[Metrics, Depends(_metrics)]


def demand_self(token: Token, agent: AgentId) -> None:
    """An agent acts for himself only; raises the 403."""
    if token.agent is not None and token.agent != agent:
        raise ProblemError(403, f"The token {token.name} may act for the agent {token.agent} only.")


def may_see_running(token: Token, call: CallView) -> bool:
    """An agent sees the call that he is offered or talks in."""
    return token.agent is None or call.agent == token.agent


def may_see_past(token: Token, cdr: Cdr) -> bool:
    """An agent sees the calls he talked in."""
    return token.agent is None or any(talk.agent == token.agent for talk in cdr.talks)


def may_see_attempt(token: Token, attempt: AttemptView, call: CallView | None) -> bool:
    """An agent sees the attempts he talked in, and the one that he is offered; `call` is it while it runs."""
    return token.agent is None or attempt.agent == token.agent or (call is not None and may_see_running(token, call))


def seen_by(token: Token, view: CentreView) -> CentreView:
    """The view without other agents, their calls and campaigns; queues are figures only, everybody sees them."""
    if token.agent is None:
        return view
    agents = tuple(agent for agent in view.agents if agent.id == token.agent)
    calls = tuple(call for call in view.calls if may_see_running(token, call))
    return replace(view, agents=agents, calls=calls, campaigns=())
