"""The driver's calls on a real Asterisk: answer, play, hold, dial, bridge, hang up."""

import asyncio
from pathlib import Path

import pytest

from ccd.lab.peer_call import PeerCall
from ccd.lab.phone import Phone
from ccd.lab.rtp import RtpStream
from ccd.lab.sip_peer import Reply
from ccd.model.command import Answer, Bridge, Dial, HangUp, Hold, Play, StopPlay
from ccd.model.event import (
    BridgeFailed,
    DigitPressed,
    LegAnswered,
    LegArrived,
    LegHeld,
    LegHungUp,
    LegReferred,
    LegReturned,
    LegRinging,
    LegsBridged,
    PlayEnded,
)
from ccd.model.ids import SECOND, Endpoint, LegId
from tests.live.conftest import StartAsterisk
from tests.live.switch_harness import AGENT_TONE, CALLER_TONE, NUMBER, Office, office

pytestmark = pytest.mark.live


def sound(call: PeerCall) -> RtpStream:
    assert call.stream is not None
    return call.stream


async def answered_caller(it: Office) -> tuple[LegId, PeerCall]:
    call = it.call()
    leg = (await it.arrival()).leg
    it.switch.do(Answer(leg))
    await it.switch.until(LegAnswered)
    await asyncio.wait_for(call.answered, 5)
    return leg, call


async def test_a_call_from_arrival_to_hang_up(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        call = it.call(display="Änne; <sip:x> ${SHELL(id)}")
        arrived = await it.arrival()
        assert (arrived.ani, arrived.dnis, arrived.answered, arrived.endpoint) == ("4930111", NUMBER, False, "")
        it.switch.do(Hold(arrived.leg))
        it.switch.do(Answer(arrived.leg))
        await it.switch.until(LegAnswered)
        await asyncio.wait_for(call.answered, 5)
        it.switch.do(Play(arrived.leg, 1, ("beep", "beep")))
        assert (await it.switch.until(PlayEnded)).result == "finished"
        it.switch.do(Play(arrived.leg, 2, ("no-such-sound",)))
        assert (await it.switch.until(PlayEnded)).result == "failed"
        it.switch.do(Play(arrived.leg, 3, ("beep",)))
        assert (await it.switch.until(PlayEnded)).result == "finished"
        it.switch.do(HangUp(arrived.leg))
        over = await it.switch.until(LegHungUp)
        assert (over.by, over.cause) == ("us", 16)
        await asyncio.wait_for(call.ended, 5)
        assert await it.asterisk.emptied()


async def test_keys(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        leg, call = await answered_caller(it)
        it.switch.do(Play(leg, 1, ("demo-congrats",), until_digit=True))
        call.press("12")
        assert (await it.switch.until(DigitPressed)).digit == "1"
        assert (await it.switch.until(PlayEnded)).result == "digit"
        assert (await it.switch.until(DigitPressed)).digit == "2"
        it.switch.do(Play(leg, 2, ("demo-congrats",)))
        call.press("3")
        assert (await it.switch.until(DigitPressed)).digit == "3"
        it.switch.do(Play(leg, 3, ("demo-congrats",), until_digit=True))
        it.switch.do(StopPlay(leg))
        it.switch.do(Hold(leg))
        call.press("4")
        assert (await it.switch.until(DigitPressed)).digit == "4"
        assert [event.result for event in it.switch.of(PlayEnded)] == ["digit", "stopped", "stopped"]
        call.hang_up()
        over = await it.switch.until(LegHungUp)
        assert (over.by, over.cause) == ("far_end", 16)


async def test_what_becomes_of_a_dial(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:

        async def dial(unique: str, endpoint: str, ring_time: int = 5 * SECOND) -> LegHungUp:
            it.switch.do(Dial(it.switch.new_leg(unique), Endpoint(endpoint), ring_time))
            return await it.switch.until(LegHungUp)

        it.reply = Reply(486)
        over = await dial("busy", "PJSIP/1001")
        assert (over.cause, over.sip_code, over.by) == (17, 486, "far_end")
        it.reply = Reply(603, after=0.05)
        assert (await dial("refused", "PJSIP/1001")).cause == 21
        assert len(it.switch.of(LegRinging)) == 1
        it.reply = None
        assert (await dial("silent", "PJSIP/1001", 300_000)).cause == 19
        assert (await dial("unregistered", "PJSIP/1099")).cause == 20
        assert (await dial("unknown", "PJSIP/nobody")).cause == 20
        assert (await dial("hostile", "PJSIP/1001&PJSIP/1002")).cause == 100
        leg = it.switch.new_leg("cancelled")
        it.switch.do(Dial(leg, Endpoint("PJSIP/1001"), 5 * SECOND))
        await it.switch.until(LegRinging, lambda event: event.leg == leg)
        it.switch.do(HangUp(leg, 26))
        over = await it.switch.until(LegHungUp)
        assert (over.by, over.cause) == ("us", 26)
        at_once = it.switch.new_leg("at-once")
        it.switch.do(Dial(at_once, Endpoint("PJSIP/1001"), 5 * SECOND))
        it.switch.do(HangUp(at_once, 26))
        assert (await it.switch.until(LegHungUp)).leg == at_once
        assert await it.asterisk.emptied()


async def talk(
    it: Office, endpoint: Endpoint = Endpoint("PJSIP/1001")
) -> tuple[LegArrived, LegId, PeerCall, list[PeerCall]]:
    call = it.call()
    arrived = await it.arrival()
    other = it.switch.new_leg("agent")
    it.switch.do(Hold(arrived.leg))
    it.switch.do(Dial(other, endpoint, 5 * SECOND, headers=(("X-Url", 'http://x/?a=1,2&n="()\\'),)))
    await it.switch.until(LegAnswered)
    it.switch.do(Bridge(arrived.leg, other))
    await it.switch.until(LegsBridged)
    return arrived, other, call, list(it.phones.history)


async def test_a_talk_heard_on_both_sides_and_left_by_the_agent(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        arrived, other, call, (phone,) = await talk(it)
        await asyncio.sleep(0.6)  # the talk itself
        assert phone.header("X-Url") == 'http://x/?a=1,2&n="()\\'
        assert sound(call).heard(AGENT_TONE).seconds > 0.4
        assert sound(phone).heard(CALLER_TONE).seconds > 0.4
        phone.press("5")
        pressed = await it.switch.until(DigitPressed)
        assert (pressed.leg, pressed.digit) == (other, "5")
        phone.hang_up()
        over = await it.switch.until(LegHungUp)
        assert (over.leg, over.by) == (other, "far_end")
        returned = [event.leg for event in it.switch.of(LegReturned)] or [(await it.switch.until(LegReturned)).leg]
        assert returned == [arrived.leg]
        it.switch.do(Play(arrived.leg, 9, ("beep",)))
        assert (await it.switch.until(PlayEnded)).result == "finished"
        call.hang_up()
        await it.switch.until(LegHungUp)


async def test_a_talk_left_by_the_caller_and_another_for_the_same_agent(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        _, other, call, _ = await talk(it)
        call.hang_up()
        assert (await it.switch.until(LegReturned)).leg == other
        second = it.call()
        arrived = await it.arrival()
        it.switch.do(Bridge(arrived.leg, other))
        await it.switch.until(LegsBridged)
        second.hang_up()
        assert (await it.switch.until(LegReturned)).leg == other


async def test_a_bridge_to_a_leg_that_just_left(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        for turn in range(5):
            call = it.call()
            arrived = await it.arrival()
            other = it.switch.new_leg(f"agent{turn}")
            it.switch.do(Dial(other, Endpoint("PJSIP/1001"), 5 * SECOND))
            await it.switch.until(LegAnswered)
            phone = it.phones.history[-1]
            phone.hang_up()
            await asyncio.sleep(0.0005 * turn)  # the BYE crosses the bridge earlier or later
            it.switch.do(Bridge(arrived.leg, other))
            await it.over(other)
            call.hang_up()
            await it.over(arrived.leg)
            assert len(it.switch.of(BridgeFailed)) + len(it.switch.of(LegsBridged)) == turn + 1
        assert await it.asterisk.emptied()


async def test_byes_that_cross_bridges_leave_no_ghost(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        it.reply = Reply()
        for turn in range(24):
            call = it.call()
            arrived = await it.arrival()
            other = it.switch.new_leg(f"agent{turn}")
            it.switch.do(Dial(other, Endpoint("PJSIP/1001"), 5 * SECOND))
            await it.switch.until(LegAnswered)
            leaving = call if turn % 2 else it.phones.history[-1]
            if turn % 4 < 2:
                it.switch.do(Bridge(arrived.leg, other))
                await asyncio.sleep(0.0003 * (turn // 4))  # the BYE crosses the bridge earlier or later
                leaving.hang_up()
            else:
                leaving.hang_up()
                it.switch.do(Bridge(arrived.leg, other))
            await it.over(arrived.leg if turn % 2 else other)
            for leg in (arrived.leg, other):
                it.switch.do(HangUp(leg))
                await it.over(leg)
        assert len(it.switch.of(LegsBridged)) + len(it.switch.of(BridgeFailed)) == 24
        assert await it.asterisk.emptied()


async def test_what_a_caller_writes_into_his_number_stays_there(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        it.call()
        victim = (await it.arrival()).leg
        forged = f"49%0D%0A%0D%0AEvent%3A%20Hangup%0D%0AUniqueid%3A%20{victim.rpartition('/')[2]}%0D%0ACause%3A%2016"
        it.call(caller=forged)
        await it.arrival()
        it.call(caller="49%0D%0AUniqueid%3A%201.1%0D%0AContext%3A%20x", display="a\tb")
        last = await it.arrival()
        assert last.ani == "49Uniqueid1.1Contextx"
        it.switch.do(Play(victim, 1, ("beep",)))
        assert (await it.switch.until(PlayEnded)).result == "finished"
        assert it.switch.of(LegHungUp) == []


async def test_a_phone_dials(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        it.phones.place("*45", ("127.0.0.1", it.asterisk.ports.sip), caller="1001")
        dialling = await it.arrival()
        assert (dialling.endpoint, dialling.dnis) == ("PJSIP/1001", "*45")
        it.switch.do(HangUp(dialling.leg))
        await it.over(dialling.leg)


async def test_a_softphone_registers_holds_transfers_and_leaves(start_asterisk: StartAsterisk, tmp_path: Path) -> None:
    async with office(start_asterisk) as it:
        endpoint = Endpoint("PJSIP/1099")
        phone = Phone("1099", it.asterisk.ports.sip, tmp_path, password=it.softphone.password, tone=400)
        await phone.start()
        try:
            await phone.register()
            assert await it.state_of(endpoint) == "idle"
            await phone.auto_answer()
            arrived, other, _, _ = await talk(it, endpoint=endpoint)
            assert await it.state_of(endpoint) == "in_use"
            talking = phone.calls[-1]
            await talking.hold()
            assert await it.switch.until(LegHeld) == LegHeld(other, True)
            await talking.unhold()
            assert await it.switch.until(LegHeld) == LegHeld(other, False)
            await talking.transfer("1002")
            assert await it.switch.until(LegReferred) == LegReferred(arrived.leg, "1002")
            it.switch.do(Play(arrived.leg, 1, ("beep",)))
            assert (await it.switch.until(PlayEnded)).result == "finished"
            it.switch.do(HangUp(other))
            await it.over(other)
            await phone.unregister()
            assert await it.state_of(endpoint) == "unreachable"
        finally:
            await phone.stop()
