"""A caller sent on: by his flow, or by the agent's phone (REFER); the dial policy decides, the outcome leads on."""

from dataclasses import replace
from typing import Any

import pytest

from ccd.core.configuration import RecordingPolicy, Site
from ccd.core.dial_policy import DialPolicy, DialRule
from ccd.core.flow.expression import Literal
from ccd.core.flow.steps.hangup import Hangup
from ccd.core.flow.steps.queue import Queue as QueueStep
from ccd.core.flow.steps.transfer import Transfer, TransferOutcome
from ccd.model import command as c
from ccd.model import fact as f
from ccd.model.event import (
    Answered,
    BridgeFailed,
    ConfigurationLoaded,
    DigitPressed,
    LegArrived,
    LegReferred,
    RecordingChanged,
)
from ccd.model.ids import SECOND, AgentId, Endpoint
from ccd.model.question import NormaliseNumber
from tests.core.centre import Centre, agent, configuration, flow, leg, queue
from tests.core.test_engine import centre, states, talk

CALLER = leg("1.1")
OUTCOMES: tuple[TransferOutcome, ...] = ("answered", "busy", "no_answer", "refused", "failed", "forbidden")


def sent_on(to: str = "+34911222333", **settings: Any) -> Centre:
    """A flow that transfers; each outcome has a step of its own."""
    on: dict[TransferOutcome, str] = {outcome: outcome for outcome in OUTCOMES}
    steps = {outcome: Hangup() for outcome in OUTCOMES}
    flows = {"out": flow("out", send=Transfer(to=Literal(to), ring_time=20 * SECOND, on=on, **settings), **steps)}
    made = Centre(configuration(flows, (queue("sales"),), (agent("anna", sales=1),)))
    made.arrive("out", answered=True)
    return made


def step_after(made: Centre) -> str:
    """Where the flow stands."""
    return str(made.of(f.StepEntered)[-1].step)


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [(17, "busy"), (19, "no_answer"), (18, "no_answer"), (21, "refused"), (34, "failed"), (1, "failed")],
)
def test_outcome_by_cause(cause: int, outcome: str) -> None:
    made = sent_on()
    (ring,) = made.dialled()
    assert (ring.endpoint, ring.number, ring.outbound_cli) == ("PJSIP/trunk", "+34911222333", "+34900")
    made.hung_up(ring.leg, cause)
    assert step_after(made) == outcome


def test_answered_and_over_leads_on() -> None:
    made = sent_on()
    (ring,) = made.dialled()
    assert c.Bridge(CALLER, ring.leg) in made.answer(ring.leg).commands
    made.bridged(CALLER, ring.leg)
    assert [fact.agent for fact in made.of(f.TalkBegan)] == [""]
    made.hung_up(ring.leg)
    made.returned(CALLER)
    assert step_after(made) == "answered"


def test_forbidden_dials_nothing_and_is_on_record() -> None:
    made = sent_on("+19005550100")
    assert not made.dialled()
    assert [fact.why for fact in made.of(f.DialForbidden)] == ["no rule allows it for role flow"]
    assert step_after(made) == "forbidden"


@pytest.mark.parametrize(
    ("value", "outcome"), [("", "failed"), (None, "failed"), (5, "failed"), ("+1900", "forbidden")]
)
def test_number_as_people_dial_it_is_normalised_first(value: Any, outcome: str) -> None:
    made = sent_on("911 222 333")
    ask = next(one for one in made.commands if isinstance(one, c.Ask))
    assert ask.what == NormaliseNumber("911 222 333")
    made.feed(Answered(ask.question, value), 1)
    assert step_after(made) == outcome


def test_nobody_who_normalises_is_a_failure_not_a_wait() -> None:
    made = sent_on("911 222 333")
    made.wait(2 * SECOND)
    assert step_after(made) == "failed"


def test_switch_that_never_says_is_not_waited_for() -> None:
    made = sent_on()
    (ring,) = made.dialled()
    assert c.HangUp(ring.leg, 19) in made.wait(23 * SECOND).commands
    made.hung_up(ring.leg, 19, by="us")
    assert step_after(made) == "no_answer"


def test_bridge_that_fails_ends_the_outside_leg() -> None:
    made = sent_on()
    (ring,) = made.dialled()
    made.answer(ring.leg)
    assert c.HangUp(ring.leg, 16) in made.feed(BridgeFailed(CALLER, ring.leg, "gone"), 1).commands
    made.hung_up(ring.leg, 16, by="us")
    assert step_after(made) == "failed"


def test_caller_who_leaves_ends_the_ringing_outside() -> None:
    made = sent_on()
    (ring,) = made.dialled()
    assert c.HangUp(ring.leg, 16) in made.hung_up(CALLER).commands
    made.hung_up(ring.leg, 16, by="us")
    assert len(made.of(f.CallEnded)) == 1


def test_refer_to_a_colleague_rings_his_phone() -> None:
    made = centre(agent("anna", sales=2), agent("carla"))
    made.log_in("anna")
    talk(made)
    made.feed(LegReferred(CALLER, "1005"), 1)
    ring = made.dialled()[-1]
    assert (ring.endpoint, ring.number) == ("PJSIP/carla", "")
    assert states(made)["anna"] == "wrap_up"


def referred() -> Centre:
    """Anna sent her customer to Carla, who is logged in; Carla's phone rings."""
    made = centre(agent("anna", sales=2), agent("carla", sales=1))
    made.log_in("anna")
    made.log_in("carla")
    other = talk(made)
    made.feed(LegReferred(CALLER, "1005"), 1)
    made.hung_up(other, by="us")
    return made


def test_colleague_who_gets_a_referred_customer_owns_the_call() -> None:
    made = referred()
    ring = made.dialled()[-1]
    assert states(made)["carla"] == "talking"
    made.arrive("sales", "1.2")
    assert made.dialled()[-1] is ring, "she is offered nothing else meanwhile"
    made.answer(ring.leg)
    made.bridged(CALLER, ring.leg)
    assert made.of(f.TalkBegan)[-1].agent == "carla"
    made.hung_up(CALLER)
    made.hung_up(ring.leg, by="us")
    assert states(made)["carla"] == "wrap_up"


def test_colleague_who_does_not_take_it_is_free_again() -> None:
    made = referred()
    made.hung_up(made.dialled()[-1].leg, 17)
    assert states(made)["carla"] == "ready"


def test_refer_to_a_colleague_whose_phone_is_away_ends_the_way_of_the_talk() -> None:
    made = centre(agent("anna", sales=2), agent("carla"))
    made.log_in("anna")
    made.phone("carla", "unreachable")
    talk(made)
    said = made.feed(LegReferred(CALLER, "1005"), 1).commands
    assert c.HangUp(CALLER, 16) in said
    assert len(made.dialled()) == 1


def test_refer_that_crosses_the_agents_hang_up_still_counts() -> None:
    made = centre()
    made.log_in("anna")
    other = talk(made)
    made.hung_up(other)
    made.feed(LegReferred(CALLER, "600", "+34600999999"), 1)
    assert made.dialled()[-1].number == "+34600999999"


def test_an_outside_party_cannot_send_the_customer_on() -> None:
    made = sent_on()
    (ring,) = made.dialled()
    made.answer(ring.leg)
    made.bridged(CALLER, ring.leg)
    said = made.feed(LegReferred(CALLER, "600", "+34600999999"), 1).commands
    assert len(made.dialled()) == 1
    assert c.HangUp(ring.leg, 16) in said
    assert step_after(made) == "answered"


def test_an_outside_party_cannot_send_on_whom_an_agent_sent_there() -> None:
    """What the agent may have dialled is not for him to use who talks now."""
    made = centre()
    made.log_in("anna")
    made.hung_up(talk(made))
    made.feed(LegReferred(CALLER, "600", "+34600999999"), 1)
    outside = made.dialled()[-1].leg
    made.answer(outside)
    made.bridged(CALLER, outside)
    count = len(made.dialled())
    made.feed(LegReferred(CALLER, "800", "+34800999999"), 1)
    assert len(made.dialled()) == count


def test_refer_under_a_policy_that_forbids_it_goes_on_in_the_flow() -> None:
    flows = {
        "sales": flow("sales", wait=QueueStep("sales", answer=False, on={"answered": "more"}), more=QueueStep("sales"))
    }
    made = Centre(configuration(flows, (queue("sales"),), (agent("anna", sales=1),)))
    made.log_in("anna")
    talk(made)
    made.feed(LegReferred(CALLER, "900", "+1900123456"), 1)
    assert len(made.of(f.DialForbidden)) == 1
    assert step_after(made) == "more"
    assert Endpoint("PJSIP/trunk") not in [one.endpoint for one in made.dialled()]


@pytest.mark.parametrize(("number", "cli"), [("+34600", "+34600"), ("", "600")])
def test_a_colleague_sees_who_it_is(number: str, cli: str) -> None:
    made = centre(agent("anna", sales=2), agent("carla"), site=Site(outbound_ring_time=20 * SECOND))
    made.log_in("anna")
    made.feed(LegArrived(CALLER, ani="600", dnis="sales", number=number), 1)
    other = made.dialled()[0].leg
    made.answer(other)
    made.bridged(CALLER, other)
    made.feed(LegReferred(CALLER, "1005"), 1)
    (call,) = made.engine.floor.calls
    ring = made.dialled()[-1]
    assert (ring.number, ring.outbound_cli, ring.ring_time) == ("", cli, 20 * SECOND)
    assert made.of(f.LegDialled) == [f.LegDialled(call, ring.leg, Endpoint("PJSIP/carla"), "", "colleague")]
    assert made.wait(23 * SECOND - 1).commands == ()
    assert made.wait(1).commands == (c.HangUp(ring.leg, 19),)


def with_rules(role: str) -> Centre:
    """A talk with Anna, who has the role; only supervisors may have +35 dialled, only agents +36."""
    rules = (
        DialRule("s", "+35*", roles=("supervisor",), trunk=Endpoint("PJSIP/trunk")),
        DialRule("a", "+36*", roles=("agent",), trunk=Endpoint("PJSIP/trunk")),
    )
    anna = replace(agent("anna", sales=1), role=role)
    made = centre(anna, agent("bert", sales=1), dial_policy=DialPolicy(rules))
    made.log_in("anna")
    talk(made)
    return made


@pytest.mark.parametrize(
    ("role", "number", "is_dialled"),
    [
        ("supervisor", "+35911222333", True),
        ("supervisor", "+36911222333", False),
        ("agent", "+36911222333", True),
        ("agent", "+35911222333", False),
    ],
)
def test_a_customer_is_sent_on_as_far_as_the_agent_may_dial(role: str, number: str, is_dialled: bool) -> None:
    made = with_rules(role)
    made.feed(LegReferred(CALLER, "x", number), 1)
    assert [ring.number for ring in made.dialled()[1:]] == ([number] if is_dialled else [])


def test_an_agent_who_is_no_more_in_the_configuration_may_send_on_as_an_agent() -> None:
    made = with_rules("supervisor")
    fewer = replace(made.configuration, hash="h2", agents={AgentId("bert"): agent("bert", sales=1)})
    made.configurations["h2"] = fewer
    made.feed(ConfigurationLoaded("h2"))
    made.feed(LegReferred(CALLER, "x", "+36911222333"), 1)
    assert [ring.number for ring in made.dialled()[1:]] == ["+36911222333"]


@pytest.mark.parametrize("why", ["forbidden", "busy", "phone away"])
def test_whom_his_agent_cannot_send_on_goes_on_as_after_a_talk(why: str) -> None:
    way = flow("in", wait=QueueStep("sales", answer=False, on={"answered": "bye"}), bye=Hangup())
    made = Centre(configuration({"in": way}, (queue("sales"),), (agent("anna", sales=1), agent("carla"))))
    made.log_in("anna")
    made.phone("carla", "unreachable")
    talk(made, dnis="in")
    dialled, number = {"forbidden": ("x", "+1900"), "busy": ("x", "+34911222333"), "phone away": ("1005", "")}[why]
    made.feed(LegReferred(CALLER, dialled, number), 1)
    if why == "busy":
        made.hung_up(made.dialled()[-1].leg, 17)
    assert [(left.step, left.result) for left in made.of(f.StepLeft)] == [("wait", "answered"), ("bye", "normal")]


def test_a_flow_may_dial_what_flows_may() -> None:
    made = sent_on()
    assert made.dialled()
    rules = (DialRule("a", "+34*", roles=("agent",), trunk=Endpoint("PJSIP/trunk")),)
    made.configurations["h2"] = replace(made.configuration, hash="h2", dial_policy=DialPolicy(rules))
    made.feed(ConfigurationLoaded("h2"))
    made.arrive("out", "1.2", answered=True)
    assert len(made.dialled()) == 1


def test_who_answers_outside_is_not_given_up_by_the_clock() -> None:
    made = sent_on()
    (ring,) = made.dialled()
    made.answer(ring.leg)
    assert made.wait(60 * SECOND).commands == ()


def test_a_colleague_who_is_not_logged_in_is_known_by_his_phone() -> None:
    rules = queue("sales", recording=RecordingPolicy("always"))
    made = centre(agent("anna", sales=2), agent("carla"), queues=(rules,))
    made.log_in("anna")
    talk(made)
    made.feed(LegReferred(CALLER, "1005"), 1)
    ring = made.dialled()[-1].leg
    made.answer(ring)
    made.bridged(CALLER, ring)
    for key in "*2":
        made.feed(DigitPressed(ring, key), 1)
    assert isinstance(made.commands[-1], c.PauseRecording)
    made.feed(RecordingChanged(CALLER, made.commands[-1].recording, "paused"), 1)
    assert [fact.by for fact in made.of(f.RecordingPaused)] == ["PJSIP/carla"]


def test_the_clock_of_a_first_try_does_not_end_a_second_one() -> None:
    to = Literal("+34911222333")
    way = flow("out", first=Transfer(to=to, ring_time=20 * SECOND), second=Transfer(to=to, ring_time=20 * SECOND))
    made = Centre(configuration({"out": way}, (), ()))
    made.arrive("out", answered=True)
    made.wait(20 * SECOND)
    made.hung_up(made.dialled()[0].leg, 19)
    second = made.dialled()[1].leg
    assert made.wait(20 * SECOND).commands == ()
    assert made.wait(3 * SECOND).commands == (c.HangUp(second, 19),)
