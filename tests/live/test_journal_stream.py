"""The journal's copy in a real Redis: in order, bounded, whole after Redis was away, and nothing believed unsealed."""

import asyncio
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis as Client
from structlog.testing import capture_logs

from ccd.io.journal_stream import KEY_FILE, SNAPSHOT, STREAM, Copied, JournalCopy, JournalStream, own_key
from ccd.lab.redis import Redis

KEY = b"k" * 32


def url_of(redis: Redis) -> str:
    return f"redis://127.0.0.1:{redis.port}/0"


@asynccontextmanager
async def written(redis: Redis, run: str = "a", entries: int = 1_000) -> AsyncIterator[JournalStream]:
    stream = JournalStream(url_of(redis), run, KEY, entries, timeout=1.0)
    stream.start()
    try:
        yield stream
    finally:
        await stream.close()


async def entries(redis: Redis, run: str = "a", after: int = 0) -> list[bytes]:
    copy = JournalCopy(url_of(redis), KEY)
    try:
        return await asyncio.to_thread(copy.entries, run, after)
    finally:
        copy.close()


async def snapshot(redis: Redis, key: bytes = KEY) -> Copied | None:
    copy = JournalCopy(url_of(redis), key)
    try:
        return await asyncio.to_thread(copy.snapshot)
    finally:
        copy.close()


async def test_what_was_written_is_read_behind_any_entry(redis: Redis) -> None:
    texts = [b"%d\r\n\x00" % number for number in range(1, 2_501)]
    async with written(redis, entries=5_000) as stream:
        for number, text in enumerate(texts, 1):
            stream.put(1_800_000_000_000_000 + number // 3, number, text)
    assert await entries(redis) == texts
    assert await entries(redis, after=2_490) == texts[2_490:]
    assert await entries(redis, after=2_500) == []
    assert await entries(redis, run="b") == []


async def test_it_is_bounded(redis: Redis) -> None:
    async with written(redis, entries=500) as stream:
        for number in range(1, 3_001):
            stream.put(number, number, b"x")
            if number % 250 == 0:
                await asyncio.sleep(0.05)
    found = await entries(redis)
    assert 500 <= len(found) < 500 + 200  # Redis trims by whole nodes of 100


async def test_the_copy_is_whole_after_redis_was_away(redis: Redis) -> None:
    async with written(redis) as stream:
        stream.put(1, 1, b"1")
        await asyncio.sleep(0.2)
        await redis.kill()
        for number in range(2, 200):
            stream.put(number, number, b"%d" % number)
        await asyncio.sleep(0.3)
        await redis.start()
        for _ in range(100):
            if len(await entries(redis)) >= 199:
                break
            await asyncio.sleep(0.1)
        assert stream.dropped == 0
    assert await entries(redis) == [b"%d" % number for number in range(1, 200)]


async def test_what_a_redis_that_failed_over_lost_is_written_again(redis: Redis) -> None:
    """As a replica that took over: the last acknowledged entries and the snapshot are not there."""
    async with written(redis) as stream:
        for number in range(1, 51):
            stream.put(number, number, b"%d" % number)
        stream.keep(50, "code", b"payload")
        await asyncio.sleep(0.3)
        client = Client.from_url(url_of(redis))
        await client.delete(STREAM, SNAPSHOT)
        for number in range(1, 31):
            await client.xadd(STREAM, {"run": "a", "entry": b"%d" % number}, id=f"{number}-{number}")
        await client.aclose()
        await redis.kill()
        stream.put(51, 51, b"51")
        await asyncio.sleep(0.2)
        await redis.start()
        for _ in range(100):
            if len(await entries(redis)) == 51 and await snapshot(redis) is not None:
                break
            await asyncio.sleep(0.1)
    assert await entries(redis) == [b"%d" % number for number in range(1, 52)]
    assert await snapshot(redis) == Copied("a", 50, "code", b"payload")


async def test_what_finds_no_room_is_counted_and_seen_by_its_number(redis: Redis) -> None:
    async with written(redis, entries=100) as stream:
        for number in range(1, 151):  # before the task runs
            stream.put(number, number, b"%d" % number)
        assert stream.dropped == 50
    assert (await entries(redis))[0] == b"51"


async def test_a_daemon_that_slept_does_not_write_behind_its_successor(redis: Redis) -> None:
    async with written(redis, "b") as successor:
        successor.put(2_000, 7, b"new")
    async with written(redis, "a") as sleeper:
        sleeper.put(1_000, 6, b"late")
    assert await entries(redis, "b") == [b"new"]
    assert await entries(redis, "a") == []


async def test_a_snapshot_is_believed_by_its_seal(redis: Redis) -> None:
    assert await snapshot(redis) is None
    async with written(redis) as stream:
        stream.put(1, 1, b"1")
        stream.keep(1, "code", b"payload")
    assert await snapshot(redis) == Copied("a", 1, "code", b"payload")
    assert await snapshot(redis, b"other") is None
    client = Client.from_url(url_of(redis))
    for field, value in (("payload", b"hostile"), ("sequence", 2), ("run", b"b"), ("code", b"x"), ("sequence", b"x")):
        kept = await client.hget(SNAPSHOT, field)
        await client.hset(SNAPSHOT, field, value)
        assert await snapshot(redis) is None
        await client.hset(SNAPSHOT, field, kept)
    assert await snapshot(redis) is not None
    await client.hdel(SNAPSHOT, "seal")
    assert await snapshot(redis) is None
    await client.set(STREAM, "no stream")
    assert await entries(redis) == []
    await client.aclose()


def test_a_redis_that_is_silent_is_asked_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        copy = JournalCopy(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", KEY, timeout=0.2)
        with capture_logs() as logs:
            assert (copy.snapshot(), copy.newest_run(), copy.entries("a", 0)) == (None, "", [])
        assert [entry["event"] for entry in logs] == ["the journal's copy cannot be read"]
        copy.close()


def test_the_key_is_made_once_and_nobody_elses(tmp_path: Path) -> None:
    key = own_key(tmp_path / "state")
    assert len(key) == 32
    assert own_key(tmp_path / "state") == key
    place = tmp_path / "state" / KEY_FILE
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    place.write_bytes(b"short")
    assert len(own_key(tmp_path / "state")) == 32
    assert own_key(tmp_path / "state") != key
