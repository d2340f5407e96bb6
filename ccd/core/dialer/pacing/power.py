"""Power: a fixed number of lines for each free agent, whatever comes of it."""

from ccd.core.dialer.pacing.base import Pacing
from ccd.model.ids import Moment


class Power(Pacing):
    """Lines = ratio x free agents, rounded down but at least one for each."""

    name = "power"

    def __init__(self, ratio: float) -> None:
        """`ratio`: lines for each free agent, 1 or more."""
        super().__init__()
        self.ratio = max(1.0, ratio)

    def calls_to_place(self, now: Moment) -> int:
        """The lines that the ratio allows, less those that ring."""
        lines = int(self.ratio * self.free)
        return self._decide(now, lines - len(self.ringing), f"{self.ratio:g} lines for each free agent")
