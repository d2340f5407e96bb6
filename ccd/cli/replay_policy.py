"""`ccd replay DAY --policy FILE`: what another policy would have done with the people of that day."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct
from rich.console import Console
from rich.progress import track

from ccd.cli.failure import Failure
from ccd.cli.screen import clock, console, lasting, print_json, table
from ccd.cli.simulate import HEADS, as_plain, rows, share
from ccd.config.load import load
from ccd.config.problem import ConfigurationErrors
from ccd.core.configuration import Configuration
from ccd.daemon.journal import Entry, Frame, Gap
from ccd.model.fact import AgentState
from ccd.model.ids import AgentId, CallId, Endpoint, Length, Moment, QueueId
from ccd.simulation.day import Day, Visitor
from ccd.simulation.day_world import DayWorld, Lived, comparable
from ccd.simulation.figures import QueueFigures
from ccd.simulation.ledger import Ledger
from ccd.simulation.outlook import Outlook, gain, outlook
from ccd.simulation.world import Run, SimulationError

LABELS = ("was", "modelled", "other policy")
MOVES_SHOWN = 10
NOBODY = "nobody"


class Model(Struct):
    """A policy's runs, and what became of each caller in the first."""

    runs: list[Run]
    lived: dict[CallId, Lived]


class Told(Struct):
    """One caller: as it was, as the model has it under that day's policy, and under the other; waits in microseconds.

    What differs between the last two is the policy's doing, what differs between the first two is the model's.
    """

    at: Moment
    queue: QueueId
    waited: Length
    agent: str
    modelled_wait: Length
    modelled_agent: str
    would_wait: Length
    would_get: str


class Move(Struct):
    """So many callers get another agent under the other policy than in the model of that day's."""

    instead_of: str
    they_get: str
    callers: int


class Caveats(Struct):
    """What must be known of a comparison: callers left out by flow and step, agents who are not at work or are new,
    loads of another configuration that day, inputs lost to a gap, rules broken in the models.
    """

    left_out: dict[str, int]
    gone: list[AgentId]
    new: list[AgentId]
    reloads: int
    lost: int
    broken: int


def read_policy(file: Path) -> Configuration:
    """The candidate: a whole `ccd.yaml`."""
    try:
        return load(file, time.time_ns() // 1_000, lambda text, language: "speech").configuration
    except (ConfigurationErrors, OSError) as error:
        raise Failure(str(error)) from error


def day_of(frames: Iterable[Frame], ledger: Ledger, began: Moment) -> Day:
    """The people of a day, which begins with the ledger."""
    floor = ledger.engine.floor
    standing: dict[AgentId, tuple[AgentState, Endpoint]] = {
        agent.id: (agent.state, agent.endpoint) for agent in floor.agents.values() if agent.state != "logged_out"
    }
    day = Day(floor.configuration, began, standing)
    for frame in frames:
        if isinstance(frame, Entry):
            day.apply(frame.facts, frame.at)
        elif isinstance(frame, Gap):
            day.lost += frame.lost
    day.close()
    return day


def compare(day: Day, policy: Configuration, seeds: range, *, calls: bool, as_json: bool) -> None:
    """The day under its own policy and under the other, and what that says."""
    base = day.configuration
    both = [one for one in day.visitors.values() if comparable(base, one) and comparable(policy, one)]
    if not both:
        raise Failure("nobody waited in a queue that day by a way that the other policy has, too")
    models = [live(one, day, both, seeds, quiet=as_json) for one in (base, policy)]
    seen = [outlook([Run(0, len(day.visitors), 0, 0, {}, (), day.figures)]), *(outlook(one.runs) for one in models)]
    queues = list(dict.fromkeys([*base.queues, *policy.queues]))
    for one in seen:
        for queue in queues:
            one.queues.setdefault(queue, QueueFigures())
            one.service_levels.setdefault(queue, (0.0,) * one.runs)
    told, caveats = told_of(both, models), caveats_of(day, both, policy, seen)
    if as_json:
        gains = {queue: gain(seen[1], seen[2], queue) for queue in queues}
        plain = dict(zip(LABELS, map(as_plain, seen), strict=True))
        print_json({"policies": plain, "gain": gains, "caveats": caveats, "moves": moves(told), "calls": told})
        return
    out = console()
    out.print(table("Queues", HEADS, (row for name in queues for row in rows(name, seen, LABELS, is_mean=True))))
    busy = ", ".join(f"{label} {share(one.occupancy)}" for label, one in zip(LABELS, seen, strict=True))
    out.print(f"\nagents busy: {busy}")
    notes(out, caveats)
    who_got_whom(out, told)
    if calls:
        every_call(out, told)


def live(configuration: Configuration, day: Day, visitors: Sequence[Visitor], seeds: range, *, quiet: bool) -> Model:
    """So many times, each with its seed."""
    runs: list[Run] = []
    lived: dict[CallId, Lived] = {}
    shown = track(seeds, "living the day again", transient=True, disable=quiet, console=Console(stderr=True))
    for seed in shown:
        world = DayWorld(configuration, day, seed, visitors)
        try:
            runs.append(world.run())
        except SimulationError as error:
            raise Failure(f"the simulation broke, which is a fault of ccd: {error}") from error
        lived = lived or world.lived
    return Model(runs, lived)


def told_of(visitors: Iterable[Visitor], models: Sequence[Model]) -> list[Told]:
    """Everybody whom both models know."""
    told = []
    for one in visitors:
        model, would = (each.lived.get(one.call) for each in models)
        if model is not None and would is not None:
            agents = [agent or NOBODY for agent in (one.agent, model.agent, would.agent)]
            waits = (one.waited, model.waited, would.waited)
            told.append(Told(one.at, one.queue, waits[0], agents[0], waits[1], agents[1], waits[2], agents[2]))
    return told


def caveats_of(day: Day, both: Sequence[Visitor], policy: Configuration, seen: Sequence[Outlook]) -> Caveats:
    """What must be known besides."""
    known = {one.call for one in both}
    return Caveats(
        dict(Counter(way(one) for one in day.visitors.values() if one.call not in known)),
        sorted(day.workers.keys() - policy.agents.keys()),
        sorted(policy.agents.keys() - day.configuration.agents.keys() - day.workers.keys()),
        day.reloads,
        day.lost,
        sum(one.violations for one in seen),
    )


def way(visitor: Visitor) -> str:
    """Flow and step by which he came."""
    return f"{visitor.flow}: {visitor.step}" if visitor.flow else "no flow"


def moves(told: Iterable[Told]) -> list[Move]:
    """From whom to whom, the most callers first."""
    found = Counter((one.modelled_agent, one.would_get) for one in told if one.modelled_agent != one.would_get)
    return [Move(had, would, count) for (had, would), count in found.most_common()]


# --- what is printed


def notes(out: Console, caveats: Caveats) -> None:
    """What does not compare, and what broke."""
    for name, count in caveats.left_out.items():
        out.print(
            f"not compared: {count} callers of {name}, which not both policies have; they are in neither model",
            markup=False,
        )
    if caveats.gone:
        out.print(f"not at work under the other policy: {', '.join(caveats.gone)}", markup=False)
    if caveats.new:
        out.print(f"new, at work as long as anybody was that day: {', '.join(caveats.new)}", markup=False)
    if caveats.reloads:
        out.print(f"that day's configuration changed {caveats.reloads} times; modelled is the first")
    if caveats.lost:
        out.print(f"{caveats.lost} inputs of that day are lost to a gap of the journal")
    if caveats.broken:
        out.print(f"{caveats.broken} rules were broken, which is a fault of ccd", style="bold red")


def who_got_whom(out: Console, told: Sequence[Told]) -> None:
    """How many, and the largest changes."""
    found = moves(told)
    count = sum(one.callers for one in found)
    out.print(f"\n{count} of {len(told)} callers get somebody else than in the model of that day's policy\n")
    if found:
        heads = ("instead of", "they get", "callers>")
        lines = ((one.instead_of, one.they_get, str(one.callers)) for one in found[:MOVES_SHOWN])
        out.print(table("Who got whom", heads, lines))


def every_call(out: Console, told: Sequence[Told]) -> None:
    """One line each."""
    heads = ("at", "queue", *(f"{label}{kind}" for label in LABELS for kind in (">", "")))
    lines = (
        (
            *(clock(one.at), one.queue, lasting(one.waited), one.agent, lasting(one.modelled_wait)),
            *(one.modelled_agent, lasting(one.would_wait), one.would_get),
        )
        for one in told
    )
    out.print(table("Calls", heads, lines))
