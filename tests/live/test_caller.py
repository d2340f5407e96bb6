"""A scripted caller in a small menu of Asterisk's own."""

import pytest

from ccd.lab import tones
from ccd.lab.asterisk_config import AsteriskSettings
from ccd.lab.caller import Caller, HangUp, HearSpeech, HearTone, Press, Script, Wait
from ccd.lab.lab import Lab, LabSettings
from ccd.lab.process import LabError
from tests.live.conftest import StartLab

pytestmark = pytest.mark.live

MENU = """
[from-trunk]
exten => menu,1,Answer(,i)
 same => n,Read(KEY,vm-enter-num-to-call,1,,1,5)
 same => n,GotoIf($["${KEY}"="7"]?right)
 same => n,Hangup(17)
 same => n(right),Dial(PJSIP/1001,10)
exten => busy,1,Busy()
"""


async def start(start_lab: StartLab) -> Lab:
    return await start_lab(LabSettings(agents=1, asterisk=AsteriskSettings(extensions=MENU)))


async def test_a_caller_listens_presses_and_talks(start_lab: StartLab) -> None:
    lab = await start(start_lab)
    agent = lab.phone("1001")
    await agent.auto_answer(after=0.2)
    script = Script(
        dials="menu",
        number="+34911222333",
        steps=[HearSpeech(end=True), Press("7"), HearTone([agent.tone]), Wait(0.5), HangUp()],
    )
    phone = await lab.caller("ana")
    call = await Caller(phone, script).run()
    recording = tones.read(call.recording)
    heard = tones.heard(recording.channels[0], recording.rate, agent.tone)
    assert heard.seconds > 0.8
    assert heard.first is not None
    assert heard.first > 1, "the prompt came first"
    [there] = agent.calls
    sound = tones.read(there.recording)
    assert tones.heard(sound.channels[0], sound.rate, phone.tone).seconds > 0.8


async def test_a_step_that_cannot_come_true_is_an_error(start_lab: StartLab) -> None:
    lab = await start(start_lab)
    script = Script(dials="menu", number="1", steps=[HearTone([2000], within=1.0)])
    with pytest.raises(LabError, match="did not come"):
        await Caller(await lab.caller("ana"), script).run()


async def test_a_refused_call_is_over_without_a_step(start_lab: StartLab) -> None:
    lab = await start(start_lab)
    call = await Caller(await lab.caller("ana"), Script(dials="busy", number="1", steps=[Press("1")])).run()
    assert call.event("answered") is None
    assert (await call.ended()).fields["code"] == 486
