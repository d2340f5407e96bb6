"""The shadow policy beside the live one: told, counted, and away at its first fault."""

from collections.abc import Callable

import structlog

from ccd.core.acd.reason import Reasons
from ccd.core.acd.shadow import Shadow
from ccd.core.configuration import Configuration
from ccd.core.floor import Floor
from ccd.model.cdr import ShadowRemark
from ccd.model.fact import AnyFact
from ccd.model.ids import CallId, Moment, OfferId

log = structlog.get_logger()


class ShadowWatch:
    """A watcher of the pump, behind the records' fold. `counted` hears queue and result of every verdict, `remark` what
    is said of an offer, `failed` of a fault; verdicts that differ are in the log.
    """

    def __init__(
        self,
        counted: Callable[[str, str], None],
        remark: Callable[[CallId, OfferId, ShadowRemark], None],
        failed: Callable[[], None],
    ) -> None:
        self._counted = counted
        self._remark = remark
        self._failed = failed
        self._shadow: Shadow | None = None

    def take(self, policy: Configuration | None, reasons: Reasons, floor: Floor) -> None:
        """From now on this policy looks on, or none."""
        self._shadow = Shadow(policy, reasons, floor) if policy is not None else None

    def __call__(self, facts: tuple[AnyFact, ...], at: Moment) -> None:
        """The facts of one input."""
        if self._shadow is None:
            return
        try:
            for verdict in self._shadow.apply(facts, at):
                self._counted(verdict.queue, verdict.result)
                if verdict.offer:
                    self._remark(verdict.call, verdict.offer, ShadowRemark(verdict.result, verdict.would))
                if verdict.result != "same":
                    log.info(
                        "the shadow policy differs",
                        result=verdict.result,
                        call=verdict.call,
                        queue=verdict.queue,
                        agent=verdict.agent,
                        would=verdict.would,
                    )
        except Exception:
            # It only looks on: a fault in it is told, and ends it, and nothing else.
            log.exception("the shadow policy failed, and looks on no more")
            self._shadow = None
            self._failed()
