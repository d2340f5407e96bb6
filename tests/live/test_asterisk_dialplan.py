"""What the dialplan does without the daemon, by role, and what never meets it."""

import asyncio

import pytest

from ccd.lab.asterisk_config import TRUNK_HOST
from ccd.lab.sip_peer import Reply, SipPeer
from ccd.model.command import Bridge, Dial, HandBack, HangUp, Hold
from ccd.model.event import LegAnswered, LegHungUp, LegsBridged
from ccd.model.ids import SECOND, Endpoint
from tests.live.conftest import StartAsterisk
from tests.live.switch_harness import Office, office

pytestmark = pytest.mark.live


def trunk(it: Office) -> SipPeer:
    """The provider: takes what is dialled through the trunk."""
    return SipPeer(TRUNK_HOST, it.asterisk.ports.trunk)


async def test_emergency_numbers_never_meet_the_daemon(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        provider = trunk(it)
        call = it.phones.place("112", ("127.0.0.1", it.asterisk.ports.sip), caller="1001")
        await asyncio.wait_for(call.answered, 5)
        assert [taken.number for taken in provider.history] == ["112"]
        assert it.switch.of(LegAnswered) == []
        call.hang_up()
        await call.ended
        provider.close()


async def test_an_agent_dials_on_without_the_daemon(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        provider = trunk(it)
        await it.switch.close()
        call = it.phones.place("030123", ("127.0.0.1", it.asterisk.ports.sip), caller="1001")
        await asyncio.wait_for(call.answered, 8)
        assert [taken.number for taken in provider.history] == ["030123"]
        call.hang_up()
        await call.ended
        provider.close()


async def test_a_leg_of_an_agent_does_not_run_the_callers_fallback(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        it.reply = Reply()
        call = it.call()
        leg = (await it.arrival()).leg
        other = it.switch.new_leg("agent")
        it.switch.do(Hold(leg))
        it.switch.do(Dial(other, Endpoint("PJSIP/1001"), 5 * SECOND))
        await it.switch.until(LegAnswered)
        it.switch.do(Bridge(leg, other))
        await it.switch.until(LegsBridged)
        phone = it.phones.history[-1]
        await it.switch.close()
        await asyncio.sleep(7)  # longer than the dead man's time-out: the talk goes on
        assert not call.is_over
        assert not phone.is_over
        call.hang_up()
        await asyncio.wait_for(phone.ended, 8)
        assert "vm-nobodyavail" not in it.asterisk.log.read_text()


async def test_a_call_handed_back(start_asterisk: StartAsterisk) -> None:
    async with office(start_asterisk) as it:
        call = it.call()
        leg = (await it.arrival()).leg
        it.switch.do(HandBack(leg, "s"))
        assert (await it.switch.until(LegHungUp)).cause == 0
        await asyncio.wait_for(call.ended, 5)


async def test_what_a_bridge_leaves_behind_ends_only_when_the_channel_is_listed(start_asterisk: StartAsterisk) -> None:
    """Asterisk lists an empty channel that ended too early for ever (22.10.1); ccd-over holds it back."""
    async with office(start_asterisk) as it:
        it.reply = Reply()
        call = it.call()
        leg = (await it.arrival()).leg
        other = it.switch.new_leg("agent")
        it.switch.do(Dial(other, Endpoint("PJSIP/1001"), 5 * SECOND))
        await it.switch.until(LegAnswered)
        it.switch.do(Bridge(leg, other))
        await it.switch.until(LegsBridged)
        call.hang_up()
        for gone in (leg, other):
            it.switch.do(HangUp(gone))
            await it.over(gone)
        assert await it.asterisk.emptied()
        log = it.asterisk.log.read_text()
        held = [line for line in log.splitlines() if "[h@ccd-" in line and '("Surrogate/PJSIP/' in line]
        assert "GotoIf" in held[0]
        assert "NoOp" in held[-1]
        for function in ("CHANNEL_EXISTS", "TRYLOCK"):
            assert "No function by that name" not in await it.asterisk.command(f"core show function {function}")
