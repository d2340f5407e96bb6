"""The driver on a real Asterisk without a daemon: commands in by hand, events out into a list, the grammar watched."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from ccd.io.link import BackOff, Link, LinkDown
from ccd.lab.asterisk import Asterisk
from ccd.lab.asterisk_config import TRUNK_HOST, AsteriskSettings, Endpoint
from ccd.lab.peer_call import PeerCall
from ccd.lab.process import free_udp_port
from ccd.lab.sip_peer import Reply, SipPeer
from ccd.model import ids as model
from ccd.model.command import SwitchCommand
from ccd.model.event import EndpointChanged, Event, LegArrived, LegHungUp, SwitchUp
from ccd.model.ids import LegId, SwitchName, leg_id
from ccd.switch.asterisk.driver import AsteriskDriver
from ccd.switch.asterisk.settings import Settings
from ccd.switch.base import Reaction
from ccd.switch.grammar import Grammar
from ccd.wire.ami import Action, Connection
from tests.live.conftest import StartAsterisk
from tests.live.recorder import Recorder

DIALPLANS = Path(__file__).parents[2] / "dialplans/asterisk"
AGENTS_HOST = "127.0.0.3"
NUMBER = "4930901820"
CALLER_TONE = 700
AGENT_TONE = 1200
SomeEvent = TypeVar("SomeEvent", bound=Event)


class Switch:
    """One driver with its link: `do` performs, `until` waits for an event of a kind."""

    def __init__(self, asterisk: Asterisk, secret: str, recordings: str) -> None:
        settings = Settings(
            name=SwitchName("pbx"),
            username="ccd",
            secret=secret,
            recordings=recordings,
        )
        self.driver = AsteriskDriver(settings)
        self.grammar = Grammar()
        self.events: list[Event] = []
        self.times: list[float] = []
        self.cuts: list[str] = []
        self.sent: list[Action] = []
        self._read = 0
        self._connection = Connection()
        self._changed = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._recorder = Recorder(now())
        self.link = Link(
            "127.0.0.1",
            asterisk.ports.ami,
            on_connected=self._connected,
            on_bytes=self._bytes,
            on_lost=self._lost,
            back_off=BackOff(first=0.05, longest=0.2),
        )

    def do(self, command: SwitchCommand) -> None:
        """Perform it now."""
        self.grammar.performed(command)
        at = now()
        self._recorder.did(command, at)
        self._react(self.driver.perform(command, at), at)

    async def until(
        self,
        kind: type[SomeEvent],
        matches: Callable[[SomeEvent], bool] = lambda event: True,
        within: float = 5,
    ) -> SomeEvent:
        """The next event of a kind, after those already waited for."""
        async with asyncio.timeout(within):
            while True:
                for place in range(self._read, len(self.events)):
                    event = self.events[place]
                    if isinstance(event, kind) and matches(event):
                        self._read = place + 1
                        return event
                self._changed.clear()
                await self._changed.wait()

    def of(self, kind: type[SomeEvent]) -> list[SomeEvent]:
        """All events of a kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def boot(self) -> str:
        return self.of(SwitchUp)[-1].boot

    def new_leg(self, unique: str) -> LegId:
        return leg_id(SwitchName("pbx"), self.boot, unique)

    def _connected(self) -> None:
        self._connection = Connection()
        at = now()
        self._recorder.note("connected", at)
        self._react(self.driver.connected(at), at)

    def _lost(self, reason: str) -> None:
        at = now()
        self._recorder.note(f"lost {reason}", at)
        self._react(self.driver.lost(reason, at), at)

    def _bytes(self, data: bytes) -> None:
        at = now()
        self._recorder.received(data, at)
        for message in self._connection.receive_data(data):
            self._react(self.driver.receive(message, at), at)

    def _tick(self) -> None:
        at = now()
        self._recorder.note("tick", at)
        self._react(self.driver.tick(at), at)

    def _react(self, reaction: Reaction[Action], at: int) -> None:
        self.sent += reaction.messages
        data = b"".join([self._connection.send(action) for action in reaction.messages])
        try:
            if data:
                self._recorder.sent(data, at)
                self.link.write(data)
        except LinkDown:
            self.cuts.append("not sent")
        for event in reaction.events:
            self.grammar.happened(event)
            self.events.append(event)
            self._recorder.told(event, at)
            self.times.append(time.monotonic())
        if reaction.events:
            self._changed.set()
        if cut := self.driver.take_cut():
            self.cuts.append(cut.reason)
            self.link.abort(cut.reason, hold_off=cut.hold_off / 1e6)
        if self._timer is not None:
            self._timer.cancel()
        due = self.driver.deadline()
        if due is not None:
            delay = max(0.0, (due - now()) / 1e6)
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.link.on_lost = lambda reason: None
        self.link.close()
        await self.link.wait_closed()


class Office:
    """An Asterisk with the product's dialplan and account, a trunk with callers, and phones at fixed contacts."""

    def __init__(
        self,
        asterisk: Asterisk,
        secret: str,
        switch: Switch,
        callers: SipPeer,
        phones: SipPeer,
        softphone: Endpoint,
    ) -> None:
        self.asterisk = asterisk
        self.secret = secret
        self.switch = switch
        self.callers = callers
        self.phones = phones
        self.softphone = softphone
        self.reply: Reply | None = Reply(after=0.02)

    def call(self, *, caller: str = "4930111", display: str = "") -> PeerCall:
        server = ("127.0.0.1", self.asterisk.ports.sip)
        return self.callers.place(NUMBER, server, caller=caller, tone=CALLER_TONE, display=display)

    async def over(self, leg: LegId) -> LegHungUp:
        """When the leg has ended, now or before."""
        ended = [event for event in self.switch.of(LegHungUp) if event.leg == leg]
        return ended[0] if ended else await self.switch.until(LegHungUp, lambda event: event.leg == leg)

    async def state_of(self, endpoint: model.Endpoint) -> str:
        """The endpoint's state once nothing has changed for a moment."""
        count = -1
        while count != len(self.switch.events):
            count = len(self.switch.events)
            await asyncio.sleep(0.3)  # device states follow each other within milliseconds
        return [event.state for event in self.switch.of(EndpointChanged) if event.endpoint == endpoint][-1]

    async def arrival(self) -> LegArrived:
        return await self.switch.until(LegArrived)


def now() -> int:
    return time.time_ns() // 1000


@asynccontextmanager
async def office(
    start_asterisk: StartAsterisk, phones: int = 2, *, wrong_secret: bool = False
) -> AsyncIterator[Office]:
    secret = secrets.token_hex(16)
    port = free_udp_port(AGENTS_HOST)
    softphone = Endpoint("1099")
    asterisk = await start_asterisk(
        AsteriskSettings(
            endpoints=[Endpoint(str(1001 + n), contact=f"sip:{1001 + n}@{AGENTS_HOST}:{port}") for n in range(phones)]
            + [softphone],
            dialplan=[DIALPLANS / "ccd.conf", DIALPLANS / "ccd-site.conf"],
            managers=[DIALPLANS / "manager.conf"],
            manager_secrets={"ccd": secret},
            agent_context="ccd-from-agent",
            qualify_seconds=0,
            verbose=3,
        )
    )
    recordings = f"{asterisk.spool}/monitor"
    switch = Switch(asterisk, "wrong" if wrong_secret else secret, recordings)
    here: list[Office] = []
    callers = SipPeer(TRUNK_HOST)
    agents = SipPeer(AGENTS_HOST, port, on_call=lambda call: here[0].reply, tone=lambda number: AGENT_TONE)
    it = Office(asterisk, secret, switch, callers, agents, softphone)
    here.append(it)
    switch.link.open()
    try:
        if not wrong_secret:
            await switch.until(SwitchUp)
        yield it
    finally:
        await switch.close()
        callers.close()
        agents.close()
