"""A TCP proxy on loopback that is owned: its connections can be cut, go silent without an end, or lead elsewhere."""

import asyncio
import socket
import struct
from contextlib import suppress

from ccd.lab.process import free_port

_CHUNK = 1 << 16
_RESET = struct.pack("ii", 1, 0)
"""To linger for no time: closing is a reset."""


class Proxy:
    """Leads connections to `target`, a port of 127.0.0.1. To lead elsewhere, set `target`, and `cut` what there is."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self.target = target
        self.silent_after = b""
        """To fall silent as soon as this has passed, once."""
        self._flows = asyncio.Event()
        self._flows.set()
        self._server: asyncio.Server | None = None
        self._carriers: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def connections(self) -> int:
        """How many are carried now."""
        return len(self._carriers)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        for carrier in self._carriers:
            carrier.cancel()
        await asyncio.gather(*self._carriers, return_exceptions=True)

    def cut(self) -> None:
        """End every connection at once, on both sides, as a router does that lost its table."""
        for writer in self._writers:
            with suppress(OSError):  # the other side closed it in this very moment
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    def fall_silent(self) -> None:
        """Nothing passes any more, and nobody is told: not the end of a connection either. New ones are taken, and
        hear nothing.
        """
        self._flows.clear()

    def speak(self) -> None:
        """What was held back passes; who went away meanwhile is told of."""
        self._flows.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carrier = asyncio.create_task(self._carry(reader, writer))
        self._carriers.add(carrier)
        carrier.add_done_callback(self._carriers.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        ends = [writer]
        try:
            await self._flows.wait()
            further, onward = await asyncio.open_connection("127.0.0.1", self.target)
            self._writers.add(onward)
            ends.append(onward)
            ways = [asyncio.create_task(self._pass(reader, onward)), asyncio.create_task(self._pass(further, writer))]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except OSError:
            return  # nobody listens there: the other end is closed, as it would be refused
        finally:
            for end in ends:
                self._writers.discard(end)
                end.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One way, until either end is gone."""
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._flows.wait()
                writer.write(data)
                if self.silent_after and self.silent_after in data:
                    self.silent_after = b""
                    self.fall_silent()
                await writer.drain()
        await self._flows.wait()
