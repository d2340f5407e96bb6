"""An Asterisk's line: the link's bytes, the codec and the driver put together for the pump."""

import ssl
from collections.abc import Iterable

import structlog

from ccd.daemon.pump import Pump
from ccd.io.link import BackOff, Link, LinkDown
from ccd.model.command import SwitchCommand
from ccd.model.ids import Moment, SwitchName
from ccd.model.standing import LegStanding
from ccd.switch.asterisk.driver import AsteriskDriver
from ccd.switch.base import Reaction
from ccd.wire import ami

log = structlog.get_logger()


class AsteriskLine:
    """One AMI session after the other."""

    def __init__(
        self,
        driver: AsteriskDriver,
        pump: Pump,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        server_name: str | None = None,
        jitter: float = 0.0,
    ) -> None:
        self.name: SwitchName = driver.name
        self._driver = driver
        self._pump = pump
        self._codec = ami.Connection()
        self._link = Link(
            host,
            port,
            on_connected=self._connected,
            on_bytes=self._received,
            on_lost=self._lost,
            on_refused=lambda reason: log.warning("switch does not answer", switch=driver.name, reason=reason),
            tls=tls,
            server_name=server_name,
            write_limit=8 * 1024 * 1024,
            back_off=BackOff(jitter=jitter),
        )

    def open(self) -> None:
        """Begin to connect."""
        self._link.open()

    def close(self) -> None:
        """End for good."""
        self._link.close()

    async def wait_closed(self) -> None:
        """Until nothing is left of it."""
        await self._link.wait_closed()

    # --- the pump's side

    def perform(self, command: SwitchCommand, now: Moment) -> Reaction[ami.Action]:
        """One intent of the engine."""
        return self._driver.perform(command, now)

    def recall(self, boot: str, standings: Iterable[LegStanding], at: Moment) -> None:
        """Legs that a former daemon had `at` its last moment, before the link is opened."""
        self._driver.recall(boot, standings, at)

    def deadline(self) -> Moment | None:
        """When the driver wants to be woken."""
        return self._driver.deadline()

    def tick(self, now: Moment) -> Reaction[ami.Action]:
        """The driver's time-outs."""
        return self._checked(self._driver.tick(now))

    def write(self, messages: Iterable[ami.Action]) -> None:
        """Messages to bytes to the link. On a lost link nothing is sent, now or later: the driver hears of the loss."""
        data = b"".join(self._rendered(messages))
        if not data:
            return
        try:
            self._link.write(data)
        except LinkDown as reason:
            log.warning("not sent", switch=self.name, reason=str(reason), bytes=len(data))

    def _rendered(self, messages: Iterable[ami.Action]) -> Iterable[bytes]:
        for message in messages:
            try:
                yield self._codec.send(message)
            except ami.IllegalValue as error:
                log.error("refused to send", switch=self.name, action=message.name, reason=str(error))

    # --- the link's side

    def _connected(self) -> None:
        self._codec = ami.Connection()
        self._pump.react(self, self._driver.connected(self._pump.now()))
        self._pump.turn()

    def _received(self, data: bytes) -> None:
        now = self._pump.now()
        try:
            for message in self._codec.receive_data(data):
                self._pump.react(self, self._checked(self._driver.receive(message, now)))
        except ami.ProtocolError as error:
            self._link.abort(f"no AMI: {error}")
        self._pump.turn()

    def _lost(self, reason: str) -> None:
        log.warning("link lost", switch=self.name, reason=reason)
        self._pump.react(self, self._driver.lost(reason, self._pump.now()))
        self._pump.turn()

    def _checked(self, reaction: Reaction[ami.Action]) -> Reaction[ami.Action]:
        """Cut the link where the driver says so."""
        cut = self._driver.take_cut()
        if cut is not None:
            hold_off = cut.hold_off / 1e6
            log.error("cutting the link", switch=self.name, reason=cut.reason, hold_off=hold_off)
            self._link.abort(cut.reason, hold_off=hold_off)
        return reaction

    @property
    def is_up(self) -> bool:
        """Whether the switch obeys."""
        return self._driver.is_up
