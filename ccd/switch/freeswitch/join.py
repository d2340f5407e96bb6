"""A bridge that was asked for, until both legs are in it or it failed.

Neither leg may be in another bridge: to bridge such a leg anew hangs up whom it talked with (freeswitch.md). So who
talks is first moved out of his talk, both sides of it, and the bridge is made when both legs are parked.
"""

from typing import TYPE_CHECKING

from ccd.model.event import BridgeFailed, LegsBridged
from ccd.switch.freeswitch.output import Output
from ccd.switch.freeswitch.question import Answer, is_success, said

if TYPE_CHECKING:
    from ccd.switch.freeswitch.leg import Leg

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
        self._asked = is_recalled
        self._began = output.now
        self._was_away = False
        leg.join = other.join = self

    def begin(self) -> None:
        """As soon as both are parked."""
        self.watch()
        for one in (self.leg, self.other):
            if one.place == "bridged":
                one.free()
        self.go_on()

    def go_on(self) -> None:
        """One of the two is parked: if both are, the switch is asked for the bridge."""
        if self._asked or self.leg.place != "parked" or self.other.place != "parked":
            return
        self._asked = True
        leg, other, output = self.leg, self.other, self._output
        if not leg.is_answered:  # of two legs one of which is not answered, the bridge waits for that one for ever
            output.api("uuid_answer", leg.uuid)
        for one in (leg, other):
            one.be_taken()
        output.api("uuid_bridge", f"{leg.uuid} {other.uuid}", self._answered)
        leg.monitor.talk_begins()
        for one in (leg, other):
            one.lease.end()
        leg.write((("CCD_ROLE", "talked"),))

    def watch(self) -> None:
        """It must come about within an action's time, of a switch that is heard of; one that is not is asked again
        after the next login.
        """
        self._began = self._output.now
        self._output.hurry(self, self._output.settings.action_time)
        self._wait()

    def came_about(self) -> None:
        """CHANNEL_BRIDGE of the two."""
        self.leg.is_in_bridge(self.other.uuid)
        self.other.is_in_bridge(self.leg.uuid)
        self._done()

    def came_back(self, leg: "Leg") -> None:
        """One of the two is parked: on its way from another talk, or back because the other was not there."""
        if self._asked:
            self.fail("the other leg was not there" if leg is self.leg else "the leg was not there")
        else:
            self.go_on()

    def link_returned(self) -> None:
        """The link was away: whether the switch was told, and when the two came together, nobody saw."""
        self._was_away = True

    def is_over(self) -> None:
        """The link was away, and one of the two is in no bridge. Sound in the recording since says that they talked."""
        recording = self.leg.monitor.recording
        if recording and self._output.last_written(recording) > self._began:
            self._was_away = True
            self.leg.place = self.other.place = "bridged"
            self._done()
            self.leg.monitor.was_heard()

    def fail(self, reason: str) -> None:
        """The two will not come together."""
        self.drop()
        self._output.emit(BridgeFailed(self.leg.id, self.other.id, reason))
        for one in (self.leg, self.other):
            one.is_free_again()

    def drop(self) -> None:
        """It is asked for once more: this one has no result."""
        self.leg.join = self.other.join = None
        self._output.alarms.clear((self.leg.uuid, "join"))
        self._output.calm(self)

    def _answered(self, answer: Answer) -> None:
        """+OK says that the two are on their way, no more."""
        if not is_success(answer) and self.leg.join is self:
            self._was_not_made(said(answer))

    def _was_not_made(self, reason: str) -> None:
        for one in (self.leg, self.other):
            one.was_not_taken()
        self.fail(reason)

    def _wait(self) -> None:
        self._output.alarm((self.leg.uuid, "join"), self._output.settings.action_time, self._late)

    def _late(self) -> None:
        if self._output.now - self._output.sight.heard_at > QUIET_PINGS * self._output.settings.ping_every:
            self._wait()
        else:
            self._was_not_made("not in time")

    def _done(self) -> None:
        self.drop()
        self.leg.is_joined = self.other.is_joined = True
        self._output.emit(LegsBridged(self.leg.id, self.other.id, self._began if self._was_away else 0))
        self.leg.monitor.talk_began()
