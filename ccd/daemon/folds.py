"""What becomes of facts once the messages have left: reasons, call records, metrics, watchers, files of recordings."""

from collections.abc import Callable

import structlog

from ccd.core.acd.reason import Explained
from ccd.core.cdr import CdrFold
from ccd.io.record_write import KeepCdr
from ccd.io.records import Records
from ccd.model.cdr import Cdr
from ccd.model.fact import AnyFact, ConfigurationTaken, RecordingLost
from ccd.model.ids import Moment
from ccd.simulation.ledger import Ledger
from ccd.web.feed import Feed
from ccd.web.metrics import Metrics

log = structlog.get_logger()


class Folds:
    """Called with the facts of each input. `ended` gets every finished call record."""

    def __init__(
        self, ledger: Ledger, records: Records, metrics: Metrics, feed: Feed, ended: Callable[[Cdr], None]
    ) -> None:
        self.wrong_choices = 0
        self._ledger = ledger
        self._records = records
        self._metrics = metrics
        self._feed = feed
        self._ended = ended

    @property
    def cdrs(self) -> CdrFold:
        """The records in the making."""
        return self._ledger.cdrs

    def __call__(self, facts: tuple[AnyFact, ...], at: Moment) -> None:
        """Take the facts of one input, in order."""
        for fact in facts:
            explained, cdr = self._ledger.fold(fact, at)
            if explained is not None and not explained.is_best:
                self._wrong(explained)
            if cdr is not None:
                self.keep(cdr)
            self._metrics.apply(fact, at)
            self._feed.note(at, fact)
            if isinstance(fact, RecordingLost):
                log.error("recording lost", call=fact.call, recording=fact.recording, reason=fact.reason)
            elif isinstance(fact, ConfigurationTaken):
                log.info("configuration taken", hash=fact.hash)

    def keep(self, cdr: Cdr) -> None:
        """A call ended: its record to Redis, its recordings to their places. Said twice it changes nothing."""
        self._records.keep(KeepCdr(cdr))
        self._ended(cdr)

    def _wrong(self, explained: Explained) -> None:
        self.wrong_choices += 1
        offer = explained.offer
        log.error("an offer did not go to the best agent", call=offer.call, offer=offer.offer, agent=offer.agent)
