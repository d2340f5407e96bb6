"""One call of a SIP peer: its dialog, its times, its sound."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ccd.lab.rtp import RtpStream
from ccd.lab.sip_message import SipMessage, address_uri

if TYPE_CHECKING:
    from ccd.lab.sip_peer import SipPeer


@dataclass
class CallTimes:
    """When things happened, in time.monotonic_ns; what is received has the kernel's time of arrival. None: not yet."""

    invite: int
    ringing: int | None = None
    answered: int | None = None
    ack: int | None = None
    ended: int | None = None


@dataclass(eq=False)
class PeerCall:
    """A call placed or received. `number` is who was called; `code` the final SIP code (200 after an answered call).

    `answered` and `ended` are futures that give this call; `answered` gives it also when it ends before (see `times`).
    """

    peer: "SipPeer"
    call_id: str
    number: str
    is_incoming: bool
    times: CallTimes
    invite: SipMessage
    server: tuple[str, int]
    local: str
    remote: str
    tone: int
    answered: "asyncio.Future[PeerCall]"
    ended: "asyncio.Future[PeerCall]"
    code: int = 0
    stream: RtpStream | None = None
    target: str = ""
    routes: Sequence[str] = ()
    sequence: int = 1
    is_proceeding: bool = False
    is_cancelled: bool = False
    replies: dict[str, bytes] = field(default_factory=dict)

    @property
    def was_answered(self) -> bool:
        return self.times.answered is not None

    @property
    def is_over(self) -> bool:
        return self.times.ended is not None

    def header(self, name: str) -> str:
        """A header of the INVITE, "" without one."""
        return self.invite.header(name)

    def hang_up(self) -> None:
        """BYE, CANCEL, or 486, as the call is."""
        self.peer.hang_up(self)

    def press(self, digits: str) -> None:
        """Send digits in the sound (RFC 4733). Raises RuntimeError without sound."""
        if self.stream is None:
            raise RuntimeError(f"call {self.call_id} has no sound")
        self.stream.press(digits)

    def learn(self, message: SipMessage, *, reverse_routes: bool) -> None:
        """Take the remote target and the route set from the message that made the dialog (RFC 3261 12.1)."""
        self.target = address_uri(message.header("Contact")) or self.target
        routes = [route.strip() for line in message.all("Record-Route") for route in line.split(",")]
        self.routes = routes[::-1] if reverse_routes else routes

    def end(self, at: int, code: int) -> None:
        if self.is_over:
            return
        self.times.ended, self.code = at, code
        for future in (self.answered, self.ended):
            if not future.done():
                future.set_result(self)

    def answer(self, at: int) -> None:
        self.times.answered = self.times.answered or at
        if not self.answered.done():
            self.answered.set_result(self)
