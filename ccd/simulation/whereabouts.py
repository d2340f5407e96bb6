"""On which switch things are, by facts alone: who can be joined with whom, and what the loss of one may touch."""

from collections.abc import Iterator, Mapping

from ccd.core.floor import Outcome
from ccd.core.network import FIRST, Network, area_of_phone
from ccd.model import event as e
from ccd.model import fact as f
from ccd.model.command import HangUp
from ccd.model.ids import CallId, Endpoint, LegId, SwitchName

ENDS = (f.LegEnded, f.TalkEnded, f.CallEnded)


def is_end(fact: f.AnyFact) -> bool:
    """Whether somebody lost something by it."""
    return isinstance(fact, ENDS) or (isinstance(fact, f.QueueLeft) and fact.outcome in ("lost", "abandoned"))


class Whereabouts:
    """Of every call: where its caller is, and where else it has legs or phones."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.up: dict[SwitchName, bool] = {}
        self._of: dict[CallId, tuple[SwitchName, ...]] = {}
        self._led_to: dict[LegId, SwitchName] = {}
        """Legs that we dialled, and where their phones are."""

    def began(self, call: CallId, leg: LegId) -> None:
        """A call with its first leg."""
        self._of[call] = (self.network.area_of_leg(leg),)

    def of(self, call: CallId) -> SwitchName:
        """Where its caller is."""
        return self._of.get(call, (FIRST,))[0]

    def reaches(self, area: SwitchName, phone: Endpoint, phones: Mapping[Endpoint, str]) -> bool:
        """Whether a caller in the area can be joined with the phone: both switches obey, and a trunk leads there."""
        its = area_of_phone(phone)
        if not (self.up.get(area) and self.up.get(its)) or its == area:
            return bool(self.up.get(area)) and its == area
        trunk, network = self.network.trunk(area, its), self.network
        return bool(trunk) and phones.get(network.phone(SwitchName(network.name(area)), trunk)) != "unreachable"

    def wronged(self, event: e.AnyEvent, outcome: Outcome) -> Iterator[f.AnyFact | HangUp]:
        """What ended by an event of a switch that it had no part in; also learns where each call goes."""
        area = self._area(event)
        if isinstance(event, e.SwitchUp | e.SwitchDown):
            for command in outcome.commands:
                if isinstance(command, HangUp) and area not in self._parts_of(command.leg):
                    yield command
        for fact in outcome.facts:
            call = getattr(fact, "call", None)
            known = self._of.get(call, ()) if call is not None else ()
            if known and area is not None and is_end(fact) and area not in known:
                yield fact
            if call is None:
                continue
            if isinstance(fact, f.OfferMade | f.LegDialled):
                self._led_to[fact.leg] = its = area_of_phone(fact.endpoint)
                self._of[call] = (*known, its) if its not in known else known
            elif isinstance(fact, f.LegEnded):
                self._led_to.pop(fact.leg, None)
            elif isinstance(fact, f.CallEnded):
                self._of.pop(call, None)

    def _parts_of(self, leg: LegId) -> tuple[SwitchName, ...]:
        own = self.network.area_of_leg(leg)
        return own, self._led_to.get(leg, own)

    def _area(self, event: e.AnyEvent) -> SwitchName | None:
        if isinstance(event, e.SwitchUp | e.SwitchDown):
            return self.network.area(event.switch)
        return self.network.area_of_leg(event.leg) if isinstance(event, e.LegHungUp) else None
