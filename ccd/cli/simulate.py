"""`ccd simulate`: a day of the site's own configuration on virtual time, and what would be if."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import track

from ccd.cli.failure import Failure
from ccd.cli.load_profile import default_profile, read_profile
from ccd.cli.screen import console, print_json, table
from ccd.config.kind import duration
from ccd.config.load import Loaded, load
from ccd.config.problem import ConfigurationErrors
from ccd.core.configuration import Configuration
from ccd.model.ids import SECOND, Moment, QueueId
from ccd.simulation.outlook import Estimate, Outlook, gain, outlook
from ccd.simulation.profile import Profile
from ccd.simulation.what_if import WhatIfError, with_more_agents, with_setting
from ccd.simulation.world import Run, SimulationError, World

BARS = " ▁▂▃▄▅▆▇█"
HOURS_OF_DAY = 24
HEADS = (
    *("queue", "", "calls>", "answered>", "service level>", "abandoned>"),
    *("wait>", "90 % within>", "longest>", "other ends>"),
)


def simulate(
    config: Annotated[Path, typer.Option("--config", help="ccd.yaml, or the folder it is in.")] = Path(
        "/etc/ccd/ccd.yaml"
    ),
    profile: Annotated[Path | None, typer.Option("--profile", help="Who calls when (YAML).")] = None,
    hours: Annotated[float, typer.Option("--hours", min=0.1, max=24 * 31, help="How long they call.")] = 24.0,
    seed: Annotated[int, typer.Option("--seed", help="The first run's.")] = 1,
    runs: Annotated[int, typer.Option("--runs", min=1, max=1_000, help="So many days, each with its seed.")] = 5,
    day: Annotated[str, typer.Option("--day", help="The day that begins it, 2026-11-23; else next Monday.")] = "",
    more_agents: Annotated[
        list[str] | None, typer.Option("--more-agents", metavar="QUEUE=3", help="What if so many more were there.")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="queues.sales.ring_time=10s", help="What if this were so.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Days of simulated callers and agents on your own configuration: service level, waits, occupancy.

    With --more-agents and --set the same days are lived again under the changed configuration, side by side.
    """
    try:
        began, loaded = read_site(config, day)
        load_profile = read_profile(profile, loaded.configuration) if profile else default_profile(loaded.configuration)
        changed = what_if(loaded.configuration, more_agents or [], set_ or [])
    except (ConfigurationErrors, WhatIfError) as error:
        raise Failure(str(error)) from error
    seeds = range(seed, seed + runs)
    options = [loaded.configuration] + ([changed] if changed is not loaded.configuration else [])
    lived = [lives(option, load_profile, seeds, hours, began, quiet=as_json) for option in options]
    if as_json:
        print_json([as_plain(one) for one in lived])
    else:
        show(console(), loaded.configuration, lived)


def read_site(config: Path, day: str) -> tuple[Moment, Loaded]:
    """The moment that the day begins at the site, and the site with its calendars around it."""
    zone = ZoneInfo(load(config, time.time_ns() // 1_000, lambda text, language: "speech").settings.site.time_zone)
    try:
        midnight = datetime.fromisoformat(day) if day else datetime.combine(next_monday(), datetime.min.time())
    except ValueError as error:
        raise Failure(f"{day} is no day (expected as 2026-11-23)") from error
    began = int(midnight.replace(tzinfo=zone).timestamp()) * SECOND
    return began, load(config, began, lambda text, language: "speech")


def next_monday() -> datetime:
    """The next one that begins."""
    today = datetime.now(UTC)
    return today + timedelta(days=7 - today.weekday())


def what_if(configuration: Configuration, more: Sequence[str], settings: Sequence[str]) -> Configuration:
    """The configuration with all changes; itself where there are none."""
    for text in more:
        queue, _, count = text.partition("=")
        if not (count.isascii() and count.isdigit() and 0 < int(count) <= 10_000):
            raise WhatIfError(f"--more-agents {text}: expected QUEUE=3")
        configuration = with_more_agents(configuration, QueueId(queue), int(count))
    for text in settings:
        path, equals, value = text.partition("=")
        if not equals:
            raise WhatIfError(f"--set {text}: expected queues.sales.ring_time=10s")
        configuration = with_setting(configuration, path, value, length_of)
    return configuration


def length_of(text: str) -> int:
    """`10s` in microseconds."""
    return int(duration(text))


def lives(
    configuration: Configuration, profile: Profile, seeds: range, hours: float, began: Moment, *, quiet: bool
) -> Outlook:
    """All the days of one configuration."""

    def each() -> Iterator[Run]:
        shown = track(seeds, "simulating", transient=True, disable=quiet, console=Console(stderr=True))
        for seed in shown:
            yield World(configuration, profile, seed, hours=hours, began=began).run()

    try:
        return outlook(each())
    except SimulationError as error:
        raise Failure(f"the simulation broke, which is a fault of ccd: {error}") from error


# --- what came of it


def show(console: Console, configuration: Configuration, lived: Sequence[Outlook]) -> None:
    """Tables, and the day as it went."""
    console.print(table("Queues", HEADS, (row for name in configuration.queues for row in rows(name, lived))))
    for label, one in zip(("", "what if"), lived, strict=False):
        console.print(f"\nagents busy {share(one.occupancy)} of their time{f', {label}' if label else ''}")
    console.print(f"\n{'by hour':<27} {'calls':<25} service level", style="bold")
    axis = "".join(f"{hour:<6}" for hour in range(0, HOURS_OF_DAY, 6))
    console.print(f"{'':<27} {axis}  {axis}", style="dim")
    for name in configuration.queues:
        for label, one in zip(("", "what if"), lived, strict=False):
            plot(console, name, label, one)
    base = lived[0]
    console.print(f"\n{base.calls} calls, {base.events} events, {base.violations} broken rules", style="dim")


def rows(
    name: QueueId, lived: Sequence[Outlook], labels: Sequence[str] = ("now", "what if"), *, is_mean: bool = False
) -> Iterator[tuple[str, ...]]:
    """A queue as it is, as it would be, and the difference of the last two. `is_mean`: calls a run, not of all."""
    for label, one in zip(labels, lived, strict=False):
        figures = one.queues[name]
        runs = one.runs if is_mean else 1
        yield (
            name if label == labels[0] else "",
            label if len(lived) > 1 else "",
            str(round(figures.offered / runs)),
            str(round(figures.answered / runs)),
            f"{figures.service_level():.1%}",
            f"{figures.abandon_rate():.1%}",
            f"{figures.mean_wait():.1f} s",
            f"{figures.wait_at(0.9):.1f} s",
            f"{figures.wait_at(1.0):.1f} s",
            str(round(figures.other / runs)),
        )
    if len(lived) > 1:
        yield ("", "gain", "", "", share(gain(lived[-2], lived[-1], name), sign=True), "", "", "", "", "")


def share(estimate: Estimate, *, sign: bool = False) -> str:
    """`84.1 % ± 0.6`: with its 95 % interval where there are several runs."""
    text = f"{estimate.mean * 100:+.1f} %" if sign else f"{estimate.mean * 100:.1f} %"
    return f"{text} ± {estimate.error * 100:.1f}" if estimate.error else text


def plot(console: Console, name: QueueId, label: str, one: Outlook) -> None:
    """Two lines of bars, one an hour of the day: how many calls, which part in time."""
    by_hour: dict[int, list[int]] = {}
    for hour, (offered, in_time) in one.queues[name].hours.items():
        known = by_hour.setdefault(hour % HOURS_OF_DAY, [0, 0])
        known[0] += offered
        known[1] += in_time
    most = max((offered for offered, _ in by_hour.values()), default=0)
    calls = "".join(bar(by_hour.get(hour, [0, 0])[0], most) for hour in range(HOURS_OF_DAY))
    levels = "".join(bar(*reversed(by_hour.get(hour, [0, 0]))) for hour in range(HOURS_OF_DAY))
    console.print(f"  {name:<16.16} {label:<8} {calls}  {levels}", markup=False)


def bar(part: float, whole: float) -> str:
    """One of nine heights; anything above nothing is seen."""
    if whole <= 0 or part <= 0:
        return BARS[0]
    return BARS[max(1, round(part / whole * (len(BARS) - 1)))]


def as_plain(one: Outlook) -> dict[str, object]:
    """For scripts: fractions, seconds; counts are of all runs."""
    return {
        "runs": one.runs,
        "calls": one.calls,
        "events": one.events,
        "violations": one.violations,
        "occupancy": one.occupancy.mean,
        "queues": {
            name: {
                "offered": figures.offered,
                "answered": figures.answered,
                "abandoned": figures.abandoned,
                "other": figures.other,
                "service_level": figures.service_level(),
                "abandon_rate": figures.abandon_rate(),
                "mean_wait": figures.mean_wait(),
                "wait_90": figures.wait_at(0.9),
                "longest": figures.wait_at(1.0),
            }
            for name, figures in one.queues.items()
        },
    }
