"""What passes a proxy, and what does not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ccd.lab.proxy import Proxy


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def echoing() -> AsyncIterator[int]:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    async with echoing() as port:
        made = Proxy(port)
        await made.start()
        yield made
        await made.close()


async def said_back(reader: asyncio.StreamReader, within: float = 5.0) -> bytes:
    return await asyncio.wait_for(reader.read(100), within)


async def test_both_ways_pass(proxy: Proxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"hello")
    assert await said_back(reader) == b"hello"
    assert proxy.connections == 1
    writer.close()
    assert await said_back(reader) == b""


async def test_cut_ends_a_connection_at_once_and_the_next_one_passes(proxy: Proxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"hello")
    await said_back(reader)
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        await said_back(reader)
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"again")
    assert await said_back(reader) == b"again"
    writer.close()


async def test_silence_holds_back_and_tells_nobody(proxy: Proxy) -> None:
    old_reader, old = await asyncio.open_connection("127.0.0.1", proxy.port)
    old.write(b"one")
    await said_back(old_reader)
    proxy.fall_silent()
    new_reader, new = await asyncio.open_connection("127.0.0.1", proxy.port)
    for writer in (old, new):
        writer.write(b"two")
    for reader in (old_reader, new_reader):
        with pytest.raises(TimeoutError):
            await said_back(reader, 0.1)
    proxy.speak()
    for reader in (old_reader, new_reader):
        assert await said_back(reader) == b"two"
    old.close()
    new.close()


async def test_a_proxy_leads_elsewhere_and_nobody_there_is_an_end(proxy: Proxy) -> None:
    async with echoing() as port:
        proxy.target = port
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"hello")
        assert await said_back(reader) == b"hello"
        writer.close()
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    assert await said_back(reader) == b""
    writer.close()
