"""The session on a real Asterisk: login, a lost link, a second daemon, a restart; phones, transfers, the fallback."""

import asyncio
import signal

import pytest

from ccd.lab.sip_peer import Reply
from ccd.model.command import Bridge, Dial, Hold, Play, SetVariables
from ccd.model.event import (
    EndpointChanged,
    LegAnswered,
    LegArrived,
    LegHungUp,
    LegReturned,
    LegsBridged,
    PlayEnded,
    SwitchDown,
    SwitchUp,
)
from ccd.model.ids import SECOND, Endpoint
from tests.live.conftest import StartAsterisk
from tests.live.switch_harness import Switch, office

pytestmark = pytest.mark.live


async def test_a_wrong_secret_is_not_hammered(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk, wrong_secret=True) as it:
        down = await it.switch.until(SwitchDown)
        assert down.reason == "login refused: Authentication failed"
        await asyncio.sleep(0.5)  # the link would be back after .05 s
        assert len(it.switch.cuts) == 1
        assert not it.switch.link.is_up


async def test_a_second_login_is_refused(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        second = Switch(it.asterisk, it.secret, "/var/recordings")
        second.link.open()
        try:
            assert "Login Already In Use" in (await second.until(SwitchDown)).reason
        finally:
            await second.close()


async def test_phones(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        states = {event.endpoint: event.state for event in it.switch.of(EndpointChanged)}
        assert states[Endpoint("PJSIP/1001")] == "idle"
        assert states[Endpoint("PJSIP/1099")] == "unreachable"
        it.reply = None
        it.switch.do(Dial(it.switch.new_leg("a"), Endpoint("PJSIP/1001"), SECOND // 2))
        assert (await it.switch.until(EndpointChanged)).state in ("ringing", "in_use")
        assert (await it.switch.until(EndpointChanged)).state == "idle"


async def test_calls_go_on_without_the_link(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        leaving, talking = it.call(caller="2"), it.call(caller="3")
        it.call(caller="1")
        by_ani = {arrived.ani: arrived.leg for arrived in [await it.arrival() for _ in range(3)]}
        legs = list(by_ani.values())
        other = it.switch.new_leg("agent")
        for leg in legs:
            it.switch.do(Hold(leg))
        it.switch.do(Dial(other, Endpoint("PJSIP/1001"), 5 * SECOND))
        await it.switch.until(LegAnswered)
        it.switch.do(Bridge(by_ani["3"], other))
        await it.switch.until(LegsBridged)
        boot = it.switch.boot
        it.switch.link.abort("the test cuts it", hold_off=0.3)
        await it.switch.until(SwitchDown)
        it.switch.do(Play(by_ani["1"], 5, ("beep",)))
        assert (await it.switch.until(PlayEnded)).result == "failed"
        leaving.hang_up()
        over = await it.switch.until(LegHungUp)
        assert over.leg == by_ani["2"]
        up = await it.switch.until(SwitchUp)
        assert up.boot == boot
        it.switch.do(Play(by_ani["1"], 6, ("beep",)))
        assert (await it.switch.until(PlayEnded)).result == "finished"
        talking.hang_up()
        assert (await it.switch.until(LegReturned)).leg == other
        assert len(it.switch.of(LegArrived)) == 3


async def test_legs_of_a_former_daemon(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        it.call()
        leg = (await it.arrival()).leg
        it.switch.do(SetVariables(leg, (("CCD_CALL", "c 7"), ("no.name", "x"))))
        it.switch.do(Hold(leg))
        await asyncio.sleep(0.2)  # the variable is on its way
        await it.switch.close()
        after = Switch(it.asterisk, it.secret, "/var/recordings")
        after.link.open()
        try:
            arrived = await after.until(LegArrived)
            assert arrived.leg == leg
            assert arrived.variables["CCD_CALL"] == "c 7"
            assert arrived.variables["CCD_ROLE"] == "caller"
            after.do(Play(leg, 1, ("beep",)))
            assert (await after.until(PlayEnded)).result == "finished"
        finally:
            await after.close()


async def test_a_restarted_switch_has_no_legs_of_before(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        it.call()
        leg = (await it.arrival()).leg
        boot = it.switch.boot
        await asyncio.sleep(1)  # the boot is told in seconds
        await it.asterisk.kill()
        await it.switch.until(SwitchDown)
        await it.asterisk.start()
        over = await it.switch.until(LegHungUp, within=10)
        assert (over.leg, over.by) == (leg, "switch")
        assert (await it.switch.until(SwitchUp)).boot != boot


async def test_a_half_open_link_is_noticed(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        it.asterisk.process.signal(signal.SIGSTOP)
        try:
            down = await it.switch.until(SwitchDown, within=10)
            assert "pings" in down.reason
        finally:
            it.asterisk.process.signal(signal.SIGCONT)
        await it.switch.until(SwitchUp, within=10)


async def test_the_dialplan_takes_over_when_the_daemon_is_gone(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        it.reply = Reply()
        before = it.call()
        await it.arrival()
        await it.switch.close()
        during = it.call()
        for call in (before, during):  # the fallback answers, says that nobody is there, and hangs up
            await asyncio.wait_for(call.answered, 8)
            assert call.was_answered
