"""A switch's line: the links to it, the codec and the driver put together, whichever kind of switch it is."""

import asyncio
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from ccd.config.load import Loaded
from ccd.config.settings import AsteriskSection, FreeSwitchSection
from ccd.daemon import pump, site
from ccd.daemon.asterisk_line import AsteriskLine
from ccd.daemon.freeswitch_line import FreeSwitchLine
from ccd.model.event import SwitchDown
from ccd.model.ids import Moment, RecordingId, SwitchName, switch_of
from ccd.model.standing import LegStanding
from ccd.switch.asterisk.driver import AsteriskDriver
from ccd.switch.freeswitch.driver import FreeSwitchDriver


class Line(pump.Line, Protocol):
    """What the daemon does with it beside what the pump does."""

    @property
    def is_up(self) -> bool:
        """Whether the switch obeys."""

    def recall(self, boot: str, standings: Iterable[LegStanding], at: Moment) -> None:
        """Legs that a former daemon had `at` its last moment, before `open`."""

    def open(self) -> None:
        """Begin to connect, and again whenever the link is lost."""

    def close(self) -> None:
        """End for good."""

    async def wait_closed(self) -> None:
        """Until nothing is left of it."""


class Lines:
    """The lines of all switches by name, as the configuration has them; a reload adds some and takes others out."""

    def __init__(
        self,
        by_name: dict[SwitchName, Line],
        to: pump.Pump,
        last_written: Callable[[RecordingId], Moment],
        epoch: int,
    ) -> None:
        """`by_name` is empty yet; `epoch` as `line_of` wants it."""
        self.by_name = by_name
        self._pump = to
        self._last_written = last_written
        self._epoch = epoch
        self._closing: set[asyncio.Task[None]] = set()

    def missing(self, loaded: Loaded) -> list[Line]:
        """Those of switches that have none yet. Raises ConfigurationErrors."""
        return [
            line_of(name, section, loaded.base, self._pump, self._last_written, self._epoch)
            for name, section in loaded.settings.switches.items()
            if name not in self.by_name
        ]

    def add(self, lines: Iterable[Line]) -> None:
        """From now on the pump knows them; they are still to be opened."""
        for line in lines:
            self.by_name[line.name] = self._pump.lines[line.name] = line

    def forbidden(self, loaded: Loaded) -> list[str]:
        """Why these switches cannot take the place of those that there are, while calls run."""
        switches, floor = loaded.settings.switches, self._pump.engine.floor
        reasons = []
        if next(iter(switches)) != next(iter(self.by_name)):
            first = next(iter(self.by_name))
            reasons.append(
                f"switch `{first}` was the first one and must stay it: its phones are named without a switch"
            )
        for name in self.by_name:
            calls = sum(any(switch_of(leg) == name for leg in call.legs) for call in floor.calls.values())
            if name not in switches and calls:
                reasons.append(f"switch `{name}` still has calls ({calls}): it can be taken out when they are over")
        return reasons

    def remove_others(self, loaded: Loaded) -> None:
        """Switches that are no more are down for the engine, before it is told of the configuration."""
        for name in [name for name in self.by_name if name not in loaded.settings.switches]:
            line = self.by_name.pop(name)
            if line.is_up:
                self._pump.feed(SwitchDown(name, "taken out of the configuration"))
            del self._pump.lines[name]
            line.close()
            task = asyncio.get_running_loop().create_task(line.wait_closed())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def open(self, lines: Iterable[Line]) -> None:
        """Begin to connect."""
        for line in lines:
            line.open()

    async def close(self) -> None:
        """End all, for good."""
        for line in self.by_name.values():
            line.close()
        for line in self.by_name.values():
            await line.wait_closed()
        await asyncio.gather(*self._closing)


def line_of(
    name: str,
    section: AsteriskSection | FreeSwitchSection,
    base: Path,
    to: pump.Pump,
    last_written: Callable[[RecordingId], Moment],
    epoch: int,
) -> Line:
    """The line of a switch. `epoch` is that of the daemon's lease, 0 without one. Raises ConfigurationErrors."""
    jitter = random.random() / 2  # noqa: S311 - only so that daemons do not knock in step
    if isinstance(section, FreeSwitchSection):
        freeswitch = FreeSwitchDriver(site.freeswitch_settings(name, section, base, epoch), last_written)
        return FreeSwitchLine(freeswitch, to, section.host, section.port, jitter=jitter)
    return AsteriskLine(
        AsteriskDriver(site.asterisk_settings(name, section, base), last_written),
        to,
        section.host,
        section.port,
        tls=site.tls_of(section, base),
        server_name=section.tls.server_name if section.tls else None,
        jitter=jitter,
    )
