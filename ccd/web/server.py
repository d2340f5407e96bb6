"""uvicorn inside the daemon's own loop.

One loop means that the API sees and changes the centre without locks. What it costs the routing, measured: 0.2 ms of
the loop a request, 0.4 ms to encode the state of 1,000 agents besides making it, 2 ms in pieces for a scrape of 64
queues; sound files are read in threads. A centre with many viewers of a large floor lets them share one `/v1/stream`.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from ccd.web.port import Port

MOST_CONNECTIONS = 500
HEAD_TIME = 10.0
GRACE_TIME = 3


class WebServer:
    """Answers at its port during `serve`, ends at `stop`."""

    def __init__(self, app: ASGIApp, port: Port, certificate: Path | None = None, key: Path | None = None) -> None:
        """With `certificate` and `key` (PEM files) it speaks TLS only."""
        self._port = port
        self._server = _Server(
            uvicorn.Config(
                app,
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MOST_CONNECTIONS,
                timeout_keep_alive=5,
                timeout_graceful_shutdown=GRACE_TIME,
                h11_max_incomplete_event_size=16_384,
                ssl_certfile=certificate,
                ssl_keyfile=key,
            )
        )

    async def serve(self) -> None:
        """Until `stop`. Close the centre's feed first, so that viewers go by themselves."""
        await self._server.serve(sockets=[self._port.socket])

    def stop(self) -> None:
        """Take no more connections; those that are open get `GRACE_TIME` seconds."""
        self._server.should_exit = True


class _Server(uvicorn.Server):
    """The daemon handles the signals itself."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Protocol(H11Protocol):
    """A request's head has `HEAD_TIME` seconds to come, so that connections that say nothing do not fill the house."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own narrowing
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_expecting()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._stop_expecting()
        elif self._late is None:
            self._late = self.loop.call_later(HEAD_TIME, self._give_up)

    def _stop_expecting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        self._late = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()
