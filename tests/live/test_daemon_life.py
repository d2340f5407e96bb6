"""What happens around calls that run: Redis dies, the configuration changes, the daemon is restarted or killed."""

import asyncio
import json
import shutil
import signal
import threading
import urllib.request
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ccd.lab import tones
from ccd.lab.packages import Packages
from ccd.lab.peer_call import PeerCall
from ccd.lab.process import LabError
from ccd.lab.rtp import decode_mu_law
from tests.live.daemon_harness import (
    CALLER_TONE,
    PHONE_TONES,
    CallCentre,
    answered,
    call_centre,
    ended,
    endpoint,
    hears,
    hears_on,
    lasts,
    shown_number,
    sound,
    until,
)

pytestmark = pytest.mark.live
SALES = "4930001"
FLOW = """
flow: sales
steps:
  known:
    caller: {fields: {tier: silver}}
  wait:
    queue: sales
"""


def settings() -> dict[str, Any]:
    return {
        "numbers": {SALES: "sales"},
        "queues": {"sales": {"requires": {"sales": 1}, "recording": {"mode": "always"}}},
        "agents": {
            "anna": {"number": "1001", "name": "Anna", "skills": {"sales": 5}, "endpoint": endpoint("1001")},
            "ben": {"number": "1002", "name": "Ben", "skills": {"sales": 3}, "endpoint": endpoint("1002")},
        },
    }


def flows(folder: Path) -> Mapping[str, str]:
    return {"sales": FLOW}


@pytest.fixture
async def centre(installed: Packages) -> AsyncIterator[CallCentre]:
    async with call_centre(installed, settings(), flows) as it:
        yield it
        await it.assert_quiet()


async def test_redis_dies_and_comes_back(centre: CallCentre) -> None:
    await centre.log_in("anna", "ben")
    first = centre.call(SALES)
    await centre.phase(first, "talking")
    await centre.lab.redis.kill()
    second = centre.call(SALES)
    await centre.phase(second, "talking", within=8)
    assert await is_lost(centre)
    await hears(second, PHONE_TONES["1002"], 0.5)
    assert lasts(first, PHONE_TONES["1001"], 0.5)
    first.hang_up()
    second.hang_up()
    await until(lambda: no_calls(centre), "the end of both")
    await centre.lab.redis.start()
    known = await centre.cdr(first, within=20)
    unknown = await centre.cdr(second, within=20)
    assert known.caller
    assert known.talks
    assert unknown.caller == ""
    assert [step.result for step in unknown.way if step.step == "known"] == ["unavailable"]
    assert unknown.recordings[0].checksum
    caller = await centre.caller(known.number)
    assert caller is not None
    assert caller.fields == {"tier": "silver"}


async def is_lost(centre: CallCentre) -> bool:
    async def noticed() -> bool:
        return not next(part.ok for part in (await centre.view()).health.parts if part.name == "redis")

    return await until(noticed, "notice that Redis is away")


async def no_calls(centre: CallCentre) -> bool:
    return not (await centre.view()).calls


async def test_a_bad_configuration_is_refused_and_a_good_one_taken_without_touching_calls(centre: CallCentre) -> None:
    await centre.log_in("anna")
    talking = centre.call(SALES)
    await centre.phase(talking, "talking")
    waiting = centre.call(SALES)
    await centre.phase(waiting, "waiting")
    await hears(talking, PHONE_TONES["1001"], 0.5)
    old = (await centre.view()).configuration
    flow = centre.centre.folder / "flows/sales.yaml"
    flow.write_text(FLOW.replace("queue: sales", "queue: sails"))
    with pytest.raises(LabError, match=r"sales\.yaml.*sails.*sales"):
        await centre.centre.post("/v1/reload")
    assert (await centre.view()).configuration == old
    flow.write_text(FLOW + "  bye:\n    play: {say: Goodbye.}\n")
    centre.centre.process.signal(signal.SIGHUP)

    async def taken() -> bool:
        return (await centre.view()).configuration != old

    await until(taken, "the new configuration")
    assert await centre.phase(talking, "talking")
    assert (await centre.phase(waiting, "waiting")).position == 1
    assert lasts(talking, PHONE_TONES["1001"], 0.3)
    talking.hang_up()
    await centre.phase(waiting, "talking")
    waiting.hang_up()
    versions = [(await centre.cdr(call)).flow_version for call in (talking, waiting)]
    assert versions[0] == versions[1]
    later = centre.call(SALES)
    await centre.phase(later, "talking")
    later.hang_up()
    assert (await centre.cdr(later)).flow_version != versions[0]


@pytest.mark.parametrize("ending", ["SIGTERM", "SIGKILL", "SIGKILL, journal gone"])
async def test_calls_live_through_a_restart(centre: CallCentre, ending: str) -> None:
    """Music and talk go on without a daemon; afterwards places are kept, records and recordings are sound."""
    await centre.log_in("anna")
    talking = centre.call(SALES)
    await centre.phase(talking, "talking")
    first = centre.call(SALES)
    await centre.phase(first, "waiting")
    second = centre.call(SALES)
    await centre.phase(second, "waiting")
    since = (await centre.phase(first, "waiting")).waiting_since
    call = (await centre.phase(first, "waiting")).id
    await (centre.centre.stop() if ending == "SIGTERM" else centre.centre.kill())
    if ending.endswith("gone"):
        shutil.rmtree(centre.centre.folder / "journal")
    await hears_on(first, 0.5)
    assert lasts(talking, PHONE_TONES["1001"], 0.4)
    await centre.centre.start()
    view = await centre.phase(first, "waiting", within=5)
    assert (view.id, view.waiting_since, view.position) == (call, since, 1)
    assert (await centre.phase(second, "waiting")).position == 2
    loud = tones.loudness(_heard(first), 8_000, between=(0.5, len(_heard(first)) / 8_000))
    assert loud > 0.001, "no music"
    talking.hang_up()
    assert (await centre.phase(first, "talking", within=5)).agent == "anna"
    await hears(first, PHONE_TONES["1001"])
    first.hang_up()
    await centre.phase(second, "talking")
    await hears(second, PHONE_TONES["1001"], 0.5)
    second.hang_up()
    for one in (first, second):
        cdr = await centre.cdr(one)
        assert [visit.outcome for visit in cdr.visits] == ["answered"]
        assert cdr.recordings[0].checksum
    cdr = await centre.cdr(talking)
    assert cdr.talks[0].agent == "anna"
    assert cdr.talk_time > 500_000
    recorded = centre.recording(cdr.recordings[0].path)
    heard = tones.heard(recorded.channels[0], 8_000, CALLER_TONE)
    assert heard.seconds > cdr.talk_time / 1e6 - 0.5


def _heard(call: PeerCall) -> tones.Samples:
    return decode_mu_law(bytes(sound(call).sound))


async def test_calls_that_end_without_a_daemon_have_their_records(centre: CallCentre) -> None:
    await centre.log_in("anna")
    talking = centre.call(SALES)
    await centre.phase(talking, "talking")
    await hears(talking, PHONE_TONES["1001"], 0.5)
    waiting = centre.call(SALES)
    await centre.phase(waiting, "waiting")
    await centre.centre.kill()
    talking.hang_up()
    waiting.hang_up()
    await ended(centre.rung("1001")[-1])
    await centre.centre.start()
    talked, waited = await centre.cdr(talking, within=25), await centre.cdr(waiting, within=25)
    assert [talk.agent for talk in talked.talks] == ["anna"]
    assert talked.recordings[0].checksum
    recorded = centre.recording(talked.recordings[0].path)
    assert tones.heard(recorded.channels[0], 8_000, CALLER_TONE).seconds > 0.3
    assert [visit.queue for visit in waited.visits] == ["sales"]
    assert waited.ended_at
    await centre.agent_is("anna", "ready")


async def test_without_a_daemon_the_dialplan_takes_the_calls(centre: CallCentre) -> None:
    """Who comes then, or waits when it dies, reaches the fallback within seconds; a phone's call goes its own way."""
    await centre.centre.kill()
    call = await answered(centre.call(SALES), within=8)
    await ended(call, 15)
    assert tones.loudness(_heard(call), 8_000) > 0.001, "the fallback's message was not heard"
    assert await centre.lab.switch.emptied()
    await centre.centre.start()
    await centre.log_in("anna")
    later = centre.call(SALES)
    await centre.phase(later, "talking")
    later.hang_up()


async def test_the_stream_tells_what_happens(centre: CallCentre) -> None:
    told: list[dict[str, Any]] = []
    request = urllib.request.Request(
        f"{centre.centre.url}/v1/stream", headers={"Authorization": f"Bearer {centre.centre.token}"}
    )
    reader = threading.Thread(target=_follow, args=(request, told), daemon=True)
    reader.start()

    async def is_open() -> bool:
        return bool(told)

    await until(is_open, "stream")
    await centre.log_in("anna")
    call = centre.call(SALES)
    await answered(call)
    await centre.phase(call, "talking")
    call.hang_up()
    await centre.cdr(call)
    await asyncio.to_thread(reader.join, 5.0)
    assert not reader.is_alive()
    kinds = [fact["type"] for fact in told]
    for first, then in (("CallStarted", "QueueEntered"), ("QueueEntered", "OfferMade"), ("OfferMade", "TalkBegan")):
        assert kinds.index(first) < kinds.index(then)
    started = next(fact for fact in told if fact["type"] == "CallStarted")
    assert started["ani"] == shown_number(call)


def _follow(request: urllib.request.Request, told: list[dict[str, Any]]) -> None:
    """The facts of the stream until a call has ended; first of all that it is open."""
    with urllib.request.urlopen(request, timeout=10) as stream:
        told.append({"type": "open"})
        while told[-1]["type"] != "CallEnded":
            line = stream.readline().decode()
            if line.startswith("data: ") and "fact" in (data := json.loads(line[6:])):
                told.append(data["fact"])


async def test_callers_of_one_second_have_each_their_own_agent(centre: CallCentre) -> None:
    """The second in which the switch began: its first callers' channels are `T.1` and `T.10` to `T.19`."""
    calls = [await answered(call) for call in [centre.call(SALES) for _ in range(60)]]
    await centre.log_in("anna")
    by_number = {shown_number(call): call for call in calls}

    async def one_who_talks() -> PeerCall | None:
        return next((by_number[one.ani] for one in (await centre.view()).calls if one.phase == "talking"), None)

    for _ in range(6):
        call = await until(one_who_talks, "talk", within=4)
        await hears(call, PHONE_TONES["1001"], within=2)
        call.hang_up()
        calls.remove(call)
        await ended(call)
        assert [offer.outcome for offer in (await centre.cdr(call)).offers] == ["accepted"]
    for call in calls:
        call.hang_up()
