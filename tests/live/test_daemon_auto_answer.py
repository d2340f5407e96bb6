"""A queue whose phones answer by themselves: what they are told arrives as it was said, and they obey at once."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ccd.lab.auto_answer import ALERT_INFO, CALL_INFO, EITHER
from ccd.lab.packages import Packages
from tests.live.daemon_harness import CallCentre, call_centre, endpoint

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]
TOLD, UNTOLD = "4930001", "4930002"
AT_ONCE = 0.3
"""Seconds from the INVITE at the phone to its answer."""


def settings() -> dict[str, Any]:
    queue = {"requires": {"sales": 1}}
    return {
        "numbers": {TOLD: "told", UNTOLD: "untold"},
        "queues": {"told": {**queue, "auto_answer": True}, "untold": queue},
        "agents": {"real": {"number": "1001", "name": "Real", "skills": {"sales": 5}, "endpoint": endpoint("1001")}},
    }


def flows(folder: Path) -> Mapping[str, str]:
    return {name: f"flow: {name}\nsteps:\n  wait:\n    queue: {name}\n" for name in ("told", "untold")}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(installed: Packages) -> AsyncIterator[CallCentre]:
    async with call_centre(installed, settings(), flows, softphones=1) as it:
        yield it


@pytest_asyncio.fixture(loop_scope="module")
async def centre(house: CallCentre) -> AsyncIterator[CallCentre]:
    yield house
    await house.lab.phones["1001"].let_ring()
    await house.assert_quiet()


@pytest.mark.parametrize("by", [EITHER, (CALL_INFO,), (ALERT_INFO,)], ids="+".join)
async def test_a_phone_that_is_told_answers_at_once_by_itself(centre: CallCentre, by: tuple[str, ...]) -> None:
    phone = centre.lab.phones["1001"]
    await phone.answer_when_told(by)
    await centre.log_in("real")
    before = len(phone.calls)
    call = centre.call(TOLD)
    rung = await phone.incoming(after=before)
    answered = await rung.answered()
    assert (rung.header(CALL_INFO), rung.header(ALERT_INFO)) == (
        "<sip:ccd>;answer-after=0",
        "<http://ccd.invalid>;info=alert-autoanswer",
    )
    began = rung.event("incoming")
    assert began is not None
    print(f"answered after {1000 * (answered.monotonic - began.monotonic):.0f} ms")
    assert answered.monotonic - began.monotonic < AT_ONCE
    await centre.phase(call, "talking")
    call.hang_up()
    await rung.ended()


async def test_a_phone_that_is_not_told_rings_on(centre: CallCentre) -> None:
    phone = centre.lab.phones["1001"]
    await phone.answer_when_told()
    await centre.log_in("real")
    before = len(phone.calls)
    call = centre.call(UNTOLD)
    rung = await phone.incoming(after=before)
    assert (rung.header(CALL_INFO), rung.header(ALERT_INFO)) == (None, None)
    with pytest.raises(Exception, match="no answered of call"):
        await rung.answered(1.0)
    call.hang_up()
    await rung.ended()
