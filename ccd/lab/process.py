"""A child process that dies with its parent, and free ports for it."""

import asyncio
import contextlib
import os
import random
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

from ccd.lab.packages import Program

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class LabError(Exception):
    """The lab could not do what was asked; the text says why."""


class Process:
    """One program with its output in a log file. The kernel kills it when this process dies."""

    def __init__(self, child: asyncio.subprocess.Process, log: Path) -> None:
        self._child = child
        self.log = log

    @classmethod
    async def start(
        cls, program: Program, arguments: Sequence[str], log: Path, folder: Path, *, piped: bool = False
    ) -> "Process":
        """Start `program` in `folder`; `piped` gives it pipes as stdin and stdout, else stdout goes to the log too."""
        with log.open("ab") as output:
            child = await asyncio.create_subprocess_exec(
                *("setpriv", "--pdeathsig", "KILL", "--", *program.command(*arguments)),
                stdin=asyncio.subprocess.PIPE if piped else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if piped else output,
                stderr=output,
                cwd=folder,
                env={**os.environ, **program.environment},
                # A Ctrl-C at the terminal is for the parent, which stops the lab in order.
                start_new_session=True,
            )
        return cls(child, log)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def returncode(self) -> int | None:
        return self._child.returncode

    @property
    def stdin(self) -> asyncio.StreamWriter:
        assert self._child.stdin is not None
        return self._child.stdin

    @property
    def stdout(self) -> asyncio.StreamReader:
        assert self._child.stdout is not None
        return self._child.stdout

    async def wait(self) -> int:
        return await self._child.wait()

    async def stop(self, grace: float = 5.0) -> None:
        """SIGTERM, and SIGKILL after `grace` seconds."""
        self.signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._child.wait(), grace)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        self.signal(signal.SIGKILL)
        await self._child.wait()

    def signal(self, number: signal.Signals) -> None:
        if self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._child.send_signal(number)

    def cpu_seconds(self) -> float:
        """User and system time so far (/proc/PID/stat)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def resident_bytes(self) -> int:
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE

    def log_tail(self, lines: int = 20) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Server:
    """A program that serves from a folder of its own; started, stopped, killed and started again at will."""

    name: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: Process | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def process(self) -> Process:
        if self._process is None:
            raise LabError(f"{self.name} is not running")
        return self._process

    async def start(self) -> None:
        """Return when it serves. Raises LabError."""
        raise NotImplementedError

    async def stop(self) -> None:
        """End in order (SIGTERM), by force if that takes over 5 s."""
        await self.process.stop()
        self._process = None

    async def kill(self) -> None:
        """End at once, as a crash does."""
        await self.process.kill()
        self._process = None

    async def kill_if_running(self) -> None:
        if self._process is not None:
            await self.kill()

    async def restart(self) -> None:
        await self.stop()
        await self.start()


def free_port() -> int:
    """A loopback TCP port nobody has now. Another may take it before it is used: then the server says so and fails."""
    return _free(socket.SOCK_STREAM, "127.0.0.1")


def free_udp_port(host: str = "127.0.0.1") -> int:
    """The same for UDP, at any loopback address."""
    return _free(socket.SOCK_DGRAM, host)


def _free(kind: socket.SocketKind, host: str) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def port_range(size: int, low: int = 10_000, high: int = 32_000) -> range:
    """A random range below the ephemeral ports for RTP. Ranges may overlap: Asterisk and phones skip a port in use."""
    start = random.randrange(low, high - size, 2)  # noqa: S311 - not a secret
    return range(start, start + size)


def left_over(folder: Path) -> list[str]:
    """Processes that this one started and that still live, and those at work below `folder`: id and command line."""
    return [f"{entry.name} {_command(entry)}" for entry in Path("/proc").glob("[0-9]*") if _is_ours(entry, folder)]


def _is_ours(entry: Path, folder: Path) -> bool:
    try:
        fields = (entry / "stat").read_text().rpartition(")")[2].split()
        works_in = str((entry / "cwd").readlink()).removesuffix(" (deleted)")
    except OSError:  # it ended meanwhile, or is somebody else's
        return False
    return int(fields[1]) == os.getpid() or Path(works_in).is_relative_to(folder)


def _command(entry: Path) -> str:
    with contextlib.suppress(OSError):
        return (entry / "cmdline").read_text().replace("\0", " ").strip()
    return ""
