"""Those that give callers to agents on one switch: ccd on any, and app_queue and a bare AMI client on an Asterisk."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from benchmarks.centre import ROOT, Centre
from ccd.lab.asterisk import Asterisk
from ccd.lab.lab import Lab
from ccd.lab.packages import Program
from ccd.lab.process import LabError, Process
from ccd.lab.switch import TECHNOLOGY

PATIENCE = 30.0
QUEUES = (Path(__file__).parent / "queues.conf").read_text()
LOGGER = "[general]\nqueue_log = no\n[logfiles]\nmessages = notice,warning,error\n"
AT_ONCE, ANSWERED = "at once", "answered"
DIALPLAN = """
[from-trunk]
exten => 4930901801,1,Queue(bench,r)
 same => n,Hangup()
exten => 4930901802,1,Answer(,i)
 same => n,Queue(bench)
 same => n,Hangup()
exten => 4930901811,1,Goto(ccd-inbound,${EXTEN},1)
exten => 4930901812,1,Goto(ccd-inbound,${EXTEN},1)
"""
"""Callers are answered first or, where an agent is free anyway, by the agent's answer; on all sides alike."""


class Side(Protocol):
    """One of them. `numbers` are dialled to reach it; `processes` burn its CPU besides the switch."""

    name: str
    numbers: Mapping[str, str]

    @property
    def processes(self) -> Sequence[Process]: ...

    async def start(self, agents: Sequence[str]) -> None: ...

    async def stop(self) -> None: ...


class AppQueue:
    """Asterisk's own queue."""

    name = "app_queue"
    numbers: Mapping[str, str] = {AT_ONCE: "4930901801", ANSWERED: "4930901802"}
    processes: Sequence[Process] = ()

    def __init__(self, asterisk: Asterisk) -> None:
        self._asterisk = asterisk

    async def start(self, agents: Sequence[str]) -> None:
        members = "".join(f"member => PJSIP/{agent}\n" for agent in agents)
        (self._asterisk.folder / "etc/members.conf").write_text(members)
        await self._asterisk.command("queue reload all")
        shown = await self._asterisk.command("queue show bench")
        if shown.count("PJSIP/") != len(agents):
            raise LabError(f"app_queue did not take its {len(agents)} members:\n{shown[:400]}")

    async def stop(self) -> None:
        """It stays: it does nothing by itself."""


class BareClient:
    """A few lines of Python over AMI."""

    name = "bare"
    numbers: Mapping[str, str] = {AT_ONCE: "4930901811", ANSWERED: "4930901812"}

    def __init__(self, asterisk: Asterisk, secret: str) -> None:
        self._asterisk = asterisk
        self._secret = secret
        self._process: Process | None = None

    @property
    def processes(self) -> Sequence[Process]:
        return [self._process] if self._process else []

    async def start(self, agents: Sequence[str]) -> None:
        arguments = ["-m", "benchmarks.bare_client", str(self._asterisk.ports.ami), self.numbers[ANSWERED], *agents]
        log = self._asterisk.folder / "log/bare_client"
        self._process = await Process.start(Program((sys.executable,)), arguments, log, ROOT, piped=True)
        self._process.stdin.write(f"{self._secret}\n".encode())
        line = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE)
        if line != b"ready\n":
            raise LabError(f"the bare client does not start:\n{self._process.log_tail()}")

    async def stop(self) -> None:
        if self._process is not None:
            await self._process.kill()
        self._process = None


class Ccd:
    """The daemon."""

    name = "ccd"
    numbers: Mapping[str, str] = {AT_ONCE: "4930901811", ANSWERED: "4930901812"}

    def __init__(self, lab: Lab, secret: str) -> None:
        self._lab = lab
        self._secret = secret
        self._centre: Centre | None = None

    @property
    def processes(self) -> Sequence[Process]:
        return [self._centre.process] if self._centre else []

    async def start(self, agents: Sequence[str]) -> None:
        switch, redis = self._lab.switch, self._lab.redis
        technology = TECHNOLOGY[switch.kind]
        self._centre = Centre(
            self._lab.folder / "ccd",
            switch,
            redis,
            self._secret,
            agents={f"a{agent}": _agent(agent, technology) for agent in agents},
            queues={"bench": {"requires": {"bench": 1}, "wrap_up_time": "0"}},
            numbers={self.numbers[AT_ONCE]: "unanswered", self.numbers[ANSWERED]: "answered"},
            flows={
                "unanswered": {"steps": {"wait": {"queue": {"queue": "bench", "answer": False}}}},
                "answered": {"steps": {"wait": {"queue": {"queue": "bench"}}}},
            },
        )
        await self._centre.start()

    async def stop(self) -> None:
        if self._centre is not None:
            await self._centre.stop()
        self._centre = None


def _agent(number: str, technology: str) -> dict[str, object]:
    return {"name": f"Agent {number}", "number": number, "endpoint": f"{technology}{number}", "skills": {"bench": 1}}
