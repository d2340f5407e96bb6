"""What becomes of facts once the messages have left: reasons, call records, metrics, watchers, files of recordings."""

from collections.abc import Callable

import structlog

from ccd.core.acd.reason import Reasons
from ccd.core.cdr import CdrFold
from ccd.io.record_write import KeepCdr
from ccd.io.records import Records
from ccd.model.cdr import Cdr
from ccd.model.fact import AnyFact, ConfigurationTaken, RecordingLost
from ccd.model.ids import Moment
from ccd.web.feed import Feed
from ccd.web.metrics import Metrics

log = structlog.get_logger()


class Folds:
    """Called with the facts of each input. `ended` gets every finished call record."""

    def __init__(self, records: Records, metrics: Metrics, feed: Feed, ended: Callable[[Cdr], None]) -> None:
        self.cdrs = CdrFold()
        self.reasons = Reasons()
        self.wrong_choices = 0
        self._records = records
        self._metrics = metrics
        self._feed = feed
        self._ended = ended

    def __call__(self, facts: tuple[AnyFact, ...], at: Moment) -> None:
        """Take the facts of one input, in order."""
        for fact in facts:
            self._explain(fact, at)
            cdr = self.cdrs.apply(fact, at)
            if cdr is not None:
                self._records.keep(KeepCdr(cdr))
                self._ended(cdr)
            self._metrics.apply(fact, at)
            self._feed.note(at, fact)
            if isinstance(fact, RecordingLost):
                log.error("recording lost", call=fact.call, recording=fact.recording, reason=fact.reason)
            elif isinstance(fact, ConfigurationTaken):
                log.info("configuration taken", hash=fact.hash)

    def _explain(self, fact: AnyFact, at: Moment) -> None:
        explained = self.reasons.apply(fact, at)
        if explained is None:
            return
        offer = explained.offer
        self.cdrs.explain(offer.call, offer.offer, explained.explanation)
        if not explained.is_best:
            self.wrong_choices += 1
            log.error("an offer did not go to the best agent", call=offer.call, offer=offer.offer, agent=offer.agent)
