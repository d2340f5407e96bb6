"""uvicorn in our loop: starts, answers, gives up on those who say nothing, stops."""

import asyncio
import signal
import socket

import httpx
import pytest
from fastapi import FastAPI

from ccd.web import server as module
from ccd.web.server import WebServer


async def test_it_answers_and_stops_and_leaves_signals_alone(app: FastAPI) -> None:
    before = signal.getsignal(signal.SIGTERM)
    server = WebServer(app, "127.0.0.1", 0)
    server.bind()
    serving = asyncio.create_task(server.serve())
    async with httpx.AsyncClient(base_url=server.url) as client:
        answer = await client.get("/healthz")
        assert answer.json() == {"alive": True}
        assert "server" not in answer.headers
        assert signal.getsignal(signal.SIGTERM) is before
    server.stop()
    async with asyncio.timeout(5):
        await serving


async def test_answers_are_not_held_back_for_the_clients_acknowledgement(app: FastAPI) -> None:
    """Head and body are two writes: with Nagle's algorithm each answer on a kept connection would take 40 ms."""
    server = WebServer(app, "127.0.0.1", 0)
    server.bind()
    assert server._socket is not None
    assert server._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_port_that_is_taken_is_an_oserror(app: FastAPI) -> None:
    first = WebServer(app, "127.0.0.1", 0)
    first.bind()
    with pytest.raises(OSError, match="Address already in use"):
        WebServer(app, "127.0.0.1", int(first.url.rpartition(":")[2])).bind()


@pytest.mark.parametrize("said", [b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_who_does_not_finish_his_head_is_cut_off(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(module, "HEAD_TIME", 0.05)
    server = WebServer(app, "127.0.0.1", 0)
    server.bind()
    serving = asyncio.create_task(server.serve())
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
    writer.write(said)
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()
    server.stop()
    await serving
