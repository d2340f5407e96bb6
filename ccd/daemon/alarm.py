"""What must not be, told: in the log, as a metric, in the health. No call is the worse for it."""

import structlog

from ccd.simulation.invariants import Violation
from ccd.web.metrics import Metrics

LONGEST = 2_000
log = structlog.get_logger()


class Alarm:
    """Called with every rule that the ledger finds broken."""

    def __init__(self, metrics: Metrics) -> None:
        self.count = 0
        self._metrics = metrics

    def __call__(self, violation: Violation) -> None:
        self.count += 1
        self._metrics.violated(violation.rule)
        log.error("an invariant is broken", rule=violation.rule, detail=violation.detail[:LONGEST])
