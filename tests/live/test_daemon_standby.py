"""Two daemons on one Asterisk: the second takes over when the first dies, is frozen, or goes by itself."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator

import pytest

from ccd.lab.centre import Centre
from ccd.lab.packages import Packages
from ccd.lab.process import LabError
from tests.live.daemon_harness import PHONE_TONES, CallCentre, call_centre, hears, lasts, until
from tests.live.test_daemon_life import SALES, flows, settings

pytestmark = pytest.mark.live
TAKES_OVER = 3.0


@pytest.fixture
async def centre(installed: Packages) -> AsyncIterator[CallCentre]:
    async with call_centre(installed, settings(), flows, standby=True) as made:
        yield made


@pytest.fixture
async def second(centre: CallCentre) -> AsyncIterator[Centre]:
    """Stands by."""
    made = centre.centre.beside()
    await made.begin()

    async def waits() -> bool:
        return "waits for the lease" in made.log.read_text()

    await until(waits, "standby")
    yield made
    await made.stop_if_running()


@pytest.mark.parametrize("ending", ["SIGKILL", "SIGTERM", "SIGSTOP"])
async def test_the_second_takes_over_and_everybody_keeps_his_place(
    centre: CallCentre, second: Centre, ending: str
) -> None:
    await centre.log_in("anna")
    talking = centre.call(SALES)
    await centre.phase(talking, "talking")
    waiting, before = [], []
    for _ in range(2):  # one after the other: their places are what it is about
        waiting.append(centre.call(SALES))
        before.append(await centre.phase(waiting[-1], "waiting"))
    first = centre.centre
    began = time.monotonic()
    first.process.signal(signal.Signals[ending])
    await second.ready()
    assert time.monotonic() - began < TAKES_OVER + 0.5  # the last is this machine's
    centre.centre = second
    after = [await centre.phase(call, "waiting") for call in waiting]
    assert [(one.id, one.waiting_since, one.position) for one in after] == [
        (one.id, one.waiting_since, one.position) for one in before
    ]
    assert lasts(talking, PHONE_TONES["1001"], 0.4)
    if ending == "SIGSTOP":
        first.process.signal(signal.SIGCONT)
        with contextlib.suppress(LabError):
            await first.get("/readyz")
        async with asyncio.timeout(10):
            await first.process.wait()
        assert first.process.returncode == 75
    talking.hang_up()
    assert (await centre.phase(waiting[0], "talking")).agent == "anna"
    await hears(waiting[0], PHONE_TONES["1001"])
    waiting[0].hang_up()
    await centre.phase(waiting[1], "talking")
    waiting[1].hang_up()
    for call in (talking, *waiting):
        cdr = await centre.cdr(call)
        assert [visit.outcome for visit in cdr.visits] == ["answered"]
        assert [offer.outcome for offer in cdr.offers] == ["accepted"], "nobody was offered twice"
    assert len(centre.rung("1001")) == 3
    await centre.assert_quiet()


async def test_redis_away_demotes_nobody(centre: CallCentre, second: Centre) -> None:
    await centre.log_in("anna")
    await centre.lab.redis.kill()
    await asyncio.sleep(4)
    call = centre.call(SALES)
    await centre.phase(call, "talking")
    await centre.lab.redis.start()
    await asyncio.sleep(3)
    assert (await centre.phase(call, "talking")).agent == "anna"
    assert "holds the lease" not in second.log.read_text()
    call.hang_up()
