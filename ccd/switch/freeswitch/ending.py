"""How a leg ends: who ended it and why, our own hang-up until it is in, and the look for one whose end nobody told."""

from collections.abc import Callable

from ccd.model.event import HungUpBy
from ccd.model.ids import MILLISECOND, SECOND
from ccd.switch.freeswitch.cause import to_tell
from ccd.switch.freeswitch.output import Output
from ccd.switch.freeswitch.question import Answer

HANG_UP_AGAIN = SECOND
NO_CHANNEL_YET = 20 * MILLISECOND
"""A leg hung up in the instant it was dialled has no channel yet."""
PRESENCE = 60 * SECOND
"""So often a leg is looked for, should its end have come while events were dropped."""
FORGOTTEN = SECOND
"""`uuid_exists` is false before the channel's end is told, with the true cause."""
NORMAL_CLEARING = 16


class Ending:
    """Of one channel. `gone` is called when it is not there any more and nothing was told of its end."""

    def __init__(self, output: Output, uuid: str, gone: Callable[[], None]) -> None:
        self.is_leaving = False
        self.has_channel = False
        """The switch has said something of its channel."""
        self._output = output
        self._uuid = uuid
        self._gone = gone
        self._by: HungUpBy | None = None
        self._cause = 0

    def is_ours(self, cause: int) -> None:
        """We are to end it."""
        self._by, self._cause, self.is_leaving = self._by or "us", cause, True

    def hang_up(self) -> None:
        """Again and again until its end is in."""
        self._output.api("uuid_kill", f"{self._uuid} {to_tell(self._cause or NORMAL_CLEARING)}")
        again = HANG_UP_AGAIN if self.has_channel else NO_CHANNEL_YET
        self._output.alarm((self._uuid, "hangup"), again, self.hang_up)

    def begins(self, by: HungUpBy | None) -> None:
        """The channel ends, by whom is perhaps known."""
        self._by, self.is_leaving = self._by or by, True

    def verdict(self, cause: int, by: HungUpBy | None) -> tuple[int, HungUpBy]:
        """What is told of it: our own cause where it was us, whatever the switch made of that."""
        by = by or self._by or "switch"
        if by == "us" and self._cause:
            cause = self._cause
        elif cause == 0 and by == "far_end":
            cause = NORMAL_CLEARING
        return cause, by

    def watch(self) -> None:
        """It is on the switch: from now on it is looked for."""
        self._output.alarm((self._uuid, "presence"), PRESENCE, self._look)

    def close(self) -> None:
        """It is over."""
        for what in ("hangup", "presence"):
            self._output.alarms.clear((self._uuid, what))

    def _look(self) -> None:
        self.watch()
        self._output.api("uuid_exists", self._uuid, self._looked)

    def _looked(self, answer: Answer) -> None:
        if answer.text.strip() == "false":
            self._output.alarm((self._uuid, "gone"), FORGOTTEN, self._gone)
