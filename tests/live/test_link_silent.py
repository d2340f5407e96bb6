"""A link that falls silent without an end: what happened meanwhile is in the records, as far as files can tell."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ccd.lab.packages import Packages
from ccd.lab.peer_call import PeerCall
from ccd.model.ids import SECOND, Moment
from tests.live.daemon_harness import PHONE_TONES, CallCentre, answered, call_centre, ended, hears, hears_on, until

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]
SALES, MAIL = "4930001", "4930002"
SILENCE = 8.0
"""Seconds after which the daemon has given the link up."""
SETTINGS: Mapping[str, Any] = {
    "numbers": {SALES: "sales", MAIL: "mail"},
    "queues": {"sales": {"requires": {"sales": 1}, "recording": {"mode": "always"}}},
    "agents": {"anna": {"number": "1001", "name": "Anna", "skills": {"sales": 5}, "endpoint": "PJSIP/1001"}},
}


def flows(folder: Path) -> Mapping[str, str]:
    return {
        "sales": "flow: sales\nsteps:\n  wait:\n    queue: sales\n",
        "mail": "flow: mail\nsteps:\n  mail:\n    voicemail: {mailbox: sales, beep: false}\n",
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(installed: Packages) -> AsyncIterator[CallCentre]:
    async with call_centre(installed, SETTINGS, flows, proxied=True) as it:
        yield it


@pytest_asyncio.fixture(loop_scope="module")
async def centre(house: CallCentre) -> AsyncIterator[CallCentre]:
    await house.log_in("anna")
    yield house
    house.link.speak()
    await house.assert_quiet()
    assert not list((house.centre.recordings / "incoming").iterdir())


async def leaves(centre: CallCentre, call: PeerCall, after: float) -> Moment:
    """The caller hangs up in the silence, which ends later; when he did."""
    await asyncio.sleep(after)
    left_at = time.time_ns() // 1_000
    call.hang_up()
    await ended(call)
    await asyncio.sleep(SILENCE)
    centre.link.speak()
    return left_at


async def test_a_talk_that_ended_in_the_silence_ended_then(centre: CallCentre) -> None:
    call = centre.call(SALES)
    await centre.phase(call, "talking")
    await hears(call, PHONE_TONES["1001"])
    centre.link.fall_silent()
    left_at = await leaves(centre, call, 3.0)
    cdr = await centre.cdr(call)
    (talk,), (recording,) = cdr.talks, cdr.recordings
    assert abs(talk.ended_at - left_at) < SECOND
    assert abs(recording.ended_at - left_at) < SECOND
    assert talk.talk_time == talk.ended_at - talk.began_at
    assert centre.recording(recording.path).seconds > 3.0


async def test_a_talk_that_began_and_ended_in_the_silence_is_in_the_record(centre: CallCentre) -> None:
    before = len(centre.rung("1001"))
    centre.link.silent_after = b"ccd-bridge"
    call = await answered(centre.call(SALES))
    await hears(call, PHONE_TONES["1001"])
    spoke_at = time.time_ns() // 1_000
    left_at = await leaves(centre, call, 2.0)
    cdr = await centre.cdr(call)
    (talk,), (recording,), (visit,) = cdr.talks, cdr.recordings, cdr.visits
    assert (talk.agent, visit.outcome) == ("anna", "answered")
    assert 0 < spoke_at - talk.began_at < SECOND
    assert abs(talk.ended_at - left_at) < SECOND
    assert not recording.lost
    assert centre.recording(recording.path).seconds > 2.0
    assert len(centre.rung("1001")) == before + 1


async def test_a_talk_that_began_in_the_silence_goes_on(centre: CallCentre) -> None:
    before = len(centre.rung("1001"))
    centre.link.silent_after = b"ccd-bridge"
    call = await answered(centre.call(SALES))
    await hears(call, PHONE_TONES["1001"])
    spoke_at = time.time_ns() // 1_000
    await asyncio.sleep(SILENCE)
    centre.link.speak()
    view = await centre.phase(call, "talking")
    assert 0 < spoke_at - view.talk_began_at < SECOND
    await hears_on(call)
    call.hang_up()
    (talk,) = (await centre.cdr(call)).talks
    assert (talk.agent, talk.began_at) == ("anna", view.talk_began_at)
    assert talk.talk_time > SILENCE * SECOND
    assert len(centre.rung("1001")) == before + 1


async def test_a_message_that_ended_in_the_silence_is_in_the_record(centre: CallCentre) -> None:
    call = centre.call(MAIL)

    async def writes() -> bool:
        return any(path.stat().st_size for path in (centre.centre.recordings / "incoming").iterdir())

    await until(writes, "a message being written")
    centre.link.fall_silent()
    await leaves(centre, call, 2.0)
    (message,) = (await centre.cdr(call)).voicemails
    assert (centre.centre.recordings / message.path).is_file()
