"""A contest of several that give callers to agents on one switch: they take turns, with the same phones, in one run.

Only the one whose turn it is has a connection to the switch. Times are what callers and phones see: SIP and RTP, by the
kernel's time of arrival.
"""

import gc
import os
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.side import ANSWERED, AT_ONCE, Side
from benchmarks.traffic import FIRST_AGENT, Call, Traffic, agent_gaps, median, percentile
from ccd.lab.lab import Lab

WAITING_RATE = 100.0
CALLER_TONE, AGENT_TONE = 700, 1_200
END_TIME = 15.0
CROWD_TIME = 120.0


@dataclass
class Measured:
    """What one side did under one load, over all rounds. Times in ms, CPU in seconds by process."""

    offers: list[float] = field(default_factory=list)
    audio: list[float] = field(default_factory=list)
    talks: list[float] = field(default_factory=list)
    """From the caller's INVITE on."""
    gaps: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    calls: int = 0
    lost: int = 0
    doubled: int = 0
    seconds: float = 0.0
    cpu: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, calls: Sequence[Call], lags: Sequence[float]) -> None:
        """Take what a round brought."""
        self.calls += len(calls)
        self.lost += sum(1 for call in calls if not call.offers or not call.offers[0].was_answered)
        self.doubled += sum(1 for call in calls if len(call.offers) > 1)
        self.offers += [call.offer_time for call in calls if call.offers]
        self.audio += [heard for call in calls if call.offers and (heard := call.audio_time()) is not None]
        self.talks += [heard for call in calls if call.offers and (heard := call.talk_time()) is not None]
        self.lags += lags

    @property
    def cpu_a_call(self) -> float:
        """The switch's and the side's own CPU, ms a call."""
        return (self.cpu["switch"] + self.cpu["side"]) * 1_000 / self.calls


def tone(number: str) -> int:
    """By the number of caller or agent."""
    return AGENT_TONE if len(number) <= len(str(FIRST_AGENT)) else CALLER_TONE


class Contest:
    """The lab, its traffic and the sides."""

    def __init__(self, lab: Lab, traffic: Traffic, sides: Sequence[Side]) -> None:
        self.arrived: dict[tuple[str, int, int], Measured] = defaultdict(Measured)
        self.waited: dict[str, Measured] = defaultdict(Measured)
        self._lab = lab
        self._traffic = traffic
        self._sides = sides

    async def arrivals(self, agents: int, seconds: Mapping[int, float]) -> None:
        """One round with free agents: each side in turn, at every rate."""
        for side in self._sides:
            async with self._turn(side, agents):
                await self._load(side, AT_ONCE, Measured(), 5, 10)  # first calls pay for what is made but once
                for rate, length in seconds.items():
                    measured = self.arrived[side.name, agents, rate]
                    await self._load(side, AT_ONCE, measured, round(rate * length), rate)

    async def crowd(self, callers: int, agents: int) -> None:
        """More callers than agents, answered and held with music; each side in turn."""
        self._traffic.reopen(tone, hears=False)  # to read thousands of packets of music a second would tell nothing
        for side in self._sides:
            async with self._turn(side, agents):
                await self._load(side, ANSWERED, Measured(), 5, 10)
                await self._load(side, ANSWERED, self.waited[side.name], callers, WAITING_RATE)
        self._traffic.reopen(tone)

    @asynccontextmanager
    async def _turn(self, side: Side, agents: int) -> AsyncIterator[None]:
        await side.start(self._traffic.numbers[:agents])
        try:
            yield
        finally:
            await side.stop()

    async def _load(self, side: Side, kind: str, measured: Measured, total: int, rate: float) -> None:
        traffic, server = self._traffic, ("127.0.0.1", self._lab.switch.ports.sip)
        with self._meter(side, measured):
            calls: list[Call] = []
            await traffic.place(side.numbers[kind], server, total, rate, calls)
            await traffic.over(calls, CROWD_TIME if kind == ANSWERED else END_TIME)
        measured.add(calls, traffic.lags)
        measured.gaps += agent_gaps(calls)
        traffic.forget()
        gc.collect()  # now, so that it does not happen while times are taken

    @contextmanager
    def _meter(self, side: Side, measured: Measured) -> Iterator[None]:
        began, before = time.monotonic(), self._cpu(side)
        yield
        measured.seconds += time.monotonic() - began
        for name, after in self._cpu(side).items():
            measured.cpu[name] += after - before[name]

    def _cpu(self, side: Side) -> dict[str, float]:
        return {
            "switch": self._lab.switch.process.cpu_seconds(),
            "side": sum(process.cpu_seconds() for process in side.processes),
            "redis": self._lab.redis.process.cpu_seconds(),
            "phones": time.process_time(),
            "machine": machine_cpu(),
        }


def machine_cpu() -> float:
    """Seconds that all cores together were not idle (/proc/stat), a hypervisor's stolen time included."""
    fields = [int(number) for number in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def report_load(name: str, measured: Measured) -> None:
    """One line on how busy the machine was, so that the figures can be judged: with what, and with what else."""
    share = {part: 100 * used / measured.seconds for part, used in measured.cpu.items()}
    others = max(0.0, share["machine"] - sum(used for part, used in share.items() if part != "machine"))
    parts = {"switch": share["switch"], "itself": share["side"], "Redis": share["redis"]}
    used = ", ".join(f"{part} {part_share:.0f}" for part, part_share in parts.items())
    print(
        f"{name:32} {measured.calls:4} calls; offer p50 {median(measured.offers):.2f}, "
        f"p99 {percentile(measured.offers, 0.99):.2f} ms; CPU %: {used}, phones {share['phones']:.0f}, "
        f"others on this machine {others:.0f}; phones' lag p99 {percentile(measured.lags, 0.99):.1f} ms",
        flush=True,
    )
    if measured.lost or measured.doubled:
        print(f"{name:32} FAULT: {measured.lost} lost, {measured.doubled} offered twice")
