"""One TCP or TLS connection that comes back by itself, and knows no protocol.

Bytes are handed over as they arrive, written at once or refused: nothing is kept to be sent on a later connection,
because what dials or moves a call must never be sent twice. What was accepted by `write` before a loss may or may not
have arrived: whoever wrote it asks.
"""

import asyncio
import math
import socket
import ssl
from collections.abc import Callable
from typing import cast

import msgspec

_LINGER = 1.0  # s that close() gives the peer to take what was written


class LinkDown(Exception):  # noqa: N818 - a state, not a fault of the program
    """There is no connection to write to; nothing of the data was sent, and nothing will be."""


class BackOff(msgspec.Struct, frozen=True, kw_only=True):
    """How long to wait before connecting again, seconds: `first`, then twice as long each time up to `longest`.

    `jitter`, 0 to 0.5, is the fraction by which every wait is shortened. Give each daemon its own, so that they do not
    all come back to a restarted switch in step.
    """

    first: float = 0.1
    longest: float = 5.0
    jitter: float = 0.0

    def delay(self, attempt: int) -> float:
        """Seconds to wait after `attempt` earlier waits in a row."""
        return min(self.longest, self.first * 2.0 ** min(attempt, 32)) * (1.0 - self.jitter)


class Link:
    """Connects, reads, writes, and connects again after a loss until closed.

    All callbacks are synchronous and run on the event loop. For every `on_connected` there is one `on_lost(reason)`,
    after which no bytes of that connection come; `on_refused(reason)` tells of an attempt that did not connect. An
    exception of theirs goes to the loop's exception handler, and one from `on_connected` or `on_bytes` costs the
    connection.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        on_connected: Callable[[], None],
        on_bytes: Callable[[bytes], None],
        on_lost: Callable[[str], None],
        on_refused: Callable[[str], None] = lambda reason: None,
        tls: ssl.SSLContext | None = None,
        server_name: str | None = None,
        connect_timeout: float = 5.0,
        write_limit: int = 1_048_576,
        back_off: BackOff = BackOff(),  # noqa: B008 - frozen
    ) -> None:
        """`server_name` is what the peer's certificate must say, the host if None; `connect_timeout` (s) includes the
        TLS handshake; `write_limit` is how many bytes may wait for a peer that does not read before it counts as dead.
        """
        self.host = host
        self.port = port
        self.on_connected = on_connected
        self.on_bytes = on_bytes
        self.on_lost = on_lost
        self.on_refused = on_refused
        self._tls = tls
        self._server_name = (server_name or host) if tls else None
        self._connect_timeout = connect_timeout
        self._write_limit = write_limit
        self._back_off = back_off
        self._peer: _Peer | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._hold_until = -math.inf
        self._retry = asyncio.Event()

    @property
    def is_up(self) -> bool:
        """Whether `write` would take bytes now."""
        return self._peer is not None and not self._peer.transport.is_closing()

    def open(self) -> None:
        """Begin to connect. Needs a running event loop; once only."""
        if self._task is not None or self._closing:
            raise RuntimeError("a link is opened once")
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"link {self.host}:{self.port}")
        self._task.add_done_callback(_report)

    def write(self, data: bytes) -> None:
        """Hand the bytes to the connection, or raise LinkDown with none of them sent.

        A peer that would leave more than `write_limit` bytes waiting is cut off.
        """
        peer = self._peer
        if peer is None or peer.transport.is_closing():
            raise LinkDown("not connected")
        if peer.transport.get_write_buffer_size() + len(data) > self._write_limit:
            reason = f"peer does not read: over {self._write_limit} bytes waiting"
            self.abort(reason)
            raise LinkDown(reason)
        peer.transport.write(data)

    def abort(self, reason: str, *, hold_off: float = 0.0) -> None:
        """Cut the connection now, without waiting for the peer, and connect again, not before `hold_off` seconds.

        With `math.inf` (a refused password, say) it stays down until `retry()`. Without a connection only the hold-off
        counts. `on_lost(reason)` follows from the event loop, never from within this call.
        """
        if hold_off > 0:
            self._hold_until = asyncio.get_running_loop().time() + hold_off
        if self._peer is not None:
            self._peer.abort(reason)

    def retry(self) -> None:
        """End a wait or a hold-off: connect now."""
        self._hold_until = -math.inf
        self._retry.set()

    def close(self) -> None:
        """End for good, after giving the peer a moment to take what was written."""
        self._closing = True
        if self._peer is not None:
            self._peer.close()
        elif self._task is not None:
            self._task.cancel()

    async def wait_closed(self) -> None:
        """Until nothing of the link is left; at most a second after `close()`."""
        if self._task is not None:
            await asyncio.wait([self._task])
            if not self._task.cancelled():
                self._task.result()

    async def _run(self) -> None:
        attempt = 0
        while not self._closing:
            was_stable = await self._connect_and_wait()
            attempt = 0 if was_stable else attempt
            if not self._closing:
                await self._pause(self._back_off.delay(attempt))
            attempt += 1

    async def _connect_and_wait(self) -> bool:
        """One connection from beginning to end: whether it lasted. A peer that accepts and closes at once did not."""
        loop = asyncio.get_running_loop()
        peer = _Peer(self, loop.create_future())
        try:
            async with asyncio.timeout(self._connect_timeout):
                await loop.create_connection(
                    lambda: peer, self.host, self.port, ssl=self._tls, server_hostname=self._server_name
                )
        except (OSError, UnicodeError) as error:
            # The time-out may strike between connection_made and here: then it was a connection, and ends as one.
            if not peer.is_made:
                loop.call_soon(self.on_refused, _describe(error))
                return False
        began = loop.time()
        await peer.gone
        return loop.time() - began >= self._back_off.longest

    async def _pause(self, delay: float) -> None:
        self._retry.clear()
        until = max(asyncio.get_running_loop().time() + delay, self._hold_until)
        try:
            async with asyncio.timeout_at(None if until == math.inf else until):
                await self._retry.wait()
        except TimeoutError:
            return


class _Peer(asyncio.Protocol):
    """One connection of the link, from connection_made to connection_lost."""

    transport: asyncio.Transport

    def __init__(self, link: Link, gone: asyncio.Future[None]) -> None:
        self.gone = gone
        self.is_made = False
        self._link = link
        self._reason = ""
        self._linger: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        if self._link._closing:
            self.transport.abort()
            return
        self.is_made = True
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._link._peer = self
        self._call(self._link.on_connected)

    def data_received(self, data: bytes) -> None:
        if not self._reason:
            self._call(self._link.on_bytes, data)

    def connection_lost(self, error: Exception | None) -> None:
        if self._linger is not None:
            self._linger.cancel()
        if not self.gone.done():
            self.gone.set_result(None)
        if self.is_made:
            self._link._peer = None
            self._link.on_lost(self._reason or (_describe(error) if error else "closed by peer"))

    def abort(self, reason: str) -> None:
        self._reason = self._reason or reason
        self.transport.abort()

    def close(self) -> None:
        self._reason = self._reason or "closed"
        self.transport.close()
        self._linger = asyncio.get_running_loop().call_later(_LINGER, self.transport.abort)

    def _call(self, callback: Callable[..., None], *arguments: bytes) -> None:
        # Left to asyncio, an OSError from the callback would pass for one of the socket and be dropped in silence.
        try:
            callback(*arguments)
        except Exception as error:
            context = {"message": "link callback failed", "exception": error, "protocol": self}
            asyncio.get_running_loop().call_exception_handler(context)
            self.abort(_describe(error))


def _describe(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _report(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        task.get_loop().call_exception_handler({"message": "link ended", "exception": error, "task": task})
