"""SIPp on both sides of a real Asterisk."""

from pathlib import Path

import pytest

from ccd.lab import tones
from ccd.lab.asterisk_config import TRUNK_HOST, AsteriskSettings, Endpoint
from ccd.lab.packages import Packages
from ccd.lab.process import free_udp_port
from ccd.lab.sipp import Sipp, SippAgents, SippCallers, SippCounts
from tests.live.conftest import StartAsterisk

pytestmark = pytest.mark.live

AGENT_HOST = "127.0.0.3"
DIALPLAN = """
[from-trunk]
exten => 100,1,Answer(,i)
 same => n,MixMonitor(${CALLERID(num)}.wav,S)
 same => n,Read(KEYS,,2,,1,5)
 same => n,GotoIf($["${KEYS}"="42"]?:wrong)
 same => n,Dial(PJSIP/2000,10)
 same => n(wrong),Hangup(21)
"""


async def test_callers_type_digits_and_both_sides_hear_their_tones(
    start_asterisk: StartAsterisk, installed: Packages, tmp_path: Path
) -> None:
    port = free_udp_port(AGENT_HOST)
    contact = f"sip:2000@{AGENT_HOST}:{port}"
    settings = AsteriskSettings(endpoints=[Endpoint("2000", contact=contact)], extensions=DIALPLAN)
    asterisk = await start_asterisk(settings)
    server = ("127.0.0.1", asterisk.ports.sip)
    sipp = installed.sipp
    agents = Sipp(
        tmp_path / "agents", sipp, SippAgents(answer_after=0.1), server=server, host=AGENT_HOST, port=port, tone=900
    )
    calls = SippCallers("100", count=5, rate=10, talk=1.5, digits="42", digit_pause=0.3, caller="9[call_number]")
    callers = Sipp(tmp_path / "callers", sipp, calls, server=server, host=TRUNK_HOST, tone=500)
    await agents.start()
    await callers.start()
    assert await callers.finish(within=20) == SippCounts(created=5, successful=5, failed=0)
    await agents.stop()
    recordings = sorted((asterisk.spool / "monitor").glob("*.wav"))
    assert len(recordings) == 5
    for path in recordings:
        sound = tones.read(path)
        for frequency in (500, 900):
            assert tones.heard(sound.channels[0], sound.rate, frequency, share=0.3).seconds > 1


async def test_failed_calls_are_counted(start_asterisk: StartAsterisk, installed: Packages, tmp_path: Path) -> None:
    asterisk = await start_asterisk(AsteriskSettings())
    calls = SippCallers("4711", count=2, rate=10)
    server = ("127.0.0.1", asterisk.ports.sip)
    callers = Sipp(tmp_path, installed.sipp, calls, server=server, host=TRUNK_HOST)
    await callers.start()
    assert await callers.finish(within=10) == SippCounts(created=2, successful=0, failed=2)
