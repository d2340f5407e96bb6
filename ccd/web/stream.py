"""`/v1/stream`: what happens, as server-sent events (`text/event-stream`, HTML standard section 9.2).

`fact` carries a `Noted`, `state` a `CentreView` (at the start, and at most every second while something happens),
`skipped` a number of facts that were too many for this viewer. An agent's token gets `state` with himself and his call
only, and the facts about himself. Silence is broken every 15 s by a comment, so that both ends notice a dead line.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from ccd.model.fact import AgentChanged
from ccd.model.view import CentreView, Noted
from ccd.web.access import Anybody, TheCentre, seen_by
from ccd.web.centre import Centre
from ccd.web.document import PROBLEMS
from ccd.web.feed import Feed
from ccd.web.problem import ProblemError
from ccd.web.token import Token, Tokens

router = APIRouter(prefix="/v1/stream", tags=["centre"], responses=PROBLEMS)
MEDIA_TYPE = "text/event-stream"
QUIET = 15.0
STATE_EVERY = 1.0
PACE = 0.05
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Events without end", "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}
}


class Glance:
    """The view that all viewers share: made anew when it is older than `STATE_EVERY` seconds."""

    def __init__(self) -> None:
        self._made_at = -STATE_EVERY
        self._view: CentreView | None = None

    def view(self, centre: Centre) -> CentreView:
        """At most `STATE_EVERY` old."""
        now = asyncio.get_running_loop().time()
        if self._view is None or now - self._made_at >= STATE_EVERY:
            self._view, self._made_at = centre.view(), now
        return self._view


@router.get("", responses=EVENTS)
async def stream(
    request: Request,
    token: Anybody,
    centre: TheCentre,
    state: Annotated[bool, Query(description="Send `state` events")] = True,
    fact: Annotated[bool, Query(description="Send `fact` events")] = True,
) -> Response:
    """What happens from now on."""
    if not centre.feed.has_room:
        raise ProblemError(503, "Too many are watching.", {"Retry-After": "10"})
    glance: Glance | None = request.app.state.glance if state else None
    viewer = Viewer(token, request.app.state.tokens, centre, glance, facts=fact)
    return StreamingResponse(viewer.events(), media_type=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})


class Viewer:
    """One who watches, until he goes, the daemon stops, or his token is taken away."""

    def __init__(
        self,
        token: Token,
        tokens: Tokens,
        centre: Centre,
        glance: Glance | None,
        *,
        facts: bool,
    ) -> None:
        self._token = token
        self._tokens = tokens
        self._centre = centre
        self._glance = glance
        self._facts = facts

    async def events(self) -> AsyncIterator[bytes]:
        """The stream's bytes."""
        loop = asyncio.get_running_loop()
        place = self._centre.feed.subscribe()
        if place is None:
            return
        with place as subscription:
            yield b"retry: 2000\n\n" + self._state()
            stated_at, stale = loop.time(), False
            while self._may_go_on(self._centre.feed):
                patience = max(stated_at + STATE_EVERY - loop.time(), 0.0) if stale else QUIET
                update = await subscription.next(patience)
                stale = stale or bool(update.noted)
                text = self._told(update.noted, update.skipped)
                if stale and loop.time() - stated_at >= STATE_EVERY:
                    text += self._state()
                    stated_at, stale = loop.time(), False
                yield text or b": quiet\n\n"
                await asyncio.sleep(PACE)

    def _may_go_on(self, feed: Feed) -> bool:
        return not feed.closed and self._tokens.holds(self._token)

    def _told(self, noted: tuple[Noted, ...], skipped: int) -> bytes:
        if not self._facts:
            return b""
        text = _event(b"skipped", b"%d" % skipped) if skipped else b""
        return text + b"".join(_event(b"fact", msgspec.json.encode(one)) for one in noted if self._concerns(one))

    def _concerns(self, noted: Noted) -> bool:
        agent = self._token.agent
        return agent is None or (isinstance(noted.fact, AgentChanged) and noted.fact.agent == agent)

    def _state(self) -> bytes:
        if self._glance is None:
            return b""
        return _event(b"state", msgspec.json.encode(seen_by(self._token, self._glance.view(self._centre))))


def _event(name: bytes, data: bytes) -> bytes:
    """JSON has no line break in it, so one `data` line holds all."""
    return b"event: " + name + b"\ndata: " + data + b"\n\n"
