"""Around every request: its id, the size and time of its body, the headers of every answer, the line in the log."""

import asyncio
import re
import secrets
from typing import NamedTuple

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ccd.web import problem

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Bounds(NamedTuple):
    """Of a body: how large it may be, and how long it may take to come, in all and between two pieces, in seconds."""

    most_bytes: int = 65_536
    patience: float = 10.0
    most_silence: float = 10.0


ORDINARY = Bounds()
MOST_UPLOAD = 1 << 29
WIDER = (
    (re.compile(r"/v1/(campaigns|do-not-call)/[^/]+/imports"), Bounds(MOST_UPLOAD, 3_600.0, 30.0)),
    (re.compile(r"/v1/(campaigns/[^/]+/contacts|do-not-call/[^/]+)"), Bounds(1 << 20, 20.0)),
)
"""What takes lists. Who may send them is asked before anything of the body is read."""
TOO_LARGE = "The body is larger than any request needs."
READING = ("GET", "HEAD", "OPTIONS")
log = structlog.get_logger()


class Door:
    """ASGI middleware. `ordinary` bounds the body of a request that is none of `WIDER`."""

    def __init__(self, app: ASGIApp, ordinary: Bounds = ORDINARY) -> None:
        self._app = app
        self._ordinary = ordinary

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        scope.setdefault("state", {})["request_id"] = secrets.token_hex(8)
        body = _Body(scope, receive, self._bounds(scope))
        exchange = _Exchange(scope, send, body)
        try:
            if body.is_announced_too_large():
                await exchange.refuse(413, TOO_LARGE)
            else:
                await self._app(scope, body.receive, exchange.send)
        except Exception as error:
            await exchange.broke(error)
        finally:
            exchange.note()

    def _bounds(self, scope: Scope) -> Bounds:
        if scope["method"] != "POST":
            return self._ordinary
        return next((bounds for path, bounds in WIDER if path.fullmatch(scope["path"])), self._ordinary)


class _Body:
    """What the client sends, counted. Too much or too slow ends the request with a problem."""

    def __init__(self, scope: Scope, receive: Receive, bounds: Bounds) -> None:
        self._headers = Headers(scope=scope)
        self._receive = receive
        self._left = bounds.most_bytes
        self._clock = asyncio.get_running_loop().time
        self._deadline = self._clock() + bounds.patience
        self._most_silence = bounds.most_silence
        self._complete = False

    def is_announced_too_large(self) -> bool:
        """The head says so: nothing of it need come."""
        length = self._headers.get("content-length", "")
        return length.isdecimal() and int(length[:20]) > self._left

    def may_go_on_for_ever(self) -> bool:
        """In pieces, without a length, or a long one, and nobody has read it to its end."""
        length = self._headers.get("content-length", "")
        is_long = length.isdecimal() and int(length[:20]) > ORDINARY.most_bytes
        return (is_long or "transfer-encoding" in self._headers) and not self._complete

    async def receive(self) -> Message:
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(min(self._deadline, self._clock() + self._most_silence)):
                message = await self._receive()
        except TimeoutError:
            raise problem.ProblemError(408, "The body took too long to come.", {"Connection": "close"}) from None
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise problem.ProblemError(413, TOO_LARGE, {"Connection": "close"})
        self._complete = not message.get("more_body", False)
        return message


class _Exchange:
    """One request's answer on its way out."""

    def __init__(self, scope: Scope, send: Send, body: _Body) -> None:
        self._scope = scope
        self._send = send
        self._body = body
        self._status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            if self._body.may_go_on_for_ever():
                headers["Connection"] = "close"
            headers["X-Request-ID"] = self._scope["state"]["request_id"]
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if self._scope.get("scheme") == "https":
                headers["Strict-Transport-Security"] = "max-age=31536000"
        await self._send(message)

    async def broke(self, error: Exception) -> None:
        """A fault of ours: the log has all of it, the client its number. What has begun to be sent is cut off."""
        log.error("request_failed", request=self._scope["state"]["request_id"], exc_info=error)
        if self._status:
            raise error
        await self.refuse(500, "Something is wrong inside; the log has it under the request's id.")

    async def refuse(self, status: int, text: str) -> None:
        """A problem that no route has a part in; what else the client has to say is not heard."""
        answer = problem.response(Request(self._scope), status, text, {"Connection": "close"})
        await answer(self._scope, _nothing, self.send)

    def note(self) -> None:
        """Who changed something or took a recording is in the log; looking is not."""
        path = self._scope["path"]
        if self._scope["method"] in READING and not path.startswith("/v1/recordings/"):
            return
        state = self._scope["state"]
        log.info(
            "request",
            request=state["request_id"],
            by=state.get("by", ""),
            method=self._scope["method"],
            path=path[:200],
            status=self._status,
        )


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
