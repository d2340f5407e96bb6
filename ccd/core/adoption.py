"""Legs that a former daemon had: their calls rebuilt from the channels' own variables; nobody loses his place."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ccd.core.acd import agent as agents
from ccd.core.call import Call, Cursor, Leg, Recording
from ccd.core.flow.interpreter import QueueEnded, run_of, signal
from ccd.core.flow.steps.queue import Queue
from ccd.core.timer import RecallTimer
from ccd.model.command import HangUp
from ccd.model.event import LegArrived
from ccd.model.fact import CallEnded, CallStarted
from ccd.model.ids import SECOND, AgentId, CallId, Length, Moment, QueueId, RecordingId, SwitchName

if TYPE_CHECKING:
    from ccd.core.floor import Floor

RECALL_TIME: Length = 10 * SECOND


def adopt(floor: "Floor", event: LegArrived) -> None:
    """Who waited waits on in his place, who was in a menu hears it again, who talks is left alone.

    A customer whose talk ended meanwhile goes on in his flow, and so does one whom a campaign dialled and who has
    picked up; any other leg of ours without its partner is hung up.
    """
    variables = event.variables
    call_id = CallId(variables["CCD_CALL"])
    is_customer = variables.get("CCD_ROLE") in ("caller", "talked") or (event.answered and "CCD_CAMPAIGN" in variables)
    if event.bridge:
        join(floor, event, call_id)
    elif call_id in floor.calls or not is_customer:
        floor.send(HangUp(event.leg))
    else:
        resume(floor, event, call_id)


def resume(floor: "Floor", event: LegArrived, call_id: CallId) -> None:
    """A caller who is not in a talk: on with the step he was in."""
    variables = event.variables
    flow = floor.configuration.flows.get(variables.get("CCD_FLOW", ""))
    if flow is None:
        floor.send(HangUp(event.leg))
        return
    call = rebuilt(floor, event, call_id)
    call.phase = "flow"
    call.cursor = Cursor(flow, flows=floor.configuration.flows)
    call.waiting_since = moment(variables.get("CCD_SINCE", ""))
    run = run_of(floor, call)
    name = variables.get("CCD_STEP", "")
    step = flow.steps.get(name)
    if step is None:
        run.go(flow.start)
    elif not isinstance(step, Queue):
        run.go(name)
    elif variables.get("CCD_TALKED"):
        run.cursor.step = name
        signal(floor, call, QueueEnded("answered"))
    else:
        run.cursor.step = name
        step.wait(run)


def join(floor: "Floor", event: LegArrived, call_id: CallId) -> None:
    """One side of a talk that goes on; the other one has arrived already or is about to."""
    call = floor.calls.get(call_id)
    is_agent = is_agents(event.variables)
    if call is None:
        call = rebuilt(floor, event, call_id)
        call.phase, call.talk_began = "talking", floor.now
    else:
        floor.legs[event.leg] = Leg(event.leg, call_id, "customer", "bridged", event.endpoint)
        call.legs.append(event.leg)
        call.leg, call.other = (call.leg, event.leg) if is_agent else (event.leg, call.leg)
    leg = floor.legs[event.leg]
    leg.role, leg.state = ("agent" if is_agent else "customer"), "bridged"
    own(floor, call, AgentId(event.variables.get("CCD_AGENT", "")))
    if not is_agent:
        know_customer(floor, call, event)
    elif call.agent is not None:  # what arrived may be the trunk to his phone's switch
        leg.endpoint = floor.agents[call.agent].endpoint


def know_customer(floor: "Floor", call: Call, event: LegArrived) -> None:
    """The customer's side of a talk carries since when they talk, the step he goes on with, queue and recording."""
    variables, flows = event.variables, floor.configuration.flows
    call.talk_began = moment(variables.get("CCD_TALKED", "")) or call.talk_began
    flow, step = flows.get(variables.get("CCD_FLOW", "")), variables.get("CCD_STEP", "")
    if flow and step in flow.steps:
        call.cursor = Cursor(flow, step, flows)
    call.recording = call.recording or recording_of(event)
    queue = QueueId(variables.get("CCD_QUEUE", ""))
    call.queue = queue if call.agent and queue in floor.queues else None


def is_agents(variables: Mapping[str, str]) -> bool:
    """Whether a leg in a talk is the agent's: whoever went through the bridge's context has the role `talked`."""
    return "CCD_TALKED" not in variables and (variables.get("CCD_ROLE") == "agent" or "CCD_OFFER" in variables)


def own(floor: "Floor", call: Call, agent_id: AgentId) -> None:
    """The agent who talks is busy with this call."""
    agent = floor.agents.get(agent_id)
    if call.agent is None and agent is not None and agent.state in ("ready", "wrap_up", "paused"):
        if agent.state == "paused":
            agent.after_call, agent.after_call_reason = "paused", agent.reason
        call.agent, agent.call = agent_id, call.id
        agents.move(floor, agent, "talking", call.id)
        agents.settle(floor, agent)


def rebuilt(floor: "Floor", event: LegArrived, call_id: CallId) -> Call:
    """The call of the leg. One that the journal knows goes on in its record; another one begins one."""
    call = Call(call_id, event.leg, "inbound", event.ani, event.ani_name, event.dnis, event.number, floor.now, "flow")
    call.answered = event.answered
    call.legs.append(event.leg)
    floor.calls[call_id] = call
    floor.legs[event.leg] = Leg(event.leg, call_id, "customer", "up", event.endpoint)
    if call_id in floor.recalled:
        del floor.recalled[call_id]
        call.visit_is_known = "CCD_QUEUE" in event.variables
    else:
        floor.note(
            CallStarted(
                call_id,
                event.leg,
                "inbound",
                event.ani,
                event.ani_name,
                event.dnis,
                event.number,
                event.variables.get("CCD_FLOW", ""),
            )
        )
    return call


def recording_of(event: LegArrived) -> Recording | None:
    """The recording that runs on the customer's leg."""
    name, state = event.variables.get("CCD_RECORDING", ""), event.variables.get("CCD_RECORDING_STATE", "")
    if not name or state == "stopped":
        return None
    return Recording(RecordingId(name), state == "paused", on_demand=False, begun=True)


# --- calls that ended while nobody looked


def recall(floor: "Floor", switch: SwitchName, calls: tuple[CallId, ...]) -> None:
    """What the journal says was under way; what does not arrive once the switch has told its channels is over."""
    area = floor.network.area(switch)
    floor.recalled |= {call: area for call in calls if call not in floor.calls}


def expect(floor: "Floor", area: SwitchName) -> None:
    """The switch obeys: from now on its channels arrive."""
    if area in floor.recalled.values():
        floor.at(floor.now + RECALL_TIME, RecallTimer(area))


def on_timer(floor: "Floor", timer: RecallTimer) -> None:
    """Those that did not arrive get the end of their record."""
    if not floor.is_up(timer.area):
        return
    for call in [call for call, area in floor.recalled.items() if area == timer.area]:
        del floor.recalled[call]
        floor.note(CallEnded(call, "switch", 0))


def moment(text: str) -> Moment:
    """A number out of a channel variable; 0 where there is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
