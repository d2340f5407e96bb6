"""Callers to agents: mod_callcenter, bare clients and ccd on one FreeSWITCH, with the same phones, in one run."""

import secrets
import time

from benchmarks.centre import ROOT, channels_left
from benchmarks.contest import Contest, report_load, tone
from benchmarks.report import figure
from benchmarks.side import Ccd
from benchmarks.side_freeswitch import DIALPLAN, BareEslClient, Callcenter
from benchmarks.traffic import Traffic, median, percentile
from ccd.lab.centre import with_ccd_on_freeswitch
from ccd.lab.freeswitch_config import FreeSwitchSettings
from ccd.lab.lab import Lab, LabSettings

AGENTS = 50
ROUNDS = 2
TALK = 0.2
SECONDS = {1: 20.0, 10: 6.0, 30: 5.0, 60: 5.0}
"""Calls a second, and for how long in each round."""
OFFER_GOAL, BARE_GOAL, TALK_GOAL = 0.5, 1.3, 1.0


async def run(*, quick: bool) -> bool:
    """The whole benchmark; whether no call was lost or offered twice by ccd, and no channel was left."""
    began, secret = time.monotonic(), secrets.token_hex(16)
    seconds = {rate: length / (4 if quick else 1) for rate, length in SECONDS.items()}
    traffic = Traffic(AGENTS, talk=TALK, tone=tone, registers=True)
    settings = FreeSwitchSettings(
        endpoints=traffic.endpoints(), files={"dialplan/site.xml": DIALPLAN}, extra_modules=["mod_callcenter"]
    )
    wanted = with_ccd_on_freeswitch(LabSettings(freeswitch=settings), ROOT / "dialplans/freeswitch", secret)
    async with Lab(wanted) as lab:
        switch = lab.freeswitch
        await traffic.register(("127.0.0.1", switch.ports.sip))
        bare = [BareEslClient(switch, wakes=wakes) for wakes in (False, True)]
        contest = Contest(lab, traffic, [Callcenter(switch), *bare, Ccd(lab, secret)])
        for turn in range(1 if quick else ROUNDS):
            print(f"{time.monotonic() - began:4.0f} s: {AGENTS} agents, round {turn + 1}", flush=True)
            await contest.arrivals(AGENTS, seconds)
        ghosts = await channels_left(switch)
    traffic.close()
    print(f"{time.monotonic() - began:4.0f} s: done, {len(ghosts)} channels left", *ghosts, sep="\n")
    for (name, agents, rate), measured in sorted(contest.arrived.items(), key=lambda item: item[0][1:]):
        report_load(f"{name}, {rate}/s, {agents} agents", measured)
    for rate in seconds:
        report(contest, rate)
    ours = [measured for (name, _, _), measured in contest.arrived.items() if name == "ccd"]
    return not ghosts and not any(measured.lost or measured.doubled for measured in ours)


def report(contest: Contest, rate: int) -> None:
    """Caller's INVITE to agent's INVITE and to two-way sound, against mod_callcenter and the bare clients."""
    by_side = {name: measured for (name, _, at), measured in contest.arrived.items() if at == rate}
    ccd, queue = by_side["ccd"], by_side["mod_callcenter"]
    for share in (0.5, 0.95):
        ours, theirs = percentile(ccd.offers, share), percentile(queue.offers, share)
        name = f"offer_p{share * 100:.0f}_{rate}_a_second_to_mod_callcenter"
        figure(name, ours, theirs, ours / theirs, OFFER_GOAL, unit="ms", at_least=False)
    for peer in ("bare", "bare, waking"):
        ours, theirs = median(ccd.offers), median(by_side[peer].offers)
        name = f"offer_p50_{rate}_a_second_to_{peer.replace(', ', '_')}"
        figure(name, ours, theirs, ours / theirs, BARE_GOAL, unit="ms", at_least=False)
    ours, theirs = median(ccd.talks), median(queue.talks)
    name = f"two_way_sound_p50_{rate}_a_second_to_mod_callcenter"
    figure(name, ours, theirs, ours / theirs, TALK_GOAL, unit="ms", at_least=False)
