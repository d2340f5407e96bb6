"""A whole centre backed up by the command while it talks, and brought back to life from the file."""

import asyncio
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from redis.asyncio import Redis

from ccd.lab.packages import Packages
from tests.live.daemon_harness import PHONE_TONES, CallCentre, answered, call_centre, endpoint, hears

pytestmark = pytest.mark.live

SALES = "4930900"
SETTINGS = {
    "numbers": {SALES: "sales"},
    "queues": {"sales": {"requires": {"sales": 1}, "recording": {"mode": "always"}}},
    "agents": {"ana": {"name": "Ana", "number": "1001", "endpoint": endpoint("1001"), "skills": {"sales": 1}}},
}


def flows(folder: Path) -> Mapping[str, str]:
    return {"sales": "flow: sales\nsteps:\n  who: {caller: {fields: {tier: gold}}}\n  sales: {queue: sales}\n"}


async def ccd(centre: CallCentre, *arguments: str) -> str:
    """What a command says; it must not fail."""
    command = (sys.executable, "-m", "ccd", *arguments, "--config", str(centre.centre.folder / "ccd.yaml"))
    process = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=-1)
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


async def test_from_one_machine_to_another(installed: Packages, tmp_path: Path) -> None:
    async with call_centre(installed, SETTINGS, flows) as it:
        file, folder = tmp_path / "monday.zip", it.centre.folder
        await it.log_in("ana")
        first = await answered(it.call(SALES, display="Ann"))
        await hears(first, PHONE_TONES["1001"])
        first.hang_up()
        cdr = await it.cdr(first)
        second = await answered(it.call(SALES))
        await it.phase(second, "talking")
        assert "files" in await ccd(it, "backup", str(file), "--recordings")
        await hears(second, PHONE_TONES["1001"])  # the talk that runs meanwhile is not touched
        second.hang_up()
        await it.cdr(second)
        await it.centre.stop()
        async with Redis.from_url(it.lab.redis.url) as redis:
            await redis.flushall()
        for gone in ("ccd.yaml", "flows", "secret", "journal", "state", "recordings"):
            path = folder / gone
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        assert "and the records restored" in await ccd(it, "restore", str(file))
        await it.centre.start()
        assert await it.centre.get(f"/v1/calls/{cdr.call}") is not None
        assert (await it.cdr(first)) == cdr
        caller = await it.caller(cdr.number)
        assert caller is not None
        assert (caller.fields["name"], caller.fields["tier"], caller.calls) == ("Ann", "gold", 1)
        assert (it.centre.recordings / cdr.recordings[0].path).is_file()
        third = await answered(it.call(SALES))
        await hears(third, PHONE_TONES["1001"])
        third.hang_up()
        await it.cdr(third)
        await it.assert_quiet()
