"""Time for the engine: microseconds of UTC, anchored once and advanced by the monotonic clock, never backwards."""

import time

from ccd.model.ids import Moment


class Clock:
    """`now()` is after `not_before`, the last moment a former daemon journalled; a stepped wall clock is not seen."""

    def __init__(self, not_before: Moment = 0) -> None:
        self._anchor = max(time.time_ns() // 1000, not_before + 1)
        self._began = time.monotonic_ns()

    def now(self) -> Moment:
        """The present moment."""
        return self._anchor + (time.monotonic_ns() - self._began) // 1000
