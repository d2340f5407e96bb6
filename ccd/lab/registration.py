"""A phone's registration (RFC 3261 10): told anew at half of its time, with the password proven each time."""

import asyncio
import secrets
from collections.abc import Callable

from ccd.lab.process import LabError
from ccd.lab.retransmission import Retransmission
from ccd.lab.sip_digest import CHALLENGES, proof
from ccd.lab.sip_message import SipMessage


class Registration:
    """`name` at `server` is the phone at `contact`; `response` takes what the server says to its REGISTERs."""

    def __init__(
        self,
        name: str,
        password: str,
        server: tuple[str, int],
        sending: Retransmission,
        via: Callable[[str], str],
        contact: str,
        expires: int,
    ) -> None:
        self.call_id = secrets.token_hex(12)
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Set once it is registered; the error, if it is refused."""
        self._name, self._password, self._server = name, password, server
        self._sending, self._via = sending, via
        self._contact, self._expires = contact, expires
        self._uri = f"sip:{server[0]}:{server[1]}"
        self._tag = secrets.token_hex(6)
        self._sequence = 0
        self._proven = False
        self._again: asyncio.TimerHandle | None = None
        self._send()

    def close(self) -> None:
        """Forget it, as a phone that loses its power does."""
        if self._again is not None:
            self._again.cancel()
        if not self.done.done():
            self.done.cancel()

    def response(self, message: SipMessage, code: int) -> None:
        """What the server says."""
        if code < 200 or message.sequence != self._sequence:
            return
        asked = message.all(CHALLENGES[code][0]) if code in CHALLENGES else []
        if code < 300:
            self._again = asyncio.get_running_loop().call_later(self._expires / 2, self._send)
            if not self.done.done():
                self.done.set_result(None)
        elif asked and not self._proven:
            answer = proof(asked[0], "REGISTER", self._uri, self._name, self._password)
            self._send((CHALLENGES[code][1], answer))
        else:
            self._fails(f"REGISTER of {self._name}: {code}")

    def _send(self, *headers: tuple[str, str]) -> None:
        self._sequence += 1
        self._proven = bool(headers)
        branch = secrets.token_hex(8)
        address = f"<sip:{self._name}@{self._server[0]}>"
        register = SipMessage(
            f"REGISTER {self._uri} SIP/2.0",
            [
                ("Via", self._via(branch)),
                ("Max-Forwards", "70"),
                ("From", f"{address};tag={self._tag}"),
                ("To", address),
                ("Call-ID", self.call_id),
                ("CSeq", f"{self._sequence} REGISTER"),
                ("Contact", f"<{self._contact}>"),
                ("Expires", str(self._expires)),
                *headers,
            ],
        )
        self._sending.begin((register.branch, "REGISTER"), register.render(), self._server, self._unanswered)

    def _unanswered(self) -> None:
        self._fails(f"REGISTER of {self._name}: no answer")

    def _fails(self, why: str) -> None:
        """Nobody waits any more once it was registered: then it is tried again."""
        if self.done.done():
            self._again = asyncio.get_running_loop().call_later(1.0, self._send)
        else:
            self.done.set_exception(LabError(why))
