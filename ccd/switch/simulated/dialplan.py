"""What the simulated switch does by its own dialplan: emergency calls, and callers whom no daemon takes."""

from functools import partial

from ccd.model.ids import SECOND, Endpoint, LegId, Length
from ccd.switch.simulated.channels import Channels
from ccd.switch.simulated.leg import Leg
from ccd.switch.simulated.output import Output
from ccd.switch.simulated.people import Hears, HearsRinging, Rings, Talks

RING_TIME: Length = 60 * SECOND
OUT_OF_ORDER = 38
NOWHERE = Endpoint("")


class Dialplan:
    """The daemon hears nothing of it."""

    def __init__(self, output: Output, channels: Channels) -> None:
        self._settings = output.settings
        self._output = output
        self._channels = channels
        self._callers: dict[LegId, Leg] = {}
        """Who rings whom, by the leg that is rung."""

    def keeps(self, leg: Leg, dnis: str) -> bool:
        """Whether the call is none of the daemon's. One that no daemon takes in time becomes that."""
        if leg.endpoint and dnis in self._settings.emergency:
            leg.arrival, leg.is_unseen = None, True
            self._ring(leg, dnis)
            return True
        if not leg.endpoint and self._settings.fallback:
            self._output.after(self._settings.fallback_time, partial(self._fall_back, leg))
        return False

    def answered(self, rung: Leg) -> None:
        """Somebody whom the dialplan rang: he and the caller talk."""
        caller = self._callers.pop(rung.id, None)
        if caller is None or caller.state == "gone":
            return
        self._channels.open(caller)
        caller.peer, rung.peer = rung.id, caller.id
        self._output.see(Talks(caller.id, rung.id))
        self._output.see(Talks(rung.id, caller.id))

    def _ring(self, leg: Leg, number: str) -> None:
        rung = Leg(LegId(f"{leg.id}-out"), "ringing", is_unseen=True)
        self._channels.add(rung)
        self._callers[rung.id] = leg
        self._output.see(HearsRinging(leg.id))
        shown = leg.endpoint.partition("/")[2]
        self._output.see(Rings(rung.id, NOWHERE, number, RING_TIME, shown, f"Phone {shown}"))

    def _fall_back(self, leg: Leg) -> None:
        if leg.state != "early" or leg.told_arrived:
            return
        leg.arrival, leg.is_unseen = None, True
        self._channels.open(leg)
        self._output.see(Hears(leg.id, until_digit=False, sounds=(self._settings.fallback,)))
        length = self._settings.sound_time(self._settings.fallback, self._output.chance)
        self._output.after(length, partial(self._channels.end, leg, OUT_OF_ORDER, "switch"))
