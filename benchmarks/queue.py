"""Callers to agents: app_queue, a bare AMI client and ccd on one Asterisk, with the same phones, in one run.

With SWITCH=freeswitch: mod_callcenter, bare clients of the event socket and ccd on one FreeSWITCH (`queue_freeswitch`).
"""

import argparse
import asyncio
import secrets
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence

from benchmarks import queue_freeswitch
from benchmarks.centre import ACCOUNT, DIALPLANS, channels_left
from benchmarks.contest import Contest, report_load, tone
from benchmarks.report import figure
from benchmarks.side import DIALPLAN, LOGGER, QUEUES, AppQueue, BareClient, Ccd
from benchmarks.traffic import Traffic, median, percentile
from ccd.lab import switch
from ccd.lab.asterisk_config import AsteriskSettings
from ccd.lab.lab import Lab, LabSettings

AGENTS = (10, 100, 1_000)
ROUNDS = 2
SECONDS = {1: 10.0, 10: 4.0, 30: 4.0}
"""Calls a second, and for how long in each round."""
WAITING_CALLERS, WAITING_AGENTS = 200, 10
TALK = 0.2
OFFER_GOAL, TAIL_GOAL, GAP_GOAL, GAP_RATIO_GOAL, CPU_GOAL, AUDIO_GOAL = 1.3, 10.0, 10.0, 0.02, 0.3, 20.0


def report_arrivals(bench: Contest, agents: int, rate: int) -> None:
    """Caller's INVITE to agent's INVITE, against both peers."""
    ccd, queue, bare = (bench.arrived[name, agents, rate].offers for name in ("ccd", "app_queue", "bare"))
    load = f"{rate}_a_second_{agents}_agents"
    for peer, offers in (("app_queue", queue), ("bare", bare)):
        ours, theirs = median(ccd), median(offers)
        figure(f"offer_p50_{load}_to_{peer}", ours, theirs, ours / theirs, OFFER_GOAL, unit="ms", at_least=False)
    ours, theirs = percentile(ccd, 0.99), percentile(queue, 0.99)
    figure(f"offer_p99_{load}_over_app_queue", ours, theirs, ours - theirs, TAIL_GOAL, unit="ms", at_least=False)


def report_crowd(bench: Contest) -> None:
    """Agent free to next INVITE, and CPU a call, against app_queue."""
    ccd, queue = bench.waited["ccd"], bench.waited["app_queue"]
    ours, theirs = median(ccd.gaps), median(queue.gaps)
    figure("agent_free_to_next_invite", ours, theirs, ours, GAP_GOAL, unit="ms", at_least=False)
    figure("agent_free_to_app_queue", ours, theirs, ours / theirs, GAP_RATIO_GOAL, unit="ms", at_least=False)
    ratio = ccd.cpu_a_call / queue.cpu_a_call
    figure("waiting_cpu_a_call", ccd.cpu_a_call, queue.cpu_a_call, ratio, CPU_GOAL, unit="ms", at_least=False)


def report_audio(bench: Contest) -> None:
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
        bench = Contest(lab, traffic, [AppQueue(asterisk), BareClient(asterisk, secret), Ccd(lab, secret)])
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
    if switch.chosen() == "freeswitch":
        ok = asyncio.run(queue_freeswitch.run(quick=chosen.quick))
    elif chosen.quick:
        ok = asyncio.run(run((10, 100), 1, {1: 3.0, 10: 1.0, 30: 1.0}, 60))
    elif chosen.crowd:
        ok = asyncio.run(run((10,), 1, {10: 2.0}, WAITING_CALLERS))
    else:
        ok = asyncio.run(run(AGENTS, ROUNDS, SECONDS, WAITING_CALLERS))
    if not ok:
        raise SystemExit("calls were lost, offered twice, or left channels behind: the figures do not count")


if __name__ == "__main__":
    main()
