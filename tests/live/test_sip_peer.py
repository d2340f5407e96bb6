"""Our SIP peer against a real Asterisk: times, tones, digits, refusals, cancels, and many calls at once."""

import asyncio

import pytest

from ccd.lab.asterisk import Asterisk
from ccd.lab.asterisk_config import TRUNK_HOST, AsteriskSettings, Endpoint
from ccd.lab.peer_call import PeerCall
from ccd.lab.process import free_udp_port
from ccd.lab.sip_peer import Reply, SipPeer
from tests.live.conftest import CALL_EACH_OTHER, StartAsterisk

pytestmark = pytest.mark.live

AGENTS_HOST = "127.0.0.3"
CALLS = 20


async def start(start_asterisk: StartAsterisk, port: int, count: int = 1) -> Asterisk:
    endpoints = [Endpoint(str(2000 + n), contact=f"sip:{2000 + n}@{AGENTS_HOST}:{port}") for n in range(count)]
    extensions = CALL_EACH_OTHER + "exten => digits,1,Answer(,i)\n same => n,Read(GOT,,3,,,5)\n same => n,Hangup()\n"
    return await start_asterisk(AsteriskSettings(endpoints=endpoints, extensions=extensions, verbose=3))


async def over(call: PeerCall) -> PeerCall:
    return await asyncio.wait_for(call.ended, 10)


async def test_many_calls_each_with_its_own_tones(start_asterisk: StartAsterisk) -> None:
    port = free_udp_port(AGENTS_HOST)
    asterisk = await start(start_asterisk, port, CALLS)
    agents = SipPeer(AGENTS_HOST, port, tone=lambda number: 400 + 50 * (int(number) - 2000))
    callers = SipPeer(TRUNK_HOST, tone=lambda number: 1400 + 50 * int(number))
    calls = [callers.place(str(2000 + n), ("127.0.0.1", asterisk.ports.sip), caller=str(n)) for n in range(CALLS)]
    await asyncio.wait_for(asyncio.gather(*(call.answered for call in calls)), 10)
    await asyncio.sleep(1)  # the talk itself
    for call in calls:
        call.hang_up()
    await asyncio.gather(*(over(call) for call in [*calls, *agents.history]))

    by_number = {call.number: call for call in agents.history}
    assert len(by_number) == CALLS
    for call in calls:
        agent = by_number[call.number]
        assert call.stream is not None
        assert agent.stream is not None
        assert call.stream.heard(agent.tone).seconds > 0.7
        assert agent.stream.heard(call.tone).seconds > 0.7
        assert call.stream.heard(call.tone).seconds == 0
        assert call.times.invite < agent.times.invite < (call.stream.first_heard_at(agent.tone) or 0)
        assert agent.times.ack is not None
    assert await asterisk.channel_count() == 0
    callers.close()
    agents.close()


async def test_refused_and_given_up_calls(start_asterisk: StartAsterisk) -> None:
    port = free_udp_port(AGENTS_HOST)
    asterisk = await start(start_asterisk, port)
    server = ("127.0.0.1", asterisk.ports.sip)
    replies: list[Reply | None] = [Reply(486), None]
    agents = SipPeer(AGENTS_HOST, port, on_call=lambda call: replies.pop(0))
    callers = SipPeer(TRUNK_HOST)
    refused = await over(callers.place("2000", server, caller="1"))
    assert refused.code == 486
    assert not refused.was_answered
    given_up = callers.place("2000", server, caller="1")
    given_up.hang_up()  # before anything came back: the CANCEL has to wait for the 100
    assert (await over(given_up)).code == 487
    nobody = await over(callers.place("4711", server, caller="1"))
    assert nobody.code >= 400
    assert await asterisk.channel_count() == 0
    callers.close()
    agents.close()


async def test_an_agent_calls_out_through_the_trunk(start_asterisk: StartAsterisk) -> None:
    out = "[from-agent]\nexten => _X.,1,Dial(PJSIP/${EXTEN}@trunk,10)\n"
    endpoints = [Endpoint("2000", contact=f"sip:2000@{AGENTS_HOST}:9")]
    asterisk = await start_asterisk(AsteriskSettings(endpoints=endpoints, extensions=out))
    outside = SipPeer(TRUNK_HOST, asterisk.ports.trunk)
    agent = SipPeer(AGENTS_HOST)
    call = agent.place("912345678", ("127.0.0.1", asterisk.ports.sip), caller="2000")
    await asyncio.wait_for(call.answered, 5)
    assert [there.number for there in outside.history] == ["912345678"]
    outside.history[0].hang_up()
    assert (await over(call)).code == 200
    outside.close()
    agent.close()


async def test_asterisk_reads_the_digits(start_asterisk: StartAsterisk) -> None:
    asterisk = await start(start_asterisk, 9)
    callers = SipPeer(TRUNK_HOST)
    call = callers.place("digits", ("127.0.0.1", asterisk.ports.sip), caller="1")
    await asyncio.wait_for(call.answered, 5)
    call.press("1#2")  # the # ends what Read() takes
    await over(call)
    assert "User entered '1'" in asterisk.log.read_text()
    callers.close()
