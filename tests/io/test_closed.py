"""What uvloop says of a closed transport is understood, and nothing else is."""

import asyncio

import pytest
import uvloop
from redis.exceptions import ConnectionError as RedisConnectionError

from ccd.io.closed import told_as_lost


async def write_after_the_end() -> None:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.transport.abort()
    await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    try:
        with told_as_lost():
            writer.write(b"x")
    finally:
        server.close()


def test_a_write_to_a_closed_transport_is_a_lost_connection() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, pytest.raises(RedisConnectionError):
        runner.run(write_after_the_end())


def test_another_fault_stays_what_it_is() -> None:
    with pytest.raises(RuntimeError, match="ours"), told_as_lost():
        raise RuntimeError("ours")
