"""Phones as the switch sees them, and what it tells of them."""

from ccd.model.event import EndpointChanged, EndpointState
from ccd.model.ids import Endpoint, LegId, Moment, SwitchName
from ccd.switch.simulated.leg import Leg
from ccd.switch.simulated.output import Output
from ccd.switch.simulated.people import FarPhone, PhoneChanges


class Phone:
    """`told` is the state that the daemon was told last."""

    __slots__ = ("busy", "far", "legs", "reachable", "told", "told_until")

    def __init__(self) -> None:
        self.reachable = False
        self.busy = False
        self.legs: dict[LegId, Leg] = {}
        self.far: dict[LegId, str] = {}
        """Legs of other switches that ring it or hold it."""
        self.told: EndpointState = "unreachable"
        self.told_until: Moment = 0

    def state(self) -> EndpointState:
        """The truth."""
        if not self.reachable:
            return "unreachable"
        states = [*(leg.state for leg in self.legs.values()), *self.far.values()]
        if self.busy or "up" in states or "early" in states:
            return "in_use"
        return "ringing" if "ringing" in states else "idle"


class Phones:
    """All phones; trunks are none."""

    def __init__(self, name: SwitchName, output: Output) -> None:
        self._name = name
        self._output = output
        self._phones: dict[Endpoint, Phone] = {}

    def get(self, endpoint: Endpoint) -> Phone | None:
        """The phone, if the switch knows it."""
        return self._phones.get(endpoint)

    def change(self, act: PhoneChanges) -> None:
        """It comes, goes, or is used for something else."""
        phone = self._phones.setdefault(act.endpoint, Phone())
        phone.reachable, phone.busy = act.reachable, act.busy
        self.settle(act.endpoint)

    def use(self, act: FarPhone) -> None:
        """It rings or talks for a leg of another switch, or does not any more."""
        phone = self._phones.get(act.endpoint)
        if phone is not None:
            phone.far.pop(act.leg, None)
            if act.state != "gone":
                phone.far[act.leg] = act.state
            self.settle(act.endpoint)

    def forget_far(self) -> None:
        """The switch restarts: it has no calls of others any more."""
        for phone in self._phones.values():
            phone.far.clear()

    def settle(self, endpoint: Endpoint) -> None:
        """Tell the state if it is another one than was told."""
        phone = self._phones.get(endpoint)
        if phone is None or not self._output.is_up:
            return
        state = phone.state()
        if state != phone.told:
            phone.told = state
            self._tell(endpoint, phone, state)

    def tell_all(self) -> None:
        """After a login: every state, at once."""
        for endpoint, phone in self._phones.items():
            phone.told = phone.state()
            self._output.tell_now(EndpointChanged(self._name, endpoint, phone.told))

    def _tell(self, endpoint: Endpoint, phone: Phone, state: EndpointState) -> None:
        output, settings = self._output, self._output.settings
        due = output.now + output.draw(settings.delays.state)
        if output.fails("late state", settings.rates.late_state):
            due += output.draw(settings.lateness)
        due = phone.told_until = max(due, phone.told_until)
        event = EndpointChanged(self._name, endpoint, state)
        output.tell_at(event, due)
        if output.fails("duplicate state", settings.rates.duplicate_state):
            phone.told_until = due + output.draw(settings.reordering)
            output.tell_at(event, phone.told_until)
