"""What agents do at their phones: log in, pause, call out, send a customer on."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ccd.config.secret import hash_secret
from ccd.lab.packages import Packages
from ccd.lab.peer_call import PeerCall
from ccd.lab.sip_message import user
from ccd.model.cdr import Cdr
from tests.live.daemon_harness import (
    CLI,
    OUTSIDE_TONE,
    PHONE_TONES,
    CallCentre,
    answered,
    call_centre,
    ended,
    endpoint,
    hears,
    sound,
    until,
)

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]
SALES = "4930001"
PIN = "8264"


def settings() -> dict[str, Any]:
    agents = {
        "real": {"number": "1001", "name": "Real", "skills": {"sales": 5}, "endpoint": endpoint("1001")},
        "anna": {"number": "1002", "name": "Anna", "skills": {"sales": 3}, "endpoint": endpoint("1002")},
        "ben": {"number": "1003", "name": "Ben", "skills": {}, "endpoint": endpoint("1003")},
    }
    agents["anna"]["pin_hash"] = hash_secret(PIN)
    return {
        "numbers": {SALES: "sales"},
        "queues": {"sales": {"requires": {"sales": 1}, "recording": {"mode": "always"}, "caller_name": "Shop"}},
        "agents": agents,
        "site": {
            "name": "Test",
            "region": "ES",
            "pause_reasons": ["break", "lunch"],
            "outbound_recording": {"mode": "always"},
            "screen_pop_url": "https://crm.example/c?number={number}&queue={queue}",
        },
    }


def flows(folder: Path) -> Mapping[str, str]:
    return {"sales": "flow: sales\nsteps:\n  wait:\n    queue: sales\n"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(installed: Packages) -> AsyncIterator[CallCentre]:
    async with call_centre(installed, settings(), flows, softphones=1) as it:
        yield it


@pytest_asyncio.fixture(loop_scope="module")
async def centre(house: CallCentre) -> AsyncIterator[CallCentre]:
    yield house
    await house.assert_quiet()


async def dialled(centre: CallCentre, phone: str, number: str) -> PeerCall:
    """Until the feature code said what it has to say."""
    return await ended(centre.dial(phone, number))


async def outgoing(centre: CallCentre, dnis: str) -> Cdr:
    async def stored() -> Cdr | None:
        found = next((cdr for cdr in await centre.past() if cdr.dnis == dnis), None)
        return found if found and all(one.path for one in found.recordings) else None

    return await until(stored, f"the record of a call to {dnis}")


async def test_log_in_with_number_and_pin_at_any_phone(centre: CallCentre) -> None:
    for pin, logged_in in (("1111", False), (PIN, True)):
        call = await answered(centre.dial("1003", "*71"))
        sound(call).press("1002#")
        await asyncio.sleep(2.3)  # the last key, and the question for the PIN, which takes no keys typed ahead
        sound(call).press(f"{pin}#")
        await ended(call, 20)
        view = await centre.agent("anna")
        assert (view.state == "ready", view.endpoint) == (logged_in, endpoint("1003") if logged_in else "")
    call = centre.call(SALES)
    await centre.phase(call, "talking")
    await hears(call, PHONE_TONES["1003"])
    call.hang_up()
    assert (await centre.cdr(call)).talks[0].agent == "anna"


async def test_pause_unpause_and_log_out_by_code(centre: CallCentre) -> None:
    await centre.log_in("anna")
    await dialled(centre, "1002", "*732")
    view = await centre.agent("anna")
    assert (view.state, view.reason) == ("paused", "lunch")
    await dialled(centre, "1002", "*74")
    assert (await centre.agent("anna")).state == "ready"
    await dialled(centre, "1002", "*72")
    assert (await centre.agent("anna")).state == "logged_out"


async def test_what_the_phone_shows(centre: CallCentre) -> None:
    await centre.log_in("anna")
    call = centre.call(SALES, display="Lucia")
    await centre.phase(call, "talking")
    rung = centre.rung("1002")[-1]
    assert "Shop" in rung.header("From")
    assert "Lucia" in rung.header("From")
    call.hang_up()
    cdr = await centre.cdr(call)
    assert rung.header("X-CCD-Call") == cdr.call
    assert rung.header("X-CCD-URL") == f"https://crm.example/c?number=%2B{cdr.number[1:]}&queue=sales"
    assert f"<sip:{cdr.number}@" in rung.header("From")


async def test_an_agent_calls_out_under_the_dial_policy(centre: CallCentre) -> None:
    await centre.log_in("anna")
    call = await answered(centre.dial("1002", "911222333"))
    await hears(call, OUTSIDE_TONE)
    other = next(one for one in reversed(centre.outside.history) if one.is_incoming)
    assert other.number == "+34911222333"
    assert user(other.header("From")) == CLI
    await hears(other, PHONE_TONES["1002"])
    assert (await centre.agent("anna")).state == "talking"
    other.hang_up()
    await ended(call)
    cdr = await outgoing(centre, "911222333")
    assert (cdr.direction, cdr.number) == ("outbound", "+34911222333")
    assert [talk.agent for talk in cdr.talks] == ["anna"]
    assert "Spain" in next(leg.why for leg in cdr.legs if leg.number)
    assert len(cdr.recordings) == 1


async def test_an_agent_who_calls_out_gets_no_calls(centre: CallCentre) -> None:
    await centre.log_in("anna")
    out = await answered(centre.dial("1002", "911222444"))
    rung = len(centre.rung("1002"))
    call = centre.call(SALES)
    await centre.phase(call, "waiting")
    assert len(centre.rung("1002")) == rung
    out.hang_up()
    await centre.phase(call, "talking")
    call.hang_up()


@pytest.mark.parametrize("number", ["803111222", "+4930123456", "0", "911222333;x=1"])
async def test_a_forbidden_number_is_not_dialled(centre: CallCentre, number: str) -> None:
    await centre.log_in("anna")
    before = len(centre.outside.history)
    call = await ended(centre.dial("1002", number))
    assert not call.was_answered
    assert call.code >= 400
    assert [one for one in itertools.islice(centre.outside.history, before, None) if one.is_incoming] == []


async def test_nobody_logged_in_dials_nowhere(centre: CallCentre) -> None:
    call = await ended(centre.dial("1003", "911222555"))
    assert not call.was_answered
    cdr = await outgoing(centre, "911222555")
    assert cdr.forbidden[0].why == "nobody is logged in at this phone"


async def test_emergency_numbers_pass_without_ccd(centre: CallCentre) -> None:
    began = (await centre.view()).at
    call = await answered(centre.dial("1003", "112"))
    await hears(call, OUTSIDE_TONE)
    assert next(one for one in reversed(centre.outside.history) if one.is_incoming).number == "112"
    assert (await centre.view()).calls == ()
    call.hang_up()
    await ended(call)
    assert await centre.lab.switch.emptied()  # what the dialplan does at the end of a call (h) is not ccd's either
    await asyncio.sleep(0.3)
    assert not [cdr for cdr in await centre.past() if cdr.started_at > began]


async def test_refer_sends_the_customer_on(centre: CallCentre) -> None:
    await centre.log_in("real", "ben")
    phone = centre.lab.phone("1001")
    await phone.auto_answer()
    for number, tone in (("1003", PHONE_TONES["1003"]), ("911222666", OUTSIDE_TONE)):
        had = len(phone.calls)
        call = centre.call(SALES)
        await centre.phase(call, "talking")
        desk = await phone.incoming(after=had)
        await hears(call, phone.tone)
        await desk.transfer(number)
        await hears(call, tone)
        await desk.hang_up()  # as a phone does when it is told that the transfer worked
        call.hang_up()
        cdr = await centre.cdr(call)
        assert len(cdr.talks) == 2
        assert cdr.talks[0].agent == "real"


async def test_a_phone_that_unregisters_gets_no_calls_until_it_is_back(centre: CallCentre) -> None:
    await centre.log_in("real", "anna")
    phone = centre.lab.phone("1001")
    await phone.auto_answer()

    async def endpoint(state: str) -> bool:
        return (await centre.agent("real")).endpoint_state == state

    await phone.unregister()
    await until(lambda: endpoint("unreachable"), "a phone that is away")
    call = centre.call(SALES)
    assert (await centre.phase(call, "talking")).agent == "anna"
    await phone.register()
    await until(lambda: endpoint("idle"), "a phone that is back")
    other = centre.call(SALES)
    assert (await centre.phase(other, "talking")).agent == "real"
    call.hang_up()
    other.hang_up()
    assert (await centre.cdr(call)).offers[0].agent == "anna"
