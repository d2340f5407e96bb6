"""make bench-contacts: a million contacts into the store, and the next one out of it.

The list is made up from a seed: people of North America, Germany and Spain, written in the ways in which people write
numbers, some of them twice, some on a do-not-call list, some wrong. Each part runs in a process of its own, so that its
memory is its own. The peer of a figure is the requirement's limit; the ratio is ours to it, but for the last: choosing
from the largest list to choosing from the smallest.
"""

import argparse
import multiprocessing
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeVar

from benchmarks.report import figure
from ccd.io.calling_hours import EPOCH
from ccd.io.contact_add import AddRules, NewContact
from ccd.io.contact_import import import_contacts
from ccd.io.contact_store import ContactStore
from ccd.io.number_zone import zones_of
from ccd.model.campaign import CallingHours, ContactRules
from ccd.model.ids import CampaignId, Moment

CAMPAIGN = CampaignId("bench")
REGION = "US"
IMPORT_SECONDS, IMPORT_MEGABYTES, CHOICE_MILLISECONDS = 60.0, 300.0, 1.0
SIZES = (1_000, 100_000, 1_000_000)
GROWTH = 3.0
DAYTIME = ((8 * 60, 21 * 60),)
DAY, NIGHT = "18:30", "07:30"
"""When all zones of the list are open, and when only those of Europe are."""
Value = TypeVar("Value")
ROUNDS = {1: 400, 20: 100}
"""How often so many contacts are asked for at once."""
AREAS = tuple(str(area) for area in range(201, 990) if len(zones_of(f"+1{area}5550100")) == 1)
STATES = ("+1205", "+1251", "+1256", "+1334", "+1225", "+1318", "+1337", "+1504", "+1985", "+1228", "+1601", "+1662")
"""Of states that have hours of their own."""
NAMES = ("Ann", "Bob", "Carla", "Dora", "Emil", "Frida", "Gil", "Hanna", "Ivo", "Jana")


def number_of(random: Random) -> str:
    """A number in E.164."""
    kind = random.random()
    if kind < 0.8:
        return f"+1{random.choice(AREAS)}{random.randint(2, 9)}{random.randint(0, 999_999):06}"
    if kind < 0.9:
        return f"+49{random.choice(('30', '40', '89', '221'))}{random.randint(2_000_000, 9_999_999)}"
    return f"+34{random.choice(('91', '93', '95'))}{random.randint(2_000_000, 9_999_999)}"


def written(number: str, random: Random) -> str:
    """As somebody might write it in the United States."""
    way = random.random()
    if not number.startswith("+1"):
        return number if way < 0.5 else f"011 {number[1:3]} {number[3:]}"
    area, first, last = number[2:5], number[5:8], number[8:]
    if way < 0.4:
        return number
    return f"({area}) {first}-{last}" if way < 0.7 else f"1-{area}-{first}-{last}" if way < 0.85 else number[2:]


def lines(seed: int, rows: int) -> Iterator[str]:
    """The list's rows: one in a hundred twice, one in a thousand wrong."""
    random, last = Random(f"contacts {seed}"), number_of(Random(seed))
    yield "phone;first_name;last_name;key;priority;city;balance\n"
    for row in range(rows):
        if row % 100:
            last = number_of(random)
        text = "n/a" if row % 1_000 == 500 else written(last, random)
        name = random.choice(NAMES)
        yield f"{text};{name};Person {row};c{row};{random.choice((0, 0, 0, 5))};Springfield;{row % 9_999}.50\n"


def people(seed: int, number: int) -> Iterator[NewContact]:
    """As many contacts, none twice."""
    random, seen = Random(f"people {seed}"), set[str]()
    while len(seen) < number:
        found = number_of(random)
        if found not in seen:
            seen.add(found)
            yield NewContact((found,), priority=random.choice((0, 0, 0, 5)))


def moment(clock: str) -> Moment:
    """A Wednesday."""
    return (datetime.fromisoformat(f"2026-11-25T{clock}+00:00") - EPOCH) // EPOCH.resolution


class Imported(NamedTuple):
    """What an import took."""

    seconds: float
    megabytes: float
    added: int
    refused: int


def import_list(folder: Path, seed: int, rows: int) -> Imported:
    """A list from its file; the file was written before, by another process."""
    store = ContactStore(folder / "imported.db")
    store.block([f"+1212{n:07}" for n in range(2_000_000, 2_050_000)], "global", 0, "benchmark", "benchmark")
    rules = AddRules(("global", "acme"), STATES)
    began = time.perf_counter()
    done = import_contacts(store, CAMPAIGN, folder / f"{rows}.csv", folder / "errors.csv", REGION, rules)
    seconds = time.perf_counter() - began
    store.close()
    return Imported(seconds, peak_megabytes(), done.added, done.rows - done.added)


def write_list(folder: Path, seed: int, rows: int) -> int:
    """The file, and its size."""
    with (folder / f"{rows}.csv").open("w") as file:
        file.writelines(lines(seed, rows))
    return (folder / f"{rows}.csv").stat().st_size


def fill(folder: Path, seed: int, size: int) -> float:
    """A store with so many contacts; how long that took."""
    store = ContactStore(folder / f"{size}.db")
    began = time.perf_counter()
    store.add(CAMPAIGN, people(seed, size), AddRules(prefixes=STATES))
    store.settle()
    store.close()
    return time.perf_counter() - began


def finish(folder: Path, size: int) -> int:
    """All but one in a hundred contacts are done; how many are left."""
    db = sqlite3.connect(folder / f"{size}.db")
    with db:
        db.execute("UPDATE contacts SET state = 'done', done = 'talked' WHERE id % 100 <> 0")
    left = int(db.execute("SELECT count(*) FROM contacts WHERE state <> 'done'").fetchone()[0])
    db.close()
    return left


def choose(folder: Path, size: int, clock: str, at_once: int) -> list[float]:
    """Milliseconds a contact, sorted, of asking again and again for `at_once` of them; now and then, when nobody looks
    at the clock, those who were taken are given back.
    """
    store, now, times = ContactStore(folder / f"{size}.db"), moment(clock), []
    hours = (CallingHours("site", ("+",), (DAYTIME,) * 7), CallingHours("states", STATES, (DAYTIME,) * 6 + ((),)))
    rules = ContactRules(CAMPAIGN, hours, ("global", "acme"), 8, 3)
    store.next_contacts(rules, 1, now)
    for turn in range(ROUNDS[at_once]):
        if turn % 10 == 0:
            store.reconcile(CAMPAIGN, (), now)
        began = time.perf_counter()
        batch = store.next_contacts(rules, at_once, now)
        times.append((time.perf_counter() - began) * 1_000 / at_once)
        assert len(batch.contacts) == at_once
    store.reconcile(CAMPAIGN, (), now)
    store.close()
    return sorted(times)


def peak_megabytes() -> float:
    """The most that this process had in memory, and the largest that it began."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(resource.getrusage(who).ru_maxrss for who in whose) * 1_024 / 1e6


def alone(work: Callable[..., Value], *arguments: object) -> Value:
    """In a process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *arguments).result()


def report_choice(name: str, times: list[float]) -> float:
    """Median and p99, against the limit."""
    middle, late = times[len(times) // 2], times[len(times) * 99 // 100]
    for kind, value in (("p50", middle), ("p99", late)):
        figure(
            f"choice_{kind}_{name}",
            value,
            CHOICE_MILLISECONDS,
            value / CHOICE_MILLISECONDS,
            1.0,
            unit="ms",
            at_least=False,
        )
    return middle


def run(folder: Path, seed: int, rows: int) -> None:
    """All of it."""
    size = alone(write_list, folder, seed, rows)
    print(f"{rows} rows, {size / 1e6:.0f} MB", flush=True)
    done = alone(import_list, folder, seed, rows)
    print(f"{done.added} added, {done.refused} refused, {rows / done.seconds:,.0f} rows a second", flush=True)
    figure("import", done.seconds, IMPORT_SECONDS, done.seconds / IMPORT_SECONDS, 1.0, unit="s", at_least=False)
    memory = done.megabytes / IMPORT_MEGABYTES
    figure("import_memory", done.megabytes, IMPORT_MEGABYTES, memory, 1.0, unit="MB", at_least=False)
    middles: dict[tuple[int, int], float] = {}
    sizes = sorted({min(size, rows) for size in SIZES} | {rows})
    for size in sizes:
        print(f"{size} contacts put in, {alone(fill, folder, seed, size):.1f} s", flush=True)
        for at_once in ROUNDS:
            times = alone(choose, folder, size, DAY, at_once)
            middles[size, at_once] = report_choice(f"of_{size}_by_{at_once}", times)
    for at_once in ROUNDS:
        report_choice(f"of_{rows}_by_{at_once}_most_zones_closed", alone(choose, folder, rows, NIGHT, at_once))
    print(f"{alone(finish, folder, rows)} contacts not done", flush=True)
    for at_once in ROUNDS:
        report_choice(f"of_{rows}_by_{at_once}_most_done", alone(choose, folder, rows, DAY, at_once))
    for at_once in ROUNDS:
        ours, peer = middles[sizes[-1], at_once], middles[sizes[0], at_once]
        name = f"choice_by_{at_once}_of_{sizes[-1]}_to_of_{sizes[0]}"
        figure(name, ours, peer, ours / peer, GROWTH, unit="ms", at_least=False)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--contacts", type=int, default=SIZES[-1])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ccd-contacts-") as folder:
        run(Path(folder), asked.seed, asked.contacts)


if __name__ == "__main__":
    main()
