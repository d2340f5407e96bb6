"""A private Redis with its append-only file on."""

import asyncio
import contextlib
from pathlib import Path

from ccd.lab.packages import Program
from ccd.lab.process import LabError, Process, Server, free_port

START_TIMEOUT = 10.0


class Redis(Server):
    """redis-server on a loopback port; data lives in `folder`, so a restart finds it again.

    With `of` it is a replica of that one, until `promote`.
    """

    name = "Redis"

    def __init__(self, folder: Path, program: Program, of: "Redis | None" = None) -> None:
        super().__init__(folder)
        self.port = free_port()
        self._program = program
        self._of = of

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        arguments = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        arguments += ["--appendonly", "yes", "--save", "", "--daemonize", "no"]
        if self._of is not None:
            arguments += ["--replicaof", "127.0.0.1", str(self._of.port), "--repl-diskless-sync-delay", "0"]
        self._process = await Process.start(self._program, arguments, self.folder / "redis.log", self.folder)
        try:
            await asyncio.wait_for(self._answering(), START_TIMEOUT)
        except TimeoutError as error:
            raise LabError(f"Redis does not answer:\n{self.process.log_tail()}") from error

    async def promote(self) -> None:
        """A replica becomes a master, with what it has. Raises LabError."""
        if (answer := await self._ask("REPLICAOF NO ONE")) != "+OK":
            raise LabError(f"Redis was not promoted: {answer}")
        self._of = None

    async def in_step(self, within: float = START_TIMEOUT) -> None:
        """Once a replica has all that its master had. Raises LabError."""
        try:
            async with asyncio.timeout(within):
                while "master_link_status:up" not in await self.info("replication"):  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(0.02)
        except TimeoutError as error:
            raise LabError(f"the replica is not in step:\n{self.process.log_tail()}") from error

    async def info(self, section: str) -> str:
        """What INFO says. Raises LabError."""
        return await self._ask(f"INFO {section}")

    async def _ask(self, line: str) -> str:
        """A command's answer: a line, or a bulk."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            with contextlib.closing(writer):
                writer.write(f"{line}\r\n".encode())
                answer = (await reader.readline()).decode().rstrip()
                return (await reader.readexactly(int(answer[1:]))).decode() if answer.startswith("$") else answer
        except (OSError, EOFError) as error:
            raise LabError(f"Redis does not answer {line}: {error}") from error

    async def _answering(self) -> None:
        """PING until PONG: it answers -LOADING while it reads its file."""
        while not await self._pong():
            if self.process.returncode is not None:
                raise LabError(f"Redis ended:\n{self.process.log_tail()}")
            await asyncio.sleep(0.01)

    async def _pong(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        with contextlib.closing(writer):
            writer.write(b"PING\r\n")
            return await reader.readline() == b"+PONG\r\n"
