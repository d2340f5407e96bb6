"""One daemon, two Asterisks: callers of one at phones of the other, and what the loss of one of them touches."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
import yaml

from ccd.lab import tones
from ccd.lab.packages import Packages
from ccd.lab.peer_call import PeerCall
from ccd.lab.process import LabError
from ccd.lab.sip_peer import Reply
from ccd.model.cdr import Cdr
from tests.live.daemon_harness import (
    CALLER_TONE,
    IS_FREESWITCH,
    PHONE_TONES,
    answered,
    ended,
    hears,
    hears_on,
    lasts,
    sound,
    until,
)
from tests.live.two_switches import SOFTPHONE_TONE, TwoSwitches, two_switches

pytestmark = [
    pytest.mark.live,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(IS_FREESWITCH, reason="two Asterisks, whatever the other tests run on"),
]
SALES = "4930001"
SETTINGS: dict[str, Any] = {
    "site": {"name": "Test", "region": "ES", "pause_reasons": ["break"], "screen_pop_url": "https://crm/{call}?a,b"},
    "numbers": {SALES: "sales"},
    "queues": {
        "sales": {
            "requires": {"sales": 1},
            "ring_time": "2s",
            "retry_time": "1s",
            "auto_answer": True,
            "recording": {"mode": "always"},
        }
    },
    "agents": {
        "anna": {"number": "1001", "name": "Anna", "skills": {"sales": 3}, "endpoint": "PJSIP/1001"},
        "ben": {"number": "1002", "name": "Ben", "skills": {"sales": 1}, "endpoint": "PJSIP/1002"},
        "carl": {"number": "1003", "name": "Carl", "skills": {"sales": 5}, "endpoint": "b:PJSIP/1003"},
        "dora": {"number": "1004", "name": "Dora", "skills": {"sales": 4}, "endpoint": "b:PJSIP/1004"},
        "eva": {"number": "1005", "name": "Eva", "skills": {"sales": 2}, "endpoint": "b:PJSIP/1001"},
        "soft": {"number": "1009", "name": "Soft", "skills": {"sales": 9}, "endpoint": "b:PJSIP/1009"},
    },
}
FLOWS = {"sales": "flow: sales\nsteps:\n  wait:\n    queue: sales\n"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(installed: Packages) -> AsyncIterator[TwoSwitches]:
    async with two_switches(installed, SETTINGS, FLOWS) as it:
        yield it


@pytest_asyncio.fixture(loop_scope="module")
async def centre(house: TwoSwitches) -> AsyncIterator[TwoSwitches]:
    yield house
    await house.assert_quiet()


async def test_a_caller_on_one_is_served_by_an_agent_on_the_other(centre: TwoSwitches) -> None:
    await centre.at("carl", "b:PJSIP/1003")
    rung = len(centre.rung("1003"))
    call = centre.call(SALES, display="Joe")
    view = await centre.phase(call, "talking")
    assert view.agent == "carl"
    desk = centre.rung("1003")[-1]
    await hears(call, PHONE_TONES["1003"])
    await hears(desk, CALLER_TONE)
    assert len(centre.rung("1003")) == rung + 1, "his phone rings once"
    assert len((await centre.view()).calls) == 1, "nothing counts twice"
    assert {one.name: one.calls for one in (await centre.view()).switches} == {"a": 1, "b": 0}
    assert "sales - Joe" in desk.header("From")
    assert (desk.header("X-CCD-Call"), desk.header("X-CCD-URL")) == (view.id, f"https://crm/{view.id}?a,b")
    assert (desk.header("Call-Info"), desk.header("Alert-Info")) == (
        "<sip:ccd>;answer-after=0",
        "<http://ccd.invalid>;info=alert-autoanswer",
    )
    for state in ("paused", "recording"):
        sound(desk).press("*2")
        await until(partial(recording_is, centre, call, state), f"{state} by the agent's key")
        await hears_on(desk, 1.0)
    call.hang_up()
    await ended(desk, 2)
    cdr = await centre.cdr(call)
    assert [(talk.agent, talk.ended_by) for talk in cdr.talks] == [("carl", "caller")]
    assert [(offer.agent, offer.outcome) for offer in cdr.offers] == [("carl", "accepted")]
    recorded = centre.recording(cdr.recordings[0].path)
    assert tones.heard(recorded.channels[0], recorded.rate, CALLER_TONE).seconds > 0.8
    assert tones.heard(recorded.channels[1], recorded.rate, PHONE_TONES["1003"]).seconds > 0.8


async def test_the_agent_hangs_up_and_both_ends_are_free(centre: TwoSwitches) -> None:
    await centre.at("carl", "b:PJSIP/1003")
    call = centre.call(SALES)
    await centre.phase(call, "talking")
    await hears(call, PHONE_TONES["1003"])
    centre.rung("1003")[-1].hang_up()
    await ended(call, 3)
    assert (await centre.cdr(call)).talks[0].ended_by == "agent"
    await centre.agent_is("carl", "ready")


async def test_and_the_other_way_round(centre: TwoSwitches) -> None:
    await centre.at("anna", "PJSIP/1001")
    call = centre.call_b(SALES)
    assert (await centre.phase(call, "talking")).agent == "anna"
    await hears(call, PHONE_TONES["1001"])
    await hears(centre.rung("1001")[-1], CALLER_TONE)
    call.hang_up()
    assert (await centre.cdr(call)).recordings[0].checksum


async def test_refused_busy_and_silent_phones_say_so_over_the_trunk(centre: TwoSwitches) -> None:
    await centre.at("carl", "b:PJSIP/1003")
    await centre.at("dora", "b:PJSIP/1004")
    await centre.at("anna", "PJSIP/1001")
    centre.answers |= {"1003": Reply(486), "1004": Reply(603)}
    call = centre.call(SALES)
    assert (await centre.phase(call, "talking")).agent == "anna"
    call.hang_up()
    offers = (await centre.cdr(call)).offers
    assert [(one.agent, one.outcome) for one in offers] == [
        ("carl", "busy"),
        ("dora", "refused"),
        ("anna", "accepted"),
    ]
    await asyncio.sleep(1.1)
    centre.answers["1003"] = None
    await centre.centre.post("/v1/agents/dora/pause", {})
    call = centre.call(SALES)
    await centre.phase(call, "talking")
    call.hang_up()
    assert [(one.agent, one.outcome) for one in (await centre.cdr(call)).offers] == [
        ("carl", "expired"),
        ("anna", "accepted"),
    ]
    assert (await ended(centre.rung("1003")[-1])).code == 487


async def test_a_phone_that_is_busy_at_its_own_switch_is_offered_nothing(centre: TwoSwitches) -> None:
    await centre.at("carl", "b:PJSIP/1003")
    await centre.at("anna", "PJSIP/1001")
    private = await answered(centre.dial_b("1003", "112"))

    async def in_use() -> bool:
        return (await centre.agent("carl")).endpoint_state == "in_use"

    await until(in_use, "a phone in use")
    call = centre.call(SALES)
    assert (await centre.phase(call, "talking")).agent == "anna"
    call.hang_up()
    private.hang_up()
    why = await centre.why(await centre.cdr(call))
    assert next(one.refusal for one in why.offers[0].candidates if one.agent == "carl") == "phone in use"


async def test_the_transfer_key_of_a_phone_on_the_other_switch(centre: TwoSwitches) -> None:
    await centre.at("soft", "b:PJSIP/1009")
    await centre.at("anna", "PJSIP/1001")
    await centre.at("carl", "b:PJSIP/1003")
    await centre.softphone.auto_answer()
    for number, tone in (("1001", PHONE_TONES["1001"]), ("1003", PHONE_TONES["1003"])):
        had = len(centre.softphone.calls)
        call = centre.call(SALES)
        assert (await centre.phase(call, "talking")).agent == "soft"
        desk = await centre.softphone.incoming(after=had)
        await hears(call, SOFTPHONE_TONE)
        await desk.transfer(number)
        await hears(call, tone)
        await desk.hang_up()
        call.hang_up()
        cdr = await centre.cdr(call)
        assert cdr.talks[0].agent == "soft"
        assert len(cdr.talks) == 2
        await centre.agent_is("soft", "ready")


async def test_a_phone_dials_a_colleague_on_the_other_switch(centre: TwoSwitches) -> None:
    await centre.at("carl", "b:PJSIP/1003")
    await centre.at("anna", "PJSIP/1001")
    call = await answered(centre.dial_b("1003", "1001"))
    await hears(call, PHONE_TONES["1001"])
    await hears(centre.rung("1001")[-1], PHONE_TONES["1003"])
    assert [view.direction for view in (await centre.view()).calls] == ["internal"]
    call.hang_up()
    await centre.agent_is("carl", "ready")


async def test_what_a_phone_dials_comes_to_its_own_switch(centre: TwoSwitches) -> None:
    await centre.at("carl", "b:PJSIP/1003")
    await ended(centre.dial_b("1003", "*73"))
    await centre.agent_is("carl", "paused")
    out = await answered(centre.dial_b("1003", "*72"))
    await ended(out)
    assert (await centre.agent("carl")).state == "logged_out"


async def test_a_switch_is_taken_out_when_it_has_no_calls_and_comes_back(centre: TwoSwitches) -> None:
    file = centre.centre.folder / "ccd.yaml"
    both = file.read_text()
    alone = yaml.safe_load(both)
    del alone["switches"]["b"], alone["switches"]["a"]["trunks"]
    alone["agents"] = {name: one for name, one in alone["agents"].items() if not one["endpoint"].startswith("b:")}
    await centre.at("anna", "PJSIP/1001")
    call = centre.call_b(SALES)
    await centre.phase(call, "talking")
    file.write_text(yaml.safe_dump(alone))
    with pytest.raises(LabError, match="still has calls"):
        await centre.centre.post("/v1/reload")
    await hears(call, PHONE_TONES["1001"])
    call.hang_up()
    await centre.cdr(call)
    await centre.centre.post("/v1/reload")
    assert [one.name for one in (await centre.view()).switches] == ["a"]
    call = centre.call(SALES)
    assert (await centre.phase(call, "talking")).agent == "anna"
    file.write_text(both)
    await centre.centre.post("/v1/reload")
    await centre.is_up("b")
    await hears(call, PHONE_TONES["1001"], 1.0)
    call.hang_up()
    await centre.at("carl", "b:PJSIP/1003")
    call = centre.call(SALES)
    assert (await centre.phase(call, "talking")).agent == "carl"
    call.hang_up()


@pytest.mark.parametrize("ending", ["SIGKILL", "SIGKILL, journal gone"])
async def test_the_daemon_is_killed_and_takes_no_far_leg_for_a_call(centre: TwoSwitches, ending: str) -> None:
    await centre.at("carl", "b:PJSIP/1003")
    call = centre.call(SALES)
    await centre.phase(call, "talking")
    known = (await centre.running(call)).id  # type: ignore[union-attr]
    await hears(call, PHONE_TONES["1003"], 0.5)
    await centre.centre.kill()
    if ending.endswith("gone"):
        shutil.rmtree(centre.centre.folder / "journal")
    await centre.centre.start()
    view = await centre.phase(call, "talking")
    assert (view.id, view.agent, len((await centre.view()).calls)) == (known, "carl", 1)
    await hears(call, PHONE_TONES["1003"])
    call.hang_up()
    await ended(centre.rung("1003")[-1], 3)
    cdr = await centre.cdr(call)
    assert [talk.agent for talk in cdr.talks] == ["carl"]
    await centre.agent_is("carl", "ready")


async def test_one_switch_dies_and_only_its_calls_with_it(centre: TwoSwitches) -> None:
    for agent in ("anna", "carl", "dora", "eva"):
        await centre.at(agent, SETTINGS["agents"][agent]["endpoint"])
    far = centre.call(SALES)
    assert (await centre.phase(far, "talking")).agent == "carl"
    on_b = centre.call_b(SALES)
    assert (await centre.phase(on_b, "talking")).agent == "dora"
    near = centre.call(SALES)
    assert (await centre.phase(near, "talking")).agent == "anna"
    for call, phone in ((far, "1003"), (on_b, "1004"), (near, "1001")):
        await hears(call, PHONE_TONES[phone], 0.5)
    await centre.b.kill()
    await centre.is_up("b", False)
    await centre.centre.get("/readyz")
    assert lasts(near, PHONE_TONES["1001"], 0.3)
    near.hang_up()
    await centre.agent_is("anna", "ready")
    later = centre.call(SALES)
    assert (await centre.phase(later, "talking", within=5)).agent == "anna"
    why = await centre.why(await after(centre, later))
    assert next(one.refusal for one in why.offers[0].candidates if one.agent == "eva") == "switch b is down"
    second = centre.call(SALES)
    assert (await centre.phase(second, "talking", within=5)).agent == "anna"
    await hears(second, PHONE_TONES["1001"])
    await centre.b.start()
    await centre.is_up("b")
    await ended(far, 5)  # the way to the phone is gone with the switch that it was on: told as soon as it is back
    assert lasts(second, PHONE_TONES["1001"], 0.3)
    second.hang_up()
    lost = await centre.cdr(on_b)
    assert lost.ended_by == "switch"
    await until(lambda: idle(centre, "carl"), "carl's phone")
    third = centre.call(SALES)
    assert (await centre.phase(third, "talking")).agent in ("carl", "dora")
    third.hang_up()
    await ended(third)


async def recording_is(centre: TwoSwitches, call: PeerCall, state: str) -> bool:
    running = await centre.running(call)
    return running is not None and running.recording_state == state


async def after(centre: TwoSwitches, call: PeerCall) -> Cdr:
    """The record of a call that is hung up now."""
    call.hang_up()
    return await centre.cdr(call)


async def idle(centre: TwoSwitches, agent: str) -> bool:
    view = await centre.agent(agent)
    return (view.state, view.endpoint_state) == ("ready", "idle")
