"""600 calls at 5 a second, 15 s of talk each: menu, queue, bridge, recorded; every one is looked into afterwards.

Each caller and each agent says a tone of his own, so that a caller with the wrong agent, a recording of another call,
or one with its sides exchanged is found. Ends with 0 only if there is nothing to find fault with.
"""

import argparse
import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.centre import ACCOUNT, DIALPLANS, Centre, channels_left
from benchmarks.traffic import FIRST_AGENT, FIRST_CALLER, Call, Traffic, median, overlapping, percentile
from ccd.lab import tones
from ccd.lab.asterisk_config import AsteriskSettings
from ccd.lab.lab import Lab, LabSettings
from ccd.lab.progress import step
from ccd.lab.sip_message import address_uri, user

CALLS, RATE, TALK = 600, 5.0, 15.0
AGENTS = 90
WARM_UP, WARM_UP_RATE, WARM_UP_TALK = 300, 20.0, 4.0
NUMBER = "4930901820"
KEY = "1"
KEY_AFTER = 0.4
"""Seconds from the answer until the caller presses the key, in the middle of the prompt."""
WINDOW = 0.1
FIRST_TONE, TONE_STEP, CALLER_TONES = 400, 10, 150
"""Callers say 400 to 1,890 Hz, agents from 1,900 on, 10 Hz from one to the next: a window of .1 s tells them apart."""
LENGTH_TOLERANCE = 0.3
TONE_SHARE = 0.95
LEAST_SHARE = 0.5
"""However starved the phones were: less of its tone and a recording is another call's."""
BROKEN = 10
"""A frame that the phones could not send in time breaks the tone in the windows around it: so many frames."""
SETTLING = 3.0
MEMORY_SHARE, MEMORY_SLACK = 0.15, 8e6
"""How much more may be resident after the load than after the warm-up, which had as many calls at once and as many that
SIP still remembers, for half a minute after their end."""
MEGABYTE = 1e6


def tone(number: str) -> int:
    """By the number of caller or agent."""
    if len(number) > len(str(FIRST_AGENT)):
        return FIRST_TONE + TONE_STEP * ((int(number) - FIRST_CALLER) % CALLER_TONES)
    return FIRST_TONE + TONE_STEP * (CALLER_TONES + int(number) - FIRST_AGENT)


@dataclass
class Findings:
    """What is wrong, by kind, each with the number of the call; and what is worth a line of the table."""

    faults: dict[str, list[str]] = field(default_factory=dict)
    figures: dict[str, str] = field(default_factory=dict)

    def fault(self, kind: str, which: str) -> None:
        self.faults.setdefault(kind, []).append(which)

    def check(self, fine: bool, kind: str, which: str) -> bool:
        if not fine:
            self.fault(kind, which)
        return fine

    def print(self) -> None:
        for name, value in self.figures.items():
            print(f"{name:34} {value}")
        for kind, which in self.faults.items():
            print(f"FAULT {kind:28} {len(which):4}  {', '.join(which[:5])}{' …' if len(which) > 5 else ''}")
        print("load: everything is as it should be" if not self.faults else "load: faults found")


def configuration(agents: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """A menu, a queue, everything recorded."""
    return {
        "agents": {
            f"a{number}": {
                "name": f"Agent {number}",
                "number": number,
                "endpoint": f"PJSIP/{number}",
                "skills": {"sales": 1},
            }
            for number in agents
        },
        "queues": {"sales": {"requires": {"sales": 1}, "recording": {"mode": "always"}}},
        "numbers": {NUMBER: "load"},
        "flows": {
            "load": {
                "steps": {
                    "choose": {"menu": {"prompt": {"sound": "demo-thanks"}, "keys": {KEY: "wait"}, "otherwise": "end"}},
                    "wait": {"queue": {"queue": "sales"}},
                    "end": {"hangup": {}},
                }
            }
        },
    }


def press_when_answered(call: Call) -> None:
    """Choose in the menu, as soon as it speaks."""
    loop = asyncio.get_running_loop()

    def press() -> None:
        if not call.placed.is_over:
            call.placed.press(KEY)

    call.placed.answered.add_done_callback(lambda answered: loop.call_later(KEY_AFTER, press))


async def drive(traffic: Traffic, server: tuple[str, int], total: int, rate: float, what: str) -> list[Call]:
    """Place the calls and wait until they are over."""
    calls: list[Call] = []
    with step(what) as report:
        placing = asyncio.create_task(traffic.place(NUMBER, server, total, rate, calls, press_when_answered))
        limit = time.monotonic() + total / rate + 4 * traffic.talk + 10
        while time.monotonic() < limit and not (placing.done() and all(call.placed.is_over for call in calls)):
            await asyncio.sleep(0.5)
            over = sum(1 for call in calls if call.placed.is_over)
            talking = sum(1 for call in calls if call.offers and not call.offers[-1].is_over)
            report(over, total, f"over, {talking} talking, {len(calls) - over - talking} in menu or queue")
        await placing
    await traffic.over(calls, 0.1)
    return calls


def check_talk(call: Call, unsaid: float, findings: Findings) -> None:
    """What caller and phone saw and heard."""
    number = caller_of(call)
    if not findings.check(bool(call.offers), "lost: no agent's phone rang", number):
        return
    findings.check(len(call.offers) == 1, "offered twice", number)
    agent = call.offers[0]
    for who, said_by, stream in (
        ("the caller", agent.tone, call.placed.stream),
        ("the agent", call.placed.tone, agent.stream),
    ):
        heard = stream.heard(said_by, window=WINDOW).seconds if stream else 0.0
        least = max(TONE_SHARE * (TALK - 1) - unsaid * BROKEN, LEAST_SHARE * TALK)
        findings.check(heard > least, f"{who} hardly heard the other", f"{number} {heard:.2f} s")


def check_record(call: Call, record: Any, unsaid: float, folder: Centre, findings: Findings) -> None:
    """What ccd says of the call, and the sound of its recording."""
    number = caller_of(call)
    way = [(entry["verb"], entry.get("result")) for entry in record.get("way", ())]
    # A caller who leaves ends the step he is in, without a result.
    last = None if record.get("ended_by") == "caller" else "answered"
    findings.check(way == [("menu", f"key {KEY}"), ("queue", last)], "another way through the flow", number)
    visits = [visit.get("outcome") for visit in record.get("visits", ())]
    findings.check(visits == ["answered"], "not one queue visit, answered", number)
    offers = record.get("offers", ())
    if findings.check(len(offers) == 1, "record: not exactly one offer", number):
        findings.check(offers[0]["agent"] == f"a{call.offers[0].number}", "record: another agent", number)
    findings.check(len(record.get("talks", ())) == 1, "record: not exactly one talk", number)
    recordings = record.get("recordings", ())
    if not findings.check(len(recordings) == 1 and bool(recordings[0].get("path")), "no recording", number):
        return
    sound = tones.read(folder.recordings / recordings[0]["path"])
    if not findings.check(len(sound.channels) == 2, "a recording of one channel", number):
        return
    talked = record["talk_time"] / 1e6
    lengths = f"{number} {sound.seconds:.2f} of {talked:.2f} s"
    findings.check(abs(sound.seconds - talked) <= LENGTH_TOLERANCE + unsaid, "a recording of another length", lengths)
    for side, said, channel in (
        ("left", call.placed.tone, sound.channels[0]),
        ("right", call.offers[0].tone, sound.channels[1]),
    ):
        heard = tones.heard(channel, sound.rate, said, window=WINDOW).seconds
        lengths = f"{number} {heard:.2f} of {talked:.2f} s"
        least = max(TONE_SHARE * (talked - 0.5) - unsaid * BROKEN, LEAST_SHARE * talked)
        findings.check(heard >= least, f"recording: little of the {side} tone", lengths)


def caller_of(call: Call) -> str:
    """The number it showed."""
    return user(address_uri(call.placed.header("From")))


def records_of(calls: Sequence[Call], records: Sequence[Any], findings: Findings) -> Iterator[tuple[Call, Any]]:
    """Each call with its one record."""
    by_number: dict[str, list[Any]] = {}
    for record in records:
        by_number.setdefault(record.get("ani", ""), []).append(record)
    for call in calls:
        found = by_number.get(caller_of(call), [])
        if findings.check(len(found) == 1, "not exactly one record", caller_of(call)):
            yield call, found[0]


class Memory:
    """What daemon and Asterisk keep resident, bytes."""

    def __init__(self, lab: Lab, centre: Centre) -> None:
        self._processes = {"ccd": centre.process, "Asterisk": lab.asterisk.process}

    def now(self) -> dict[str, int]:
        return {name: process.resident_bytes() for name, process in self._processes.items()}


def check_memory(before: Mapping[str, int], after: Mapping[str, int], findings: Findings) -> None:
    for name in before:
        limit = before[name] * (1 + MEMORY_SHARE) + MEMORY_SLACK
        figures = [f"{size / MEGABYTE:.1f}" for size in (before[name], after[name], limit)]
        findings.figures[f"memory of {name}, MB"] = "{} after the warm-up, {} at the end (at most {})".format(*figures)
        findings.check(after[name] <= limit, "memory not back where it was", name)


async def check_rest(lab: Lab, centre: Centre, findings: Findings) -> None:
    """Nothing may be left of the calls."""
    channels = await channels_left(lab.asterisk)
    findings.figures["channels left"] = str(len(channels))
    for line in channels:
        findings.fault("ghost channels", line)
    running = await centre.calls()
    findings.check(not running, "calls that never ended", str(len(running)))
    states = Counter(agent["state"] for agent in (await centre.get("/v1/agents"))["agents"])
    findings.check(set(states) == {"ready"}, "agents not ready again", str(dict(states)))
    incoming = list((centre.recordings / "incoming").iterdir())
    findings.check(not incoming, "recordings not filed", str(len(incoming)))


async def run(total: int) -> Findings:
    """The whole load."""
    findings, secret = Findings(), secrets.token_hex(16)
    traffic = Traffic(AGENTS, talk=WARM_UP_TALK, tone=tone, callers_leave=True)
    settings = AsteriskSettings(
        endpoints=traffic.endpoints(),
        dialplan=[DIALPLANS / "ccd.conf", DIALPLANS / "ccd-site.conf"],
        managers=[DIALPLANS / "manager.conf"],
        manager_secrets={ACCOUNT: secret},
        agent_context="ccd-from-agent",
        qualify_seconds=0,
    )
    async with Lab(LabSettings(asterisk=settings)) as lab:
        server = ("127.0.0.1", lab.asterisk.ports.sip)
        centre = Centre(lab.folder / "ccd", lab.asterisk, lab.redis, secret, **configuration(traffic.numbers))
        with step("ccd and its agents"):
            await centre.start()
        try:
            memory = Memory(lab, centre)
            warm_up = await drive(traffic, server, WARM_UP, WARM_UP_RATE, "warm-up")
            findings.check(all(call.offers for call in warm_up), "lost in the warm-up", "")
            traffic.forget()
            await asyncio.sleep(SETTLING)
            before, began = memory.now(), time.monotonic()
            cpu = lab.asterisk.process.cpu_seconds(), centre.process.cpu_seconds(), time.process_time()
            traffic.talk = TALK
            calls = await drive(traffic, server, total, RATE, f"{total} calls")
            length = time.monotonic() - began
            used = lab.asterisk.process.cpu_seconds(), centre.process.cpu_seconds(), time.process_time()
            shares = [100 * (after - start) / length for start, after in zip(cpu, used, strict=True)]
            await asyncio.sleep(SETTLING)
            after = memory.now()
            unsaid = {call.placed.call_id: traffic.unsaid(call) if call.offers else 0.0 for call in calls}
            findings.figures["sound the phones left out, s a call"] = f"at most {max(unsaid.values()):.2f}"
            with step("looking into every call"):
                for call in calls:
                    check_talk(call, unsaid[call.placed.call_id], findings)
                for call, record in records_of(calls, await centre.past_calls(), findings):
                    check_record(call, record, unsaid[call.placed.call_id], centre, findings)
            findings.check(not traffic.unknown, "offers of no call of ours", str(traffic.unknown))
            for number in overlapping(calls):
                findings.fault("two calls at one agent", number)
            check_memory(before, after, findings)
            await check_rest(lab, centre, findings)
        finally:
            await centre.stop()
    traffic.close()
    summarise(calls, shares, findings)
    return findings


def summarise(calls: Sequence[Call], shares: Sequence[float], findings: Findings) -> None:
    answered = [call for call in calls if call.offers and call.offers[0].was_answered]
    offers = [call.offer_time for call in answered]
    findings.figures["calls placed, answered by an agent"] = f"{len(calls)}, {len(answered)}"
    findings.figures["call to offer, menu included, s"] = (
        f"p50 {median(offers) / 1_000:.2f}, p99 {percentile(offers, 0.99) / 1_000:.2f}"
    )
    findings.figures["CPU, % of a core"] = "Asterisk {:.0f}, ccd {:.0f}, phones {:.0f}".format(*shares)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS, help=f"instead of {CALLS}")
    findings = asyncio.run(run(parser.parse_args().calls))
    findings.print()
    if findings.faults:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
