"""A private lab for each test: Asterisk is up in half a second, and nothing of one test reaches the next."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ccd.lab import packages
from ccd.lab.asterisk import Asterisk
from ccd.lab.asterisk_config import AsteriskSettings
from ccd.lab.lab import Lab, LabSettings
from ccd.lab.packages import Packages
from ccd.lab.phone import Phone
from ccd.lab.redis import Redis

CALL_EACH_OTHER = """
[from-agent]
exten => _X.,1,Dial(PJSIP/${EXTEN},30)

[from-trunk]
exten => _X.,1,Dial(PJSIP/${EXTEN},30)
"""

StartLab = Callable[[LabSettings], Awaitable[Lab]]
StartAsterisk = Callable[[AsteriskSettings], Awaitable[Asterisk]]


@pytest.fixture(scope="session")
def installed() -> Packages:
    """The lab's programs, got on first use."""
    return packages.get()


@pytest.fixture
async def start_lab(installed: Packages) -> AsyncIterator[StartLab]:
    """Start as many labs as the test likes; all end with it."""
    async with AsyncExitStack() as stack:

        async def start(settings: LabSettings) -> Lab:
            return await stack.enter_async_context(Lab(settings, installed))

        yield start


@pytest.fixture
async def lab(start_lab: StartLab) -> Lab:
    """Three phones that can call each other, and callers from the trunk that can call them."""
    return await start_lab(LabSettings(agents=3, asterisk=AsteriskSettings(extensions=CALL_EACH_OTHER)))


@pytest.fixture
def phones(lab: Lab) -> dict[str, Phone]:
    return lab.phones


@pytest.fixture
async def start_asterisk(installed: Packages, tmp_path: Path) -> AsyncIterator[StartAsterisk]:
    """Start private Asterisks without phones; all are killed with the test."""
    async with AsyncExitStack() as stack:
        count = iter(range(100))

        async def start(settings: AsteriskSettings) -> Asterisk:
            folder = tmp_path / f"asterisk-{next(count)}"
            asterisk = Asterisk(folder, installed.asterisk, settings, installed.openssl)
            stack.push_async_callback(asterisk.kill_if_running)
            await asterisk.start()
            return asterisk

        yield start


@pytest.fixture
async def asterisk(start_asterisk: StartAsterisk) -> Asterisk:
    return await start_asterisk(AsteriskSettings())


@pytest.fixture
async def redis(installed: Packages, tmp_path: Path) -> AsyncIterator[Redis]:
    """A private Redis with its append-only file on."""
    server = Redis(tmp_path / "redis", installed.redis_server)
    await server.start()
    yield server
    await server.kill_if_running()
