"""The floor as people see it: agents, calls, queues. Read only."""

from typing import TYPE_CHECKING

from ccd.core.acd.agent import Agent
from ccd.core.acd.selection import is_qualified
from ccd.core.call import Call
from ccd.model.ids import AgentId, CallId, Moment, RecordingId
from ccd.model.view import AgentView, CallPhase, CallView, QueueView, RecordingState

if TYPE_CHECKING:
    from ccd.core.configuration import Queue
    from ccd.core.floor import Floor

PHASES: dict[str, CallPhase] = {
    "attempting": "dialling",
    "flow": "flow",
    "waiting": "waiting",
    "dialling": "dialling",
    "talking": "talking",
    "returning": "flow",
    "ending": "ending",
}


def agent_view(floor: "Floor", agent_id: AgentId) -> AgentView | None:
    """One agent; None if the configuration has none of that id."""
    agent, profile = floor.agents.get(agent_id), floor.configuration.agents.get(agent_id)
    if agent is None or profile is None:
        return None
    return AgentView(
        id=agent.id,
        name=profile.name,
        number=profile.number,
        state=agent.state,
        since=agent.since,
        reason=agent.reason,
        idle_since=agent.idle_since,
        endpoint=agent.endpoint,
        endpoint_state=floor.endpoints.get(agent.endpoint) if agent.endpoint else None,
        call=agent.call,
        skills=dict(profile.skills),
        missed=agent.missed,
        back_off_until=agent.back_off_until if agent.back_off_until > floor.now else 0,
    )


def agent_views(floor: "Floor") -> tuple[AgentView, ...]:
    """All agents, in the configuration's order."""
    views = (agent_view(floor, agent) for agent in floor.configuration.agents)
    return tuple(view for view in views if view is not None)


def call_view(floor: "Floor", call_id: CallId) -> CallView | None:
    """One running call."""
    call = floor.calls.get(call_id)
    return _call_view(floor, call) if call else None


def call_views(floor: "Floor") -> tuple[CallView, ...]:
    """All running calls, in order of arrival."""
    return tuple(_call_view(floor, call) for call in floor.calls.values())


def _call_view(floor: "Floor", call: Call) -> CallView:
    offer = floor.offers.get(call.offer) if call.offer else None
    visit = call.visit
    state, recording = recording_state(call)
    return CallView(
        id=call.id,
        direction=call.direction,
        phase=PHASES[call.phase],
        started_at=call.started,
        ani=call.ani,
        ani_name=call.ani_name,
        number=call.number,
        dnis=call.dnis,
        caller=call.caller,
        flow=call.cursor.flow.name if call.cursor else "",
        step=call.cursor.step if call.cursor else "",
        queue=visit.queue if visit else call.queue,
        position=floor.routing.ahead(visit.queue, visit.key) + 1 if visit else 0,
        waiting_since=call.waiting_since if visit else 0,
        agent=call.agent or (offer.agent if offer else None),
        talk_began_at=call.talk_began if call.phase == "talking" else 0,
        recording=recording,
        recording_state=state,
    )


def recording_state(call: Call) -> tuple[RecordingState, RecordingId | None]:
    """What is told of a call's recording; one that was made ready but holds no talk yet counts as none."""
    recording = call.recording
    if recording is None:
        return ("declined" if call.recording_declined else "none"), None
    if recording.stopped:
        return "stopped", recording.id
    if not recording.begun:
        return "none", recording.id
    return ("paused" if recording.paused else "recording"), recording.id


def queue_views(floor: "Floor", counted_since: Moment) -> tuple[QueueView, ...]:
    """All queues, in the configuration's order."""
    waiting: dict[str, list[Moment]] = {}
    for call in floor.calls.values():
        if call.visit is not None:
            waiting.setdefault(call.visit.queue, []).append(call.waiting_since)
    return tuple(
        queue_view(floor, queue, waiting.get(queue.id, []), counted_since)
        for queue in floor.configuration.queues.values()
    )


def queue_view(floor: "Floor", queue: "Queue", waiting: list[Moment], counted_since: Moment) -> QueueView:
    """One queue; `waiting` holds the `waiting_since` of its callers."""
    fit: list[Agent] = [
        floor.agents[profile.id]
        for profile in floor.configuration.agents.values()
        if is_qualified(queue, profile) and profile.id in floor.agents
    ]
    figures = floor.statistics.of(queue.id)
    return QueueView(
        id=queue.id,
        name=queue.name,
        requires=queue.requires,
        waiting=len(waiting),
        longest_waiting_since=min(waiting, default=0),
        ready=floor.routing.ready_for(queue.id),
        staffed=sum(agent.state != "logged_out" for agent in fit),
        talking=sum(agent.state == "talking" for agent in fit),
        offered=figures.offered,
        answered=figures.answered,
        answered_in_time=figures.answered_in_time,
        abandoned=figures.abandoned,
        service_level_time=queue.service_level_time,
        counted_since=counted_since,
    )
