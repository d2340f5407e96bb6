"""Two links make one line: it is up when both are, and the loss of one is the loss of both."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from ccd.daemon.freeswitch_line import FreeSwitchLine
from ccd.daemon.pump import Pump
from ccd.model.command import HangUp
from ccd.model.event import LegArrived, SwitchDown, SwitchEvent, SwitchUp
from ccd.model.ids import SECOND, Moment
from ccd.switch.base import Reaction
from ccd.switch.freeswitch.driver import FreeSwitchDriver
from ccd.switch.freeswitch.output import Said
from ccd.wire import esl
from tests.switch.freeswitch.scripted import BOOT, CALLER, SETTINGS, leg

GREETING = b"Content-Type: auth/request\n\n"
PARK = (
    f'{{"Event-Name":"CHANNEL_PARK","Unique-ID":"{CALLER}","variable_CCD_ROLE":"caller","variable_CCD_DNIS":"1"}}'
).encode()


class Switch:
    """Answers as FreeSWITCH does, as far as a login wants it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.subscriber: asyncio.StreamWriter | None = None
        self._heard = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        writer.write(GREETING)
        while line := await reader.readline():
            if text := line.decode().strip():
                self.asked.append(text)
                self._heard.set()
                writer.write(self._answer(text, writer))
        writer.close()

    def _answer(self, text: str, writer: asyncio.StreamWriter) -> bytes:
        if not text.startswith("api "):
            if text.startswith("event "):
                self.subscriber = writer
            return b"Content-Type: command/reply\nReply-Text: +OK\n\n"
        body = BOOT if text.endswith("core_uuid") else "\n0 total.\n" if text.startswith("api show") else "+OK\n"
        return f"Content-Type: api/response\nContent-Length: {len(body)}\n\n{body}".encode()

    async def until_asked(self, text: str) -> None:
        async with asyncio.timeout(5):
            while text not in self.asked:
                self._heard.clear()
                await self._heard.wait()

    def say(self, event: bytes) -> None:
        assert self.subscriber is not None
        self.subscriber.write(b"Content-Length: %d\nContent-Type: text/event-json\n\n" % len(event) + event)


class Hand:
    """In the pump's place: tells what came, writes at once."""

    def __init__(self) -> None:
        self.events: list[SwitchEvent] = []
        self.came = asyncio.Event()

    def now(self) -> Moment:
        return int(asyncio.get_running_loop().time() * SECOND)

    def react(self, line: FreeSwitchLine, reaction: Reaction[Said]) -> None:
        self.events += reaction.events
        line.write(reaction.messages)
        self.came.set()

    def turn(self) -> None: ...

    async def until(self, kind: type[SwitchEvent]) -> Any:
        async with asyncio.timeout(5):
            while not (found := [event for event in self.events if isinstance(event, kind)]):
                self.came.clear()
                await self.came.wait()
        self.events.clear()
        return found[0]


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Switch, Hand, FreeSwitchLine]]:
    switch, hand = Switch(), Hand()
    server = await asyncio.start_server(switch.serve, "127.0.0.1", 0)
    line = FreeSwitchLine(FreeSwitchDriver(SETTINGS), cast(Pump, hand), "127.0.0.1", server.sockets[0].getsockname()[1])
    line.open()
    try:
        await hand.until(SwitchUp)
        yield switch, hand, line
    finally:
        line.close()
        await line.wait_closed()
        server.close()
        await server.wait_closed()


async def test_events_come_by_one_connection_and_commands_go_by_the_other() -> None:
    async with connected() as (switch, hand, line):
        assert line.is_up
        assert len(switch.writers) == 2
        switch.say(PARK)
        arrived = await hand.until(LegArrived)
        assert arrived.leg == leg(CALLER)
        hand.react(line, line.perform(HangUp(arrived.leg), hand.now()))
        await switch.until_asked(f"api uuid_kill {CALLER} 16")


@pytest.mark.parametrize("lost", [0, 1])
async def test_the_loss_of_one_is_the_loss_of_both_and_both_come_again(lost: int) -> None:
    async with connected() as (switch, hand, line):
        switch.writers[lost].transport.abort()
        await hand.until(SwitchDown)
        await hand.until(SwitchUp)
        assert len(switch.writers) == 4
        assert line.is_up


async def test_a_command_that_cannot_be_sent_costs_the_connections_whose_order_it_would_break() -> None:
    async with connected() as (_, hand, line):
        line.write([Said("commands", esl.Api("uuid_kill", "x\n\ny"))])
        await hand.until(SwitchDown)
        await hand.until(SwitchUp)


async def test_a_peer_that_is_no_freeswitch_is_left() -> None:
    async with connected() as (switch, hand, _):
        switch.writers[0].write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await hand.until(SwitchDown)
