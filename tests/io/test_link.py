"""The link, over real loopback sockets: every peer here is a server that the test runs itself."""

import asyncio
import math
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ccd.io.link import BackOff, Link, LinkDown

SOON = BackOff(first=0.01, longest=0.02)
PATIENCE = 5.0


class Heard:
    """What a link told: a queue of ("connected",), ("bytes", data), ("lost", reason), ("refused", reason)."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[tuple[str, str | bytes]] = asyncio.Queue()

    def on_connected(self) -> None:
        self.queue.put_nowait(("connected", ""))

    def on_bytes(self, data: bytes) -> None:
        self.queue.put_nowait(("bytes", data))

    def on_lost(self, reason: str) -> None:
        self.queue.put_nowait(("lost", reason))

    def on_refused(self, reason: str) -> None:
        self.queue.put_nowait(("refused", reason))

    async def next(self) -> tuple[str, str | bytes]:
        return await asyncio.wait_for(self.queue.get(), PATIENCE)

    async def until(self, what: str) -> str | bytes:
        while True:
            kind, detail = await self.next()
            if kind == what:
                return detail


class Server:
    """A loopback server; each accepted connection is put into `accepted`."""

    def __init__(self) -> None:
        self.accepted: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        self.port = 0
        self.writers: list[asyncio.StreamWriter] = []

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        self.accepted.put_nowait((reader, writer))

    async def next(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.wait_for(self.accepted.get(), PATIENCE)


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.accept, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for writer in server.writers:
            if not writer.transport.is_closing():  # Python 3.11.2 cannot abort a TLS transport that was closed twice
                writer.transport.abort()


@asynccontextmanager
async def linked(port: int, heard: Heard, **options: Any) -> AsyncIterator[Link]:
    link = Link(
        "127.0.0.1",
        port,
        on_connected=heard.on_connected,
        on_bytes=heard.on_bytes,
        on_lost=heard.on_lost,
        on_refused=heard.on_refused,
        **{"back_off": SOON, **options},
    )
    link.open()
    try:
        yield link
    finally:
        link.close()
        await asyncio.wait_for(link.wait_closed(), PATIENCE)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    folder = tmp_path_factory.mktemp("tls")
    crt, key = folder / "peer.crt", folder / "peer.key"
    request = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=peer"
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*request.split(), *names, "-out", crt, "-keyout", key], check=True, capture_output=True)
    return crt, key


def server_side(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.mark.parametrize("encrypted", [False, True])
async def test_bytes_go_both_ways(encrypted: bool, certificate: tuple[Path, Path]) -> None:
    heard = Heard()
    tls = ssl.create_default_context(cafile=certificate[0]) if encrypted else None
    async with (
        serving(server_side(certificate) if encrypted else None) as server,
        linked(server.port, heard, tls=tls) as link,
    ):
        reader, writer = await server.next()
        assert await heard.next() == ("connected", "")
        link.write(b"ping\r\n")
        assert await reader.readline() == b"ping\r\n"
        writer.write(b"pong")
        assert await heard.next() == ("bytes", b"pong")
        assert link.is_up


async def test_small_writes_are_not_held_back() -> None:
    heard = Heard()
    async with serving() as server, linked(server.port, heard) as link:
        await heard.until("connected")
        assert link._peer is not None
        own = link._peer.transport.get_extra_info("socket")
        assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_comes_back_when_the_peer_closes_and_sends_nothing_old() -> None:
    heard = Heard()
    async with serving() as server, linked(server.port, heard) as link:
        _, writer = await server.next()
        await heard.until("connected")
        writer.close()
        assert await heard.next() == ("lost", "closed by peer")
        assert not link.is_up
        with pytest.raises(LinkDown):
            link.write(b"old\n")
        reader, _ = await server.next()
        await heard.until("connected")
        link.write(b"new\n")
        assert await reader.readline() == b"new\n"


async def test_reset_by_the_peer_is_a_loss() -> None:
    heard = Heard()
    async with serving() as server, linked(server.port, heard):
        _, writer = await server.next()
        await heard.until("connected")
        own = writer.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()
        assert "ConnectionResetError" in str(await heard.until("lost"))
        await heard.until("connected")


async def test_keeps_trying_until_the_peer_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    heard = Heard()
    async with linked(port, heard) as link:
        for _ in range(3):
            assert "ConnectionRefusedError" in str(await heard.until("refused"))
        with pytest.raises(LinkDown):
            link.write(b"x")
        listening = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", port)
        await heard.until("connected")
        listening.close()


async def test_peer_that_closes_at_once_is_not_hammered() -> None:
    heard = Heard()
    loop = asyncio.get_running_loop()
    async with serving() as server, linked(server.port, heard, back_off=BackOff(first=0.02, longest=10.0)):
        waits = []
        for _ in range(4):
            _, writer = await server.next()
            writer.close()
            await heard.until("lost")
            began = loop.time()
            await heard.until("connected")
            waits.append(loop.time() - began)
    # Timers may fire up to the clock's resolution early.
    assert all(wait >= least for wait, least in zip(waits, [0.0, 0.019, 0.039, 0.079], strict=True))


def test_back_off() -> None:
    assert [BackOff().delay(n) for n in range(8)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert BackOff().delay(10_000) == 5.0
    assert BackOff(first=1.0, jitter=0.25).delay(1) == 1.5


@pytest.mark.parametrize("encrypted", [False, True])
async def test_abort_does_not_wait_for_a_silent_peer(encrypted: bool, certificate: tuple[Path, Path]) -> None:
    heard = Heard()
    tls = ssl.create_default_context(cafile=certificate[0]) if encrypted else None
    async with (
        serving(server_side(certificate) if encrypted else None) as server,
        linked(server.port, heard, tls=tls) as link,
    ):
        _, writer = await server.next()
        await heard.until("connected")
        writer.write(b"late")
        link.abort("no answer to Ping")
        assert heard.queue.empty()
        with pytest.raises(LinkDown):
            link.write(b"x")
        assert await heard.next() == ("lost", "no answer to Ping")
        assert await heard.next() == ("connected", "")


async def test_hold_off_delays_the_next_attempt() -> None:
    heard = Heard()
    loop = asyncio.get_running_loop()
    async with serving() as server, linked(server.port, heard) as link:
        await heard.until("connected")
        began = loop.time()
        link.abort("wrong password", hold_off=0.2)
        await heard.until("connected")
        assert loop.time() - began >= 0.19


async def test_hold_off_for_ever_ends_by_retry_only() -> None:
    held, other = Heard(), Heard()
    async with serving() as server, linked(server.port, held) as link:
        await held.until("connected")
        link.abort("wrong password", hold_off=math.inf)
        assert await held.next() == ("lost", "wrong password")
        async with linked(server.port, other) as busy:
            for _ in range(5):  # the other link waits as long between its attempts
                await other.until("connected")
                busy.abort("again")
        assert held.queue.empty()
        link.retry()
        assert await held.next() == ("connected", "")


async def test_peer_that_never_answers_the_handshake() -> None:
    heard = Heard()
    context = ssl.create_default_context()
    async with serving() as server, linked(server.port, heard, tls=context, connect_timeout=0.05):
        assert await heard.next() == ("refused", "TimeoutError")
        assert await heard.next() == ("refused", "TimeoutError")


async def test_certificate_is_checked(certificate: tuple[Path, Path]) -> None:
    heard = Heard()
    async with (
        serving(server_side(certificate)) as server,
        linked(server.port, heard, tls=ssl.create_default_context()),
    ):
        assert "CERTIFICATE_VERIFY_FAILED" in str(await heard.until("refused"))
    trusted = ssl.create_default_context(cafile=certificate[0])
    async with serving(server_side(certificate)) as server, linked(server.port, heard, tls=trusted, server_name="pbx"):
        assert "Hostname mismatch" in str(await heard.until("refused"))


@pytest.mark.parametrize("encrypted", [False, True])
async def test_peer_that_does_not_read_is_cut_off(encrypted: bool, certificate: tuple[Path, Path]) -> None:
    heard = Heard()
    tls = ssl.create_default_context(cafile=certificate[0]) if encrypted else None
    async with (
        serving(server_side(certificate) if encrypted else None) as server,
        linked(server.port, heard, tls=tls, write_limit=200_000) as link,
    ):
        await heard.until("connected")
        with pytest.raises(LinkDown, match="does not read"):
            await write_until_refused(link)
        assert "does not read" in str(await heard.until("lost"))
        await heard.until("connected")


async def write_until_refused(link: Link) -> None:
    for _ in range(2_000):
        link.write(b"x" * 50_000)
        await asyncio.sleep(0)


async def test_callback_that_fails_costs_the_connection_and_is_reported() -> None:
    heard = Heard()
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(context))

    def fail(data: bytes) -> None:
        raise OSError(f"cannot take {data!r}")

    async with serving() as server, linked(server.port, heard) as link:
        link.on_bytes = fail
        _, writer = await server.next()
        await heard.until("connected")
        writer.write(b"x")
        assert await heard.next() == ("lost", "OSError: cannot take b'x'")
        assert await heard.next() == ("connected", "")
    assert [str(context["exception"]) for context in reported] == ["cannot take b'x'"]


@pytest.mark.parametrize("encrypted", [False, True])
async def test_close_delivers_what_was_written_and_is_for_good(encrypted: bool, certificate: tuple[Path, Path]) -> None:
    heard = Heard()
    tls = ssl.create_default_context(cafile=certificate[0]) if encrypted else None
    async with (
        serving(server_side(certificate) if encrypted else None) as server,
        linked(server.port, heard, tls=tls) as link,
    ):
        reader, writer = await server.next()
        await heard.until("connected")
        link.write(b"Action: Logoff\r\n\r\n")
        link.close()
        with pytest.raises(LinkDown):
            link.write(b"x")
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b"Action: Logoff\r\n\r\n"
        writer.close()
        assert await heard.next() == ("lost", "closed")
        await asyncio.wait_for(link.wait_closed(), PATIENCE)
        link.retry()
        with pytest.raises(RuntimeError):
            link.open()
    assert server.accepted.empty()
    assert heard.queue.empty()


async def test_close_does_not_wait_for_a_peer_that_does_not_read() -> None:
    heard = Heard()
    loop = asyncio.get_running_loop()
    async with serving() as server, linked(server.port, heard, write_limit=1 << 26) as link:
        await heard.until("connected")
        link.write(b"x" * (1 << 25))
        began = loop.time()
        link.close()
        await asyncio.wait_for(link.wait_closed(), PATIENCE)
        assert loop.time() - began < 3.0
        assert await heard.next() == ("lost", "closed")


async def test_close_while_connecting_and_while_waiting() -> None:
    heard = Heard()
    async with serving() as server, linked(server.port, heard, tls=ssl.create_default_context()) as link:
        await server.next()
        link.close()
        await asyncio.wait_for(link.wait_closed(), PATIENCE)
    async with serving() as server, linked(server.port, heard, back_off=BackOff(first=1000.0, longest=1000.0)) as link:
        await heard.until("connected")
        link.abort("x")
        await heard.until("lost")
        link.close()
        await asyncio.wait_for(link.wait_closed(), PATIENCE)
    assert heard.queue.empty()
