"""Sending again over UDP until the other side has answered (RFC 3261 17.1: after T1, 2 T1, 4 T1 …)."""

import asyncio
from collections.abc import Callable

from ccd.lab.datagram import DatagramSocket

T1 = 0.5
GIVE_UP = 64 * T1

Key = tuple[str, str]


class Retransmission:
    """What waits for an answer, by a key of the transaction."""

    def __init__(self, socket: DatagramSocket) -> None:
        self._socket = socket
        self._loop = asyncio.get_running_loop()
        self._timers: dict[Key, asyncio.TimerHandle] = {}

    def begin(self, key: Key, data: bytes, to: tuple[str, int], give_up: Callable[[], None]) -> int:
        """Send now, and again until `stop`; answers when it was sent first (time.monotonic_ns)."""
        self.repeat(key, data, to, give_up)
        return self._socket.send(data, to)

    def repeat(self, key: Key, data: bytes, to: tuple[str, int], give_up: Callable[[], None]) -> None:
        """Send again what was sent just now; after GIVE_UP seconds call `give_up` and stop."""
        began = self._loop.time()

        def again(interval: float) -> None:
            if self._loop.time() - began >= GIVE_UP:
                self.stop(key)
                give_up()
                return
            self._socket.send(data, to)
            self._timers[key] = self._loop.call_later(2 * interval, again, 2 * interval)

        self._timers[key] = self._loop.call_later(T1, again, T1)

    def stop(self, key: Key) -> None:
        if timer := self._timers.pop(key, None):
            timer.cancel()

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
