"""What a daemon begins with: what a former one knew, by the better of two ways, or nothing."""

import random
from pathlib import Path

import structlog
from msgspec import Struct

from ccd.core.configuration import Configuration
from ccd.daemon import configurations as kept_configurations
from ccd.daemon.copy import Copy
from ccd.daemon.history import Past, recall
from ccd.daemon.recovery import NotRecoveredError, Recovered, recover
from ccd.model.ids import Moment
from ccd.simulation.ledger import Ledger

log = structlog.get_logger()


class Beginning(Struct, frozen=True):
    """`recovered` where the journal led back to the very state; else `past`, what the journal's facts tell."""

    ledger: Ledger
    configurations: dict[str, Configuration]
    seed: int
    sequence: int
    last: Moment
    recovered: Recovered | None
    past: Past | None


def begin(journal: Path, configuration: Configuration, now: Moment, copy: Copy | None = None) -> Beginning:
    """Look at the journal and its copy, and choose the way."""
    configurations = kept(journal)
    configurations[configuration.hash] = configuration
    try:
        found = recover(journal, configurations, now, copy)
    except NotRecoveredError as reason:
        return _anew(recall(journal, now, copy), configurations, configuration, str(reason))
    log.info("recovered", entries=found.entries, calls=len(found.ledger.engine.floor.calls), seconds=found.seconds)
    return Beginning(found.ledger, configurations, found.seed, found.sequence, found.last, found, None)


def kept(journal: Path) -> dict[str, Configuration]:
    """The configurations of former runs; none where the disk does not give them."""
    try:
        return kept_configurations.read(journal)
    except OSError as error:
        log.warning("configurations of former runs cannot be read", error=str(error))
        return {}


def _anew(past: Past, configurations: dict[str, Configuration], first: Configuration, reason: str) -> Beginning:
    seed = random.SystemRandom().getrandbits(63)
    log.info("begins anew", reason=reason, calls=len(past.calls), agents=len(past.agents))
    ledger = Ledger(configurations, first.hash, seed)
    return Beginning(ledger, configurations, seed, past.sequence, past.last, None, past)
