"""A leg arrives: a caller, an agent's phone that dialled, or one that a former daemon had."""

from typing import TYPE_CHECKING

from msgspec.structs import replace

from ccd.core import adoption, outgoing
from ccd.core.acd import feature_code
from ccd.core.call import Call, Cursor, Leg
from ccd.core.flow.interpreter import begin
from ccd.model.command import HandBack
from ccd.model.event import LegArrived
from ccd.model.fact import CallStarted
from ccd.model.ids import CallId, switch_of

if TYPE_CHECKING:
    from ccd.core.floor import Floor

FALLBACK = "fallback"
"""The extension of the hand-back context for calls that ccd does not take."""


def on_arrived(floor: "Floor", event: LegArrived) -> None:
    """Give the leg a call. A leg that is known already changes nothing."""
    if event.leg in floor.legs:
        return
    if event.endpoint and not floor.network.is_one:
        event = replace(event, endpoint=floor.network.phone(switch_of(event.leg), event.endpoint))
    if event.variables.get("CCD_CALL"):
        adoption.adopt(floor, event)
    elif event.endpoint:
        code = feature_code.step_of(floor, event.dnis)
        if code is None:
            outgoing.begin(floor, event)
        else:
            feature_code.begin_code(floor, event, code)
    else:
        take(floor, event)


def take(floor: "Floor", event: LegArrived) -> None:
    """A caller: the flow of the number he dialled. No flow for it, or too many calls: back to the dialplan."""
    route = floor.configuration.numbers.get(event.dnis) or floor.configuration.default_route
    flow = floor.configuration.flows.get(route.flow) if route else None
    if route is None or flow is None or len(floor.calls) >= floor.configuration.site.most_calls:
        floor.send(HandBack(event.leg, FALLBACK))
        return
    call = new_call(floor, event, CallId(floor.new_id()), Cursor(flow, flows=floor.configuration.flows))
    call.variables.update(route.variables)
    floor.mark(event.leg, CCD_CALL=call.id, CCD_FLOW=flow.name, CCD_FLOW_VERSION=flow.version)
    begin(floor, call)


def new_call(floor: "Floor", event: LegArrived, call_id: CallId, cursor: Cursor) -> Call:
    """The call of a caller's leg."""
    number = event.number
    call = Call(call_id, event.leg, "inbound", event.ani, event.ani_name, event.dnis, number, floor.now, "flow")
    call.answered = event.answered
    call.cursor = cursor
    call.legs.append(event.leg)
    floor.calls[call_id] = call
    floor.legs[event.leg] = Leg(event.leg, call_id, "customer", "up")
    flow = cursor.flow
    floor.note(
        CallStarted(
            call_id, event.leg, "inbound", event.ani, event.ani_name, event.dnis, number, flow.name, flow.version
        )
    )
    return call
