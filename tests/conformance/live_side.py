"""Calls by real SIP and RTP, as the people at their ends have them."""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from math import inf

from ccd.lab.peer_call import PeerCall
from ccd.lab.registration import Registration
from ccd.lab.rtp import FRAME, decode_mu_law
from ccd.lab.sip_message import SipMessage, offer, user
from ccd.lab.sip_peer import Reply, SipPeer
from tests.conformance.hearing import heard
from tests.conformance.stage import Heard

LEAVE_AFTER = 0.5
"""Seconds after which a phone leaves that sent its caller on."""


class ScriptedPhones(SipPeer):
    """Phones that ring until they are told what to do. Those that are `away` have no network."""

    def __init__(
        self, host: str, port: int, tone: Callable[[str], int], passwords: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(host, port, on_call=lambda call: None, tone=tone, passwords=passwords)
        self.away: set[str] = set()
        self._again_invited_by_us: dict[str, PeerCall] = {}
        self.registered: dict[str, Registration] = {}

    async def register(self, name: str, server: tuple[str, int], *, expires: int = 60) -> None:
        """Instead of any registration that the phone had."""
        if name in self.registered:
            self.registered[name].close()
        before = len(self.registrations)
        await super().register(name, server, expires=expires)
        self.registered[name] = list(self.registrations.values())[before]

    async def leave(self, name: str, server: tuple[str, int]) -> None:
        """The phone has no network any more. One that registered says so, or its switch would not know for a minute."""
        if name in self.registered:
            await self.register(name, server, expires=0)
            self.registered[name].close()
        self.away.add(name)

    async def come_back(self, name: str, server: tuple[str, int]) -> None:
        """It has one again."""
        self.away.discard(name)
        if name in self.registered:
            await self.register(name, server)

    def answer(self, call: PeerCall, code: int) -> None:
        """Pick up (200) or refuse."""
        self._final(call, Reply(code))

    def refer(self, call: PeerCall, number: str) -> None:
        """Ask that the other side be sent to the number, and leave."""
        request = self._in_dialog(call, "REFER")
        request.headers.append(("Contact", f"<sip:{call.number}@{self.host}:{self.port}>"))
        request.headers.append(("Refer-To", f"<sip:{number}@{call.server[0]}:{call.server[1]}>"))
        self._send_until_answered(request, call)
        self._loop.call_later(LEAVE_AFTER, self.hang_up, call)

    def hold(self, call: PeerCall, *, held: bool) -> None:
        """Ask that nothing more be sent, or again: the other side is on hold meanwhile."""
        request = self._in_dialog(call, "INVITE")
        request.headers.append(("Contact", f"<sip:{call.number}@{self.host}:{self.port}>"))
        request.headers.append(("Content-Type", "application/sdp"))
        wanted = offer(self.host, self._rtp.socket.port).replace("o=- 1 1 ", f"o=- 1 {call.sequence} ")
        request.body = wanted.replace("a=sendrecv", "a=sendonly") if held else wanted
        self._again_invited_by_us[request.branch] = call
        self._send_until_answered(request, call)

    def _response(self, message: SipMessage, code: int, call: PeerCall | None, arrived: int) -> None:
        again = self._again_invited_by_us.get(message.branch)
        if again is None or message.method != "INVITE":
            super()._response(message, code, call, arrived)
            return
        self._sending.stop((message.branch, "INVITE"))
        if code >= 200:
            del self._again_invited_by_us[message.branch]
            ack = self._in_dialog(again, "ACK")
            ack.headers = [
                (name, f"{message.sequence} ACK" if name == "CSeq" else value) for name, value in ack.headers
            ]
            self._socket.send(ack.render(), again.server)

    def _request(self, request: SipMessage, call: PeerCall | None, sender: tuple[str, int], arrived: int) -> None:
        if user(request.uri) not in self.away:
            super()._request(request, call, sender, arrived)

    def _incoming(self, invite: SipMessage, sender: tuple[str, int], arrived: int) -> None:
        if user(invite.uri) not in self.away:
            super()._incoming(invite, sender, arrived)


class LiveSide:
    """A `Side`. `names` gives whose a tone is."""

    def __init__(self, phones: ScriptedPhones, call: PeerCall, names: Mapping[int, str]) -> None:
        self.call = call
        self.is_incoming = call.is_incoming
        self.shown = _shown(call) if call.is_incoming else ""
        self._phones = phones
        self._names = names
        self._on_hold: list[tuple[float, float]] = []

    @property
    def rang_at(self) -> float | None:
        return None if self.is_incoming else self._since_invite(self.call.times.ringing)

    @property
    def answered_at(self) -> float | None:
        return self._since_invite(self.call.times.answered)

    def _since_invite(self, moment: int | None) -> float | None:
        return None if moment is None else (moment - self.call.times.invite) / 1e9

    @property
    def is_over(self) -> bool:
        return self.call.is_over

    @property
    def code(self) -> int:
        return self.call.code

    def at(self) -> float:
        return (time.monotonic_ns() - self.call.times.invite) / 1e9

    def heard(self, since: float = 0.0) -> Sequence[Heard]:
        if self.call.stream is None:
            return []
        stream, invite = self.call.stream, self.call.times.invite
        first = bisect_left(stream.arrivals, invite + int(since * 1e9))
        times = [(arrived - invite) / 1e9 for arrived in stream.arrivals[first:]]
        samples = decode_mu_law(bytes(stream.sound[first * FRAME :])).reshape(-1, FRAME)
        for begin, end in self._on_hold:  # some switches send on, to a phone that listens to nobody
            samples[bisect_left(times, begin) : bisect_left(times, end)] = 0
        return heard(samples.reshape(-1), self._names, times)

    def press(self, keys: str) -> None:
        self.call.press(keys)

    def hang_up(self) -> None:
        self.call.hang_up()

    def answer(self) -> None:
        self._phones.answer(self.call, 200)

    def refuse(self, code: int) -> None:
        self._phones.answer(self.call, code)

    def hold(self, *, held: bool) -> None:
        self._phones.hold(self.call, held=held)
        if held:
            self._on_hold.append((self.at(), inf))
        else:
            self._on_hold[-1] = (self._on_hold[-1][0], self.at())

    def refer(self, number: str) -> None:
        self._phones.refer(self.call, number)

    async def ended(self, within: float) -> None:
        """Once it is over."""
        await asyncio.wait_for(asyncio.shield(self.call.ended), within)


def _shown(call: PeerCall) -> str:
    """Name and number on the display."""
    name, _, address = call.header("From").partition("<")
    name = name.strip().strip('"')
    number = user(address.partition(">")[0])
    return f"{name!r} {number}" if name and name != number else number
