"""Whole calls through the engine: queue, offer, talk, and every way they can go wrong."""

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from ccd.core.acd import waiting
from ccd.core.configuration import RecordingPolicy, Site
from ccd.core.flow.interpreter import QueueEnded, Run
from ccd.model import command as c
from ccd.model import fact as f
from ccd.model.event import (
    BridgeFailed,
    CallsRecalled,
    EndpointChanged,
    LegArrived,
    LegReferred,
    LogInRequested,
    LogOutRequested,
    RecordingRequested,
    SwitchDown,
    SwitchUp,
)
from ccd.model.ids import SECOND, AgentId, CallId, Endpoint, LegId, QueueId, RequestId
from tests.core.centre import PBX, Centre, agent, configuration, flow, leg, queue


@dataclass(frozen=True)
class Wait:
    """The smallest queue step: wait, then hang up."""

    queue: str = "sales"
    max_wait: int = 0
    priority: int = 0
    leave_at_no_agent: bool = False
    verb: ClassVar[str] = "queue"
    needs_answer: ClassVar[bool] = False

    def enter(self, run: Run) -> None:
        rules = run.floor.queue(QueueId(self.queue))
        waiting.enter(run.floor, run.call, rules, self.priority, self.max_wait, self.leave_at_no_agent)

    def resume(self, run: Run, signal: Any) -> None:
        if isinstance(signal, QueueEnded):
            run.finish(signal.outcome)


def centre(*agents: Any, queues: Any = (), **settings: Any) -> Centre:
    """One flow `sales` that waits in queue `sales`; two more with other settings."""
    flows = {
        "sales": flow("sales", wait=Wait()),
        "vip": flow("vip", wait=Wait(priority=60 * SECOND)),
        "short": flow("short", wait=Wait(max_wait=5 * SECOND)),
        "staffed": flow("staffed", wait=Wait(leave_at_no_agent=True)),
    }
    queues = queues or (queue("sales", wrap_up_time=10 * SECOND),)
    return Centre(configuration(flows, queues, agents or (agent("anna", sales=2), agent("bert", sales=1)), **settings))


def states(c: Centre) -> dict[str, str]:
    """Agent to state."""
    return {name: a.state for name, a in c.engine.floor.agents.items()}


def talk(c: Centre, unique: str = "1.1", dnis: str = "sales") -> LegId:
    """A caller arrives, the first agent rung answers, they talk; returns the agent's leg."""
    c.arrive(dnis, unique)
    ring = c.dialled()[-1]
    c.answer(ring.leg)
    c.bridged(leg(unique), ring.leg)
    return ring.leg


def test_best_skilled_agent_is_rung_and_talks_and_wraps_up() -> None:
    c_ = centre()
    c_.log_in("bert")
    c_.log_in("anna")
    outcome = c_.arrive("sales")
    (ring,) = c_.dialled()
    assert ring.endpoint == "PJSIP/anna"
    assert outcome.commands[0] is ring, "the dial leaves before anything else"
    assert states(c_) == {"anna": "offered", "bert": "ready"}
    assert c.Bridge(leg("1.1"), ring.leg) in c_.answer(ring.leg).commands
    c_.bridged(leg("1.1"), ring.leg)
    assert states(c_)["anna"] == "talking"
    assert c.HangUp(ring.leg, 16) in c_.hung_up(leg("1.1")).commands
    assert states(c_)["anna"] == "wrap_up"
    c_.hung_up(ring.leg, by="us")
    c_.wait(10 * SECOND)
    assert states(c_)["anna"] == "ready"
    assert [x.outcome for x in c_.of(f.QueueLeft)] == ["answered"]
    assert len(c_.of(f.CallEnded)) == 1
    assert not c_.engine.floor.calls
    assert not c_.engine.floor.legs


@dataclass(frozen=True)
class Again(Wait):
    """A queue that leads to itself once more after the talk."""

    def resume(self, run: Run, signal: Any) -> None:
        if isinstance(signal, QueueEnded):
            run.finish(signal.outcome, "wait")


def test_who_has_talked_and_queues_again_waits_from_then_on() -> None:
    c_ = Centre(configuration({"sales": flow("sales", wait=Again())}, (queue("sales"),), (agent("anna", sales=1),)))
    c_.log_in("anna")
    other = talk(c_)
    c_.wait(60 * SECOND)
    c_.hung_up(other)
    c_.returned(leg("1.1"))
    first, again = c_.of(f.QueueEntered)
    assert again.waiting_since > first.waiting_since + 60 * SECOND - 1


def test_agent_leaves_first_and_the_customer_goes_on_in_his_flow() -> None:
    for order in ("hung_up first", "returned first"):
        c_ = centre()
        c_.log_in("anna")
        other = talk(c_)
        if order == "hung_up first":
            c_.hung_up(other)
            commands = c_.returned(leg("1.1")).commands
        else:
            commands = c_.returned(leg("1.1")).commands
            c_.hung_up(other, by="us")
        assert c.HangUp(leg("1.1"), 16) in commands, order
        c_.hung_up(leg("1.1"), by="us")
        assert [x.ended_by for x in c_.of(f.TalkEnded)] == ["agent"]
        assert len(c_.of(f.CallEnded)) == 1


@pytest.mark.parametrize(
    ("cause", "sip", "outcome"),
    [(17, 486, "busy"), (21, 603, "refused"), (19, 480, "expired"), (20, 0, "unreachable"), (16, 0, "refused")],
)
def test_failed_offer_goes_to_the_next_agent_and_the_caller_keeps_his_place(cause: int, sip: int, outcome: str) -> None:
    c_ = centre()
    c_.log_in("anna")
    c_.log_in("bert")
    c_.arrive("sales")
    c_.hung_up(c_.dialled()[0].leg, cause, sip_code=sip)
    assert [d.endpoint for d in c_.dialled()] == ["PJSIP/anna", "PJSIP/bert"]
    assert c_.of(f.OfferEnded)[0].outcome == outcome
    assert states(c_) == {"anna": "ready", "bert": "offered"}


def test_back_off_and_then_the_same_agent_again() -> None:
    c_ = centre(agent("anna", sales=1))
    c_.log_in("anna")
    c_.arrive("sales")
    first = c_.dialled()[0]
    assert c.HangUp(first.leg, 16) in c_.wait(15 * SECOND).commands
    assert len(c_.dialled()) == 1
    c_.hung_up(first.leg, 19, by="us")
    c_.wait(5 * SECOND)
    assert len(c_.dialled()) == 2
    assert c_.dialled()[1].leg != first.leg


def test_agent_is_paused_after_too_many_missed_offers() -> None:
    c_ = centre(agent("anna", sales=1))
    c_.log_in("anna")
    c_.arrive("sales")
    for _ in range(3):
        c_.hung_up(c_.dialled()[-1].leg, 21)
        c_.wait(5 * SECOND)
    assert states(c_) == {"anna": "paused"}
    assert len(c_.dialled()) == 3
    assert c_.engine.floor.agents["anna"].reason == "missed 3 offers"  # type: ignore[index]


def test_caller_gives_up_while_the_phone_rings() -> None:
    c_ = centre()
    c_.log_in("anna")
    c_.arrive("sales")
    ring = c_.dialled()[0]
    assert c.HangUp(ring.leg, 16) in c_.hung_up(leg("1.1")).commands
    assert states(c_)["anna"] == "ready"
    assert [x.outcome for x in c_.of(f.QueueLeft)] == ["abandoned"]
    c_.answer(ring.leg)  # the answer that crossed our hang-up changes nothing
    c_.hung_up(ring.leg, by="us")
    assert len(c_.of(f.CallEnded)) == 1


def test_answer_that_crosses_the_expiry_rings_nobody_twice() -> None:
    c_ = centre()
    c_.log_in("anna")
    c_.log_in("bert")
    c_.arrive("sales")
    first = c_.dialled()[0]
    c_.wait(15 * SECOND)
    assert c_.answer(first.leg).commands == ()
    second = c_.dialled()[1]
    assert c.Bridge(leg("1.1"), second.leg) in c_.answer(second.leg).commands


def test_bridge_that_fails_puts_the_caller_back_in_his_place() -> None:
    c_ = centre()
    c_.log_in("anna")
    c_.log_in("bert")
    c_.arrive("sales")
    first = c_.dialled()[0]
    c_.answer(first.leg)
    c_.feed(BridgeFailed(leg("1.1"), first.leg, "gone"), 1)
    assert c_.of(f.OfferEnded)[0].outcome == "lost"
    assert len(c_.dialled()) == 2


def test_longest_waiting_first_and_priority_is_a_head_start() -> None:
    c_ = centre(agent("anna", sales=1))
    c_.arrive("sales", "1.1")
    c_.wait(30 * SECOND)
    c_.arrive("vip", "1.2")
    c_.wait(40 * SECOND)
    c_.arrive("vip", "1.3")
    served = []
    c_.log_in("anna")
    for _ in range(3):
        ring = c_.dialled()[-1]
        call = c_.engine.floor.calls[dict(ring.variables)["CCD_CALL"]]  # type: ignore[index]
        served.append(call.leg)
        c_.answer(ring.leg)
        c_.bridged(call.leg, ring.leg)
        c_.hung_up(call.leg)
        c_.hung_up(ring.leg, by="us")
        c_.wait(10 * SECOND)
    assert served == [leg("1.2"), leg("1.1"), leg("1.3")]


def test_maximum_wait_overflows_and_stops_the_phone_that_rings() -> None:
    c_ = centre()
    c_.log_in("anna")
    c_.arrive("short")
    ring = c_.dialled()[0]
    commands = c_.wait(5 * SECOND).commands
    assert c.HangUp(ring.leg, 16) in commands
    assert c.HangUp(leg("1.1"), 16) in commands
    assert [x.outcome for x in c_.of(f.QueueLeft)] == ["overflowed"]
    assert states(c_)["anna"] == "ready"


def test_maximum_wait_does_not_take_the_caller_from_an_agent_who_has_answered() -> None:
    c_ = centre()
    c_.log_in("anna")
    c_.arrive("short")
    ring = c_.dialled()[0]
    c_.wait(5 * SECOND - 2)
    c_.answer(ring.leg)
    c_.wait(1 * SECOND)
    c_.bridged(leg("1.1"), ring.leg)
    assert [x.outcome for x in c_.of(f.QueueLeft)] == ["answered"]


def test_no_qualified_agent_logged_in_is_a_case_of_its_own() -> None:
    c_ = centre()
    c_.arrive("staffed", "1.1")
    c_.arrive("sales", "1.2")
    assert [x.outcome for x in c_.of(f.QueueLeft)] == ["no_agent"]
    c_.log_in("anna")
    c_.hung_up(c_.dialled()[0].leg, 17)
    c_.arrive("staffed", "1.3")
    c_.requests += 1
    c_.feed(LogOutRequested(RequestId("x"), "test", "anna"), 1)  # type: ignore[arg-type]
    assert [x.outcome for x in c_.of(f.QueueLeft)] == ["no_agent", "no_agent"]


@pytest.mark.parametrize("endpoint", ["", "PJSIP/nowhere", "Local/1@from-internal", "PJSIP/trunk"])
def test_nobody_logs_in_where_no_phone_is(endpoint: str) -> None:
    c_ = centre()
    c_.feed(EndpointChanged(PBX, Endpoint("PJSIP/trunk"), "idle"))
    request = LogInRequested(RequestId("r"), "test", AgentId("anna"), Endpoint(endpoint))
    (reply,) = c_.feed(request).commands
    assert isinstance(reply, c.Reply)
    assert reply.refusal
    assert states(c_)["anna"] == "logged_out"


def test_a_phone_in_use_or_away_gets_no_calls() -> None:
    c_ = centre()
    c_.log_in("anna")
    c_.phone("anna", "in_use")
    c_.arrive("sales")
    assert not c_.dialled()
    c_.phone("anna", "unreachable")
    assert not c_.dialled()
    c_.phone("anna", "idle")
    assert len(c_.dialled()) == 1


def test_nobody_is_rung_while_the_link_is_down() -> None:
    c_ = centre()
    c_.log_in("anna")
    c_.feed(SwitchDown(PBX, "cut"))
    c_.arrive("sales")
    assert not c_.dialled()
    c_.feed(SwitchUp(PBX, "b1"), SECOND)
    assert len(c_.dialled()) == 1


def test_agent_dials_out_under_the_policy() -> None:
    c_ = centre()
    c_.log_in("anna")
    phone = Endpoint("PJSIP/anna")
    c_.feed(_arrived("2.1", phone, "600123123", "+34600123123"), 1)
    ring = c_.dialled()[0]
    assert (ring.endpoint, ring.number, ring.outbound_cli) == ("PJSIP/trunk", "+34600123123", "+34900")
    assert states(c_)["anna"] == "talking"
    assert c.Answer(leg("2.1")) in c_.answer(ring.leg).commands
    assert c.Bridge(ring.leg, leg("2.1")) in c_.answer(leg("2.1")).commands
    c_.bridged(ring.leg, leg("2.1"))
    assert c.HangUp(ring.leg, 16) in (*c_.hung_up(leg("2.1")).commands, *c_.returned(ring.leg).commands)
    c_.hung_up(ring.leg, by="us")
    assert states(c_)["anna"] == "ready"
    assert len(c_.of(f.CallEnded)) == 1


@pytest.mark.parametrize("number", ["+1900123456", "", "+34112"])
def test_agent_cannot_dial_what_no_rule_allows(number: str) -> None:
    c_ = centre()
    c_.log_in("anna")
    commands = c_.feed(_arrived("2.1", Endpoint("PJSIP/anna"), "x", number), 1).commands
    assert commands[0] == c.HangUp(leg("2.1"), 21)
    assert not c_.dialled()
    assert c_.of(f.DialForbidden)


def test_phone_without_a_login_dials_nothing() -> None:
    c_ = centre()
    c_.feed(_arrived("2.1", Endpoint("PJSIP/anna"), "600", "+34600123123"), 1)
    assert not c_.dialled()


def test_callee_busy_ends_the_agents_leg_with_the_same_cause() -> None:
    c_ = centre()
    c_.log_in("anna")
    c_.feed(_arrived("2.1", Endpoint("PJSIP/anna"), "600", "+34600123123"), 1)
    assert c.HangUp(leg("2.1"), 17) in c_.hung_up(c_.dialled()[0].leg, 17).commands
    c_.hung_up(leg("2.1"), 17, by="us")
    assert states(c_)["anna"] == "ready"


def test_refer_sends_the_customer_outside_under_the_agents_policy() -> None:
    c_ = centre()
    c_.log_in("anna")
    other = talk(c_)
    commands = c_.feed(LegReferred(leg("1.1"), "600", "+34600999999"), 1).commands
    assert c.HangUp(other, 16) in commands
    ring = c_.dialled()[-1]
    assert ring.number == "+34600999999"
    c_.hung_up(other, by="us")
    assert c.Bridge(leg("1.1"), ring.leg) in c_.answer(ring.leg).commands


def test_recording_follows_policy_and_can_be_paused() -> None:
    c_ = centre(queues=(queue("sales", recording=RecordingPolicy("always")),))
    c_.log_in("anna")
    talk(c_)
    started = [x for x in c_.commands if isinstance(x, c.StartRecording)]
    assert len(started) == 1
    call = CallId(c_.of(f.CallStarted)[0].call)
    commands = c_.feed(RecordingRequested(RequestId("r"), "boss", call, "pause"), 1).commands
    assert c.PauseRecording(leg("1.1"), started[0].recording) in commands
    assert c.Reply(RequestId("r"), "") in commands
    again = c_.feed(RecordingRequested(RequestId("r2"), "boss", call, "pause"), 1).commands
    assert again == (c.Reply(RequestId("r2"), "the recording is paused already"),)


def test_former_daemons_waiting_caller_keeps_his_place() -> None:
    c_ = centre(agent("anna", sales=1))
    c_.arrive("sales", "1.1")
    since = c_.now - 100 * SECOND
    variables = {
        "CCD_CALL": "old1",
        "CCD_ROLE": "caller",
        "CCD_FLOW": "sales",
        "CCD_STEP": "wait",
        "CCD_QUEUE": "sales",
        "CCD_SINCE": str(since),
        "CCD_PRIORITY": "0",
    }
    c_.arrive("sales", "0.9", answered=True, variables=variables)
    c_.log_in("anna")
    assert dict(c_.dialled()[0].variables)["CCD_CALL"] == "old1"


def test_unknown_numbers_and_too_many_calls_go_back_to_the_dialplan() -> None:
    c_ = centre(site=Site(most_calls=1))
    assert c_.arrive("nobody", "1.0").commands == (c.HandBack(leg("1.0"), "fallback"),)
    c_.arrive("sales", "1.1")
    assert c_.arrive("sales", "1.2").commands == (c.HandBack(leg("1.2"), "fallback"),)
    assert len(c_.of(f.CallStarted)) == 1


def bridged(unique: str, role: str, **more: str) -> LegArrived:
    """A leg of a former daemon's talk."""
    variables = {"CCD_CALL": "old1", "CCD_ROLE": role, "CCD_AGENT": "anna", "CCD_FLOW": "sales", **more}
    return LegArrived(leg(unique), answered=True, variables=variables, bridge="b")


@pytest.mark.parametrize("order", [("talked", "agent"), ("agent", "talked")])
def test_former_daemons_talk_is_left_alone_and_ends_in_order(order: tuple[str, str]) -> None:
    c_ = centre()
    c_.log_in("anna")
    c_.phone("anna", "in_use")
    legs = {"talked": "0.1", "agent": "0.2"}
    for role in order:
        assert not [x for x in c_.feed(bridged(legs[role], role), 1).commands if isinstance(x, c.HangUp)]
    assert states(c_)["anna"] == "talking"
    assert c.HangUp(leg("0.2"), 16) in c_.hung_up(leg("0.1")).commands
    c_.hung_up(leg("0.2"), by="us")
    assert states(c_)["anna"] != "talking"
    assert len(c_.of(f.CallEnded)) == 1
    assert not c_.engine.floor.legs


def test_call_that_ended_while_nobody_looked_gets_the_end_of_its_record() -> None:
    c_ = centre()
    c_.feed(CallsRecalled((CallId("gone"), CallId("old1"))))
    c_.feed(SwitchUp(PBX, "b1"))
    c_.feed(bridged("0.1", "talked"), 1)
    c_.wait(10 * SECOND)
    assert [x.call for x in c_.of(f.CallEnded)] == ["gone"]
    assert not c_.of(f.CallStarted), "the journal has the beginning already"


def test_agent_whose_customer_left_meanwhile_is_hung_up() -> None:
    c_ = centre()
    variables = {"CCD_CALL": "old1", "CCD_ROLE": "agent"}
    assert c.HangUp(leg("0.2")) in c_.feed(LegArrived(leg("0.2"), variables=variables)).commands


def test_same_inputs_same_commands() -> None:
    def day() -> list[Any]:
        c_ = centre()
        c_.log_in("anna")
        c_.log_in("bert")
        talk(c_)
        c_.arrive("vip", "1.2")
        c_.wait(30 * SECOND)
        return c_.commands

    assert day() == day()


def _arrived(unique: str, endpoint: Endpoint, dialled: str, number: str) -> Any:
    return LegArrived(leg(unique), ani="anna", dnis=dialled, endpoint=endpoint, number=number)


def test_endpoint_of_nobody_changes_nothing() -> None:
    c_ = centre()
    assert c_.feed(EndpointChanged(PBX, Endpoint("PJSIP/zoe"), "idle")).commands == ()
