"""A bridge that was asked for, until both legs are in it or it failed."""

from typing import TYPE_CHECKING

from ccd.model.event import BridgeFailed, LegsBridged
from ccd.switch.asterisk.output import Output

if TYPE_CHECKING:
    from ccd.switch.asterisk.leg import Leg


class Join:
    """`Bridge(leg, other)` under way. Its one result is LegsBridged or BridgeFailed."""

    def __init__(self, output: Output, leg: "Leg", other: "Leg", *, is_recalled: bool = False) -> None:
        self._output = output
        self.is_recalled = is_recalled
        """Whether it is not known that the switch was told."""
        self.leg = leg
        self.other = other
        leg.join = other.join = self
        if not is_recalled:
            self.watch()

    def watch(self) -> None:
        """It must come about within an action's time."""
        self._output.alarm(
            (self.leg.unique, "join"), self._output.settings.action_time, lambda: self.fail("not in time")
        )

    def entered(self) -> None:
        """One of the two entered a bridge: done when both are in the same."""
        if self.leg.bridge and self.leg.bridge == self.other.bridge:
            self._end()
            self.leg.is_joined = self.other.is_joined = True
            self._output.emit(LegsBridged(self.leg.id, self.other.id))

    def fail(self, reason: str) -> None:
        """The two will not come together."""
        self._end()
        self._output.emit(BridgeFailed(self.leg.id, self.other.id, reason))

    def drop(self) -> None:
        """It is asked for once more: this one has no result."""
        self._end()

    def _end(self) -> None:
        self.leg.join = self.other.join = None
        self._output.alarms.clear((self.leg.unique, "join"))
