"""uvicorn in our loop: starts, answers, gives up on those who say nothing, stops."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from ccd.web import server as module
from ccd.web.port import Port
from ccd.web.server import WebServer
from tests.web.centre import ANA, TALK, SmallCentre


def listening() -> Port:
    port = Port("127.0.0.1", 0)
    port.bind()
    return port


async def test_it_answers_and_stops_and_leaves_signals_alone(app: FastAPI) -> None:
    before = signal.getsignal(signal.SIGTERM)
    port = listening()
    server = WebServer(app, port)
    serving = asyncio.create_task(server.serve())
    async with httpx.AsyncClient(base_url=port.url) as client:
        answer = await client.get("/healthz")
        assert answer.json() == {"alive": True}
        assert "server" not in answer.headers
        assert signal.getsignal(signal.SIGTERM) is before
    server.stop()
    async with asyncio.timeout(5):
        await serving


async def test_answers_are_not_held_back_for_the_clients_acknowledgement() -> None:
    """Head and body are two writes: with Nagle's algorithm each answer on a kept connection would take 40 ms."""
    port = listening()
    assert port.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    port.close()


@asynccontextmanager
async def connected(app: FastAPI) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    port = listening()
    server = WebServer(app, port)
    serving = asyncio.create_task(server.serve())
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port.url.rpartition(":")[2]))
    yield reader, writer
    writer.close()
    server.stop()
    await serving


def post(path: str, token: str, *headers: str) -> bytes:
    lines = (f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {token}", *headers, "", "")
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize("path", [f"/v1/agents/{ANA}/pause", f"/v1/calls/{TALK}/hangup", "/nothing"])
@pytest.mark.parametrize("extra", ["X-Y: z", "Expect: 100-continue"])
async def test_an_oversized_body_is_refused_before_any_of_it_comes(
    app: FastAPI, secrets: dict[str, str], centre: SmallCentre, path: str, extra: str
) -> None:
    async with connected(app) as (reader, writer), asyncio.timeout(5):
        writer.write(post(path, secrets["root"], "Content-Type: application/json", "Content-Length: 65537", extra))
        answer = await reader.read()  # also: the connection is closed
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert centre.requests == []


async def test_a_body_that_nobody_reads_is_not_taken_in_either(app: FastAPI, secrets: dict[str, str]) -> None:
    """A route without a body answers; the sender of an endless one is cut off, not listened to."""
    sent = 0
    async with connected(app) as (reader, writer), asyncio.timeout(10):
        writer.write(post(f"/v1/calls/{TALK}/hangup", secrets["root"], "Transfer-Encoding: chunked"))
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof() and sent < 50_000_000:
                writer.write(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
                sent += 65_536
                async with asyncio.timeout(2):
                    await writer.drain()
    assert sent < 50_000_000


async def test_a_port_that_is_taken_is_an_oserror() -> None:
    first = listening()
    with pytest.raises(OSError, match="Address already in use"):
        Port("127.0.0.1", int(first.url.rpartition(":")[2])).bind()
    first.close()


@pytest.mark.parametrize("said", [b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_who_does_not_finish_his_head_is_cut_off(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(module, "HEAD_TIME", 0.05)
    port = listening()
    server = WebServer(app, port)
    serving = asyncio.create_task(server.serve())
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port.url.rpartition(":")[2]))
    writer.write(said)
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()
    server.stop()
    await serving
