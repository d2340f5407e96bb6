"""A bridge that was asked for, until both legs are in it or it failed."""

from typing import TYPE_CHECKING

from ccd.model.event import BridgeFailed, LegsBridged
from ccd.switch.asterisk.output import Output

if TYPE_CHECKING:
    from ccd.switch.asterisk.leg import Leg


QUIET_PINGS = 2
"""After so many times between two pings without a word the switch may be out of reach: what it did is not known."""


class Join:
    """`Bridge(leg, other)` under way. Its one result is LegsBridged or BridgeFailed."""

    def __init__(self, output: Output, leg: "Leg", other: "Leg", *, is_recalled: bool = False) -> None:
        self._output = output
        self.is_recalled = is_recalled
        """Whether it is not known that the switch was told."""
        self.leg = leg
        self.other = other
        self._began = output.now
        self._was_away = False
        leg.join = other.join = self
        if not is_recalled:
            self.watch()

    def watch(self) -> None:
        """It has not come about yet. It must within an action's time, of a switch that is heard of; one that is not is
        asked again after the next login.
        """
        self._began = self._output.now
        self._wait()

    def _wait(self) -> None:
        self._output.alarm((self.leg.unique, "join"), self._output.settings.action_time, self._late)

    def entered(self) -> None:
        """One of the two entered a bridge: done when both are in the same."""
        if self.leg.bridge and self.leg.bridge == self.other.bridge:
            self._done()
            if self._was_away:
                self.leg.monitor.start_was_missed()

    def link_returned(self) -> None:
        """The two are where Status shows them; when they came there nobody saw."""
        self._was_away = True

    def is_over(self) -> None:
        """The link was away, and one of the two is in no bridge. Sound in the recording since says that they talked."""
        self._was_away = True
        recording = self.leg.monitor.recording
        if recording and self._output.last_written(recording) > self._began:
            self.leg.place = self.other.place = "bridged"
            self._done()
            self.leg.monitor.was_heard()

    def fail(self, reason: str) -> None:
        """The two will not come together."""
        self._end()
        self._output.emit(BridgeFailed(self.leg.id, self.other.id, reason))

    def drop(self) -> None:
        """It is asked for once more: this one has no result."""
        self._end()

    def _late(self) -> None:
        if self._output.now - self._output.sight.heard_at > QUIET_PINGS * self._output.settings.ping_every:
            self._wait()
        else:
            self.fail("not in time")

    def _done(self) -> None:
        self._end()
        self.leg.is_joined = self.other.is_joined = True
        self._output.emit(LegsBridged(self.leg.id, self.other.id, self._began if self._was_away else 0))

    def _end(self) -> None:
        self.leg.join = self.other.join = None
        self._output.alarms.clear((self.leg.unique, "join"))
