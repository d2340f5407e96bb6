"""A private FreeSWITCH on loopback, of one that is installed: its own folder, free ports."""

import asyncio
import math
import os
import secrets
import struct
import wave
from dataclasses import dataclass
from pathlib import Path

from ccd.lab.asterisk_config import TRUNK_HOST
from ccd.lab.freeswitch_config import FreeSwitchPorts, FreeSwitchSettings, render
from ccd.lab.packages import Program
from ccd.lab.process import LabError, Process, free_port, free_udp_port, port_range
from ccd.lab.switch import PrivateSwitch, output_of

START_TIMEOUT = 30.0
PREFIX = "FREESWITCH_PREFIX"
"""The environment variable that tells where one is installed."""
MUSIC_NOTES = (220, 277, 330, 277)
"""Hz; the music that it plays while somebody waits, a second each."""


@dataclass(frozen=True)
class FreeSwitchFiles:
    """An installed FreeSWITCH: the program, its command line and its modules."""

    program: Program
    command_line: Program
    modules: Path


def installed() -> FreeSwitchFiles | None:
    """The one below $FREESWITCH_PREFIX, if it is set. Raises LabError where it names none.

    There is no package of it in Debian, so the lab does not get one by itself.
    """
    prefix = os.environ.get(PREFIX)
    if not prefix:
        return None
    root = Path(prefix).absolute()
    program = root / "bin/freeswitch"
    modules = next((root / part for part in ("lib/freeswitch/mod", "mod") if (root / part).is_dir()), None)
    if not program.exists() or modules is None:
        raise LabError(f"{PREFIX}={prefix}: no bin/freeswitch with its modules there")
    return FreeSwitchFiles(Program((str(program),)), Program((str(root / "bin/fs_cli"),)), modules)


class FreeSwitch(PrivateSwitch):
    """One FreeSWITCH with its configuration below `folder`; started, stopped, killed and started again at will."""

    name, kind = "FreeSWITCH", "freeswitch"

    def __init__(self, folder: Path, files: FreeSwitchFiles, settings: FreeSwitchSettings) -> None:
        super().__init__(folder)
        self.settings = settings
        self._ports = FreeSwitchPorts(
            sip=free_udp_port(),
            event=free_port(),
            trunk=free_udp_port(TRUNK_HOST),
            rtp=port_range(settings.rtp_port_count),
        )
        self.lab_secret = secrets.token_hex(16)
        self._files = files

    @property
    def ports(self) -> FreeSwitchPorts:
        return self._ports

    @property
    def log(self) -> Path:
        """What it says of itself, since the first start."""
        return self.folder / "log/freeswitch.log"

    async def start(self) -> None:
        """Write the configuration, start, and return when the event socket takes commands. Raises LabError."""
        self._lay_out()
        arguments = ["-nonat", "-nf", "-nc", "-np", "-mod", str(self._files.modules)]
        for name in ("conf", "log", "db", "run", "storage", "recordings", "temp", "scripts", "sounds", "htdocs"):
            arguments += [f"-{name}", str(self.folder / name)]
        arguments += ["-cache", str(self.folder / "cache"), "-certs", str(self.folder / "certs")]
        self._process = await Process.start(self._files.program, arguments, self.folder / "console", self.folder)
        try:
            await asyncio.wait_for(self._booted(), START_TIMEOUT)
        except TimeoutError as error:  # one reason: somebody took its port, and there is no SIP profile
            raise LabError(f"FreeSWITCH did not start in {START_TIMEOUT:.0f} s:\n{self._report()}") from error

    async def command(self, line: str) -> str:
        """What the command line (`fs_cli -x`) answers. Raises LabError."""
        to = ("-H", "127.0.0.1", "-P", str(self._ports.event), "-p", self.lab_secret, "-x", line)
        return await output_of(self._files.command_line.command(*to), f"fs_cli -x {line!r}")

    async def channels(self) -> list[str]:
        lines = (await self.command("show channels")).splitlines()
        return [line for line in lines[1:] if line and not line.endswith(" total.")]

    async def channel_count(self) -> int:
        return int((await self.command("show channels count")).split()[0])

    def _lay_out(self) -> None:
        for name in ("log", "db", "run", "storage", "recordings", "temp", "cache", "scripts", "sounds", "htdocs"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for path, text in render(self.settings, self._ports, self.folder, self.lab_secret).items():
            target = self.folder / "conf" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        _write_music(self.folder / "music/notes.wav")

    async def _booted(self) -> None:
        """The event socket is loaded last, and opens its port only when FreeSWITCH is ready; SIP may follow."""
        while not await self._accepts():
            if self.process.returncode is not None:
                raise LabError(f"FreeSWITCH ended:\n{self._report()}")
            await asyncio.sleep(0.02)
        while "RUNNING" not in await self.command("sofia status"):  # noqa: ASYNC110 - another process has no event
            await asyncio.sleep(0.05)

    async def _accepts(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self._ports.event)
        except OSError:
            return False
        writer.close()
        return True

    def _report(self) -> str:
        log = self.log.read_text(errors="replace") if self.log.exists() else ""
        return f"{self.process.log_tail()}\n{log[-4000:]}"


def _write_music(path: Path) -> None:
    """Something to hear while waiting, 8 kHz, 16 bits, mono."""
    path.parent.mkdir(exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        for note in MUSIC_NOTES:
            sound = (int(6_000 * math.sin(math.tau * note * at / 8_000)) for at in range(8_000))
            file.writeframes(b"".join(struct.pack("<h", sample) for sample in sound))
