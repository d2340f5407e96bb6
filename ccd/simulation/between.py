"""The trunks between simulated switches: a phone of one rings and talks for a leg of another.

What the dialplan does there without a daemon: the far switch knows that its phone is used, and tells no leg of it.
"""

from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from ccd.core.network import area_of_phone, device_of
from ccd.model.ids import MILLISECOND, SECOND, Endpoint, LegId, Length, SwitchName, switch_of
from ccd.switch.simulated.people import AnyAct, AnySight, FarPhone, HangsUp, Over, PhoneChanges, PicksUp, Rejects, Rings

if TYPE_CHECKING:
    from ccd.simulation.world import World

ANSWER_TIME: Length = 50 * MILLISECOND
MEDIA_TIME: Length = 30 * SECOND
"""A talk whose far end died is ended by the near switch (rtp_timeout)."""
BUSY_HERE, UNAVAILABLE, GONE = 486, 480, 503


class FarLeg(Struct):
    """A leg of one switch that rings or holds a phone of another."""

    phone: Endpoint
    is_up: bool = False


class Between:
    """Looks at what people do and notice, and tells the far switch."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._network = world.configuration.network
        self._legs: dict[LegId, FarLeg] = {}

    def phone_of(self, sight: Rings) -> Endpoint:
        """The phone that rings, by its whole name."""
        own = switch_of(sight.leg)
        if not sight.through:
            return self._network.phone(own, sight.endpoint)
        trunks = self._network.trunks[own]
        far = next(name for name, trunk in trunks.items() if trunk == sight.through)
        return self._network.phone(far, sight.endpoint)

    def noticed(self, sight: AnySight) -> bool:
        """Whether anybody is to notice it: a phone that cannot ring does not."""
        if self._network.is_one:
            return True
        if isinstance(sight, Rings) and sight.through:
            return self._rings(sight.leg, self.phone_of(sight))
        if isinstance(sight, Over):
            leg = self._legs.pop(sight.leg, None)
            if leg is not None:
                self._tell(sight.leg, leg.phone, "gone")
        return True

    def acted(self, act: AnyAct) -> None:
        """Somebody does something that the far switch sees."""
        leg = self._legs.get(act.leg) if isinstance(act, PicksUp) else None
        if leg is not None and not leg.is_up:
            leg.is_up = True
            self._tell(act.leg, leg.phone, "up")  # type: ignore[union-attr]
        elif isinstance(act, PhoneChanges) and not act.reachable:
            for far, one in self._legs.items():
                if device_of(one.phone) == act.endpoint:
                    self._world.after(MEDIA_TIME, partial(self._without_phone, far))

    def restarted(self, switch: SwitchName) -> None:
        """Its phones ring for nobody any more; who talks with one hears nothing from now on."""
        area = self._network.area(switch)
        for leg, one in list(self._legs.items()):
            if area_of_phone(one.phone) == area:
                act: AnyAct = HangsUp(leg) if one.is_up else Rejects(leg, GONE)
                self._world.after(MEDIA_TIME if one.is_up else ANSWER_TIME, partial(self._world.act, act))

    def _rings(self, leg: LegId, phone: Endpoint) -> bool:
        state = self._world.switch_at(phone).state_of(device_of(phone))
        if state == "idle":
            self._legs[leg] = FarLeg(phone)
            self._tell(leg, phone, "ringing")
            return True
        code = UNAVAILABLE if state == "unreachable" else BUSY_HERE
        self._world.after(ANSWER_TIME, partial(self._world.act, Rejects(leg, code)))
        return False

    def _without_phone(self, leg: LegId) -> None:
        one = self._legs.get(leg)
        if one is not None and self._world.switch_at(one.phone).state_of(device_of(one.phone)) == "unreachable":
            self._world.act(HangsUp(leg) if one.is_up else Rejects(leg, UNAVAILABLE))

    def _tell(self, leg: LegId, phone: Endpoint, state: str) -> None:
        switch = self._world.switch_at(phone)
        self._world.take(switch.receive(FarPhone(device_of(phone), leg, state), self._world.now))
