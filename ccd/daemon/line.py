"""A switch's line: the links to it, the codec and the driver put together, whichever kind of switch it is."""

import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from ccd.config.settings import AsteriskSection, FreeSwitchSection
from ccd.daemon import pump, site
from ccd.daemon.asterisk_line import AsteriskLine
from ccd.daemon.freeswitch_line import FreeSwitchLine
from ccd.model.ids import Moment, RecordingId
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
