"""What can happen to a centre, each as it really happens, and how long it takes to be well again.

A wall clock that is stepped is not among them: it cannot be stepped for one process alone.
"""

import asyncio
import random
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from benchmarks.people import SECOND, Caller
from benchmarks.stage import NUMBER, Stage
from benchmarks.traffic import MILLISECOND
from ccd.lab.process import LabError
from ccd.lab.switch import Kind
from ccd.model.ids import Moment

RESTART_SEC = 0.1
"""Seconds until a service manager starts a dead daemon again (`RestartSec` of systemd/ccd.service)."""
FROZEN = 30.0
SILENT = 3.0, 12.0
FULL = 5.0
LOST_WRITES = 1.0
"""Seconds of acknowledged writes that a Redis which fails over has lost."""
LIMIT = 60.0
"""Seconds within which the centre is well again, or it is not."""
RETURNING = 5
"""So many of those who waited when the switch died ring again."""
IN_FLIGHT = 20 * MILLISECOND
"""What a phone sees sooner after the end of a fault was on its way before."""
RELOADS: dict[Kind, Sequence[str]] = {
    "asterisk": ("module reload res_pjsip.so", "module reload manager", "module reload pbx_config.so"),
    "freeswitch": ("sofia profile internal rescan", "reloadxml", "reload mod_local_stream"),
}
"""Such as an admin gives while calls are on. FreeSWITCH's whole SIP module reloaded would end them all."""
Wanted = Literal["ready", "link", "redis", "disk"]


@dataclass(eq=False)
class Fault:
    """One fault. `over`: its cause is gone (moments are time.monotonic_ns). The recovery counts from `base`, in
    seconds: `ready` until the centre says that it is well, `commanded` until the next command was seen on a phone.
    """

    kind: str
    began: int
    over: int = 0
    base: int = 0
    ready: float | None = None
    commanded: float | None = None
    note: str = ""
    waited: Mapping[str, int] = field(default_factory=dict)
    """Callers who waited when the switch died and rang again: number to the moment they had waited since."""
    places: Mapping[str, Moment] = field(default_factory=dict)
    """Those of them who were seen to wait again, and since when by what the daemon says."""

    @property
    def until(self) -> int:
        """When the centre was well again."""
        return max(self.over, self.base + int((self.ready or 0) * SECOND))


class Faults:
    """Brings faults upon a stage. `random` chooses what is not given."""

    def __init__(self, stage: Stage, draw: random.Random, restart_time: float = RESTART_SEC) -> None:
        self._stage = stage
        self._draw = draw
        self._restart_time = restart_time
        self._turn = count()
        self.kinds: dict[str, tuple[Callable[[Fault], Awaitable[None]], Wanted]] = {
            "kill -9": (self._kill, "ready"),
            "journal gone": (self._lose_journal, "ready"),
            "link cut": (self._cut_link, "link"),
            "link half-open": (self._silence_link, "ready"),
            "module reload": (self._reload, "ready"),
            "Redis killed": (self._kill_redis, "redis"),
            "Redis restarted": (self._restart_redis, "redis"),
            "Redis failed over": (self._fail_over, "redis"),
            "frozen 30 s": (self._freeze, "ready"),
            "switch killed": (self._kill_switch, "link"),
            "switch restarted": (self._restart_switch, "link"),
        }
        if stage.disks:
            self.kinds["recordings' disk full"] = self._fill_recordings, "ready"
            self.kinds["journal's disk full"] = self._fill_journal, "disk"

    async def inject(self, kind: str, *, commands: bool = True) -> Fault:
        """The fault, and the recovery from it. `commands`: there are callers for whom something is to be done."""
        happens, wanted = self.kinds[kind]
        fault = Fault(kind, time.monotonic_ns())
        since = time.time_ns() // 1_000
        await happens(fault)
        fault.over = fault.over or time.monotonic_ns()
        fault.base = fault.base or fault.over
        await self._recover(fault, wanted, since, commands)
        if fault.waited:
            await self._look_at_places(fault)
        return fault

    async def _recover(self, fault: Fault, wanted: Wanted, since: int, commands: bool) -> None:
        until = time.monotonic() + LIMIT
        while time.monotonic() < until and (fault.ready is None or (commands and fault.commanded is None)):
            if fault.ready is None and await self._is_well(wanted, since):
                fault.ready = (time.monotonic_ns() - fault.base) / SECOND
            command = self._stage.people.first_command(fault.over + IN_FLIGHT)
            if command is not None and fault.commanded is None:
                fault.commanded = (command - fault.base) / SECOND
            await asyncio.sleep(0.02)

    async def _is_well(self, wanted: Wanted, since: int) -> bool:
        if wanted == "ready":
            return await self._stage.is_ready()
        try:
            view = await self._stage.view()
        except LabError:
            return False
        if wanted == "link":
            return all(switch.up and switch.since > since for switch in view.switches)
        name = {"redis": "redis", "disk": "journal"}[wanted]
        return all(part.ok and not part.detail for part in view.health.parts if part.name == name)

    # --- the daemon

    async def _kill(self, fault: Fault) -> None:
        fault.base = fault.began
        await self._stage.centre.kill()
        await self._start_again(fault)

    async def _lose_journal(self, fault: Fault) -> None:
        fault.base = fault.began
        await self._stage.centre.kill()
        await self._stage.lose_journal()
        await self._start_again(fault)

    async def _start_again(self, fault: Fault) -> None:
        await asyncio.sleep(self._restart_time)
        fault.over = time.monotonic_ns()
        await self._stage.centre.begin()

    async def _freeze(self, fault: Fault) -> None:
        self._stage.centre.process.signal(signal.SIGSTOP)
        await asyncio.sleep(FROZEN)
        self._stage.centre.process.signal(signal.SIGCONT)

    # --- the link

    async def _cut_link(self, fault: Fault) -> None:
        """By a reset of the connection, or by a command of the switch, in turns."""
        if next(self._turn) % 2:
            self._stage.link.cut()
            fault.note = "reset"
        else:
            fault.note = await self._stage.end_link()

    async def _silence_link(self, fault: Fault) -> None:
        silent = self._draw.uniform(*SILENT)
        fault.note = f"{silent:.1f} s"
        self._stage.link.fall_silent()
        await asyncio.sleep(silent)
        self._stage.link.speak()

    # --- the switch

    async def _reload(self, fault: Fault) -> None:
        commands = RELOADS[self._stage.switch.kind]
        fault.note = commands[next(self._turn) % len(commands)]
        await self._stage.switch.command(fault.note)

    async def _kill_switch(self, fault: Fault) -> None:
        waiting = await self._waiting()
        self._stage.people.switch_dies()
        await self._stage.switch.kill()
        await self._start_switch(fault, waiting)

    async def _restart_switch(self, fault: Fault) -> None:
        waiting = await self._waiting()
        self._stage.people.switch_dies()
        await self._stage.switch.stop()
        await self._start_switch(fault, waiting)

    async def _start_switch(self, fault: Fault, waiting: Mapping[str, tuple[Caller, int]]) -> None:
        self._stage.people.switch_died()
        await asyncio.sleep(self._restart_time)
        await self._stage.switch.start()
        fault.over = time.monotonic_ns()
        # Who was answered between the look and the death did not wait any more.
        still = {
            number: (caller, since)
            for number, (caller, since) in waiting.items()
            if not any(offer.was_answered for offer in caller.offers)
        }
        for caller, _ in list(still.values())[:RETURNING]:
            again = self._stage.people.place(NUMBER, self._stage.server, wish=caller.wish, again=caller)
            again.think = 0.5
        fault.waited = {number: since for number, (_, since) in list(still.items())[:RETURNING]}

    async def _waiting(self) -> dict[str, tuple[Caller, int]]:
        """Who waits in a queue, and since when."""
        callers = {f"+{caller.number}": caller for caller in self._stage.people.callers if not caller.is_over}
        calls = (await self._stage.view()).calls
        return {
            call.ani: (callers[call.ani], call.waiting_since)
            for call in calls
            if call.phase == "waiting" and call.ani in callers
        }

    async def _look_at_places(self, fault: Fault) -> None:
        """Whether those who rang again wait since when they did; who is served at once is not seen to wait."""
        places: dict[str, Moment] = {}
        for _ in range(80):
            for call in (await self._stage.view()).calls:
                if call.ani in fault.waited and call.waiting_since:
                    places[call.ani] = call.waiting_since
            await asyncio.sleep(0.1)
        fault.places = places

    # --- Redis

    async def _kill_redis(self, fault: Fault) -> None:
        await self._stage.redis.kill()
        await asyncio.sleep(self._draw.uniform(1.0, 5.0))
        await self._stage.redis.start()

    async def _restart_redis(self, fault: Fault) -> None:
        await self._stage.redis.restart()

    async def _fail_over(self, fault: Fault) -> None:
        await self._stage.fail_over(LOST_WRITES)

    # --- disks

    async def _fill_recordings(self, fault: Fault) -> None:
        await self._fill("recordings")

    async def _fill_journal(self, fault: Fault) -> None:
        await self._fill("journal")

    async def _fill(self, name: str) -> None:
        disk = self._stage.disks[name]
        await disk.fill()
        try:
            await asyncio.sleep(FULL)
        finally:
            await disk.empty()
