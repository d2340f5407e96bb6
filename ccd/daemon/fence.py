"""The fence: the former master's session at the switch is ended before the new one commands.

Asterisk lets one session of the account in at a time (`allowmultiplelogin = no`). `manager kick session` needs the
class `command`, which the daemon's own account does not have: a second account, used for this alone.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from msgspec import Struct

from ccd.wire.ami import Action, Connection, EventList, Message, ProtocolError

PATIENCE = 2.0
log = structlog.get_logger()


class FenceError(Exception):
    """The fence could not be put up; says why."""


class Account(Struct, frozen=True, repr_omit_defaults=True):
    """Where the switch is, and who may end sessions there. `fenced` is whose sessions are ended."""

    host: str
    port: int
    username: str
    secret: str
    fenced: str
    tls: ssl.SSLContext | None = None


async def put_up(account: Account) -> int:
    """End every session of the fenced account; how many there were. Raises FenceError."""
    try:
        async with asyncio.timeout(PATIENCE), _session(account) as ask:
            shown = await ask(Action("Command", (("Command", "manager show connected"),)))
            found = sessions(shown.response.output if shown.response else (), account.fenced)
            for descriptor in found:
                await ask(Action("Command", (("Command", f"manager kick session {descriptor}"),)))
                log.warning("ended a session at the switch", account=account.fenced, descriptor=descriptor)
            return len(found)
    except (OSError, TimeoutError, ProtocolError, EOFError) as error:
        raise FenceError(f"{type(error).__name__}: {error}") from error


def sessions(lines: tuple[str, ...], username: str) -> list[int]:
    """The file descriptors of the account's sessions, out of `manager show connected`: user, address, start, elapsed,
    descriptor, HTTP sessions, reading and writing rights.
    """
    found = []
    for line in lines:
        fields = line.split()
        if len(fields) >= 5 and fields[0] == username and re.fullmatch(r"[0-9]{1,7}", fields[4]):
            found.append(int(fields[4]))
    return found


class _Asker:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._codec = Connection()
        self._count = 0

    async def __call__(self, action: Action) -> EventList:
        """The answer. Raises EOFError where the switch closes."""
        self._count += 1
        action_id = f"fence{self._count}"
        answer = EventList(action_id)
        self._writer.write(self._codec.send(Action(action.name, action.headers, action_id)))
        while not answer.is_complete:
            for message in await self.read():
                answer.receive(message)
        return answer

    async def read(self) -> list[Message]:
        data = await self._reader.read(65_536)
        if not data:
            raise EOFError("the switch closed the connection")
        return self._codec.receive_data(data)


@asynccontextmanager
async def _session(account: Account) -> AsyncIterator[_Asker]:
    reader, writer = await asyncio.open_connection(account.host, account.port, ssl=account.tls)
    try:
        asker = _Asker(reader, writer)
        while not await asker.read():
            continue  # until the greeting is whole
        proof = (("Username", account.username), ("Secret", account.secret), ("Events", "off"))
        answer = await asker(Action("Login", proof))
        if answer.response is None or answer.response.response != "Success":
            raise FenceError(f"login of {account.username} refused")
        yield asker
    finally:
        writer.close()
