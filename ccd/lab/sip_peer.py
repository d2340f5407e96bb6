"""A SIP peer of our own on one UDP socket: thousands of callers and phones that cost little and measure well.

A switch knows it by its address, by fixed contacts, or as phones that register and have passwords. Times are exact to
the microsecond on one clock, for a caller's INVITE and the agent's INVITE are seen by the same process. Requests are
sent again until they are answered, as RFC 3261 17 says; what comes twice is answered twice and happens once.
"""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from ccd.lab.datagram import DatagramSocket
from ccd.lab.peer_call import CallTimes, PeerCall
from ccd.lab.registration import Registration
from ccd.lab.retransmission import GIVE_UP, Retransmission
from ccd.lab.rtp import RtpSocket
from ccd.lab.sip_digest import CHALLENGES, proof
from ccd.lab.sip_message import SipMessage, address_uri, media_address, offer, parse, user

HISTORY = 200_000
_REASONS = {100: "Trying", 180: "Ringing", 200: "OK", 481: "Call Does Not Exist", 486: "Busy Here", 487: "Terminated"}


@dataclass(frozen=True)
class Reply:
    """What a peer does with a call that comes in: `code` after so many seconds; it rings from the begin."""

    code: int = 200
    after: float = 0.0


class SipPeer:
    """Places and takes calls. `on_call` decides about each that comes in (default: answer at once); None: ring on.

    `tone` gives each call's tone in Hz, 0 for silence; with `sound=False` no RTP is sent and none is kept,
    with `hears=False` it is sent, but what comes is dropped unread. `passwords` are those of its phones, by name.
    """

    def __init__(
        self,
        host: str,
        port: int = 0,
        *,
        on_call: Callable[[PeerCall], Reply | None] = lambda call: Reply(),
        tone: Callable[[str], int] = lambda number: 0,
        sound: bool = True,
        hears: bool = True,
        keep_seconds: float = 60.0,
        passwords: Mapping[str, str] | None = None,
    ) -> None:
        self._socket = DatagramSocket(host, port, self._receive)
        self._rtp = RtpSocket(host, limit=keep_seconds, listens=sound and hears)
        self._sound = sound
        self._on_call = on_call
        self._tone = tone
        self._loop = asyncio.get_running_loop()
        self._sending = Retransmission(self._socket)
        self._answering: dict[str, asyncio.TimerHandle] = {}
        self.host, self.port = host, self._socket.port
        self.calls: dict[str, PeerCall] = {}
        self.history: deque[PeerCall] = deque(maxlen=HISTORY)
        """Every call, oldest first, also those that are over."""
        self.malformed = 0
        self.registrations: dict[str, Registration] = {}
        """By Call-ID."""
        self._passwords = passwords or {}

    def close(self) -> None:
        self._sending.close()
        for registration in self.registrations.values():
            registration.close()
        for timer in self._answering.values():
            timer.cancel()
        self._rtp.close()
        self._socket.close()

    def unsaid(self, begin: int, end: int) -> float:
        """Seconds of sound left out between two moments (time.monotonic_ns), because this process was kept waiting."""
        return self._rtp.unsaid(begin, end)

    async def register(self, name: str, server: tuple[str, int], *, expires: int = 60) -> None:
        """Be the phone of that name there, from now on. Raises LabError where that is refused."""
        password, contact = self._passwords.get(name, ""), f"sip:{name}@{self.host}:{self.port}"
        registration = Registration(name, password, server, self._sending, self._via, contact, expires)
        self.registrations[registration.call_id] = registration
        await registration.done

    def place(
        self,
        number: str,
        server: tuple[str, int],
        *,
        caller: str,
        display: str = "",
        tone: int | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> PeerCall:
        """Send an INVITE for `number`; the call's `answered` and `ended` tell what becomes of it."""
        quoted = display.replace("\\", "\\\\").replace('"', '\\"')
        call_id = secrets.token_hex(12)
        local = f'"{quoted}" <sip:{caller}@{self.host}>;tag={secrets.token_hex(6)}'
        uri = f"sip:{number}@{server[0]}:{server[1]}"
        invite = SipMessage(f"INVITE {uri} SIP/2.0", [], offer(self.host, self._rtp.socket.port))
        invite.headers = [
            ("Via", self._via(secrets.token_hex(8))),
            ("Max-Forwards", "70"),
            ("From", local),
            ("To", f"<{uri}>"),
            ("Call-ID", call_id),
            ("CSeq", "1 INVITE"),
            ("Contact", f"<sip:{caller}@{self.host}:{self.port}>"),
            ("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE"),
            ("Content-Type", "application/sdp"),
            *headers,
        ]
        call = self._new_call(invite, number, server, local, f"<{uri}>", self._tone(caller) if tone is None else tone)
        call.target = uri
        call.times.invite = self._send_until_answered(invite, call)
        return call

    def hang_up(self, call: PeerCall) -> None:
        if call.is_over or call.is_cancelled:
            return
        if call.was_answered:
            self._bye(call)
        elif call.is_incoming:
            self._final(call, Reply(486))
        else:
            call.is_cancelled = True
            if call.is_proceeding:
                self._cancel(call)

    # --- sending -----------------------------------------------------------------------------------------------

    def _via(self, branch: str) -> str:
        return f"SIP/2.0/UDP {self.host}:{self.port};rport;branch=z9hG4bK{branch}"

    def _send_until_answered(self, request: SipMessage, call: PeerCall) -> int:
        """Answers when it was sent first."""
        key = (request.branch, request.method)
        return self._sending.begin(key, request.render(), call.server, lambda: self._unanswered(call))

    def _unanswered(self, call: PeerCall) -> None:
        self._over(call, time.monotonic_ns(), 408)

    def _in_dialog(self, call: PeerCall, method: str) -> SipMessage:
        if method != "ACK":  # an ACK has the number of its INVITE
            call.sequence += 1
        sequence = call.invite.sequence if method == "ACK" else call.sequence
        headers = [("Via", self._via(secrets.token_hex(8))), ("Max-Forwards", "70")]
        headers += [("Route", route) for route in call.routes]
        headers += [("From", call.local), ("To", call.remote), ("Call-ID", call.call_id)]
        return SipMessage(f"{method} {call.target} SIP/2.0", [*headers, ("CSeq", f"{sequence} {method}")])

    def _bye(self, call: PeerCall) -> None:
        self._send_until_answered(self._in_dialog(call, "BYE"), call)
        self._over(call, time.monotonic_ns(), 200)

    def _cancel(self, call: PeerCall) -> None:
        same = [(name, value) for name, value in call.invite.headers if name in ("Via", "From", "To", "Call-ID")]
        same += [("Max-Forwards", "70"), ("CSeq", f"{call.invite.sequence} CANCEL")]
        cancel = SipMessage(f"CANCEL {call.invite.uri} SIP/2.0", same)
        self._send_until_answered(cancel, call)

    def _respond(
        self, request: SipMessage, code: int, to: tuple[str, int], call: PeerCall | None, body: str = ""
    ) -> int:
        copied = [(name, value) for name, value in request.headers if name.lower() in _COPIED]
        if call is not None:
            copied = [(n, call.local if n.lower() == "to" else v) for n, v in copied]
            copied.append(("Contact", f"<sip:{call.number}@{self.host}:{self.port}>"))
        if body:
            copied.append(("Content-Type", "application/sdp"))
        reason = _REASONS.get(code) or _phrase(code)
        data = SipMessage(f"SIP/2.0 {code} {reason}", copied, body).render()
        if call is not None:
            call.replies[f"{request.branch} {request.method}"] = data
        return self._socket.send(data, to)

    # --- receiving ---------------------------------------------------------------------------------------------

    def _receive(self, data: bytes, sender: tuple[str, int], arrived: int) -> None:
        try:
            message = parse(data)
            call = self.calls.get(message.header("Call-ID"))
            if message.code is not None:
                self._response(message, message.code, call, arrived)
            elif message.method == "INVITE" and call is None:
                self._incoming(message, sender, arrived)
            else:
                self._request(message, call, sender, arrived)
        except ValueError:
            self.malformed += 1

    def _response(self, message: SipMessage, code: int, call: PeerCall | None, arrived: int) -> None:
        if message.method != "INVITE":
            self._sending.stop((message.branch, message.method))
            if registration := self.registrations.get(message.header("Call-ID")):
                registration.response(message, code)
            if message.method == "CANCEL" and code == 481 and call is not None:
                self._over(call, arrived, code)  # a server that was started again knows nothing of the call
        elif call is not None:
            self._sending.stop((message.branch, "INVITE"))
            if code < 200:
                self._provisional(call, code, arrived)
            elif code < 300:
                self._answered(message, call, arrived)
            else:
                self._socket.send(self._failure_ack(message, call), call.server)
                if not self._proves(message, code, call):
                    self._over(call, arrived, code)

    def _proves(self, message: SipMessage, code: int, call: PeerCall) -> bool:
        """The INVITE again with the password proven, if it was asked for, known, and not proven before."""
        caller, asked = user(address_uri(call.local)), message.all(CHALLENGES.get(code, ("-",))[0])
        if not asked or caller not in self._passwords or call.is_cancelled or call.sequence > 1:
            return False
        call.sequence += 1
        uri, told = call.invite.uri, dict(call.invite.headers)
        told["Via"], told["CSeq"] = self._via(secrets.token_hex(8)), f"{call.sequence} INVITE"
        told[CHALLENGES[code][1]] = proof(asked[0], "INVITE", uri, caller, self._passwords[caller])
        call.invite = SipMessage(call.invite.start, list(told.items()), call.invite.body)
        call.is_proceeding = False
        self._send_until_answered(call.invite, call)
        return True

    def _provisional(self, call: PeerCall, code: int, arrived: int) -> None:
        if code > 100:
            call.times.ringing = call.times.ringing or arrived
        if call.is_cancelled and not call.is_proceeding:  # a CANCEL must wait for this
            self._cancel(call)
        call.is_proceeding = True

    def _answered(self, message: SipMessage, call: PeerCall, arrived: int) -> None:
        call.remote = message.header("To")
        call.learn(message, reverse_routes=True)
        ack = self._in_dialog(call, "ACK")
        at = self._socket.send(ack.render(), call.server)
        if call.was_answered or call.is_over:
            return  # the 200 came again because our ACK was lost
        call.times.ack = at
        call.answer(arrived)
        self._open_sound(call, message.body)
        if call.is_cancelled:
            self._bye(call)

    def _failure_ack(self, message: SipMessage, call: PeerCall) -> bytes:
        headers = [("Via", message.header("Via")), ("Max-Forwards", "70"), ("From", call.local)]
        headers += [("To", message.header("To")), ("Call-ID", call.call_id), ("CSeq", f"{call.invite.sequence} ACK")]
        return SipMessage(f"ACK {call.invite.uri} SIP/2.0", headers).render()

    def _incoming(self, invite: SipMessage, sender: tuple[str, int], arrived: int) -> None:
        number = user(invite.uri)
        local = f"{invite.header('To')};tag={secrets.token_hex(6)}"
        call = self._new_call(invite, number, sender, local, invite.header("From"), self._tone(number), incoming=True)
        call.times.invite = arrived
        call.learn(invite, reverse_routes=False)
        reply = self._on_call(call)
        if reply is None or reply.after > 0:
            call.times.ringing = self._respond(invite, 180, sender, call)
        if reply is not None and reply.after > 0:
            self._answering[call.call_id] = self._loop.call_later(reply.after, self._final, call, reply)
        elif reply is not None:
            self._final(call, reply)

    def _final(self, call: PeerCall, reply: Reply) -> None:
        """Answer or refuse; an answer is sent again until its ACK comes."""
        self._forget_answer(call)
        if call.is_over:
            return
        if reply.code >= 300:
            self._over(call, self._respond(call.invite, reply.code, call.server, call), reply.code)
            return
        at = self._respond(call.invite, reply.code, call.server, call, offer(self.host, self._rtp.socket.port))
        self._open_sound(call, call.invite.body)
        call.answer(at)
        answer = call.replies[f"{call.invite.branch} INVITE"]
        self._sending.repeat((call.call_id, "ACK"), answer, call.server, lambda: self._unanswered(call))

    def _request(self, request: SipMessage, call: PeerCall | None, sender: tuple[str, int], arrived: int) -> None:
        if request.method == "ACK":
            if call is not None:
                self._sending.stop((call.call_id, "ACK"))
                call.times.ack = call.times.ack or arrived
        elif call is None:
            self._respond(request, 200 if request.method == "OPTIONS" else 481, sender, None)
        elif again := call.replies.get(f"{request.branch} {request.method}"):
            self._socket.send(again, sender)
        elif request.method == "INVITE":
            self._again_invited(request, call, sender)
        elif request.method == "CANCEL":
            self._respond(request, 200, sender, call)
            if call.is_incoming and not call.was_answered:
                self._final(call, Reply(487))
        else:
            self._respond(request, 200, sender, call)
            if request.method == "BYE":
                self._over(call, arrived, 200)

    def _again_invited(self, request: SipMessage, call: PeerCall, sender: tuple[str, int]) -> None:
        call.target = address_uri(request.header("Contact")) or call.target
        remote = media_address(request.body)
        if call.stream is not None and remote is not None:
            self._rtp.move(call.stream, remote)
        self._respond(request, 200, sender, call, offer(self.host, self._rtp.socket.port))

    # --- calls -------------------------------------------------------------------------------------------------

    def _new_call(
        self,
        invite: SipMessage,
        number: str,
        server: tuple[str, int],
        local: str,
        remote: str,
        tone: int,
        *,
        incoming: bool = False,
    ) -> PeerCall:
        answered, ended = self._loop.create_future(), self._loop.create_future()
        times, call_id = CallTimes(invite=0), invite.header("Call-ID")
        call = PeerCall(self, call_id, number, incoming, times, invite, server, local, remote, tone, answered, ended)
        self.calls[call_id] = call
        self.history.append(call)
        return call

    def _open_sound(self, call: PeerCall, sdp: str) -> None:
        remote = media_address(sdp)
        if self._sound and remote is not None:
            call.stream = self._rtp.open(remote, call.tone)

    def _forget_answer(self, call: PeerCall) -> None:
        if timer := self._answering.pop(call.call_id, None):
            timer.cancel()

    def _over(self, call: PeerCall, at: int, code: int) -> None:
        """The call is done; it is still known for a while, for what comes twice."""
        self._forget_answer(call)
        self._sending.stop((call.call_id, "ACK"))
        if call.stream is not None:
            self._rtp.shut(call.stream)
        call.end(at, code)
        self._loop.call_later(GIVE_UP, self.calls.pop, call.call_id, None)


_COPIED = {"via", "from", "to", "call-id", "cseq", "record-route"}


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return "Refused"
