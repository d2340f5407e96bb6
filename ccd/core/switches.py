"""Switches come and go, each by itself: who can be rung where, and what ends with one that began anew."""

from typing import TYPE_CHECKING

from ccd.core import adoption
from ccd.core.acd import agent as agents
from ccd.core.acd import offer
from ccd.core.dialer import campaign as campaigns
from ccd.core.network import Network, area_of_phone
from ccd.model.event import EndpointState
from ccd.model.fact import EndpointNoted, SwitchNoted
from ccd.model.ids import MILLISECOND, Endpoint, Length, Moment, SwitchName

if TYPE_CHECKING:
    from ccd.core.floor import Floor

OUT_OF_ORDER = 27
NEWS_TIME: Length = 200 * MILLISECOND
"""So soon after a switch is back, what it tells may have been so for as long as nobody heard of it: the drivers compare
what they know with what it has as the last thing before they say that it is up, or with it.
"""
FOR_EVER: Moment = 1 << 62


def on_up(floor: "Floor", switch: SwitchName, boot: str) -> None:
    """The switch obeys."""
    area = floor.network.area(switch)
    has_restarted = floor.boots.get(switch, boot) != boot
    floor.boots[switch] = boot
    if area in floor.unseen:
        floor.unseen[area] = floor.unseen[area][0], floor.now + NEWS_TIME
    set_up(floor, area, True)
    if has_restarted:
        end_ways_to(floor, area)
    adoption.expect(floor, area)
    agents.settle_all(floor)


def on_down(floor: "Floor", switch: SwitchName, heard_at: Moment = 0) -> None:
    """It does not, and was heard of last at `heard_at`: nobody is rung there; calls and agents stay as they are."""
    area = floor.network.area(switch)
    if floor.is_up(area) or area not in floor.unseen:
        floor.unseen[area] = heard_at or floor.now, FOR_EVER
    set_up(floor, area, False)
    agents.settle_all(floor)


def set_up(floor: "Floor", area: SwitchName, is_up: bool) -> None:
    """Note it, and who can be joined with whom now."""
    floor.up[area] = is_up
    floor.note(SwitchNoted(area, is_up))
    connect(floor)


def connect(floor: "Floor") -> None:
    """Who can be joined with whom, as switches and trunks are now."""
    floor.routing.connect(floor.network.reach(floor.is_up, floor.is_trunk_away))


def end_ways_to(floor: "Floor", area: SwitchName) -> None:
    """A switch began anew: the far ends of legs that led to its phones are gone, whatever their own switches know."""
    if floor.network.is_one:
        return
    for leg in list(floor.legs.values()):
        if area_of_phone(leg.endpoint) == area != floor.area_of(leg.id) and leg.endpoint:
            offer.end_leg(floor, leg.id, OUT_OF_ORDER)


def on_endpoint(floor: "Floor", switch: SwitchName, device: Endpoint, state: EndpointState) -> None:
    """A phone's device state, or a trunk's."""
    endpoint = floor.network.phone(switch, device)
    was_away = floor.is_trunk_away(endpoint)
    floor.endpoints[endpoint] = state
    floor.note(EndpointNoted(endpoint, state))
    agents.on_endpoint(floor, endpoint)
    if was_away != floor.is_trunk_away(endpoint):
        campaigns.stir_all(floor)
    if was_away != floor.is_trunk_away(endpoint) and endpoint in floor.network.between():
        connect(floor)
        agents.settle_all(floor)


def forget_removed(floor: "Floor", former: Network) -> None:
    """Phones of switches that the configuration has no more; who works at one is logged out. Where another switch is
    the first one now, the names mean other phones, all of them.
    """
    is_other = former.first != floor.network.first and not (former.is_one and floor.network.is_one)
    areas = () if is_other else floor.network.areas()
    for endpoint in [known for known in floor.agent_at if area_of_phone(known) not in areas]:
        agents.log_out(floor, floor.agent_at[endpoint])
    for endpoint in [known for known in floor.endpoints if area_of_phone(known) not in areas]:
        del floor.endpoints[endpoint]
    for area in [known for known in floor.up if known not in areas]:
        del floor.up[area]
