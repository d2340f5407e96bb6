"""A Redis that follows another one, and takes its place with what it has."""

from pathlib import Path

import pytest
import redis.asyncio as client

from ccd.lab.packages import Packages
from ccd.lab.redis import Redis

pytestmark = pytest.mark.live


async def test_a_replica_takes_over_without_what_it_was_not_told(
    redis: Redis, installed: Packages, tmp_path: Path
) -> None:
    replica = Redis(tmp_path / "replica", installed.redis_server, redis)
    await replica.start()
    try:
        async with client.from_url(redis.url) as master:
            await master.set("told", 1)
            await replica.in_step()
            await replica.promote()
            await master.set("not told", 1)
        await redis.kill()
        async with client.from_url(replica.url) as promoted:
            assert await promoted.exists("told") == 1
            assert await promoted.exists("not told") == 0
            await promoted.set("new", 1)
    finally:
        await replica.kill_if_running()
