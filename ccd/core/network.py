"""The switches of the site, the trunks between them, and who can be joined with whom.

A phone's name begins with the switch that it is on, `b:PJSIP/1001`; on the first switch of the configuration it is the
bare `PJSIP/1001`. An *area* is a switch as phones' names have it: empty for the first one, or where there is only one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ccd.model.ids import Endpoint, LegId, SwitchName, switch_of

FIRST = SwitchName("")
"""The area of the first switch."""
Reach = dict[SwitchName, tuple[SwitchName, ...]]
"""By the area of callers: the areas whose phones can be rung for them, their own first."""


def area_of_phone(endpoint: Endpoint) -> SwitchName:
    """The area that a phone's name says."""
    area, colon, _ = endpoint.partition(":")
    return SwitchName(area) if colon else FIRST


def device_of(endpoint: Endpoint) -> Endpoint:
    """The phone as its own switch calls it."""
    return Endpoint(endpoint.rpartition(":")[2])


@dataclass(frozen=True)
class Network:
    """`trunks`: of each switch, in the order of the configuration, its trunk to each other one that it reaches. Empty
    where nobody said: then there is one switch, whatever its name.
    """

    trunks: Mapping[SwitchName, Mapping[SwitchName, Endpoint]] = field(default_factory=dict)
    first: SwitchName = field(init=False, compare=False)
    is_one: bool = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "first", next(iter(self.trunks), FIRST))
        object.__setattr__(self, "is_one", len(self.trunks) < 2)

    def areas(self) -> tuple[SwitchName, ...]:
        """All of them, the first one first."""
        return tuple(map(self.area, self.trunks)) or (FIRST,)

    def area(self, switch: SwitchName) -> SwitchName:
        """Of a switch."""
        return FIRST if self.is_one or switch == self.first else switch

    def area_of_leg(self, leg: LegId) -> SwitchName:
        """Where a leg is."""
        return FIRST if self.is_one else self.area(switch_of(leg))

    def name(self, area: SwitchName) -> str:
        """The switch's own name, for people."""
        return area or self.first

    def phone(self, switch: SwitchName, endpoint: Endpoint) -> Endpoint:
        """A phone by its whole name, as the switch calls it by its own."""
        area = self.area(switch)
        return Endpoint(f"{area}:{endpoint}") if area and endpoint else endpoint

    def whole(self, endpoint: Endpoint) -> Endpoint:
        """A phone's whole name as somebody wrote it, who may have named the first switch, too."""
        area, colon, device = endpoint.partition(":")
        return Endpoint(device) if colon and area == self.first else endpoint

    def trunk(self, of: SwitchName, to: SwitchName) -> Endpoint:
        """By which the switch of one area reaches the other's phones, as it calls it; empty where there is none."""
        return self.trunks.get(of or self.first, {}).get(to or self.first, Endpoint(""))

    def between(self) -> frozenset[Endpoint]:
        """All trunks between switches, by their whole names."""
        return frozenset(self.phone(switch, trunk) for switch, own in self.trunks.items() for trunk in own.values())

    def reach(self, is_up: Callable[[SwitchName], bool], is_away: Callable[[Endpoint], bool]) -> Reach:
        """As things stand: nobody is rung on or for a switch that does not obey, or over a trunk that is away."""
        areas = [area for area in self.areas() if is_up(area)]
        return {of: (of, *(to for to in areas if to != of and self._leads(of, to, is_away))) for of in areas}

    def _leads(self, of: SwitchName, to: SwitchName, is_away: Callable[[Endpoint], bool]) -> bool:
        trunk = self.trunk(of, to)
        return bool(trunk) and not is_away(self.phone(SwitchName(of or self.first), trunk))


NOBODY_SAID = Network()
"""One switch, of whatever name."""
ALONE: Reach = {FIRST: (FIRST,)}
"""One switch, which obeys."""
