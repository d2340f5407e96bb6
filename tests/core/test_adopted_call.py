"""What a channel carries, word by word, and what the call is that is made of it."""

from typing import Any

import pytest

from ccd.core.call import Leg
from ccd.core.configuration import RecordingPolicy
from ccd.core.flow.steps.call import Call as CallFlow
from ccd.core.flow.steps.play import Play as PlayStep
from ccd.core.flow.steps.queue import Queue as QueueStep
from ccd.core.view import call_views
from ccd.model import event as e
from ccd.model import fact as f
from ccd.model.command import HangUp, Play, Reply
from ccd.model.ids import SECOND, AgentId, CallId, Endpoint, LegId, QueueId, RecordingId, RequestId
from ccd.model.view import CallView
from tests.core.centre import PBX, START, Centre, agent, configuration, flow, leg, prompt, queue
from tests.core.test_engine import states

OLD, CALLER, PHONE = CallId("old1"), leg("0.1"), leg("0.2")
ANNA, SALES = AgentId("anna"), QueueId("sales")
SINCE = START - 100 * SECOND


def centre(policy: RecordingPolicy | None = None) -> Centre:
    """A flow that greets, queues, and says something of another flow after the talk. Anna is logged in."""
    flows = {
        "shop": flow(
            "shop",
            hello=PlayStep(prompt("hello")),
            wait=QueueStep("sales", answer=False, on={"answered": "more"}),
            more=CallFlow("other"),
        ),
        "other": flow("other", said=PlayStep(prompt("other"))),
    }
    rules = queue("sales", wrap_up_time=10 * SECOND, recording=policy or RecordingPolicy())
    made = Centre(configuration(flows, (rules,), (agent("anna", sales=1),)))
    made.log_in("anna")
    return made


def arrived(one: LegId, bridge: str = "", endpoint: str = "", **variables: str) -> e.LegArrived:
    """A leg of a former daemon's call that began in the flow `shop`."""
    told = {"CCD_CALL": OLD, "CCD_ROLE": "caller", "CCD_FLOW": "shop", **variables}
    return e.LegArrived(one, "030", "Ann", "shop", Endpoint(endpoint), "+4930", True, told, bridge)


def played(made: Centre) -> list[str]:
    """All sounds so far."""
    return [sound for one in made.commands if isinstance(one, Play) for sound in one.sounds]


@pytest.mark.parametrize(
    ("variables", "step", "sounds"),
    [
        ({}, "hello", ["hello"]),
        ({"CCD_STEP": "hello"}, "hello", ["hello"]),
        ({"CCD_STEP": "hello", "CCD_ROLE": "talked"}, "hello", ["hello"]),
        ({"CCD_STEP": "taken out since"}, "hello", ["hello"]),
        ({"CCD_STEP": "more"}, "said", ["other"]),
        ({"CCD_STEP": "wait", "CCD_TALKED": str(START), "CCD_ROLE": "talked"}, "said", ["other"]),
        ({"CCD_STEP": "wait"}, "wait", []),
    ],
)
def test_a_caller_goes_on_where_he_was(variables: dict[str, str], step: str, sounds: list[str]) -> None:
    made = centre()
    made.feed(arrived(CALLER, **variables), 1)
    assert [view.step for view in call_views(made.engine.floor)] == [step]
    assert played(made) == sounds
    assert made.of(f.CallStarted) == [f.CallStarted(OLD, CALLER, "inbound", "030", "Ann", "shop", "+4930", "shop")]


def test_after_his_talk_the_queue_has_its_result() -> None:
    made = centre()
    made.feed(arrived(CALLER, CCD_STEP="wait", CCD_TALKED="1"), 1)
    assert [(left.step, left.result) for left in made.of(f.StepLeft)] == [("wait", "answered"), ("more", "called")]


@pytest.mark.parametrize("variables", [{"CCD_FLOW": "taken out"}, {"CCD_ROLE": "dialled"}, {"CCD_ROLE": "agent"}])
def test_whom_nobody_can_help_is_hung_up(variables: dict[str, str]) -> None:
    made = centre()
    assert made.feed(arrived(CALLER, **variables), 1).commands == (HangUp(CALLER),)
    assert call_views(made.engine.floor) == ()


def test_a_second_leg_that_is_in_no_talk_is_hung_up() -> None:
    made = centre()
    made.feed(arrived(CALLER, CCD_STEP="hello"), 1)
    assert made.feed(arrived(PHONE, CCD_STEP="hello"), 1).commands == (HangUp(PHONE),)
    assert len(call_views(made.engine.floor)) == 1


def test_the_waiting_caller_as_people_see_him() -> None:
    made = centre()
    made.phone("anna", "in_use")
    made.feed(arrived(CALLER, CCD_STEP="wait", CCD_SINCE=str(SINCE)), 1)
    assert call_views(made.engine.floor) == (
        CallView(
            OLD,
            "inbound",
            "waiting",
            made.now,
            "030",
            "Ann",
            "+4930",
            "shop",
            flow="shop",
            step="wait",
            queue=SALES,
            position=1,
            waiting_since=SINCE,
        ),
    )
    assert made.engine.floor.legs == {CALLER: Leg(CALLER, OLD, "customer", "up")}
    made.phone("anna", "idle")
    assert [(offer.call, offer.trigger) for offer in made.of(f.OfferMade)] == [(OLD, "agent")]


@pytest.mark.parametrize(
    ("since", "counts"), [("", False), ("1" * 19, True), ("1" * 20, False), ("-5", False), ("²", False)]
)
def test_a_moment_that_is_none_counts_from_now(since: str, counts: bool) -> None:
    made = centre()
    made.feed(arrived(CALLER, CCD_STEP="wait", CCD_SINCE=since), 1)
    (entered,) = made.of(f.QueueEntered)
    assert entered.waiting_since == (int(since) if counts else made.now)


def test_a_visit_that_the_journal_knows_is_entered_once() -> None:
    for variables, entries in (({"CCD_QUEUE": "sales"}, 0), ({}, 1)):
        made = centre()
        made.feed(e.CallsRecalled((OLD, CallId("gone"))))
        made.feed(arrived(CALLER, CCD_STEP="wait", CCD_SINCE=str(SINCE), **variables), 1)
        assert made.of(f.CallStarted) == []
        assert len(made.of(f.QueueEntered)) == entries
        made.hung_up(CALLER)
        waited = made.now - SINCE if entries == 0 else 1
        assert [left.wait_time for left in made.of(f.QueueLeft)] == [waited]


def test_who_never_arrives_has_ended_with_the_switch() -> None:
    made = centre()
    made.feed(e.CallsRecalled((OLD, CallId("gone"))))
    made.feed(e.SwitchUp(PBX, "b1"))
    made.feed(arrived(CALLER, CCD_STEP="hello"), 1)
    made.wait(10 * SECOND - 2)
    assert made.of(f.CallEnded) == []
    made.wait(1)
    assert made.of(f.CallEnded) == [f.CallEnded(CallId("gone"), "switch", 0)]


def test_nobody_is_given_up_while_the_switch_is_away() -> None:
    made = centre()
    made.feed(e.CallsRecalled((OLD,)))
    made.feed(e.SwitchUp(PBX, "b1"))
    made.feed(e.SwitchDown(PBX, "cut"))
    made.wait(60 * SECOND)
    assert made.of(f.CallEnded) == []
    made.feed(e.SwitchUp(PBX, "b1"))
    made.wait(10 * SECOND)
    assert made.of(f.CallEnded) == [f.CallEnded(OLD, "switch", 0)]


# --- a talk


def customer(**more: str) -> e.LegArrived:
    """The customer's side of the talk with Anna that began with the test."""
    carried = {
        "CCD_ROLE": "talked",
        "CCD_STEP": "wait",
        "CCD_QUEUE": "sales",
        "CCD_AGENT": "anna",
        "CCD_TALKED": str(START - 9 * SECOND),
        **more,
    }
    return arrived(CALLER, "bridge", **carried)


def agents_side() -> e.LegArrived:
    """Anna's side."""
    return arrived(PHONE, "bridge", "PJSIP/anna", CCD_ROLE="talked", CCD_OFFER="o1", CCD_AGENT="anna")


def talking(*legs: e.LegArrived, policy: RecordingPolicy | None = None) -> Centre:
    """A new daemon that is told of these legs."""
    made = centre(policy)
    made.phone("anna", "in_use")
    for one in legs:
        made.feed(one, 1)
    return made


@pytest.mark.parametrize("customer_first", [True, False])
def test_the_talk_as_people_see_it(customer_first: bool) -> None:
    made = talking(*(customer(), agents_side())[:: 1 if customer_first else -1])
    (view,) = call_views(made.engine.floor)
    assert view == CallView(
        OLD,
        "inbound",
        "talking",
        made.now - 1,
        "030",
        "Ann",
        "+4930",
        "shop",
        flow="shop",
        step="wait",
        queue=SALES,
        agent=ANNA,
        talk_began_at=START - 9 * SECOND,
    )
    assert made.engine.floor.legs == {
        CALLER: Leg(CALLER, OLD, "customer", "bridged"),
        PHONE: Leg(PHONE, OLD, "agent", "bridged", Endpoint("PJSIP/anna")),
    }
    assert made.of(f.AgentChanged)[-1].new == "talking"
    assert made.of(f.AgentChanged)[-1].reason == OLD


@pytest.mark.parametrize("customer_first", [True, False])
def test_the_customer_of_a_talk_goes_on_in_his_flow(customer_first: bool) -> None:
    made = talking(*(customer(), agents_side())[:: 1 if customer_first else -1])
    made.hung_up(PHONE)
    made.returned(CALLER)
    assert played(made) == ["other"]


@pytest.mark.parametrize("variables", [{"CCD_STEP": "taken out"}, {"CCD_FLOW": "taken out"}])
def test_a_talk_whose_step_is_no_more_ends_with_it(variables: dict[str, str]) -> None:
    made = talking(customer(**variables), agents_side())
    made.hung_up(PHONE)
    assert made.returned(CALLER).commands == (HangUp(CALLER, 16),)


def test_a_queue_taken_out_since_gives_no_wrap_up() -> None:
    made = talking(customer(CCD_QUEUE="taken out"), agents_side())
    made.hung_up(CALLER)
    assert states(made) == {"anna": "ready"}


def test_the_agent_of_a_talk_who_was_paused_is_paused_again_afterwards() -> None:
    made = centre()
    made.feed(e.PauseRequested(RequestId("r"), "boss", ANNA, "lunch"))
    made.feed(customer(), 1)
    assert states(made) == {"anna": "talking"}
    made.hung_up(CALLER)
    made.wait(10 * SECOND)
    assert (states(made), made.engine.floor.agents[ANNA].reason) == ({"anna": "paused"}, "lunch")


def test_the_agent_of_a_talk_may_be_in_wrap_up() -> None:
    made = centre()
    made.arrive("shop", "1.1", answered=True)
    made.feed(e.PlayEnded(leg("1.1"), 1, "finished"), 1)
    ring = made.dialled()[-1].leg
    made.answer(ring)
    made.bridged(leg("1.1"), ring)
    made.hung_up(leg("1.1"))
    assert states(made) == {"anna": "wrap_up"}
    made.feed(customer(), 1)
    assert states(made) == {"anna": "talking"}


def test_an_agent_who_is_logged_out_owns_nothing() -> None:
    made = centre()
    made.feed(e.LogOutRequested(RequestId("r"), "boss", ANNA))
    made.feed(customer(), 1)
    (view,) = call_views(made.engine.floor)
    assert (view.agent, view.queue) == (None, None)
    assert states(made) == {"anna": "logged_out"}


@pytest.mark.parametrize(
    ("variables", "state", "refusals"),
    [
        ({}, "none", {"pause": "this call is not recorded"}),
        ({"CCD_RECORDING": "old1-talk"}, "recording", {"resume": "the recording is running already", "pause": ""}),
        (
            {"CCD_RECORDING": "old1-talk", "CCD_RECORDING_STATE": "paused"},
            "paused",
            {"pause": "the recording is paused already", "resume": ""},
        ),
        (
            {"CCD_RECORDING": "old1-talk", "CCD_RECORDING_STATE": "stopped"},
            "none",
            {"pause": "this call is not recorded"},
        ),
        ({"CCD_RECORDING_STATE": "paused"}, "none", {"resume": "this call is not recorded"}),
    ],
)
def test_the_recording_is_known(variables: dict[str, str], state: str, refusals: dict[Any, str]) -> None:
    made = talking(customer(**variables), agents_side())
    (view,) = call_views(made.engine.floor)
    assert (view.recording_state, view.recording) == (state, None if state == "none" else RecordingId("old1-talk"))
    for action, refusal in refusals.items():
        said = made.feed(e.RecordingRequested(RequestId("r"), "boss", OLD, action), 1).commands
        assert said[-1] == Reply(RequestId("r"), refusal)
    made.hung_up(CALLER)
    assert [ended.recording for ended in made.of(f.RecordingEnded)] == ([] if state == "none" else ["old1-talk"])
