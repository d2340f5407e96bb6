"""A whole campaign on a real switch: contacts who answer, are busy, ring out, refuse; agents' phones; daemons killed.

Everything is judged by three that know nothing of each other: the people who were rung, the daemon's journal, and the
compliance log. Ends with 0 only if nobody was dialled twice or left out, every outcome is as it was, the abandon share
held, and the occupancy is what the same campaign has on virtual time.
"""

import argparse
import asyncio
import csv
import json
import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self

from benchmarks.campaign_model import FIRST_NUMBER, PICK_UP, Case, Counting, Course, middle, seconds, simulated_often
from benchmarks.campaign_people import Parties, Party
from benchmarks.centre import DIALPLANS, ROOT
from ccd.config.load import load
from ccd.core.configuration import Configuration
from ccd.daemon.journal import Entry, read, segments
from ccd.lab.asterisk_config import AsteriskSettings
from ccd.lab.centre import Centre, with_ccd, with_ccd_on_freeswitch
from ccd.lab.freeswitch_config import FreeSwitchSettings
from ccd.lab.lab import Lab, LabSettings
from ccd.lab.process import LabError
from ccd.lab.progress import Report, step
from ccd.lab.switch import TECHNOLOGY, TRUNK, Kind, chosen
from ccd.model.campaign import AttemptOutcome
from ccd.model.fact import AnyFact, AttemptAbandoned, AttemptAnswered, AttemptBegan, AttemptConnected, AttemptEnded
from ccd.model.ids import Moment
from ccd.simulation.campaign import People
from ccd.simulation.distribution import exponential, fixed, lognormal

LIMIT = 1_500.0
CAMPAIGN, QUEUE = "spring", "sales"
AGENTS, CONTACTS, KILLS = 20, 1_000, 5
TARGET = 0.03
RUNS = 200
PEOPLE = People(
    answer_rate=0.35,
    busy_rate=0.12,
    refuse_rate=0.05,
    unknown_rate=0.04,
    congestion_rate=0.02,
    answer_time=lognormal(6, 0.4),
    busy_time=fixed(0.8),
    talk_time=lognormal(25, 0.6),
    machine_rate=0.1,
    machine_time=fixed(3),
    patience=exponential(12),
    opt_out_rate=0.0,
)
OUTCOMES: dict[str, AttemptOutcome] = {
    "busy": "busy",
    "refuses": "refused",
    "unknown": "unreachable",
    "congested": "congested",
    "rings out": "no_answer",
}


def settings(numbers: Sequence[str], kind: Kind) -> dict[str, Any]:
    """The site."""
    return {
        "site": {"name": "campaign", "region": "DE", "time_zone": "Europe/Berlin"},
        "dial_policy": {
            "rules": [
                {
                    "name": "mobiles",
                    "pattern": "+4915*",
                    "roles": ["dialler"],
                    "trunk": TRUNK[kind],
                    "outbound_cli": "+493012345",
                }
            ]
        },
        "calling_hours": {"always": {"numbers": ["+49*"], "hours": {"monday-sunday": "00:00-24:00"}}},
        "queues": {
            QUEUE: {
                "requires": {"sales": 1},
                "auto_answer": True,
                "ring_time": "5s",
                "wrap_up_time": "3s",
                "recording": {"mode": "always"},
            }
        },
        "campaigns": {
            CAMPAIGN: {
                "queue": QUEUE,
                "pacing": {"algorithm": "predictive"},
                "abandon": {"target": TARGET, "spare": 1},
                "message": {"sound": "vm-nobodyavail"},
                "ring_time": "20s",
                "attempts": {"all": 1, "a_day": 1},
                "calling_hours": ["always"],
            }
        },
        "agents": {
            f"a{number}": {
                "name": f"Agent {number}",
                "number": number,
                "endpoint": TECHNOLOGY[kind] + number,
                "skills": {"sales": 1},
            }
            for number in numbers
        },
    }


class Stage:
    """The lab with a daemon, its agents logged in, and the people outside."""

    def __init__(self, agents: int, seed: int) -> None:
        kind, secret = chosen(), secrets.token_hex(16)
        self.parties = Parties(agents, PEOPLE, seed, PICK_UP, registers=kind == "freeswitch")
        endpoints = self.parties.endpoints()
        if kind == "freeswitch":
            plain = LabSettings(freeswitch=FreeSwitchSettings(endpoints=endpoints))
            made = with_ccd_on_freeswitch(plain, ROOT / "dialplans/freeswitch", secret)
        else:
            plain = LabSettings(asterisk=AsteriskSettings(endpoints=endpoints, qualify_seconds=0))
            made = with_ccd(plain, DIALPLANS, secret)
        self.lab = Lab(made)
        self.settings = settings(self.parties.numbers, kind)
        self.centre = Centre(self.lab, secret, self.settings, {})

    async def __aenter__(self) -> Self:
        try:
            await self.lab.__aenter__()
            ports = self.lab.switch.ports
            await self.parties.begin(ports.trunk, ("127.0.0.1", ports.sip))
            await self.centre.start()
            await self.log_in()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End everything that was started."""
        await self.centre.stop_if_running()
        await self.parties.close()
        await self.lab.close()

    async def log_in(self) -> None:
        """Every agent at his phone."""
        for name, agent in self.settings["agents"].items():
            await self.centre.post(f"/v1/agents/{name}/login", {"endpoint": agent["endpoint"]})

    def facts(self) -> Iterator[tuple[Moment, AnyFact]]:
        """All that the journal says."""
        for segment in segments(self.centre.folder / "journal"):
            for frame in read(segment):
                if isinstance(frame, Entry):
                    for fact in frame.facts:
                        yield frame.at, fact


# --- the campaign


def write_list(stage: Stage, contacts: int) -> Path:
    """The contacts, as a spreadsheet saves them."""
    path = stage.lab.folder / "contacts.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Number", "Name", "Customer"])
        for n in range(contacts):
            number = f"+49{FIRST_NUMBER + n}"
            stage.parties.add(number)
            writer.writerow([f"0{FIRST_NUMBER + n}", f"Person {n}", f"K{n:05d}"])
    return path


async def dialled(stage: Stage, contacts: int, kills: Sequence[float], report: Report) -> list[float]:
    """Until every contact is done with; the daemon is killed when so many shares of them were dialled. The seconds that
    each of the daemons took to be ready again.
    """
    recoveries: list[float] = []
    due, first = list(kills), 0.0
    limit = time.monotonic() + LIMIT
    while time.monotonic() < limit:
        await asyncio.sleep(0.5)
        begun, talking = stage.parties.counts()
        first = first or (time.monotonic() if begun else 0.0)
        report(begun, contacts, f"{talking} talk")
        if due and begun >= due[0] * contacts:
            due.pop(0)
            print(f"killed        at {time.monotonic() - first:.1f} s")
            await stage.centre.kill()
            began = time.monotonic()
            await stage.centre.start()
            recoveries.append(time.monotonic() - began)
            continue
        view = await stage.centre.get(f"/v1/campaigns/{CAMPAIGN}")
        if view["cap"]["is_stopped"]:
            await stage.centre.post(f"/v1/campaigns/{CAMPAIGN}/resume")
        if begun and is_over(view) and stage.parties.are_gone():
            return recoveries
    raise LabError(f"the campaign was not over after {LIMIT:.0f} s")


def is_over(view: Any) -> bool:
    """Whether nobody is left to be dialled, and no line is open."""
    contacts = view["contacts"]
    return not any(contacts[state] for state in ("waiting", "taken", "dialling")) and not view["ringing"]


# --- what came of it


class Findings:
    """What is wrong, by kind."""

    def __init__(self) -> None:
        self.faults: dict[str, list[str]] = {}

    def check(self, fine: bool, kind: str, which: str) -> None:
        """Note it."""
        if not fine:
            self.faults.setdefault(kind, []).append(which)

    def print(self) -> bool:
        """Whether there are none."""
        for kind, which in self.faults.items():
            print(f"FAULT {kind}: {len(which)}: {', '.join(which[:5])}{' …' if len(which) > 5 else ''}")
        return not self.faults


def print_abandoned(stage: Stage) -> None:
    """Each of them: who, when, how long he had waited and what became of him."""
    answered: dict[str, Moment] = {}
    number_of: dict[str, str] = {}
    abandoned: dict[str, str] = {}
    began: Moment = 0
    for at, fact in stage.facts():
        if isinstance(fact, AttemptBegan):
            began = began or at
            number_of[fact.call] = fact.number
        elif isinstance(fact, AttemptAnswered):
            answered[fact.call] = at
        elif isinstance(fact, AttemptAbandoned):
            waited = seconds(at - answered.get(fact.call, at))
            abandoned[fact.call] = (
                f"{number_of[fact.call]} at {seconds(at - began):.1f} s, {waited:.2f} s after the answer"
            )
        elif isinstance(fact, AttemptEnded) and fact.call in abandoned:
            print(f"abandoned     {abandoned[fact.call]}: {fact.outcome}")


def judge(stage: Stage, kills: int) -> tuple[Findings, Course, Counter[str]]:
    """The people's word against the journal's."""
    findings, counting = Findings(), Counting(len(stage.parties.numbers))
    began: dict[str, list[AttemptBegan]] = {}
    ended: dict[str, AttemptEnded] = {}
    number_of: dict[str, str] = {}
    connected: set[str] = set()
    outcomes: Counter[str] = Counter()
    for at, fact in stage.facts():
        counting.apply(fact, at)
        if isinstance(fact, AttemptBegan):
            began.setdefault(fact.number, []).append(fact)
            number_of[fact.call] = fact.number
        elif isinstance(fact, AttemptConnected):
            connected.add(number_of[fact.call])
        elif isinstance(fact, AttemptEnded):
            ended[number_of[fact.call]] = fact
            outcomes[fact.outcome] += 1
    lost = 0
    for number, party in stage.parties.by_number.items():
        attempts, end = began.get(number, []), ended.get(number)
        findings.check(len(attempts) == 1, "attempts in the journal", f"{number}: {len(attempts)}")
        findings.check(len(party.calls) <= 1, "dialled more than once", number)
        if not party.calls:  # the daemon died between the journal and the dial
            lost += 1
        findings.check(end is not None, "an attempt without an end", number)
        if end is not None and end.outcome != "lost":
            findings.check(*is_as_it_was(party, end.outcome))
        elif end is not None:
            outcomes["lost in a kill"] += 1
        findings.check(number not in connected or party.has_talked, "connected, and nobody was", number)
    findings.check(lost <= 3 * kills, "not dialled at all", str(lost))
    for what, which in (
        ("dialled and not in the list", stage.parties.strangers),
        ("two calls at one phone", stage.parties.doubled),
    ):
        for number in which:
            findings.check(False, what, number)
    findings.check(not stage.parties.not_told, "phones not told to answer", str(stage.parties.not_told))
    return findings, counting.course(), outcomes


def is_as_it_was(party: Party, outcome: AttemptOutcome) -> tuple[bool, str, str]:
    """Whether the outcome is what the person would say."""
    if party.fate == "answers":
        was_answered = any(call.was_answered for call in party.calls)
        wanted = ("talked",) if party.has_talked else ("abandoned", "hung_up") if was_answered else ("cancelled",)
    else:
        wanted = (OUTCOMES[party.fate], "cancelled") if party.fate == "rings out" else (OUTCOMES[party.fate],)
    return outcome in wanted, f"{outcome} where it was {party.fate}", party.number


def judge_log(stage: Stage, findings: Findings) -> int:
    """Every dial has its lines in the compliance log, and the chain is whole. How many lines there are."""
    lines = [
        line for path in sorted((stage.centre.folder / "state/compliance").rglob("*.jsonl")) for line in logged(path)
    ]
    calls = Counter((line["call"], line["kind"]) for line in lines if "call" in line)
    for _, fact in stage.facts():
        if isinstance(fact, AttemptBegan | AttemptEnded):
            kind = "began" if isinstance(fact, AttemptBegan) else "ended"
            findings.check(calls[fact.call, kind] == 1, f"lines `{kind}` in the compliance log", fact.call)
    return len(lines)


def logged(path: Path) -> list[dict[str, Any]]:
    """The lines of one file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


async def run(agents: int, contacts: int, kills: int, seed: int, runs: int) -> bool:
    """All of it."""
    random = Random(f"{seed}/kills")
    shares = sorted(random.uniform(0.1, 0.9) for _ in range(kills))
    async with Stage(agents, seed) as stage:
        await imported(stage, write_list(stage, contacts))
        with step(f"{contacts} contacts, {agents} agents, {kills} kills, {chosen()}") as report:
            await stage.centre.post(f"/v1/campaigns/{CAMPAIGN}/start")
            recoveries = await dialled(stage, contacts, shares, report)
        await stage.centre.stop()
        configuration = load(stage.centre.folder, 0, lambda text, language: "speech").configuration
        findings, course, outcomes = judge(stage, kills)
        lines = judge_log(stage, findings)
        print_abandoned(stage)
    print(f"outcomes      {', '.join(f'{count} {name}' for name, count in outcomes.most_common())}")
    print(f"recoveries    {', '.join(f'{one:.1f} s' for one in recoveries)}")
    print(f"compliance    {lines} lines")
    findings.check(course.abandoned <= TARGET * course.live, "abandon share", f"{course.abandoned} of {course.live}")
    print(f"abandoned     {course.abandoned} of {course.live} live answers; {course.most:.4f} at most at any instant")
    with step(f"the same on virtual time, {runs} times"):
        low, high = middle(
            one.occupancy for one in simulated_often(cases(configuration, contacts, kills, course, seed, runs))
        )
    print(f"occupancy     {course.occupancy:.4f} in {seconds(course.length):.0f} s; simulated {low:.4f} to {high:.4f}")
    findings.check(low <= course.occupancy <= high, "occupancy", f"{course.occupancy:.4f}")
    return findings.print()


def cases(configuration: Configuration, contacts: int, kills: int, course: Course, seed: int, runs: int) -> list[Case]:
    """The configuration that the daemon had, as many kills in the same time."""
    every = course.length // kills if kills else 0
    return [Case(configuration, contacts, PEOPLE, every, seed * 10_000 + n) for n in range(runs)]


async def imported(stage: Stage, path: Path) -> None:
    """By the command that an admin types. Raises LabError."""
    environment = {**os.environ, "CCD_URL": stage.centre.url, "CCD_TOKEN": stage.centre.token}
    words = (sys.executable, "-m", "ccd", "campaign", "import", CAMPAIGN, str(path))
    child = await asyncio.create_subprocess_exec(*words, env=environment)
    if await child.wait():
        raise LabError("the import failed")


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=AGENTS)
    parser.add_argument("--contacts", type=int, default=CONTACTS)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seed", type=int, default=1)
    chosen_by = parser.parse_args()
    fine = asyncio.run(run(chosen_by.agents, chosen_by.contacts, chosen_by.kills, chosen_by.seed, chosen_by.runs))
    print("campaign: everything is as it should be" if fine else "campaign: faults found")
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
