"""Yesterday once more: the journalled inputs through the engine, its outcomes compared with those of the day.

A run is what one daemon did from start to end: a fresh engine with that run's seed and first configuration, then
every input at its moment. The same engine must decide the same, byte for byte; the first difference is shown.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from ccd.core.configuration import Configuration
from ccd.core.engine import Engine
from ccd.core.floor import Outcome
from ccd.model.command import AnyCommand
from ccd.model.event import AnyEvent
from ccd.model.fact import AnyFact
from ccd.model.ids import Moment

Digest = Callable[[Sequence[AnyCommand]], bytes]


class Input(Struct, frozen=True):
    """One entry of the journal."""

    sequence: int
    at: Moment
    event: AnyEvent
    facts: tuple[AnyFact, ...]
    digest: bytes


class Difference(Struct, frozen=True):
    """Where replay and day part: the input, what was decided then, what is decided now."""

    input: Input
    facts: tuple[AnyFact, ...]
    commands: tuple[AnyCommand, ...]


class Replayed(Struct, frozen=True):
    """How far one run was the same; `difference` is None where it was to its end."""

    inputs: int
    began: Moment
    ended: Moment
    difference: Difference | None


def replay(
    inputs: Iterable[Input], first: str, seed: int, configurations: Mapping[str, Configuration], digest: Digest
) -> Replayed:
    """Feed one run, which began with the configuration `first`.

    Raises KeyError with the hash of a configuration that was not kept.
    """
    engine = Engine(configurations, first, seed)
    count, began, ended = 0, 0, 0
    for entry in inputs:
        outcome = handled(engine, entry)
        count, began, ended = count + 1, began or entry.at, entry.at
        if outcome.facts != entry.facts or digest(outcome.commands) != entry.digest:
            return Replayed(count, began, ended, Difference(entry, outcome.facts, outcome.commands))
    return Replayed(count, began, ended, None)


def handled(engine: Engine, entry: Input) -> Outcome:
    """As the pump does it: an input that fails leaves what was said until then."""
    try:
        return engine.handle(entry.event, entry.at)
    except Exception:
        return engine.floor.outcome()
