"""Sends processes on errands (`ccd.daemon.errand`), and hears from them."""

import asyncio
import sys
from collections.abc import Callable

import msgspec
import structlog

from ccd.daemon.errand import Errand, Failed, Told, Went

LONGEST_LINE = 1 << 24
ENDS_IN = 5.0
"""Seconds that a process has to end when it is told to."""
log = structlog.get_logger()


def ignored(done: int) -> None:
    """Nobody watches."""


class Errands:
    """All that are under way."""

    def __init__(self) -> None:
        self._processes: set[asyncio.subprocess.Process] = set()
        self._is_closed = False

    async def send(self, errand: Errand, went: Callable[[int], None] = ignored) -> Told:
        """Have it done; what came of it, a `Failed` whatever happens to the process."""
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "ccd.daemon.errand",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LONGEST_LINE,
            )
        except OSError as error:
            return Failed(str(error))
        self._processes.add(process)
        if self._is_closed:
            terminate(process)
        try:
            return await self._heard(process, errand, went)
        finally:
            await self._end(process)
            self._processes.discard(process)

    async def close(self) -> None:
        """End all, and those that are about to begin; whoever sent them hears so."""
        self._is_closed = True
        for process in list(self._processes):
            terminate(process)
        await asyncio.gather(*(process.wait() for process in list(self._processes)))

    async def _heard(self, process: asyncio.subprocess.Process, errand: Errand, went: Callable[[int], None]) -> Told:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(msgspec.json.encode(errand) + b"\n")
            await process.stdin.drain()
            async for line in process.stdout:
                told: Told = msgspec.json.decode(line, type=Told)
                if not isinstance(told, Went):
                    return told
                went(told.done)
        except (OSError, ValueError, msgspec.DecodeError) as error:
            log.error("errand not understood", reason=str(error))
        return Failed("it was not brought to its end")

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        terminate(process)
        try:
            async with asyncio.timeout(ENDS_IN):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def terminate(process: asyncio.subprocess.Process) -> None:
    """Unless it has ended."""
    if process.returncode is None:
        process.terminate()
