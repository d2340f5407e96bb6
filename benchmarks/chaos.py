"""Faults upon a centre under live calls: the daemon killed, its links, Redis, the switch, disks; nobody may be lost.

Real Asterisk (with SWITCH=freeswitch FreeSWITCH), real Redis, ccd as a process, 5 callers a second who are in the menu,
wait, talk and leave messages at every moment, everything recorded. Every caller is judged by what the phones saw and
heard, and held against ccd's records and recordings. Then the journal is replayed. Ends with 0 only if all is well.

Left out: a wall clock that is stepped, which cannot be done to one process alone. Disks that are full are small ones
in memory, mounted in a name space of this program's own (`unshare`); where that is not allowed they are left out, which
is said.
"""

import argparse
import asyncio
import json
import os
import random
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from benchmarks.centre import channels_left
from benchmarks.faults import RESTART_SEC, Faults
from benchmarks.judge import MARGIN, Column
from benchmarks.people import LIMIT, People
from benchmarks.stage import NUMBER, Stage, go_private
from benchmarks.traffic import median, percentile
from benchmarks.verdict import Finding, Verdict
from ccd.lab.process import left_over
from ccd.lab.progress import step
from ccd.lab.switch import chosen
from ccd.model.ids import SECOND as MICROSECONDS

AGENTS, RATE = 48, 5.0
KILLS, OTHERS = 50, 10
QUICK_KILLS, QUICK_OTHERS = 3, 1
WARM_UP = 12.0
BETWEEN = 4.0, 9.0
"""Seconds from one recovery to the next fault."""
CHANNELS, CHANNEL_ROUNDS = (0, 20, 50, 100), 3
SETTLING = 45.0
"""Seconds for the last records and recordings to be in their places: a new daemon looks for those after 30."""
TOLD = 6
KILL, JOURNAL_FULL = "kill -9", "journal's disk full"
ALARMS = (
    "an offer did not go to the best agent",
    "an invariant is broken",
    "the engine failed",
    "a command failed",
    "records writer died",
)
"""What the daemon logs when it finds itself in the wrong."""


@dataclass(frozen=True)
class Settings:
    """What is asked for."""

    seed: int
    kills: int
    others: int
    rate: float
    agents: int
    restart_time: float
    only: str
    channel_rounds: int


def plan(kinds: Sequence[str], settings: Settings, draw: random.Random) -> list[str]:
    """The faults in their order: at random, but a full disk of the journal comes late: what follows a gap cannot be
    replayed.
    """
    if settings.only:
        return [settings.only] * (settings.kills if settings.only == KILL else settings.others)
    others = [kind for kind in kinds if kind not in (KILL, JOURNAL_FULL) for _ in range(settings.others)]
    late = [JOURNAL_FULL] * settings.others if JOURNAL_FULL in kinds else []
    kills_late = min(len(late), settings.kills // 2)
    first, last = [*others, *[KILL] * (settings.kills - kills_late)], [*late, *[KILL] * kills_late]
    draw.shuffle(first)
    draw.shuffle(last)
    return first + last


async def run(settings: Settings) -> bool:
    """All of it; whether all is well."""
    draw = random.Random(settings.seed)
    people = People(settings.agents, settings.seed, registers=chosen() == "freeswitch")
    stage = Stage(people)
    verdict = Verdict(stage)
    async with stage:
        faults = Faults(stage, draw, settings.restart_time)
        if settings.only and settings.only not in faults.kinds:
            raise SystemExit(f"no such kind here: {settings.only}; there are {', '.join(faults.kinds)}")
        kinds = plan(list(faults.kinds), settings, draw)
        try:
            await _afflict(kinds, faults, verdict, stage, settings.rate, draw)
        except Exception as error:
            # What was seen until then is told all the same.
            verdict.add("other", "the benchmark broke", "".join(traceback.format_exception(error)))
        if settings.only in ("", KILL):
            await _count_channels(faults, verdict, stage, settings.channel_rounds)
        with step("the last records and recordings"):
            await _settle(stage)
            await verdict.finish()
            await _check_rest(stage, verdict)
        told = _read_log(stage, verdict)
        with step("the journals once more"):
            replayed = await _replay(stage, verdict)
    await people.close()
    for line in left_over(stage.lab.folder):
        verdict.add("other", "a process is left", line)
    _print(verdict, people, stage, replayed, told)
    return not verdict.findings


async def _afflict(
    kinds: Sequence[str], faults: Faults, verdict: Verdict, stage: Stage, rate: float, draw: random.Random
) -> None:
    """Callers come, and one fault after the other."""
    arrivals = asyncio.create_task(stage.people.arrive(NUMBER, stage.server, rate))
    try:
        with step(f"{len(kinds)} faults under {rate:g} calls a second") as report:
            await asyncio.sleep(WARM_UP)
            for index, kind in enumerate(kinds):
                report(index, len(kinds), f"{kind}; {len(stage.people.callers)} callers not done with")
                await _inject(kind, faults, verdict, stage)
                await asyncio.sleep(draw.uniform(*BETWEEN))
                await verdict.sift()
    finally:
        arrivals.cancel()
        await asyncio.wait([arrivals])


async def _inject(kind: str, faults: Faults, verdict: Verdict, stage: Stage, name: str = "") -> None:
    fault = await faults.inject(kind, commands=not name)
    fault.kind = name or kind
    verdict.faults.append(fault)
    if fault.ready is None:
        verdict.add("other", "not well again after a minute", fault.note, fault.kind)
    if (code := stage.centre.process.returncode) is not None:
        verdict.add("other", f"ccd ended by itself with {code}", fault.note, fault.kind)
        await stage.centre.start()
    for number, since in fault.places.items():
        if since != fault.waited[number]:
            late = (since - fault.waited[number]) / MICROSECONDS
            verdict.add("other", "an old place lost", f"{number} {late:.1f} s", fault.kind)
    if out := await stage.log_in():
        verdict.add("other", f"{len(out)} agents logged out", fault.note, fault.kind)


async def _count_channels(faults: Faults, verdict: Verdict, stage: Stage, rounds: int) -> None:
    """Kills with so many calls on the line and none coming: how recovery grows."""
    with step("kills with 0 to 100 calls") as report:
        for index, calls in enumerate(CHANNELS * rounds):
            await stage.people.over(LIMIT if index == 0 else WARM_UP)
            for _ in range(calls):
                stage.people.place(NUMBER, stage.server, wish="sales", talk=LIMIT)
                await asyncio.sleep(0.05)
            await asyncio.sleep(8 if calls else 1)
            report(index, len(CHANNELS) * rounds, f"{calls} calls")
            await _inject(KILL, faults, verdict, stage, f"kill at {calls} calls")
            await asyncio.sleep(2)
            stage.people.hang_up_all()
            await asyncio.sleep(4)


async def _settle(stage: Stage) -> None:
    """Until the last caller is gone, and what was recorded of him is in its place."""
    await stage.people.over(LIMIT)
    until = time.monotonic() + SETTLING
    incoming = stage.centre.recordings / "incoming"
    while time.monotonic() < until:
        await asyncio.sleep(1.0)
        parts = {part.name: part for part in (await stage.view()).health.parts}
        if not any(incoming.iterdir()) and parts["redis"].ok and not parts["redis"].detail:
            return


async def _check_rest(stage: Stage, verdict: Verdict) -> None:
    """Nothing may be left of the calls."""
    for line in await channels_left(stage.switch):
        verdict.add("other", "a ghost channel", line)
    view = await stage.view()
    for call in view.calls:
        verdict.add("other", "a call that never ended", f"{call.ani} {call.phase}")
    for agent in view.agents:
        if agent.state != "ready":
            verdict.add("other", "an agent not ready again", f"{agent.id} {agent.state} {agent.reason}")
    for file in (stage.centre.recordings / "incoming").iterdir():
        verdict.add("recording", "a recording that was not filed", file.name)
    for number, told in stage.people.doubled:
        verdict.add("doubled", "an agent with two calls at once", f"{number}: {told}")
    if stage.people.unknown:
        verdict.add("other", "offers of no call", str(stage.people.unknown))


def _read_log(stage: Stage, verdict: Verdict) -> Counter[str]:
    """What the daemons logged as warnings and errors; its alarms are findings."""
    told: Counter[str] = Counter()
    for line in stage.centre.log.read_text(errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            told[f"no JSON: {line[:60]}"] += 1
            continue
        if entry.get("level") not in ("info", "debug"):
            told[f"{entry['level']}: {entry.get('event', '')}"] += 1
        if entry.get("event") == "begins anew":
            told[f"info: begins anew, {entry.get('reason', '')[:60]}"] += 1
        if entry.get("event") in ALARMS:
            verdict.add("other", f"ccd says: {entry['event']}: {entry.get('rule', '')}", line[:400])
    return told


async def _replay(stage: Stage, verdict: Verdict) -> list[str]:
    """`ccd replay` over each journal there was. What follows a gap is not compared, which it says."""
    said = []
    for journal in (*stage.journals, stage.journal):
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ccd", "replay", "--journal", str(journal)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "COLUMNS": "200"},
        )
        output, _ = await child.communicate()
        lines = output.decode(errors="replace").splitlines()
        said += lines
        differs = [line for line in lines if "differs at" in line]
        if child.returncode and not differs:
            verdict.add("other", "ccd replay failed", "; ".join(lines[-3:]))
        for line in differs:
            verdict.add("other", "a replay differs", line)
        for line in lines:
            if "cannot be replayed" in line:
                verdict.add("other", "a run cannot be replayed", line)
    return said


def _print(verdict: Verdict, people: People, stage: Stage, replayed: Sequence[str], told: Counter[str]) -> None:
    _print_table(verdict)
    places = [since == fault.waited[number] for fault in verdict.faults for number, since in fault.places.items()]
    print(f"callers who rang again after the switch died, with their old place: {sum(places)} of {len(places)} seen")
    became = ", ".join(f"{count} {name}" for name, count in verdict.outcomes.most_common())
    print(f"callers: {people.arrived}; {became}")
    print(f"agents who answered and heard nobody: {verdict.empty_answers}")
    print(f"recordings not asked for, as their disk was full: {verdict.excused_recordings}")
    print(f"messages spoken without a tone, as the daemon was frozen or cut off: {verdict.without_tone}")
    print(f"sound the phones left out: at most {verdict.unsaid:.2f} s a call; margin of a recording {MARGIN} s besides")
    if not stage.disks:
        print("LEFT OUT: full disks (no private mounts here)")
    print("LEFT OUT: the wall clock stepped")
    print("what ccd logged:")
    for event, count in told.most_common(20):
        print(f"  {count:5}  {event}")
    print("replay:")
    for line in replayed:
        print(f"  {line}")
    for kind, findings in _grouped(verdict.findings):
        print(f"FOUND {len(findings):4}  {kind}")
        for finding in findings[:TOLD]:
            print(f"    {finding.kind or 'no fault near'}: {finding.what}: {finding.story}")
    print("chaos: everything is as it should be" if not verdict.findings else "chaos: faults found")


def _print_table(verdict: Verdict) -> None:
    """By kind of fault: how often, how long until all was well and until the next command, what went wrong near it."""
    columns: Sequence[Column] = get_args(Column)
    kinds = list(dict.fromkeys(fault.kind for fault in verdict.faults))
    print(f"\n{'':24} {'':>5} {'until well, s':^22} {'until a command, s':^22} found")
    timed = f"{'median':>6} {'p99':>7} {'worst':>7}"
    print(f"{'fault':24} {'times':>5} {timed} {timed} {' '.join(f'{name:>9}' for name in columns)}")
    for kind in [*kinds, ""]:
        these = [fault for fault in verdict.faults if fault.kind == kind]
        found = Counter(finding.column for finding in verdict.findings if finding.kind == kind)
        counts = " ".join(f"{found[name]:9}" for name in columns)
        ready = _spread([fault.ready for fault in these])
        commanded = _spread([fault.commanded for fault in these])
        print(f"{kind or 'no fault near':24} {len(these) or '':>5} {ready} {commanded} {counts}")
    print("until well: from the kill, else from the end of the cause, to /readyz 200, the link up, Redis written to")


def _spread(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return f"{'-':>6} {'-':>7} {'-':>7}"
    worst = f"{max(known):7.2f}" if len(known) == len(values) else f"{'never':>7}"
    return f"{median(known):6.2f} {percentile(known, 0.99):7.2f} {worst}"


def _grouped(findings: Sequence[Finding]) -> list[tuple[str, list[Finding]]]:
    """By what is wrong, figures apart; the most frequent first."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        what = re.sub(r"[0-9]+([.][0-9]+)?", "#", finding.what)
        groups.setdefault(f"{finding.column}: {what}", []).append(finding)
    return sorted(groups.items(), key=lambda group: -len(group[1]))


def settings_of(arguments: Sequence[str] | None = None) -> Settings:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="chooses the order of faults, and what people do")
    parser.add_argument("--kills", type=int, help=f"how often kill -9, instead of {KILLS}")
    parser.add_argument("--others", type=int, help=f"how often each other kind, instead of {OTHERS}")
    parser.add_argument("--rate", type=float, default=RATE, help=f"calls a second, instead of {RATE:g}")
    parser.add_argument("--agents", type=int, default=AGENTS, help=f"instead of {AGENTS}")
    parser.add_argument("--restart-time", type=float, default=RESTART_SEC, help="s until a killed daemon is started")
    parser.add_argument("--only", default="", help="one kind of fault alone")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_KILLS} kills, {QUICK_OTHERS} of each other kind")
    asked = parser.parse_args(arguments)
    return Settings(
        asked.seed,
        asked.kills if asked.kills is not None else QUICK_KILLS if asked.quick else KILLS,
        asked.others if asked.others is not None else QUICK_OTHERS if asked.quick else OTHERS,
        asked.rate,
        asked.agents,
        asked.restart_time,
        asked.only,
        1 if asked.quick else CHANNEL_ROUNDS,
    )


async def _main() -> bool:
    await go_private("benchmarks.chaos")
    return await run(settings_of())


def main() -> None:
    if not asyncio.run(_main()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
