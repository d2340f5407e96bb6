"""Figures of the queues, as a fold over facts; numerators and denominators are kept."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ccd.model.fact import AnyFact, QueueLeft, TalkEnded
from ccd.model.ids import SECOND, CallId, Length, QueueId

if TYPE_CHECKING:
    from ccd.core.configuration import Queue

TALK_BEFORE_ANY: Length = 180 * SECOND
SMOOTHING = 8


class QueueFigures(Struct):
    """Since the start (or the day's reset): ended visits by outcome, service level = answered_in_time / offered.

    `talk_time` is the mean of recent talks, each new one counting for an eighth.
    """

    answered: int = 0
    answered_in_time: int = 0
    abandoned: int = 0
    other: int = 0
    wait_time: Length = 0
    """Sum over the answered."""
    talk_time: Length = TALK_BEFORE_ANY
    talks: int = 0

    @property
    def offered(self) -> int:
        """All visits that have ended."""
        return self.answered + self.abandoned + self.other


class Statistics:
    """The fold. `queues` gives the service level times."""

    def __init__(self) -> None:
        self.queues: Mapping[QueueId, Queue] = {}
        self.figures: defaultdict[QueueId, QueueFigures] = defaultdict(QueueFigures)
        self._talking: dict[CallId, QueueId] = {}
        self._fold: dict[type, Callable[[Any], None]] = {
            QueueLeft: self._left,
            TalkEnded: self._talk_ended,
        }

    def of(self, queue: QueueId) -> QueueFigures:
        """The figures of one queue."""
        return self.figures[queue]

    def apply(self, facts: Iterable[AnyFact]) -> None:
        """More facts, in order."""
        fold = self._fold
        for fact in facts:
            if type(fact) in fold:
                fold[type(fact)](fact)

    def expected_wait(self, queue: QueueId, position: int, staffed: int) -> Length | None:
        """Position x mean talk and wrap-up time / agents logged in: when the agents have worked off those before.

        None where nobody is logged in.
        """
        if not staffed:
            return None
        rules = self.queues.get(queue)
        handling = self.of(queue).talk_time + (rules.wrap_up_time if rules else 0)
        return position * handling // staffed

    def _left(self, fact: QueueLeft) -> None:
        figures = self.of(fact.queue)
        if fact.outcome == "answered":
            figures.answered += 1
            figures.wait_time += fact.wait_time
            rules = self.queues.get(fact.queue)
            if rules is not None and fact.wait_time <= rules.service_level_time:
                figures.answered_in_time += 1
            self._talking[fact.call] = fact.queue
        elif fact.outcome == "abandoned":
            figures.abandoned += 1
        else:
            figures.other += 1

    def _talk_ended(self, fact: TalkEnded) -> None:
        queue = self._talking.pop(fact.call, None)
        if queue is None:
            return
        figures = self.of(queue)
        figures.talks += 1
        if figures.talks == 1:
            figures.talk_time = fact.talk_time
        else:
            figures.talk_time += (fact.talk_time - figures.talk_time) // SMOOTHING
