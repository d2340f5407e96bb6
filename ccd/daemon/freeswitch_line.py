"""A FreeSWITCH's line: two links' bytes, their codecs and the driver put together for the pump."""

from collections.abc import Iterable
from functools import partial

import structlog

from ccd.daemon.pump import Pump
from ccd.io.link import BackOff, Link, LinkDown
from ccd.model.command import SwitchCommand
from ccd.model.ids import Moment, SwitchName
from ccd.model.standing import LegStanding
from ccd.switch.base import Reaction
from ccd.switch.freeswitch.driver import FreeSwitchDriver
from ccd.switch.freeswitch.output import SIDES, Heard, Said, Side
from ccd.wire import esl

log = structlog.get_logger()


class FreeSwitchLine:
    """One pair of connections after the other: up when both are, lost when one of them is, which ends the other, too.

    What FreeSWITCH says on the first one while the second is not there yet (its greeting) waits for that.
    """

    def __init__(self, driver: FreeSwitchDriver, pump: Pump, host: str, port: int, *, jitter: float = 0.0) -> None:
        self.name: SwitchName = driver.name
        self._driver = driver
        self._pump = pump
        self._is_up = False
        self._codecs: dict[Side, esl.Connection] = {}
        self._early: list[tuple[Side, bytes]] = []
        self._links: dict[Side, Link] = {
            side: Link(
                host,
                port,
                on_connected=partial(self._connected, side),
                on_bytes=partial(self._received, side),
                on_lost=partial(self._lost, side),
                on_refused=lambda reason: log.warning("switch does not answer", switch=driver.name, reason=reason),
                write_limit=8 * 1024 * 1024,
                back_off=BackOff(jitter=jitter),
            )
            for side in SIDES
        }

    def open(self) -> None:
        """Begin to connect."""
        for link in self._links.values():
            link.open()

    def close(self) -> None:
        """End for good."""
        for link in self._links.values():
            link.close()

    async def wait_closed(self) -> None:
        """Until nothing is left of both."""
        for link in self._links.values():
            await link.wait_closed()

    # --- the pump's side

    @property
    def is_up(self) -> bool:
        """Whether the switch obeys."""
        return self._driver.is_up

    def perform(self, command: SwitchCommand, now: Moment) -> Reaction[Said]:
        """One intent of the engine."""
        return self._driver.perform(command, now)

    def recall(self, boot: str, standings: Iterable[LegStanding], at: Moment) -> None:
        """Legs that a former daemon had `at` its last moment, before the links are opened."""
        self._driver.recall(boot, standings, at)

    def deadline(self) -> Moment | None:
        """When the driver wants to be woken."""
        return self._driver.deadline()

    def tick(self, now: Moment) -> Reaction[Said]:
        """The driver's time-outs."""
        return self._checked(self._driver.tick(now))

    def write(self, messages: Iterable[Said]) -> None:
        """Messages to bytes to the links. On lost ones nothing is sent, now or later: the driver hears of the loss.

        A command that cannot be rendered is one that nobody will answer: as the order alone tells what answers are to,
        it costs the connections.
        """
        data: dict[Side, list[bytes]] = {}
        for message in messages:
            try:
                data.setdefault(message.side, []).append(message.command.render())
            except esl.IllegalValue as error:
                log.error(
                    "refused to send", switch=self.name, command=type(message.command).__name__, reason=str(error)
                )
                self._abort(f"a command that cannot be sent: {error}")
                return
        for side, parts in data.items():
            try:
                self._links[side].write(b"".join(parts))
            except LinkDown as reason:
                log.warning("not sent", switch=self.name, side=side, reason=str(reason), commands=len(parts))

    # --- the links' side

    def _connected(self, side: Side) -> None:
        self._codecs[side] = esl.Connection()
        if len(self._codecs) < len(SIDES):
            return
        self._is_up = True
        self._pump.react(self, self._driver.connected(self._pump.now()))
        early, self._early = self._early, []
        for of, data in early:
            self._read(of, data)
        self._pump.turn()

    def _received(self, side: Side, data: bytes) -> None:
        if self._is_up:
            self._read(side, data)
            self._pump.turn()
        elif side in self._codecs:
            self._early.append((side, data))

    def _read(self, side: Side, data: bytes) -> None:
        now = self._pump.now()
        try:
            for frame in self._codecs[side].receive_data(data):
                self._pump.react(self, self._checked(self._driver.receive(Heard(side, frame), now)))
        except esl.ProtocolError as error:
            self._abort(f"no event socket: {error}")

    def _lost(self, side: Side, reason: str) -> None:
        self._codecs.pop(side, None)
        self._early = [(of, data) for of, data in self._early if of != side]
        if not self._is_up:
            return
        self._is_up = False
        log.warning("link lost", switch=self.name, side=side, reason=reason)
        self._pump.react(self, self._driver.lost(reason, self._pump.now()))
        self._abort(reason)
        self._pump.turn()

    def _checked(self, reaction: Reaction[Said]) -> Reaction[Said]:
        """Cut the links where the driver says so."""
        cut = self._driver.take_cut()
        if cut is not None:
            hold_off = cut.hold_off / 1e6
            log.error("cutting the link", switch=self.name, reason=cut.reason, hold_off=hold_off)
            self._abort(cut.reason, hold_off)
        return reaction

    def _abort(self, reason: str, hold_off: float = 0.0) -> None:
        for link in self._links.values():
            link.abort(reason, hold_off=hold_off)
