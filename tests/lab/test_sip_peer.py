"""Two peers, or a peer and a bare socket, on loopback: what the peer does with each message."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from ccd.lab.peer_call import PeerCall
from ccd.lab.process import LabError
from ccd.lab.sip_message import SipMessage, parse
from ccd.lab.sip_peer import Reply, SipPeer

PATIENCE = 5


@pytest.fixture
async def caller() -> AsyncIterator[SipPeer]:
    peer = SipPeer("127.0.0.1", tone=lambda number: 500)
    yield peer
    peer.close()


class Policy:
    """What the called peer does; a test sets it."""

    reply: Reply | None = Reply()

    def __call__(self, call: PeerCall) -> Reply | None:
        return self.reply


@pytest.fixture
def policy() -> Policy:
    return Policy()


@pytest.fixture
async def callee(policy: Policy) -> AsyncIterator[SipPeer]:
    peer = SipPeer("127.0.0.1", on_call=policy, tone=lambda number: 900)
    yield peer
    peer.close()


@pytest.fixture
async def bare(callee: SipPeer) -> AsyncIterator["Bare"]:
    bare = Bare(callee)
    yield bare
    bare.socket.close()


class Bare:
    """A socket that says exactly what it is told to."""

    def __init__(self, to: SipPeer) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind(("127.0.0.1", 0))
        self.to = (to.host, to.port)

    def request(self, method: str, branch: str, sequence: int, to: str = "<sip:1001@h>") -> bytes:
        headers = [("Via", f"SIP/2.0/UDP 127.0.0.1:9;branch={branch}"), ("From", "<sip:1@h>;tag=a"), ("To", to)]
        headers += [("Call-ID", "c1"), ("CSeq", f"{sequence} {method}"), ("Contact", "<sip:1@127.0.0.1:9>")]
        return SipMessage(f"{method} sip:1001@h SIP/2.0", headers).render()

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendto(self.socket, data, self.to)

    async def receive(self) -> SipMessage:
        return parse(await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self.socket, 4096), PATIENCE))

    async def ask(self, data: bytes) -> SipMessage:
        await self.send(data)
        return await self.receive()


async def over(call: PeerCall) -> PeerCall:
    return await asyncio.wait_for(call.ended, PATIENCE)


async def answered(call: PeerCall) -> PeerCall:
    return await asyncio.wait_for(call.answered, PATIENCE)


async def test_a_call_from_invite_to_bye(caller: SipPeer, callee: SipPeer) -> None:
    call = caller.place("1001", (callee.host, callee.port), caller="1", display='A "b"', headers=[("X-Pop", "u")])
    await answered(call)
    [there] = callee.history
    assert (there.number, there.is_incoming, there.header("X-Pop")) == ("1001", True, "u")
    assert there.header("From").startswith('"A \\"b\\"" <sip:1@')
    assert there.times.answered is not None
    assert call.times.answered is not None
    assert call.times.invite < there.times.invite < there.times.answered < call.times.answered
    there.hang_up()
    assert (await over(call)).code == 200
    assert there.is_over
    assert there.times.ack is not None


async def test_a_call_that_is_refused_after_ringing(caller: SipPeer, callee: SipPeer, policy: Policy) -> None:
    policy.reply = Reply(603, after=0.01)
    call = await over(caller.place("1001", (callee.host, callee.port), caller="1"))
    assert call.code == 603
    assert call.times.ringing is not None
    assert not call.was_answered


async def test_a_caller_who_gives_up(caller: SipPeer, callee: SipPeer, policy: Policy) -> None:
    policy.reply = None
    call = caller.place("1001", (callee.host, callee.port), caller="1")
    call.hang_up()
    assert (await over(call)).code == 487
    [there] = callee.history
    assert (await over(there)).code == 487


async def test_an_invite_that_comes_twice_is_one_call(bare: Bare, callee: SipPeer) -> None:
    first = await bare.ask(bare.request("INVITE", "b1", 1))
    second = await bare.ask(bare.request("INVITE", "b1", 1))
    assert (first.code, second.code) == (200, 200)
    assert first.header("To") == second.header("To")
    assert len(callee.history) == 1


async def test_a_bye_that_comes_twice_is_answered_twice(bare: Bare, callee: SipPeer) -> None:
    to = (await bare.ask(bare.request("INVITE", "b1", 1))).header("To")
    await bare.send(bare.request("ACK", "b2", 1, to))
    for _ in range(2):
        assert (await bare.ask(bare.request("BYE", "b3", 2, to))).code == 200
    assert callee.history[0].is_over


async def test_an_answer_without_ack_is_said_again(bare: Bare) -> None:
    to = (await bare.ask(bare.request("INVITE", "b1", 1))).header("To")
    again = await bare.receive()  # after T1
    assert (again.code, again.header("To")) == (200, to)


async def test_a_second_invite_moves_the_sound(bare: Bare, callee: SipPeer) -> None:
    to = (await bare.ask(bare.request("INVITE", "b1", 1))).header("To")
    await bare.send(bare.request("ACK", "b2", 1, to))
    assert (await bare.ask(bare.request("INVITE", "b3", 2, to))).code == 200
    assert len(callee.history) == 1


async def test_an_invite_unanswered_is_sent_again_the_same(caller: SipPeer, callee: SipPeer) -> None:
    bare = Bare(callee)
    host, port = bare.socket.getsockname()
    caller.place("1001", (host, port), caller="1")
    first, second = await bare.receive(), await bare.receive()
    assert first.render() == second.render()
    bare.socket.close()


async def test_what_belongs_to_no_call(bare: Bare) -> None:
    assert (await bare.ask(bare.request("BYE", "b1", 1))).code == 481
    assert (await bare.ask(bare.request("OPTIONS", "b2", 1))).code == 200


async def test_what_is_no_sip_is_counted_and_does_no_harm(bare: Bare, callee: SipPeer) -> None:
    await bare.send(b"\0\xff garbage")
    assert (await bare.ask(bare.request("OPTIONS", "b2", 1))).code == 200
    assert callee.malformed == 1


async def test_a_deaf_peer_speaks_and_hears_nothing(caller: SipPeer) -> None:
    deaf = SipPeer("127.0.0.1", tone=lambda number: 900, hears=False)
    call = await answered(caller.place("1001", (deaf.host, deaf.port), caller="1"))
    [there] = deaf.history
    assert call.stream is not None
    assert there.stream is not None
    async with asyncio.timeout(PATIENCE):
        while len(call.stream.arrivals) < 5:  # noqa: ASYNC110 - sound is only kept, nobody is told
            await asyncio.sleep(0.02)  # a frame
    assert not there.stream.arrivals
    deaf.close()


# --- phones with passwords

CHALLENGE = 'Digest realm="r", nonce="n", algorithm=MD5, qop="auth"'


class Registrar(Bare):
    """Says what a test tells it to, to a phone that registers or calls."""

    async def taken(self) -> tuple[SipMessage, tuple[str, int]]:
        data, sender = await asyncio.wait_for(asyncio.get_running_loop().sock_recvfrom(self.socket, 65_536), PATIENCE)
        return parse(data), sender

    def answer(self, request: SipMessage, code: int, sender: tuple[str, int], *headers: tuple[str, str]) -> None:
        same = [(name, value) for name, value in request.headers if name in ("Via", "From", "To", "Call-ID", "CSeq")]
        self.socket.sendto(SipMessage(f"SIP/2.0 {code} Answer", [*same, *headers]).render(), sender)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.socket.getsockname()
        return host, port


@pytest.fixture
async def phone() -> AsyncIterator[SipPeer]:
    peer = SipPeer("127.0.0.1", passwords={"1001": "word"})
    yield peer
    peer.close()


@pytest.fixture
async def registrar(phone: SipPeer) -> AsyncIterator[Registrar]:
    made = Registrar(phone)
    yield made
    made.socket.close()


async def test_a_phone_registers_with_its_password(phone: SipPeer, registrar: Registrar) -> None:
    registering = asyncio.create_task(phone.register("1001", registrar.address))
    first, sender = await registrar.taken()
    assert (first.method, first.sequence, first.header("Authorization")) == ("REGISTER", 1, "")
    registrar.answer(first, 401, sender, ("WWW-Authenticate", CHALLENGE))
    second, _ = await registrar.taken()
    assert second.sequence == 2
    assert second.header("Authorization").startswith('Digest username="1001", realm="r", nonce="n"')
    assert second.header("Contact") == f"<sip:1001@{phone.host}:{phone.port}>"
    registrar.answer(second, 200, sender)
    await asyncio.wait_for(registering, PATIENCE)


@pytest.mark.parametrize("codes", [[401, 401], [403]])
async def test_a_refused_registration_says_so(phone: SipPeer, registrar: Registrar, codes: list[int]) -> None:
    registering = asyncio.create_task(phone.register("1001", registrar.address))
    for code in codes:
        request, sender = await registrar.taken()
        registrar.answer(request, code, sender, ("WWW-Authenticate", CHALLENGE))
    with pytest.raises(LabError, match=f"1001: {codes[-1]}"):
        await asyncio.wait_for(registering, PATIENCE)


async def test_a_phones_call_proves_its_password_once(phone: SipPeer, registrar: Registrar) -> None:
    call = phone.place("*71", registrar.address, caller="1001")
    invite, sender = await registrar.taken()
    registrar.answer(invite, 407, sender, ("Proxy-Authenticate", CHALLENGE))
    requests = [await registrar.taken() for _ in range(2)]
    ack = next(request for request, _ in requests if request.method == "ACK")
    again = next(request for request, _ in requests if request.method == "INVITE")
    assert (ack.sequence, again.sequence) == (1, 2)
    assert again.header("Proxy-Authorization").startswith('Digest username="1001"')
    assert again.branch != invite.branch
    assert not call.is_over
    registrar.answer(again, 407, sender, ("Proxy-Authenticate", CHALLENGE))
    await asyncio.wait_for(call.ended, PATIENCE)
    assert (call.code, (await registrar.taken())[0].sequence) == (407, 2)


async def test_an_answer_to_the_proven_call_is_acknowledged_with_its_number(
    phone: SipPeer, registrar: Registrar
) -> None:
    call = phone.place("*71", registrar.address, caller="1001")
    invite, sender = await registrar.taken()
    registrar.answer(invite, 407, sender, ("Proxy-Authenticate", CHALLENGE))
    requests = [(await registrar.taken())[0] for _ in range(2)]
    again = next(request for request in requests if request.method == "INVITE")
    registrar.answer(again, 200, sender, ("Contact", f"<sip:x@127.0.0.1:{registrar.address[1]}>"))
    await asyncio.wait_for(call.answered, PATIENCE)
    ack, _ = await registrar.taken()
    assert (ack.method, ack.sequence) == ("ACK", 2)
    call.hang_up()
    bye, _ = await registrar.taken()
    assert (bye.method, bye.sequence) == ("BYE", 3)
