"""A whole lab: a switch, Redis and phones in one temporary folder, gone afterwards."""

import asyncio
import fcntl
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from ccd.lab import freeswitch, packages
from ccd.lab.asterisk import Asterisk
from ccd.lab.asterisk_config import TRUNK_HOST, AsteriskSettings, Endpoint
from ccd.lab.freeswitch import FreeSwitch
from ccd.lab.freeswitch_config import FreeSwitchSettings
from ccd.lab.packages import Packages
from ccd.lab.phone import Phone
from ccd.lab.process import LabError
from ccd.lab.redis import Redis

PREFIX = "ccd-lab-"
FIRST_AGENT = 1001
FIRST_TONE, TONE_STEP = 400, 50
"""Every phone speaks a tone of its own, 50 Hz from the next, below the 3,400 Hz a telephone line carries."""


@dataclass(frozen=True)
class LabSettings:
    """`agents` phones 1001, 1002 … that register, on an Asterisk as `asterisk` says (their endpoints are added to it).

    With `freeswitch` it is a FreeSWITCH instead. `keep`: the folder stays when the lab ends.
    """

    agents: int = 0
    asterisk: AsteriskSettings = field(default_factory=AsteriskSettings)
    freeswitch: FreeSwitchSettings | None = None
    keep: bool = False


class Lab:
    """`async with Lab(LabSettings(agents=5)) as lab:` gives everything up, its phones registered; it all ends with it.

    Raises apt.AptError if packages cannot be got, LabError if something does not start.
    """

    def __init__(self, settings: LabSettings | None = None, installed: Packages | None = None) -> None:
        self.settings = settings or LabSettings()
        self.installed = installed or packages.get()
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._owner = _own(self.folder)
        agents = [Endpoint(str(FIRST_AGENT + index)) for index in range(self.settings.agents)]
        self.switch = self._switch(agents)
        self.redis = Redis(self.folder / "redis", self.installed.redis_server)
        self.phones: dict[str, Phone] = {}
        self._tones = iter(range(FIRST_TONE, 3_400, TONE_STEP))
        for agent in agents:
            self._phone(agent.name, agent.password, "127.0.0.1")

    def _switch(self, agents: Sequence[Endpoint]) -> Asterisk | FreeSwitch:
        if self.settings.freeswitch is not None:
            files = freeswitch.installed()
            if files is None:
                self.discard()
                raise LabError(f"no FreeSWITCH: {freeswitch.PREFIX} is not set")
            wanted = replace(self.settings.freeswitch, endpoints=[*self.settings.freeswitch.endpoints, *agents])
            return FreeSwitch(self.folder / "freeswitch", files, wanted)
        asterisk = replace(self.settings.asterisk, endpoints=[*self.settings.asterisk.endpoints, *agents])
        return Asterisk(self.folder / "asterisk", self.installed.asterisk, asterisk, self.installed.openssl)

    @property
    def asterisk(self) -> Asterisk:
        """The switch, where it is an Asterisk. Raises LabError where not."""
        if not isinstance(self.switch, Asterisk):
            raise LabError("this lab has no Asterisk")
        return self.switch

    @property
    def freeswitch(self) -> FreeSwitch:
        """The switch, where it is a FreeSWITCH. Raises LabError where not."""
        if not isinstance(self.switch, FreeSwitch):
            raise LabError("this lab has no FreeSWITCH")
        return self.switch

    async def __aenter__(self) -> Self:
        sweep()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.redis.start())
                group.create_task(self.switch.start())
                for phone in self.phones.values():
                    group.create_task(phone.start())
            await asyncio.gather(*(phone.register() for phone in self.phones.values()))
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End every process, and remove the folder unless it is to be kept."""
        phones = [phone.stop() for phone in self.phones.values()]
        if self.settings.keep and self.switch.is_running:
            await self.switch.stop()  # its open recordings are closed in order
        await asyncio.gather(*phones, self.switch.kill_if_running(), self.redis.kill_if_running())
        if self.settings.keep:
            (self.folder / "owner").unlink(missing_ok=True)
            self._owner.close()
        else:
            self.discard()

    def discard(self) -> None:
        """Remove the folder; for a lab that was never started, too."""
        self._owner.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def phone(self, name: str) -> Phone:
        return self.phones[name]

    async def caller(self, name: str) -> Phone:
        """A new phone outside: it calls in through the trunk, showing whatever number it likes."""
        phone = self._phone(name, "", TRUNK_HOST)
        await phone.start()
        return phone

    def _phone(self, name: str, password: str, host: str) -> Phone:
        if name in self.phones:
            raise ValueError(f"there is a phone {name} already")
        phone = Phone(
            name, self.switch.ports.sip, self.folder / "phones", password=password, tone=next(self._tones), host=host
        )
        self.phones[name] = phone
        return phone


def _own(folder: Path) -> IO[str]:
    """A lock that lasts as long as this process: `sweep` leaves the folder alone while it is held."""
    unlocked = folder / "owner.new"
    owner = unlocked.open("w")
    fcntl.flock(owner, fcntl.LOCK_EX)
    unlocked.rename(folder / "owner")  # nobody ever sees an owner file that is not locked yet
    return owner


def sweep(folders: Sequence[Path] | None = None) -> None:
    """Remove the folders of labs that were killed before they could. Kept ones have no owner file and stay."""
    for folder in folders or list(Path(tempfile.gettempdir()).glob(f"{PREFIX}*")):
        try:
            with (folder / "owner").open() as owner:
                fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue
