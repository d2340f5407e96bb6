"""Progressive: one line for each agent who has no call and no line yet. Nobody is ever left without an agent."""

from ccd.core.dialer.pacing.base import Pacing
from ccd.model.ids import Moment


class Progressive(Pacing):
    """Lines = free agents."""

    name = "progressive"

    def calls_to_place(self, now: Moment) -> int:
        """Free agents less ringing lines."""
        return self._decide(now, self.free - len(self.ringing), "a line for each free agent")
