"""Recordings end to end: the customer left, the agent right, and silence where silence was asked for."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ccd.lab import tones
from ccd.lab.packages import Packages
from ccd.lab.peer_call import PeerCall
from ccd.model.cdr import Cdr
from ccd.model.ids import SECOND
from tests.live.daemon_harness import (
    CALLER_TONE,
    PHONE_TONES,
    PROMPT_TONE,
    CallCentre,
    answered,
    call_centre,
    endpoint,
    hears,
    hears_on,
    prompt,
    sound,
    until,
)

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]
NUMBERS = {"always": "4930001", "never": "4930002", "on_demand": "4930003", "asked": "4930004"}
AGENT_TONE = PHONE_TONES["1001"]
RATE = 8_000


def settings(folder: Path) -> dict[str, Any]:
    notice = {"sound": prompt(folder, "notice", PROMPT_TONE, 2.0)}
    asked = {"mode": "always", "announcement": notice, "opt_out_key": "9"}
    modes = {"always": {"mode": "always"}, "never": {"mode": "never"}, "on_demand": {"mode": "on_demand"}}
    return {
        "numbers": {number: name for name, number in NUMBERS.items()},
        "queues": {
            name: {"requires": {"sales": 1}, "recording": recording}
            for name, recording in {**modes, "asked": asked}.items()
        },
        "agents": {"anna": {"number": "1001", "name": "Anna", "skills": {"sales": 5}, "endpoint": endpoint("1001")}},
    }


def flows(folder: Path) -> Mapping[str, str]:
    return {name: f"flow: {name}\nsteps:\n  wait:\n    queue: {name}\n" for name in NUMBERS}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(installed: Packages, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CallCentre]:
    async with call_centre(installed, settings(tmp_path_factory.mktemp("prompts")), flows) as it:
        yield it


@pytest_asyncio.fixture(loop_scope="module")
async def centre(house: CallCentre) -> AsyncIterator[CallCentre]:
    await house.log_in("anna")
    yield house
    await house.assert_quiet()


async def talk(centre: CallCentre, queue: str) -> tuple[PeerCall, PeerCall]:
    """A talk that both sides hear."""
    call = centre.call(NUMBERS[queue])
    await centre.phase(call, "talking")
    await hears(call, AGENT_TONE, 0.4)
    return call, centre.rung("1001")[-1]


async def state_is(centre: CallCentre, call: PeerCall, state: str) -> None:
    async def reached() -> bool:
        view = await centre.running(call)
        return view is not None and view.recording_state == state

    await until(reached, f"recording {state}")


async def finished(centre: CallCentre, call: PeerCall) -> Cdr:
    call.hang_up()
    return await centre.cdr(call)


def segments(centre: CallCentre, cdr: Cdr) -> list[tuple[bool, float, float]]:
    """Each segment of the recording: whether it was muted, and for how long either side is heard in it."""
    entry = cdr.recordings[0]
    recorded = centre.recording(entry.path)
    heard, at = [], 0.0
    for segment in entry.segments:
        length = (segment.ended_at - segment.began_at) / SECOND
        part = (at + 0.1, at + length - 0.1)
        left, right = (
            tones.heard(channel, recorded.rate, tone, between=part).seconds
            for channel, tone in zip(recorded.channels, (CALLER_TONE, AGENT_TONE), strict=True)
        )
        if segment.muted:
            assert all(tones.loudness(one, recorded.rate, between=part) < 0.001 for one in recorded.channels)
        heard.append((segment.muted, left, right))
        at += length
    assert abs(at - recorded.seconds) < 0.2
    assert abs(cdr.talk_time / SECOND - at) < 0.1
    return heard


async def test_both_sides_in_two_channels(centre: CallCentre) -> None:
    call, _ = await talk(centre, "always")
    await hears_on(call, 1.0)
    cdr = await finished(centre, call)
    entry = cdr.recordings[0]
    recorded = centre.recording(entry.path)
    left, right = recorded.channels
    assert tones.heard(left, RATE, CALLER_TONE).seconds > 1.0
    assert tones.heard(right, RATE, AGENT_TONE).seconds > 1.0
    assert tones.heard(left, RATE, AGENT_TONE, share=0.3).seconds == 0
    assert tones.heard(right, RATE, CALLER_TONE, share=0.3).seconds == 0
    assert abs(recorded.seconds - cdr.talk_time / SECOND) < 0.1
    assert entry.length == len(left)


async def test_pause_and_resume_by_the_agents_key_leave_silence(centre: CallCentre) -> None:
    call, phone = await talk(centre, "always")
    await hears_on(call, 0.5)
    sound(phone).press("*2")
    await state_is(centre, call, "paused")
    await hears_on(call, 1.0)
    sound(phone).press("*2")
    await state_is(centre, call, "recording")
    await hears_on(call, 0.8)
    cdr = await finished(centre, call)
    heard = segments(centre, cdr)
    assert [muted for muted, _, _ in heard] == [False, True, False]
    assert all(left > 0.3 and right > 0.3 for muted, left, right in heard if not muted)
    assert [segment.by for segment in cdr.recordings[0].segments] == ["", "anna", "anna"]


async def test_pause_resume_and_stop_through_the_api(centre: CallCentre) -> None:
    call, _ = await talk(centre, "always")
    view = await centre.running(call)
    assert view is not None
    for action, state in (("pause", "paused"), ("resume", "recording"), ("stop", "stopped")):
        await centre.centre.post(f"/v1/calls/{view.id}/recording/{action}")
        await state_is(centre, call, state)
        await hears_on(call, 0.6)
    cdr = await finished(centre, call)
    entry = cdr.recordings[0]
    assert [segment.muted for segment in entry.segments] == [False, True, False]
    assert entry.ended_by == "lab"
    recorded = centre.recording(entry.path)
    assert recorded.seconds < cdr.talk_time / SECOND - 0.4
    start = (entry.segments[1].began_at - entry.began_at) / SECOND
    end = (entry.segments[1].ended_at - entry.began_at) / SECOND
    assert tones.loudness(recorded.channels[0], RATE, between=(start + 0.1, end - 0.1)) < 0.001


async def test_on_demand_only_from_the_agents_key_on(centre: CallCentre) -> None:
    call, phone = await talk(centre, "on_demand")
    await hears_on(call, 0.8)
    sound(phone).press("*1")
    await state_is(centre, call, "recording")
    await hears_on(call, 0.8)
    cdr = await finished(centre, call)
    heard = segments(centre, cdr)
    assert [muted for muted, _, _ in heard] == [True, False]
    assert heard[1][1] > 0.3
    assert heard[1][2] > 0.3


async def test_never(centre: CallCentre) -> None:
    call, _ = await talk(centre, "never")
    cdr = await finished(centre, call)
    assert cdr.recordings == ()
    assert "never" in cdr.not_recorded


async def test_told_and_declined(centre: CallCentre) -> None:
    call = await answered(centre.call(NUMBERS["asked"]))
    await hears(call, PROMPT_TONE, 0.3)
    sound(call).press("9")
    await centre.phase(call, "talking")
    assert sound(call).heard(PROMPT_TONE).seconds < 1.5
    cdr = await finished(centre, call)
    assert (cdr.recordings, cdr.not_recorded) == ((), "caller declined")
    assert [path for path in (centre.centre.recordings / "incoming").iterdir() if cdr.call in path.name] == []


async def test_told_and_recorded(centre: CallCentre) -> None:
    call = await answered(centre.call(NUMBERS["asked"]))
    await centre.phase(call, "talking")
    assert sound(call).heard(PROMPT_TONE).seconds > 1.7
    await hears_on(call, 0.5)
    cdr = await finished(centre, call)
    assert len(cdr.recordings) == 1
    assert tones.heard(centre.recording(cdr.recordings[0].path).channels[0], RATE, CALLER_TONE).seconds > 0.3
