"""The engine: one input in, intents and facts out. It only dispatches; what is decided stands in the modules named."""

from collections.abc import Callable, Mapping
from heapq import heappop
from typing import Any

from ccd.core import adoption, arrival, departure, outgoing, recording, switches, talk, transfer
from ccd.core.acd import agent as agents
from ccd.core.acd import offer, waiting
from ccd.core.call import Call
from ccd.core.configuration import Configuration
from ccd.core.dialer import at_hand, attempt, placing, request
from ccd.core.floor import Floor, Outcome
from ccd.core.flow import interpreter
from ccd.core.reload import take_configuration
from ccd.core.timer import (
    AgentTimer,
    AttemptTimer,
    BackOffTimer,
    CampaignTimer,
    LegTimer,
    OfferTimer,
    QuestionTimer,
    RecallTimer,
    StepTimer,
    VisitTimer,
)
from ccd.model import event as e
from ccd.model.command import Reply
from ccd.model.ids import LegId, Moment


class Engine:
    """Deterministic: the same inputs, times, seed and configurations give the same commands, byte for byte."""

    def __init__(self, configurations: Mapping[str, Configuration], first: str, seed: int = 0) -> None:
        """`configurations` is asked for the value of each hash that a `ConfigurationLoaded` names."""
        self.configurations = configurations
        self.floor = Floor(configurations[first], seed)
        take_configuration(self.floor, configurations[first])
        self.floor.outcome()

    @classmethod
    def restored(cls, configurations: Mapping[str, Configuration], floor: Floor) -> "Engine":
        """An engine that goes on where the floor, from a snapshot, stands."""
        engine = cls.__new__(cls)
        engine.configurations, engine.floor = configurations, floor
        return engine

    def handle(self, event: e.AnyEvent, now: Moment) -> Outcome:
        """Fire what was due, at its time, then take the event."""
        floor = self.floor
        timers = floor.timers
        if type(event) is e.TimersHeld and not floor.holds_timers:
            floor.holds_timers, floor.stood_still_since = True, floor.now
        if timers and timers[0][0] <= now and not floor.holds_timers:
            self._fire(now)
        floor.begin(now)
        HANDLERS[type(event)](self, event)
        if timers and timers[0][0] <= floor.now and not floor.holds_timers:
            self._fire(floor.now)
        if floor.stirred:
            placing.look_all(floor)
        outcome = floor.outcome()
        floor.statistics.apply(outcome.facts)
        return outcome

    def deadline(self) -> Moment | None:
        """When the engine wants to be called, with `TimePassed` if nothing else came."""
        return None if self.floor.holds_timers else self.floor.next_due()

    def secret(self, leg: LegId) -> tuple[str, str] | None:
        """While a leg types a secret: the token to keep its digits under, and the key that ends it."""
        known = self.floor.legs.get(leg)
        return known.secret if known else None

    def _fire(self, until: Moment) -> None:
        floor, timers = self.floor, self.floor.timers
        while timers and timers[0][0] <= until:
            due, _, timer = heappop(timers)
            floor.begin(due)
            TIMERS[type(timer)](floor, timer)
            if floor.stirred:
                placing.look_all(floor)


def on_call(handler: Callable[[Floor, Call, Any], None]) -> Callable[[Engine, Any], None]:
    """A handler of an event on a leg of a call; for unknown legs nothing happens."""

    def handle(engine: Engine, event: Any) -> None:
        floor = engine.floor
        known = floor.legs.get(event.leg)
        if known is not None:
            handler(floor, floor.calls[known.call], event)

    return handle


def on_request(handler: Callable[[Floor, Any], str]) -> Callable[[Engine, Any], None]:
    """A handler of a request, which returns why not, or nothing."""

    def handle(engine: Engine, event: Any) -> None:
        refusal = handler(engine.floor, event)
        engine.floor.send(Reply(event.request, refusal))

    return handle


def on_leg_answered(engine: Engine, event: e.LegAnswered) -> None:
    """A phone, an outside party, or the caller's own leg."""
    floor, leg_id = engine.floor, event.leg
    leg = floor.legs.get(leg_id)
    if leg is None:
        return
    call = floor.calls[leg.call]
    if leg.state == "ending":
        if call.campaign is not None and leg_id == call.leg and not event.is_machine:
            attempt.on_answered_too_late(floor, call)
        return
    leg.state = "up"
    if call.phase == "attempting":
        attempt.on_answered(floor, call, is_machine=event.is_machine)
    elif call.phase == "dialling" and call.campaign is None and call.direction != "inbound":
        outgoing.on_answered(floor, call, leg_id)
    elif leg_id == call.leg:
        interpreter.on_answered_leg(floor, call)
    elif call.phase == "dialling" and call.other == leg_id:
        transfer.on_answered(floor, call)
    elif call.offer is not None and floor.offers[call.offer].leg == leg_id:
        offer.on_answered(floor, floor.offers[call.offer])
    else:
        offer.end_leg(floor, leg_id, offer.NORMAL)


def on_ringing(floor: Floor, call: Call, event: e.LegRinging) -> None:
    """A phone rings for a caller: one who is not answered yet hears it."""
    if call.direction == "inbound" and event.leg != call.leg:
        waiting.ring(floor, call)


def on_play_ended(floor: Floor, call: Call, event: e.PlayEnded) -> None:
    """A prompt of the flow, or an announcement to one who waits."""
    if call.phase == "waiting":
        waiting.on_play_ended(floor, call, event.serial)
    else:
        interpreter.on_play_ended(floor, call, event)


def on_digit(floor: Floor, call: Call, event: e.DigitPressed) -> None:
    """A key of the caller for the flow, of an agent in a talk for the recording."""
    if event.leg == call.leg:
        interpreter.on_digit(floor, call, event.digit)
    elif call.phase == "talking":
        talk.on_agent_key(floor, call, floor.legs[event.leg], event.digit)


def on_message(floor: Floor, call: Call, event: e.MessageRecorded) -> None:
    """What a caller said is in its file."""
    if event.serial == floor.legs[event.leg].play_serial:
        interpreter.signal(floor, call, interpreter.MessageEnded(event.length))


def on_referred(floor: Floor, call: Call, event: e.LegReferred) -> None:
    """An agent's phone sends his customer on. Nobody else may: for an outside party's the talk is just over."""
    if event.leg != call.leg or call.cursor is None:
        offer.end_leg(floor, event.leg, offer.NORMAL)
        return
    agent = call.agent or (call.talked_with if call.phase == "returning" else None)
    if agent is None:
        talk.on_returned(floor, call, event)
        return
    if call.phase == "talking":
        talk.end(floor, call, "agent")
        talk.hang_up_other(floor, call)
    call.phase = "flow"
    transfer.refer(floor, call, agent, event.dialled, event.number)


def on_switch_up(engine: Engine, event: e.SwitchUp) -> None:
    """The switch obeys: whoever can be offered a call is."""
    switches.on_up(engine.floor, event.switch, event.boot)


def on_switch_down(engine: Engine, event: e.SwitchDown) -> None:
    """Nobody can be rung there; calls and agents stay as they are."""
    switches.on_down(engine.floor, event.switch, event.heard_at)


def on_endpoint(engine: Engine, event: e.EndpointChanged) -> None:
    """A phone's device state."""
    switches.on_endpoint(engine.floor, event.switch, event.endpoint, event.state)


def on_configuration(engine: Engine, event: e.ConfigurationLoaded) -> None:
    """New rules hold from here on; calls keep the flow they began with."""
    take_configuration(engine.floor, engine.configurations[event.hash])


def on_timers_held(engine: Engine, event: e.TimersHeld) -> None:
    """Nobody is offered a call: he may be gone, and it would be told in a moment."""
    agents.settle_all(engine.floor)


def on_timers_released(engine: Engine, event: e.TimersReleased) -> None:
    """What was due fires: who has waited too long leaves. Then whoever is free gets a caller, all at once."""
    engine._fire(engine.floor.now)
    engine.floor.holds_timers = False
    agents.settle_all(engine.floor)


def on_answer(engine: Engine, event: e.Answered) -> None:
    """What a campaign or a call's flow asked."""
    if not at_hand.on_answer(engine.floor, event):
        interpreter.on_answer(engine.floor, event)


def on_question_timer(floor: Floor, timer: QuestionTimer) -> None:
    """Nobody answered in time."""
    if not at_hand.on_late_answer(floor, timer.question):
        interpreter.on_question_timer(floor, timer)


def hang_up(floor: Floor, event: e.HangUpRequested) -> str:
    """Somebody ends a call from outside."""
    call = floor.calls.get(event.call)
    if call is None:
        return f"no call {event.call}"
    departure.end_call(floor, call)
    return ""


def record(floor: Floor, event: e.RecordingRequested) -> str:
    """Start, pause, resume or stop the recording of a call."""
    call = floor.calls.get(event.call)
    return recording.request(floor, call, event.action, event.by) if call else f"no call {event.call}"


def ignore(engine: Engine, event: Any) -> None:
    """Facts for the record only; the journal has them."""


HANDLERS: dict[type, Callable[[Engine, Any], None]] = {
    e.LegArrived: lambda engine, event: arrival.on_arrived(engine.floor, event),
    e.LegAnswered: on_leg_answered,
    e.LegRinging: on_call(on_ringing),
    e.LegsBridged: on_call(talk.on_bridged),
    e.BridgeFailed: on_call(talk.on_bridge_failed),
    e.LegReturned: on_call(talk.on_returned),
    e.LegReferred: on_call(on_referred),
    e.LegHeld: ignore,
    e.LegHungUp: on_call(departure.on_hung_up),
    e.DigitPressed: on_call(on_digit),
    e.PlayEnded: on_call(on_play_ended),
    e.MessageRecorded: on_call(on_message),
    e.RecordingStarted: ignore,
    e.RecordingChanged: on_call(recording.on_changed),
    e.RecordingFailed: on_call(recording.on_failed),
    e.SwitchUp: on_switch_up,
    e.SwitchDown: on_switch_down,
    e.EndpointChanged: on_endpoint,
    e.Answered: on_answer,
    e.ConfigurationLoaded: on_configuration,
    e.AgentsRestored: lambda engine, event: agents.restore(engine.floor, event.agents),
    e.CallsRecalled: lambda engine, event: adoption.recall(engine.floor, event.switch, event.calls),
    e.TimersHeld: on_timers_held,
    e.TimersReleased: on_timers_released,
    e.TimePassed: ignore,
    e.LogInRequested: on_request(lambda floor, event: agents.log_in(floor, event.agent, event.endpoint)),
    e.LogOutRequested: on_request(lambda floor, event: agents.log_out(floor, event.agent)),
    e.PauseRequested: on_request(lambda floor, event: agents.pause(floor, event.agent, event.reason)),
    e.UnpauseRequested: on_request(lambda floor, event: agents.unpause(floor, event.agent)),
    e.EndWrapUpRequested: on_request(lambda floor, event: agents.end_wrap_up(floor, event.agent)),
    e.HangUpRequested: on_request(hang_up),
    e.RecordingRequested: on_request(record),
    e.CampaignRequested: on_request(request.act),
    e.ContactsChanged: on_request(request.contacts_changed),
    e.NumberBlocked: on_request(request.number_blocked),
    e.DispositionRequested: on_request(request.set_disposition),
    e.PreviewRequested: on_request(request.preview),
    e.CampaignsRestored: lambda engine, event: request.restore(engine.floor, event),
}
TIMERS: dict[type, Callable[[Floor, Any], None]] = {
    StepTimer: interpreter.on_step_timer,
    QuestionTimer: on_question_timer,
    OfferTimer: offer.on_timer,
    VisitTimer: waiting.on_timer,
    AgentTimer: agents.on_timer,
    BackOffTimer: agents.on_back_off_timer,
    LegTimer: talk.on_timer,
    RecallTimer: adoption.on_timer,
    CampaignTimer: placing.on_timer,
    AttemptTimer: attempt.on_timer,
}
