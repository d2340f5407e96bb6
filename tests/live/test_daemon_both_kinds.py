"""One daemon, an Asterisk and a FreeSWITCH ($FREESWITCH_PREFIX): callers of one at phones of the other."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from ccd.lab import freeswitch, tones
from ccd.lab.packages import Packages
from ccd.lab.sip_peer import Reply
from tests.live.both_kinds import BothKinds, both_kinds
from tests.live.daemon_harness import (
    CALLER_TONE,
    IS_FREESWITCH,
    PHONE_TONES,
    ended,
    hears,
    hears_on,
    lasts,
    sound,
    until,
)
from tests.live.two_switches import SOFTPHONE_TONE

pytestmark = [
    pytest.mark.live,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(IS_FREESWITCH, reason="both kinds, whatever the other tests run on"),
    pytest.mark.skipif(freeswitch.installed() is None, reason="no FreeSWITCH"),
]
SALES = "4930001"
SETTINGS: dict[str, Any] = {
    "numbers": {SALES: "sales"},
    "queues": {"sales": {"requires": {"sales": 1}, "ring_time": "2s", "recording": {"mode": "always"}}},
    "agents": {
        "anna": {"number": "1001", "name": "Anna", "skills": {"sales": 3}, "endpoint": "PJSIP/1001"},
        "carl": {"number": "1003", "name": "Carl", "skills": {"sales": 5}, "endpoint": "b:user/1003"},
        "dora": {"number": "1004", "name": "Dora", "skills": {"sales": 4}, "endpoint": "b:user/1004"},
        "soft": {"number": "1009", "name": "Soft", "skills": {"sales": 9}, "endpoint": "b:user/1009"},
    },
}
FLOWS = {"sales": "flow: sales\nsteps:\n  wait:\n    queue: sales\n"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(installed: Packages) -> AsyncIterator[BothKinds]:
    files = freeswitch.installed()
    assert files is not None
    async with both_kinds(installed, files, SETTINGS, FLOWS) as it:
        yield it


@pytest_asyncio.fixture(loop_scope="module")
async def centre(house: BothKinds) -> AsyncIterator[BothKinds]:
    yield house
    assert await house.b.emptied(5.0)
    await house.assert_quiet()


async def at(centre: BothKinds, agent: str) -> None:
    """Log in at the usual phone."""
    await centre.centre.post(f"/v1/agents/{agent}/login", {"endpoint": SETTINGS["agents"][agent]["endpoint"]})


async def test_a_caller_on_asterisk_at_a_phone_on_freeswitch(centre: BothKinds) -> None:
    await at(centre, "carl")
    call = centre.call(SALES, display="Joe")
    view = await centre.phase(call, "talking")
    assert view.agent == "carl"
    desk = centre.rung("1003")[-1]
    await hears(call, PHONE_TONES["1003"])
    await hears(desk, CALLER_TONE)
    assert len(centre.rung("1003")) == len((await centre.view()).calls) == 1
    assert "sales - Joe" in desk.header("From")
    assert desk.header("X-CCD-Call") == view.id
    sound(desk).press("*2")

    async def paused() -> bool:
        running = await centre.running(call)
        return running is not None and running.recording_state == "paused"

    await until(paused, "pause by the agent's key")
    sound(desk).press("*2")
    await hears_on(desk, 1.5)
    desk.hang_up()
    await ended(call, 3)
    cdr = await centre.cdr(call)
    assert [(talk.agent, talk.ended_by) for talk in cdr.talks] == [("carl", "agent")]
    recorded = centre.recording(cdr.recordings[0].path)
    assert tones.heard(recorded.channels[0], recorded.rate, CALLER_TONE).seconds > 0.8
    assert tones.heard(recorded.channels[1], recorded.rate, PHONE_TONES["1003"]).seconds > 0.8
    await centre.agent_is("carl", "ready")


async def test_a_caller_on_freeswitch_at_a_phone_on_asterisk(centre: BothKinds) -> None:
    await at(centre, "anna")
    call = centre.call_b(SALES)
    assert (await centre.phase(call, "talking")).agent == "anna"
    desk = centre.rung("1001")[-1]
    await hears(call, PHONE_TONES["1001"])
    await hears(desk, CALLER_TONE)
    call.hang_up()
    await ended(desk, 3)
    cdr = await centre.cdr(call)
    assert [talk.agent for talk in cdr.talks] == ["anna"]
    assert cdr.recordings[0].checksum


async def test_the_transfer_key_of_a_phone_on_freeswitch(centre: BothKinds) -> None:
    for agent in ("soft", "anna"):
        await at(centre, agent)
    await centre.softphone.auto_answer()
    call = centre.call(SALES)
    assert (await centre.phase(call, "talking")).agent == "soft"
    desk = await centre.softphone.incoming()
    await hears(call, SOFTPHONE_TONE)
    await desk.transfer("1001")
    await hears(call, PHONE_TONES["1001"])
    await desk.hang_up()
    call.hang_up()
    cdr = await centre.cdr(call)
    assert (cdr.talks[0].agent, len(cdr.talks)) == ("soft", 2)
    await centre.agent_is("soft", "ready")


async def test_busy_and_refused_come_over_the_trunk(centre: BothKinds) -> None:
    for agent in ("carl", "dora", "anna"):
        await at(centre, agent)
    centre.answers |= {"1003": Reply(486), "1004": Reply(603)}
    call = centre.call(SALES)
    assert (await centre.phase(call, "talking")).agent == "anna"
    call.hang_up()
    assert [(one.agent, one.outcome) for one in (await centre.cdr(call)).offers] == [
        ("carl", "busy"),
        ("dora", "refused"),
        ("anna", "accepted"),
    ]


async def test_freeswitch_dies_and_only_its_calls_with_it(centre: BothKinds) -> None:
    for agent in ("carl", "anna"):
        await at(centre, agent)
    far, near = centre.call(SALES), None
    assert (await centre.phase(far, "talking")).agent == "carl"
    near = centre.call(SALES)
    assert (await centre.phase(near, "talking")).agent == "anna"
    await hears(near, PHONE_TONES["1001"], 0.5)
    await centre.b.kill()
    await hears_on(near, 1.0)
    assert lasts(near, PHONE_TONES["1001"], 0.5)
    near.hang_up()
    later = centre.call(SALES)
    assert (await centre.phase(later, "talking", within=5)).agent == "anna"
    await centre.b.start()
    await ended(far, 15)  # its way to the phone was gone with the switch
    await hears_on(later, 0.5)
    assert lasts(later, PHONE_TONES["1001"], 0.3)
    later.hang_up()
