"""What the private switches have in common: ports, channels to be counted."""

import asyncio
import os
from typing import Literal, Protocol

from ccd.lab.process import LabError, Server

Kind = Literal["asterisk", "freeswitch"]
COMMAND_TIMEOUT = 10.0
TECHNOLOGY: dict[Kind, str] = {"asterisk": "PJSIP/", "freeswitch": "user/"}
"""What stands before a phone's name."""
TRUNK: dict[Kind, str] = {"asterisk": "PJSIP/trunk", "freeswitch": "gateway/trunk"}


def chosen() -> Kind:
    """What $SWITCH asks tests and benchmarks to run on; an Asterisk without it. Raises LabError for another kind."""
    match os.environ.get("SWITCH") or "asterisk":
        case "asterisk":
            return "asterisk"
        case "freeswitch":
            return "freeswitch"
        case other:
            raise LabError(f"SWITCH={other}: asterisk or freeswitch")


class Ports(Protocol):
    """Where it is reached: phones and callers at `sip`; its own calls to the trunk go to `trunk`."""

    @property
    def sip(self) -> int: ...
    @property
    def trunk(self) -> int: ...


class PrivateSwitch(Server):
    """One switch with its configuration below `folder`; started, stopped, killed and started again at will."""

    kind: Kind

    @property
    def ports(self) -> Ports:
        raise NotImplementedError

    async def channel_count(self) -> int:
        """How many channels live now: 0 when nothing is left behind."""
        raise NotImplementedError

    async def channels(self) -> list[str]:
        """Them, a line each, as the switch shows them."""
        raise NotImplementedError

    async def emptied(self, within: float = 2.0) -> bool:
        """Whether no channel is left, soon: some end a moment after their call."""
        for _ in range(int(within / 0.05)):
            if not await self.channel_count():
                return True
            await asyncio.sleep(0.05)
        return False


async def output_of(command: list[str], what: str) -> str:
    """What a command line tool prints. Raises LabError if it fails, TimeoutError if it does not end."""
    child = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(child.communicate(), COMMAND_TIMEOUT)
    except BaseException:
        child.kill()
        await child.wait()
        raise
    if child.returncode:
        raise LabError(f"{what} failed:\n{output.decode(errors='replace')}")
    return output.decode(errors="replace")
