"""What the service manager is told: sd_notify(3), datagrams to $NOTIFY_SOCKET.

Without that variable (not started by systemd) nothing is sent. A datagram that finds no room is dropped: the daemon
never waits for the service manager, and the watchdog's next one comes soon.
"""

import os
import socket
import time
from collections.abc import Mapping

_LONGEST_STATUS = 500


class Notify:
    """The way to the service manager."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        path = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + path[1:] if path.startswith("@") else path  # @ stands for an abstract socket
        self.watchdog_time = _watchdog_time(environment)

    def ready(self) -> bool:
        """Started, or reloaded."""
        return self._send("READY=1")

    def reloading(self) -> bool:
        """Type=notify-reload wants the moment with it; `ready` ends the reload."""
        return self._send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1_000}")

    def stopping(self) -> bool:
        return self._send("STOPPING=1")

    def alive(self) -> bool:
        """To be sent at least every half of `watchdog_time` seconds (0: there is no watchdog)."""
        return self._send("WATCHDOG=1")

    def status(self, text: str) -> bool:
        """One line for `systemctl status`."""
        return self._send("STATUS=" + " ".join(text.split())[:_LONGEST_STATUS])

    def _send(self, *lines: str) -> bool:
        """Whether the service manager has it."""
        if not self._address:
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as sender:
            try:
                sender.sendto("\n".join(lines).encode("utf-8", "replace"), self._address)
            except OSError:
                return False
        return True


def _watchdog_time(environment: Mapping[str, str]) -> float:
    """Seconds; 0 where there is no watchdog or it watches another process."""
    microseconds = environment.get("WATCHDOG_USEC", "")
    is_ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(microseconds) / 1e6 if is_ours and microseconds.isdecimal() else 0.0
