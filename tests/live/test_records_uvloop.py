"""The daemon's own loop says otherwise than asyncio's that a connection is closed: the writer lives through it."""

import asyncio
import contextlib
from pathlib import Path

import pytest
import uvloop

from ccd.io.record_write import KeepRecording
from ccd.io.records import Records
from ccd.lab.packages import Packages
from ccd.lab.redis import Redis
from ccd.model.ids import RecordingId

pytestmark = pytest.mark.live
DEATHS = 12


async def live(installed: Packages, folder: Path) -> tuple[int, int]:
    """Write all the while, and kill Redis again and again; how many writes were made, and how many are there."""
    server = Redis(folder / "redis", installed.redis_server)
    await server.start()
    records = Records(server.url, folder / "backlog", 0.5)
    await records.start()
    count = 0

    async def write() -> None:
        nonlocal count
        while True:
            for _ in range(20):
                records.keep(KeepRecording(RecordingId(f"r{count}"), f"r{count}.wav", 1, "a" * 2_000))
                count += 1
            await asyncio.sleep(0.001)

    try:
        for _ in range(DEATHS):
            writing = asyncio.create_task(write())
            await asyncio.sleep(0.15)
            await server.kill()
            await asyncio.sleep(0.05)
            writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writing
            await server.start()
            assert await records.drained(20), records.health().last_error
        found = [await records.recording(RecordingId(f"r{number}")) for number in (0, count // 2, count - 1)]
        return sum(one is not None for one in found), records.health().lost
    finally:
        await records.close(patience=0.5)
        await server.kill_if_running()


def test_a_redis_that_dies_again_and_again_kills_no_writer(installed: Packages, tmp_path: Path) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(live(installed, tmp_path)) == (3, 0)
