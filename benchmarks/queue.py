"""Callers to agents: app_queue, a bare AMI client and ccd on one Asterisk, with the same phones, in one run.

The three take turns in short rounds, at the same rates and numbers of agents; only the one whose turn it is has a
connection to Asterisk. Times are what callers and phones see: SIP and RTP, by the kernel's time of arrival.
"""

import argparse
import asyncio
import gc
import os
import secrets
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.centre import ACCOUNT, DIALPLANS, channels_left
from benchmarks.report import figure
from benchmarks.side import ANSWERED, AT_ONCE, DIALPLAN, LOGGER, QUEUES, AppQueue, BareClient, Ccd, Side
from benchmarks.traffic import FIRST_AGENT, Call, Traffic, agent_gaps, median, percentile
from ccd.lab.asterisk_config import AsteriskSettings
from ccd.lab.lab import Lab, LabSettings

AGENTS = (10, 100, 1_000)
ROUNDS = 2
SECONDS = {1: 10.0, 10: 4.0, 30: 4.0}
"""Calls a second, and for how long in each round."""
WAITING_CALLERS, WAITING_AGENTS, WAITING_RATE = 200, 10, 100.0
TALK = 0.2
CALLER_TONE, AGENT_TONE = 700, 1_200
END_TIME = 15.0
CROWD_TIME = 120.0
OFFER_GOAL, TAIL_GOAL, GAP_GOAL, GAP_RATIO_GOAL, CPU_GOAL, AUDIO_GOAL = 1.3, 10.0, 10.0, 0.02, 0.3, 20.0


@dataclass
class Measured:
    """What one side did under one load, over all rounds. Times in ms, CPU in seconds by process."""

    offers: list[float] = field(default_factory=list)
    audio: list[float] = field(default_factory=list)
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
        self.lags += lags

    @property
    def cpu_a_call(self) -> float:
        """Asterisk's and the side's own CPU, ms a call."""
        return (self.cpu["asterisk"] + self.cpu["side"]) * 1_000 / self.calls


def tone(number: str) -> int:
    """By the number of caller or agent."""
    return AGENT_TONE if len(number) <= len(str(FIRST_AGENT)) else CALLER_TONE


class Bench:
    """The lab, its traffic and the three sides."""

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
        traffic, server = self._traffic, ("127.0.0.1", self._lab.asterisk.ports.sip)
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
            "asterisk": self._lab.asterisk.process.cpu_seconds(),
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
    parts = {"Asterisk": share["asterisk"], "itself": share["side"], "Redis": share["redis"]}
    used = ", ".join(f"{part} {part_share:.0f}" for part, part_share in parts.items())
    print(
        f"{name:32} {measured.calls:4} calls; offer p50 {median(measured.offers):.2f}, "
        f"p99 {percentile(measured.offers, 0.99):.2f} ms; CPU %: {used}, phones {share['phones']:.0f}, "
        f"others on this machine {others:.0f}; phones' lag p99 {percentile(measured.lags, 0.99):.1f} ms",
        flush=True,
    )
    if measured.lost or measured.doubled:
        print(f"{name:32} FAULT: {measured.lost} lost, {measured.doubled} offered twice")


def report_arrivals(bench: Bench, agents: int, rate: int) -> None:
    """Caller's INVITE to agent's INVITE, against both peers."""
    ccd, queue, bare = (bench.arrived[name, agents, rate].offers for name in ("ccd", "app_queue", "bare"))
    load = f"{rate}_a_second_{agents}_agents"
    for peer, offers in (("app_queue", queue), ("bare", bare)):
        ours, theirs = median(ccd), median(offers)
        figure(f"offer_p50_{load}_to_{peer}", ours, theirs, ours / theirs, OFFER_GOAL, unit="ms", at_least=False)
    ours, theirs = percentile(ccd, 0.99), percentile(queue, 0.99)
    figure(f"offer_p99_{load}_over_app_queue", ours, theirs, ours - theirs, TAIL_GOAL, unit="ms", at_least=False)


def report_crowd(bench: Bench) -> None:
    """Agent free to next INVITE, and CPU a call, against app_queue."""
    ccd, queue = bench.waited["ccd"], bench.waited["app_queue"]
    ours, theirs = median(ccd.gaps), median(queue.gaps)
    figure("agent_free_to_next_invite", ours, theirs, ours, GAP_GOAL, unit="ms", at_least=False)
    figure("agent_free_to_app_queue", ours, theirs, ours / theirs, GAP_RATIO_GOAL, unit="ms", at_least=False)
    ratio = ccd.cpu_a_call / queue.cpu_a_call
    figure("waiting_cpu_a_call", ccd.cpu_a_call, queue.cpu_a_call, ratio, CPU_GOAL, unit="ms", at_least=False)


def report_audio(bench: Bench) -> None:
    """Agent's 200 OK to two-way audio, in the calls of the lowest rate."""
    heard: dict[str, list[float]] = defaultdict(list)
    lowest = min(rate for _, _, rate in bench.arrived)
    for (name, _, rate), measured in bench.arrived.items():
        if rate == lowest:
            heard[name] += measured.audio
    ours, theirs = median(heard["ccd"]), median(heard["app_queue"])
    figure("answer_to_audio_over_app_queue", ours, theirs, ours - theirs, AUDIO_GOAL, unit="ms", at_least=False)


async def run(sizes: Sequence[int], rounds: int, seconds: Mapping[int, float], callers: int) -> bool:
    """The whole benchmark; whether no call was lost or offered twice."""
    began, secret = time.monotonic(), secrets.token_hex(16)
    traffic = Traffic(max(sizes), talk=TALK, tone=tone)
    settings = AsteriskSettings(
        endpoints=traffic.endpoints(),
        dialplan=[DIALPLANS / "ccd.conf", DIALPLANS / "ccd-site.conf"],
        extensions=DIALPLAN,
        managers=[DIALPLANS / "manager.conf"],
        manager_secrets={ACCOUNT: secret},
        extra_modules=["app_queue.so"],
        files={"queues.conf": QUEUES, "members.conf": "", "logger.conf": LOGGER},
        agent_context="ccd-from-agent",
        qualify_seconds=0,
    )
    async with Lab(LabSettings(asterisk=settings)) as lab:
        asterisk = lab.asterisk
        bench = Bench(lab, traffic, [AppQueue(asterisk), BareClient(asterisk, secret), Ccd(lab, secret)])
        for agents in sizes:
            for turn in range(rounds):
                print(f"{time.monotonic() - began:4.0f} s: {agents} agents, round {turn + 1} of {rounds}", flush=True)
                await bench.arrivals(agents, seconds)
        print(f"{time.monotonic() - began:4.0f} s: {callers} callers wait for {WAITING_AGENTS} agents", flush=True)
        await bench.crowd(callers, WAITING_AGENTS)
        ghosts = await channels_left(asterisk)
    traffic.close()
    print(f"{time.monotonic() - began:4.0f} s: done, {len(ghosts)} channels left", *ghosts, sep="\n")
    for (name, agents, rate), measured in sorted(bench.arrived.items(), key=lambda item: item[0][1:]):
        report_load(f"{name}, {rate}/s, {agents} agents", measured)
    for name, measured in bench.waited.items():
        report_load(f"{name}, {callers} waiting", measured)
    for agents in sizes:
        for rate in seconds:
            report_arrivals(bench, agents, rate)
    report_crowd(bench)
    report_audio(bench)
    everything = [*bench.arrived.values(), *bench.waited.values()]
    return not ghosts and not any(measured.lost or measured.doubled for measured in everything)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few calls, 10 and 100 agents: to see that it works")
    parser.add_argument("--crowd", action="store_true", help="nearly only the callers who wait")
    chosen = parser.parse_args()
    if chosen.quick:
        ok = asyncio.run(run((10, 100), 1, {1: 3.0, 10: 1.0, 30: 1.0}, 60))
    elif chosen.crowd:
        ok = asyncio.run(run((10,), 1, {10: 2.0}, WAITING_CALLERS))
    else:
        ok = asyncio.run(run(AGENTS, ROUNDS, SECONDS, WAITING_CALLERS))
    if not ok:
        raise SystemExit("calls were lost, offered twice, or left channels behind: the figures do not count")


if __name__ == "__main__":
    main()
