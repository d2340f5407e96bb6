"""What `wire/ami` and `io/link` take for granted about Asterisk, seen on a real one."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ccd.io.link import Link
from ccd.lab.asterisk import Asterisk
from ccd.lab.asterisk_config import TRUNK_HOST, AsteriskSettings
from ccd.wire.ami import ACTION_HEADER_LIMIT, ACTION_LINE_LIMIT, Action, Connection, Message
from tests.live.conftest import StartAsterisk

pytestmark = pytest.mark.live

EXTENSIONS = "[from-trunk]\nexten => _X.,1,Wait(10)\n"
FORGED = "9%0D%0A%0D%0AEvent%3A%20Hangup%0D%0AUniqueid%3A%201.1%0D%0A%0D%0A"
FILTERED = """
[filtered]
secret = {secret}
read = call
eventfilter(name(Newchannel)) =
eventfilter(name(Hangup)) =
eventfilter(action(exclude),method(regex)) = [[:cntrl:]]{{4}}[^[:cntrl:]]
"""


class Session:
    """A link, its codec and what came in."""

    def __init__(self, port: int) -> None:
        self.connection = Connection()
        self.incoming: asyncio.Queue[Message] = asyncio.Queue()
        self.connected = asyncio.Event()
        self.link = Link(
            "127.0.0.1", port, on_connected=self.connected.set, on_bytes=self.receive, on_lost=lambda reason: None
        )

    def receive(self, data: bytes) -> None:
        for message in self.connection.receive_data(data):
            self.incoming.put_nowait(message)

    async def until(self, matches: Callable[[Message], bool]) -> Message:
        async with asyncio.timeout(5):
            while not matches(message := await self.incoming.get()):
                continue
            return message

    async def ask(self, data: bytes) -> Message:
        self.link.write(data)
        return await self.until(lambda message: bool(message.response) and not message.event)


@asynccontextmanager
async def logged_in(asterisk: Asterisk, user: str, secret: str) -> AsyncIterator[Session]:
    session = Session(asterisk.ports.ami)
    session.link.open()
    try:
        async with asyncio.timeout(5):
            await session.connected.wait()
        login = Action("Login", [("Username", user), ("Secret", secret)], action_id="1")
        assert (await session.ask(session.connection.send(login))).response == "Success"
        yield session
    finally:
        session.link.close()
        await session.link.wait_closed()


def invite(asterisk: Asterisk, caller: str) -> None:
    """One INVITE from the trunk's address, without media; nobody waits for its answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trunk:
        trunk.bind((TRUNK_HOST, 0))
        port = trunk.getsockname()[1]
        lines = [
            f"INVITE {asterisk.endpoint_uri('100')} SIP/2.0",
            f"Via: SIP/2.0/UDP {TRUNK_HOST}:{port};branch=z9hG4bK{port}",
            "Max-Forwards: 70",
            f"From: <sip:{caller}@{TRUNK_HOST}>;tag={port}",
            f"To: <{asterisk.endpoint_uri('100')}>",
            f"Call-ID: {secrets.token_hex(8)}",
            "CSeq: 1 INVITE",
            f"Contact: <sip:x@{TRUNK_HOST}:{port}>",
            "Content-Length: 0",
        ]
        trunk.sendto("\r\n".join([*lines, "", ""]).encode(), ("127.0.0.1", asterisk.ports.sip))


async def test_asterisk_reads_the_longest_action_that_is_sent(asterisk: Asterisk) -> None:
    async with logged_in(asterisk, "lab", asterisk.lab_secret) as session:
        value = "z" * (ACTION_LINE_LIMIT - len("Value: \r\n"))
        longest = session.connection.send(Action("Setvar", [("Variable", "LONG"), ("Value", value)], action_id="2"))
        assert (await session.ask(longest)).response == "Success"
        headers = [("Variable", "MANY"), ("Value", "1"), *[("Extra", "x")] * (ACTION_HEADER_LIMIT - 4)]
        most = session.connection.send(Action("Setvar", headers, action_id="3"))
        assert (await session.ask(most)).response == "Success"
        refused = await session.ask(longest.replace(b"Value: ", b"Value: z"))
        assert "line too long" in refused.get("Message")


async def test_a_caller_forges_events_and_the_filter_keeps_them_out(
    start_asterisk: StartAsterisk, tmp_path: Path
) -> None:
    secret = secrets.token_hex(16)
    manager = tmp_path / "filtered.conf"
    manager.write_text(FILTERED.format(secret=secret))
    asterisk = await start_asterisk(AsteriskSettings(extensions=EXTENSIONS, managers=[manager]))
    async with (
        logged_in(asterisk, "lab", asterisk.lab_secret) as bare,
        logged_in(asterisk, "filtered", secret) as filtered,
    ):
        invite(asterisk, FORGED)
        forged = await bare.until(lambda message: message.event == "Hangup")
        assert forged.get("Uniqueid") == "1.1"
        assert (await bare.until(lambda message: message.is_suspect)).get("CallerIDName") == "<unknown>"
        invite(asterisk, "90")
        first = await filtered.until(lambda message: bool(message.event) and message.event != "FullyBooted")
        assert (first.event, first.get("CallerIDNum"), first.is_suspect) == ("Newchannel", "90", False)
