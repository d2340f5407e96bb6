"""How long a parked leg outlives the daemon: a transfer to the dialplan's fallback, put off again and again."""

from ccd.model.ids import MILLISECOND, SECOND
from ccd.switch.freeswitch.output import Output

ADOPTED = 300 * MILLISECOND
"""The first renewal; a leg bridged within that costs none. The dialplan's own time is 6 s."""


class Lease:
    """Of one channel. The tasks that FreeSWITCH has for it are in a group of its uuid, which is deleted as a whole."""

    def __init__(self, output: Output, uuid: str) -> None:
        self._output = output
        self._uuid = uuid

    def begin(self, *, at_once: bool) -> None:
        """The leg is parked; `at_once` where the dialplan's time may be nearly over."""
        if at_once:
            self._renew()
        else:
            self._output.alarm((self._uuid, "lease"), ADOPTED, self._renew)

    def stop(self) -> None:
        """Renew it no more."""
        self._output.alarms.clear((self._uuid, "lease"))

    def end(self) -> None:
        """Nobody needs to care for the leg any more, while it talks: a transfer would take it out of there."""
        self.stop()
        self._output.api("sched_del", self._uuid)

    def _renew(self) -> None:
        settings = self._output.settings
        seconds = settings.lease // SECOND
        self._output.api("sched_del", self._uuid)
        self._output.api("sched_transfer", f"+{seconds} {self._uuid} {settings.fallback} XML {settings.context}")
        self._output.alarm((self._uuid, "lease"), settings.lease // 2, self._renew)
