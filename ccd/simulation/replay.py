"""Yesterday once more: the journalled inputs through the engine, its outcomes compared with those of the day.

A run is what one line of daemons did from start to end: a fresh engine with that run's seed and first configuration, or
one from a snapshot, then every input at its moment. The same engine must decide the same, byte for byte; the first
difference is shown, and why each side offered a call to whom it did.
"""

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy

from msgspec import Struct

from ccd.core.acd.reason import Explained
from ccd.core.floor import Outcome
from ccd.model.command import AnyCommand
from ccd.model.event import AnyEvent, ConfigurationLoaded
from ccd.model.fact import AnyFact
from ccd.model.ids import Moment
from ccd.simulation.ledger import Ledger

Digest = Callable[[Sequence[AnyCommand]], bytes]


class Input(Struct, frozen=True):
    """One entry of the journal."""

    sequence: int
    at: Moment
    event: AnyEvent
    facts: tuple[AnyFact, ...]
    digest: bytes


class Difference(Struct, frozen=True):
    """Where replay and day part: the input, what was decided then (in it), what is decided now, and the reasons of the
    offers among them.
    """

    input: Input
    facts: tuple[AnyFact, ...]
    commands: tuple[AnyCommand, ...]
    then: tuple[Explained, ...]
    now: tuple[Explained, ...]


class Replayed(Struct, frozen=True):
    """How far one run was the same; `difference` is None where it was to its end."""

    inputs: int
    began: Moment
    ended: Moment
    difference: Difference | None


def replay(inputs: Iterable[Input], ledger: Ledger, digest: Digest) -> Replayed:
    """Feed one run to the ledger it began with.

    Raises KeyError with the hash of a configuration that was not kept.
    """
    count, began, ended = 0, 0, 0
    for entry in inputs:
        if isinstance(entry.event, ConfigurationLoaded) and entry.event.hash not in ledger.configurations:
            raise KeyError(entry.event.hash)
        outcome = handled(ledger, entry)
        count, began, ended = count + 1, began or entry.at, entry.at
        if outcome.facts != entry.facts or digest(outcome.commands) != entry.digest:
            then, now = explained(ledger, entry.facts, entry.at), explained(ledger, outcome.facts, entry.at)
            return Replayed(count, began, ended, Difference(entry, outcome.facts, outcome.commands, then, now))
        for fact in outcome.facts:
            ledger.fold(fact, entry.at)
    return Replayed(count, began, ended, None)


def handled(ledger: Ledger, entry: Input) -> Outcome:
    """As the pump does it: an input that fails leaves what was said until then."""
    try:
        return ledger.engine.handle(entry.event, entry.at)
    except Exception:
        return ledger.engine.floor.outcome()


def explained(ledger: Ledger, facts: Sequence[AnyFact], at: Moment) -> tuple[Explained, ...]:
    """The reasons of the offers among them, as things stood then."""
    reasons, configuration = deepcopy(ledger.reasons), ledger.engine.floor.configuration
    reasons.configure(configuration.queues, configuration.agents, configuration.network)
    return tuple(one for one in [reasons.apply(fact, at) for fact in facts] if one is not None)
