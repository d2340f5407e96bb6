"""SIPp as callers at a rate, or as agents who answer: an independent implementation of SIP on the other side.

SIPp says one tone for each process and records nothing; for a tone a call, recordings and times see `sip_peer`.
"""

import asyncio
import csv
import string
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from ccd.lab.packages import Program
from ccd.lab.process import LabError, Process, free_port, free_udp_port
from ccd.lab.rtp import tone_frames

_MOST_AT_ONCE = 2_000


@dataclass(frozen=True)
class SippCounts:
    """What SIPp's last statistics line says."""

    created: int
    successful: int
    failed: int


@dataclass(frozen=True)
class SippCallers:
    """Calls to `number`: `count` of them at `rate` a second; each types `digits` (each after `digit_pause` seconds
    of waiting) and then talks for `talk` seconds.
    """

    number: str
    count: int
    rate: float
    talk: float = 5.0
    digits: str = ""
    digit_pause: float = 1.0
    caller: str = "+3491[call_number]"


@dataclass(frozen=True)
class SippAgents:
    """Answers each call after `answer_after` seconds of ringing and stays until the other side hangs up."""

    answer_after: float = 0.5


class Sipp:
    """One SIPp process on `host`; `start`, then `finish` (callers) or `stop` (agents)."""

    def __init__(
        self,
        folder: Path,
        program: Program,
        role: SippCallers | SippAgents,
        *,
        server: tuple[str, int],
        host: str,
        port: int = 0,
        tone: int = 440,
    ) -> None:
        self.folder = folder
        self.port = port or free_udp_port(host)
        self._program = program
        self._role = role
        self._server = server
        self._host = host
        self._tone = tone
        self._process: Process | None = None

    async def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        tone_file = self.folder / "tone.ul"
        tone_file.write_bytes(b"".join(tone_frames(self._tone)))
        (self.folder / "scenario.xml").write_text(render(self._role, tone_file.name))
        self._process = await Process.start(self._program, self._arguments(), self.folder / "sipp.log", self.folder)

    async def finish(self, within: float) -> SippCounts:
        """Wait for the last call. Raises LabError when it takes longer; failed calls are in the counts."""
        try:
            await asyncio.wait_for(self._running().wait(), within)
        except TimeoutError as error:
            await self.stop()
            raise LabError(f"SIPp is not done after {within} s: {self.counts()}") from error
        return self.counts()

    async def stop(self) -> None:
        await self._running().kill()

    def counts(self) -> SippCounts:
        """As of the last second. Raises LabError if SIPp never wrote a line."""
        path = self.folder / "statistics.csv"
        rows = list(csv.DictReader(path.open(), delimiter=";")) if path.exists() else []
        if not rows:
            raise LabError(f"SIPp wrote no statistics:\n{self._running().log_tail()}")
        last = rows[-1]
        return SippCounts(int(last["TotalCallCreated"]), int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"]))

    def _running(self) -> Process:
        if self._process is None:
            raise LabError("SIPp was not started")
        return self._process

    def _arguments(self) -> Sequence[str]:
        common = ["-sf", "scenario.xml", "-i", self._host, "-mi", self._host, "-p", str(self.port), "-nostdin"]
        common += ["-cp", str(free_port()), "-trace_stat", "-stf", "statistics.csv", "-fd", "1"]
        common += ["-trace_err", "-error_file", "errors.log", "-l", str(_MOST_AT_ONCE)]
        if isinstance(self._role, SippAgents):
            return common
        calls = ["-s", self._role.number, "-m", str(self._role.count), "-r", str(self._role.rate)]
        return [*common, *calls, f"{self._server[0]}:{self._server[1]}"]


def render(role: SippCallers | SippAgents, tone_file: str) -> str:
    """The scenario in SIPp's XML."""
    if isinstance(role, SippAgents):
        return _template("uas.xml").substitute(answer_ms=round(role.answer_after * 1000), tone_file=tone_file)
    digits = [
        _template("digit.xml").substitute(
            before_ms=round(role.digit_pause * 1000), digit=digit, sequence=sequence, caller=role.caller
        )
        for sequence, digit in enumerate(role.digits, start=2)
    ]
    return _template("uac.xml").substitute(
        caller=role.caller, tone_file=tone_file, talk_ms=round(role.talk * 1000), digits="\n".join(digits)
    )


def _template(name: str) -> string.Template:
    return string.Template((resources.files("ccd.lab") / "scenarios" / name).read_text())
