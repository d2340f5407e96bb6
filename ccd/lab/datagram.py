"""A UDP socket that tells when the kernel got each packet, so that a busy event loop does not blur measurements."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable

_SO_TIMESTAMPNS = 35  # Linux; Python's socket module has no name for it
_BUFFER = 8 << 20
_BATCH = 200

Receive = Callable[[bytes, tuple[str, int], int], None]
"""Given a packet, its sender, and its arrival as time.monotonic_ns."""


class DatagramSocket:
    """Bound to a loopback address; `receive` is called from the event loop for every packet.

    Without `receive` nothing is read: what comes is dropped by the kernel, at no cost to this process.
    """

    def __init__(self, host: str, port: int, receive: Receive | None) -> None:
        self._receive: Receive = receive or (lambda data, sender, arrived: None)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER if receive else 0)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.setblocking(False)
        self._socket.bind((host, port))
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.get_running_loop()
        if receive is not None:
            self._loop.add_reader(self._socket, self._ready)

    def send(self, data: bytes, to: tuple[str, int]) -> int:
        """Send, and answer when that was (time.monotonic_ns). A full send buffer drops the packet, as a wire would."""
        at = time.monotonic_ns()
        try:
            self._socket.sendto(data, to)
        except (BlockingIOError, ConnectionRefusedError):
            return at
        return at

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _ready(self) -> None:
        lag = time.time_ns() - time.monotonic_ns()
        for _ in range(_BATCH):
            try:
                data, ancillary, _, sender = self._socket.recvmsg(2048, 64)
            except ConnectionRefusedError:
                continue
            except BlockingIOError:
                return
            arrived = time.monotonic_ns()
            for level, kind, content in ancillary:
                if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
                    seconds, nanoseconds = struct.unpack("qq", content[:16])
                    arrived = seconds * 1_000_000_000 + nanoseconds - lag
            self._receive(data, sender, arrived)
