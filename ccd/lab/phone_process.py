"""One softphone (pjsua2) in a process of its own: JSON lines in on stdin, JSON lines out on stdout.

    python -m ccd.lab.phone_process '{"name": "1001", "server": "127.0.0.1:5060", ...}'

A command is `{"do": NAME, "seq": N, ...}`, answered by `{"event": "done" | "failed", "seq": N, ...}`; `Phone` in
`phone.py` speaks for it. A process a phone, because the library aborts at teardown and takes four calls at most.
"""

import json
import os
import select
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pjsua2 as pj

from ccd.lab.auto_answer import is_asked
from ccd.lab.phone_message import PhoneSettings

POLL_MS = 10
_EVENTS = os.dup(1)
os.dup2(2, 1)  # the library writes to stdout before it can be told not to


def emit(event: str, **fields: Any) -> None:
    """Tell the parent; times are CLOCK_MONOTONIC and UTC seconds, so that events of several phones compare."""
    line = {"event": event, "monotonic": time.monotonic(), "at": time.time(), **fields}
    os.write(_EVENTS, json.dumps(line).encode() + b"\n")


@dataclass
class _Microphone:
    """What the phone says: a tone for ever, or a file."""

    media: Any = None

    def tone(self, frequency: int) -> None:
        generator = pj.ToneGenerator()
        generator.createToneGenerator(8000, 1)
        tone = pj.ToneDesc()
        tone.freq1, tone.freq2, tone.on_msec, tone.off_msec = frequency, 0, 1000, 0
        tones = pj.ToneDescVector()
        tones.append(tone)
        generator.play(tones, True)
        self.media = generator

    def file(self, path: str, loop: bool) -> None:
        player = pj.AudioMediaPlayer()
        player.createPlayer(path, 0 if loop else pj.PJMEDIA_FILE_NO_LOOP)
        self.media = player

    def silence(self) -> None:
        self.media = None


class _Call(pj.Call):  # type: ignore[misc]  # pjsua2 has no type information
    """One call; reports what happens to it, plays the microphone into it and records what it hears."""

    def __init__(self, phone: "_Phone", number: int, call_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(phone.account, call_id)
        self.phone = phone
        self.number = number
        self.recording = os.path.join(phone.settings.folder, f"{phone.settings.name}-{number}.wav")
        self.recorder: Any = None
        self.media: Any = None

    def onCallState(self, prm: Any) -> None:  # noqa: N802 - the library's name
        # The info must stay in a variable: its strings die with it.
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_EARLY and info.role == pj.PJSIP_ROLE_UAC:
            emit("ringing", call=self.number, code=int(info.lastStatusCode))
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            emit("answered", call=self.number)
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.media = self.recorder = None  # closes the file before anybody is told
            self.phone.forget(self.number)
            emit("ended", call=self.number, code=int(info.lastStatusCode), reason=info.lastReason)

    def onCallMediaState(self, prm: Any) -> None:  # noqa: N802
        info = self.getInfo()
        active = [
            index
            for index, media in enumerate(info.media)
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE
        ]
        self.media = self.getAudioMedia(active[0]) if active else None
        if self.media is not None:
            self.listen()
            self.speak()
        emit("media", call=self.number, active=self.media is not None)

    def onDtmfDigit(self, prm: Any) -> None:  # noqa: N802
        emit("digit", call=self.number, digit=prm.digit)

    def listen(self) -> None:
        if self.recorder is None:
            self.recorder = pj.AudioMediaRecorder()
            self.recorder.createRecorder(self.recording)
        self.media.startTransmit(self.recorder)

    def speak(self) -> None:
        if self.media is not None and self.phone.microphone.media is not None:
            self.phone.microphone.media.startTransmit(self.media)


class _Account(pj.Account):  # type: ignore[misc]  # pjsua2 has no type information
    phone: "_Phone"

    def onRegState(self, prm: Any) -> None:  # noqa: N802
        info = self.getInfo()
        emit("registration", code=int(prm.code), active=bool(info.regIsActive), reason=prm.reason)

    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802
        self.phone.incoming(prm.callId, prm.rdata.wholeMsg)


@dataclass
class _Answering:
    """What the phone does with a call that comes in: answer or refuse after some seconds, or ring on (code None).

    With `told_by` only a call that tells it so by one of these headers.
    """

    code: int | None = None
    after: float = 0.0
    told_by: tuple[str, ...] = ()


@dataclass
class _Due:
    at: float
    number: int
    code: int


@dataclass
class _Phone:
    settings: PhoneSettings
    endpoint: Any = None
    account: Any = None
    microphone: _Microphone = field(default_factory=_Microphone)
    answering: _Answering = field(default_factory=_Answering)
    calls: dict[int, _Call] = field(default_factory=dict)
    due: list[_Due] = field(default_factory=list)
    count: int = 0

    # --- the library ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        self.endpoint = pj.Endpoint()
        self.endpoint.libCreate()
        self.endpoint.libInit(self._endpoint_config())
        transport = pj.TransportConfig()
        transport.boundAddress = self.settings.host
        transport.port = 0
        self.endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        self.endpoint.libStart()
        self.endpoint.audDevManager().setNullDev()
        for codec in self.endpoint.codecEnum2():
            self.endpoint.codecSetPriority(codec.codecId, 255 if codec.codecId.startswith("PCMU") else 0)
        self.account = _Account()
        self.account.phone = self
        self.account.create(self._account_config())
        if self.settings.tone:
            self.microphone.tone(self.settings.tone)

    def _endpoint_config(self) -> Any:
        config = pj.EpConfig()
        config.logConfig.level = config.logConfig.consoleLevel = self.settings.log_level
        config.uaConfig.threadCnt = 0  # one thread: callbacks come out of libHandleEvents
        config.uaConfig.userAgent = f"ccd lab phone {self.settings.name}"
        config.medConfig.clockRate = config.medConfig.sndClockRate = 8000
        config.medConfig.noVad = True
        config.medConfig.ecTailLen = 0
        return config

    def _account_config(self) -> Any:
        config = pj.AccountConfig()
        config.idUri = f"sip:{self.settings.name}@{self.settings.server}"
        config.regConfig.registrarUri = f"sip:{self.settings.server}"
        config.regConfig.registerOnAdd = False
        config.regConfig.timeoutSec = 120
        config.regConfig.retryIntervalSec = 1
        config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", self.settings.name, 0, self.settings.password))
        config.mediaConfig.transportConfig.boundAddress = self.settings.host
        config.mediaConfig.transportConfig.port = self.settings.rtp_port
        config.natConfig.udpKaIntervalSec = 0
        return config

    # --- what happens --------------------------------------------------------------------------------------------

    def incoming(self, call_id: int, message: str) -> None:
        self.count += 1
        call = self.calls[self.count] = _Call(self, self.count, call_id)
        request, _, rest = message.partition("\r\n")
        lines = [line.split(":", 1) for line in rest.split("\r\n\r\n", 1)[0].split("\r\n") if ":" in line]
        headers = [(name.strip(), value.strip()) for name, value in lines]
        emit("incoming", call=call.number, recording=call.recording, request=request, headers=headers)
        self._reply(call, 180)
        told_by = self.answering.told_by
        if self.answering.code is not None and (not told_by or is_asked(headers, told_by)):
            self.due.append(_Due(time.monotonic() + self.answering.after, call.number, self.answering.code))

    def forget(self, number: int) -> None:
        self.calls.pop(number, None)
        self.due = [due for due in self.due if due.number != number]

    def fire_due(self) -> None:
        now = time.monotonic()
        ready, self.due = [d for d in self.due if d.at <= now], [d for d in self.due if d.at > now]
        for due in ready:
            self._reply(self.calls[due.number], due.code)

    @staticmethod
    def _reply(call: _Call, code: int) -> None:
        parameters = pj.CallOpParam()
        parameters.statusCode = code
        if code >= 300:
            call.hangup(parameters)
        else:
            call.answer(parameters)

    # --- commands ------------------------------------------------------------------------------------------------

    def do_register(self) -> dict[str, Any]:
        self.account.setRegistration(True)
        return {}

    def do_unregister(self) -> dict[str, Any]:
        self.account.setRegistration(False)
        return {}

    def do_answering(self, code: int | None, after: float, told_by: Sequence[str] = ()) -> dict[str, Any]:
        self.answering = _Answering(code, after, tuple(told_by))
        return {}

    def do_call(self, uri: str, identity: str, headers: list[tuple[str, str]]) -> dict[str, Any]:
        self.count += 1
        call = _Call(self, self.count)
        parameters = pj.CallOpParam(True)
        parameters.txOption.localUri = identity
        for name, value in headers:
            header = pj.SipHeader()
            header.hName, header.hValue = name, value
            parameters.txOption.headers.append(header)
        self.calls[call.number] = call
        try:
            call.makeCall(uri, parameters)
        except pj.Error:
            self.forget(call.number)
            raise
        return {"call": call.number, "recording": call.recording}

    def do_reply(self, call: int, code: int) -> dict[str, Any]:
        self._reply(self.calls[call], code)
        return {}

    def do_hang_up(self, call: int) -> dict[str, Any]:
        self.calls[call].hangup(pj.CallOpParam())
        return {}

    def do_press(self, call: int, digits: str) -> dict[str, Any]:
        self.calls[call].dialDtmf(digits)
        return {}

    def do_hold(self, call: int) -> dict[str, Any]:
        self.calls[call].setHold(pj.CallOpParam(True))
        return {}

    def do_unhold(self, call: int) -> dict[str, Any]:
        parameters = pj.CallOpParam(True)
        parameters.opt.flag = pj.PJSUA_CALL_UNHOLD
        self.calls[call].reinvite(parameters)
        return {}

    def do_transfer(self, call: int, uri: str) -> dict[str, Any]:
        self.calls[call].xfer(uri, pj.CallOpParam(True))
        return {}

    def do_microphone(self, tone: int = 0, file: str = "", loop: bool = False) -> dict[str, Any]:
        self.microphone.silence()  # the old source goes, and with it its connections
        if file:
            self.microphone.file(file, loop)
        elif tone:
            self.microphone.tone(tone)
        for call in self.calls.values():
            call.speak()
        return {}

    def obey(self, line: str) -> None:
        command = json.loads(line)
        name, seq = command.pop("do"), command.pop("seq")
        try:
            answer = getattr(self, f"do_{name}")(**command)
        except KeyError as error:
            emit("failed", seq=seq, error=f"no such call: {error}")
        except pj.Error as error:
            emit("failed", seq=seq, error=error.info())
        else:
            emit("done", seq=seq, **answer)


def main() -> None:
    phone = _Phone(PhoneSettings(**json.loads(sys.argv[1])))
    phone.start()
    emit("ready")
    pending = b""
    while True:
        phone.endpoint.libHandleEvents(POLL_MS)
        phone.fire_due()
        if select.select([0], [], [], 0)[0]:
            received = os.read(0, 65536)
            if not received:
                os._exit(0)  # the parent is gone; a proper teardown aborts
            *lines, pending = (pending + received).split(b"\n")
            for line in lines:
                phone.obey(line.decode())


if __name__ == "__main__":
    main()
