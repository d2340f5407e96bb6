import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccd.io.notify import Notify


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A service manager's socket, and what $NOTIFY_SOCKET says of it."""
    name = f"@ccd-{secrets.token_hex(8)}" if request.param == "abstract" else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as server:
        server.bind(name.replace("@", "\0"))
        yield server, name


def test_every_message_arrives_as_a_datagram(manager: tuple[socket.socket, str]) -> None:
    server, name = manager
    notify = Notify({"NOTIFY_SOCKET": name})
    assert notify.ready()
    assert notify.alive()
    assert notify.stopping()
    assert notify.status("3 calls\nREADY=1 \udc80")
    assert [server.recv(4096) for _ in range(4)] == [
        b"READY=1",
        b"WATCHDOG=1",
        b"STOPPING=1",
        b"STATUS=3 calls READY=1 ?",
    ]


def test_a_reload_tells_its_moment(manager: tuple[socket.socket, str]) -> None:
    server, name = manager
    assert Notify({"NOTIFY_SOCKET": name}).reloading()
    first, second = server.recv(4096).decode().split("\n")
    assert first == "RELOADING=1"
    assert second.startswith("MONOTONIC_USEC=")
    assert second.removeprefix("MONOTONIC_USEC=").isdecimal()


def test_without_a_service_manager_nothing_happens(tmp_path: Path) -> None:
    assert not Notify({}).ready()
    assert not Notify({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()


def test_a_manager_that_does_not_read_holds_nobody_up(manager: tuple[socket.socket, str]) -> None:
    notify = Notify({"NOTIFY_SOCKET": manager[1]})
    assert not all(notify.alive() for _ in range(10_000))


def test_the_watchdog_is_ours_or_none() -> None:
    assert Notify({"WATCHDOG_USEC": "3000000"}).watchdog_time == 3.0
    assert Notify({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}).watchdog_time == 3.0
    assert Notify({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}).watchdog_time == 0.0
    assert Notify({"WATCHDOG_USEC": "soon"}).watchdog_time == Notify({}).watchdog_time == 0.0
