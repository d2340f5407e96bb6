"""Every request in every state of an agent: what is answered, what is told, how he stands then."""

from dataclasses import replace
from typing import Any

import pytest

from ccd.core.acd.agent import Agent
from ccd.core.configuration import Site
from ccd.core.floor import Outcome
from ccd.model import event as e
from ccd.model import fact as f
from ccd.model.command import Reply
from ccd.model.ids import SECOND, AgentId, CallId, Endpoint, RequestId
from tests.core.centre import PBX, Centre, agent, leg, queue
from tests.core.test_engine import centre, talk

ANNA = AgentId("anna")
PHONE, DESK = Endpoint("PJSIP/anna"), Endpoint("PJSIP/desk")
STATES = ("logged_out", "ready", "offered", "talking", "wrap_up", "paused")
REQUESTS: dict[str, e.AnyEvent] = {
    "log in": e.LogInRequested(RequestId("r"), "boss", ANNA, DESK),
    "log out": e.LogOutRequested(RequestId("r"), "boss", ANNA),
    "pause": e.PauseRequested(RequestId("r"), "boss", ANNA, "lunch"),
    "unpause": e.UnpauseRequested(RequestId("r"), "boss", ANNA),
    "end wrap-up": e.EndWrapUpRequested(RequestId("r"), "boss", ANNA),
}
NOBODY, NO_WRAP_UP = "agent anna is not logged in", "agent anna is not in wrap-up"
# State and request: why not; else the states that follow, each with its reason.
ANSWERS: dict[tuple[str, str], str | list[tuple[str, str]]] = {
    ("logged_out", "log in"): [("ready", "log in")],
    ("logged_out", "log out"): NOBODY,
    ("logged_out", "pause"): NOBODY,
    ("logged_out", "unpause"): NOBODY,
    ("logged_out", "end wrap-up"): NO_WRAP_UP,
    ("ready", "log in"): [("logged_out", "logs in anew"), ("ready", "log in")],
    ("ready", "log out"): [("logged_out", "log out")],
    ("ready", "pause"): [("paused", "lunch")],
    ("ready", "unpause"): "agent anna is not paused",
    ("ready", "end wrap-up"): NO_WRAP_UP,
    ("offered", "log in"): "agent anna is offered",
    ("offered", "log out"): [("logged_out", "log out")],
    ("offered", "pause"): [("paused", "lunch")],
    ("offered", "unpause"): "agent anna is not paused",
    ("offered", "end wrap-up"): NO_WRAP_UP,
    ("talking", "log in"): "agent anna is talking",
    ("talking", "log out"): [],
    ("talking", "pause"): [],
    ("talking", "unpause"): "agent anna is not paused",
    ("talking", "end wrap-up"): NO_WRAP_UP,
    ("wrap_up", "log in"): [("logged_out", "logs in anew"), ("ready", "log in")],
    ("wrap_up", "log out"): [("logged_out", "log out")],
    ("wrap_up", "pause"): [],
    ("wrap_up", "unpause"): "agent anna is not paused",
    ("wrap_up", "end wrap-up"): [("ready", "")],
    ("paused", "log in"): [("logged_out", "logs in anew"), ("ready", "log in")],
    ("paused", "log out"): [("logged_out", "log out")],
    ("paused", "pause"): [],
    ("paused", "unpause"): [("ready", "unpause")],
    ("paused", "end wrap-up"): NO_WRAP_UP,
}


def standing(made: Centre) -> Agent:
    """Anna, as she is."""
    return made.engine.floor.agents[ANNA]


def brought_to(state: str, **settings: Any) -> Centre:
    """Anna is in the state; one second has passed since."""
    made = centre(agent("anna", sales=1), **settings)
    made.feed(e.EndpointChanged(PBX, DESK, "idle"))
    if state != "logged_out":
        made.log_in("anna")
    if state == "offered":
        made.arrive("sales")
    if state in ("talking", "wrap_up"):
        other = talk(made)
        if state == "wrap_up":
            made.hung_up(leg("1.1"))
            made.hung_up(other, by="us")
    if state == "paused":
        made.feed(e.PauseRequested(RequestId("p"), "boss", ANNA, "coaching"))
    assert standing(made).state == state
    made.wait(SECOND)
    return made


def changes(said: Outcome) -> list[tuple[str, str]]:
    """The states that were told, each with its reason."""
    return [(fact.new, fact.reason) for fact in said.facts if isinstance(fact, f.AgentChanged)]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("request_name", REQUESTS)
def test_what_is_answered_and_told(state: str, request_name: str) -> None:
    made = brought_to(state)
    before = replace(standing(made))
    said = made.feed(REQUESTS[request_name])
    answer = ANSWERS[state, request_name]
    refusal = answer if isinstance(answer, str) else ""
    assert [one for one in said.commands if isinstance(one, Reply)] == [Reply(RequestId("r"), refusal)]
    assert changes(said) == ([] if isinstance(answer, str) else answer)
    if refusal:
        assert standing(made) == before
        assert said.facts == ()


def test_who_logs_in_begins_anew() -> None:
    for state in ("logged_out", "ready", "wrap_up", "paused"):
        made = brought_to(state)
        made.feed(REQUESTS["log in"])
        assert standing(made) == Agent(ANNA, "ready", made.now, "log in", DESK, made.now)
        assert made.engine.floor.agent_at == {DESK: ANNA}


def test_who_logs_out_leaves_nothing_behind() -> None:
    for state in ("ready", "offered", "wrap_up", "paused"):
        made = brought_to(state)
        idle_since = standing(made).idle_since
        made.feed(REQUESTS["log out"])
        assert standing(made) == Agent(ANNA, "logged_out", made.now, "log out", idle_since=idle_since)
        assert made.engine.floor.agent_at == {}
        assert made.engine.floor.staffed == {"sales": 0}


def test_a_pause_keeps_phone_and_idle_time() -> None:
    for state in ("ready", "offered"):
        made = brought_to(state)
        idle_since = standing(made).idle_since
        made.feed(REQUESTS["pause"])
        assert standing(made) == Agent(ANNA, "paused", made.now, "lunch", PHONE, idle_since)


def test_a_pause_again_changes_its_reason_only() -> None:
    made = brought_to("paused")
    before = replace(standing(made))
    made.feed(REQUESTS["pause"])
    assert standing(made) == replace(before, reason="lunch")


def test_what_is_asked_for_in_a_talk_is_kept_for_its_end() -> None:
    for name, after, reason in (("log out", "logged_out", "log out"), ("pause", "paused", "lunch")):
        made = brought_to("talking")
        made.feed(REQUESTS[name])
        stood = standing(made)
        assert (stood.state, stood.after_call, stood.after_call_reason) == ("talking", after, reason)


@pytest.mark.parametrize("state", ["talking", "wrap_up"])
def test_a_pause_asked_for_can_be_taken_back(state: str) -> None:
    made = brought_to(state)
    before = replace(standing(made))
    made.feed(REQUESTS["pause"])
    assert made.feed(REQUESTS["unpause"]) == Outcome((Reply(RequestId("r")),), ())
    assert standing(made) == replace(before, after_call_reason="lunch")


@pytest.mark.parametrize("wrap_up_time", [0, 10 * SECOND])
@pytest.mark.parametrize(
    ("asked", "then"), [("log out", ("logged_out", "log out")), ("pause", ("paused", "lunch")), ("", ("ready", ""))]
)
def test_what_follows_a_talk(asked: str, then: tuple[str, str], wrap_up_time: int) -> None:
    made = brought_to("talking", queues=(queue("sales", wrap_up_time=wrap_up_time),))
    if asked:
        made.feed(REQUESTS[asked])
    ended = made.hung_up(leg("1.1"))
    has_wrap_up = bool(wrap_up_time) and asked != "log out"
    assert changes(ended) == ([("wrap_up", "")] if has_wrap_up else [then])
    assert standing(made).call is None
    if has_wrap_up:
        assert changes(made.wait(wrap_up_time)) == [then]
    stood = standing(made)
    assert (stood.state, stood.reason, stood.since, stood.idle_since) == (*then, made.now, made.now)
    assert stood.after_call == ""


def test_the_call_is_with_the_agent_from_offer_to_end() -> None:
    for state, has_call, has_offer in (("offered", True, True), ("talking", True, False), ("wrap_up", False, False)):
        made = brought_to(state)
        call = CallId(made.of(f.CallStarted)[0].call)
        stood = standing(made)
        assert (stood.call, stood.offer is not None) == (call if has_call else None, has_offer)
        assert stood.reason == (call if has_call else "")


def test_one_who_is_taken_from_a_ringing_phone_leaves_the_caller_in_his_place() -> None:
    for name in ("log out", "pause"):
        made = brought_to("offered")
        made.feed(REQUESTS[name])
        (call,) = made.engine.floor.calls.values()
        assert made.engine.floor.routing.in_order() == [call.id]
        assert [(fact.outcome, fact.cause) for fact in made.of(f.OfferEnded)] == [("withdrawn", 0)]


def test_missed_offers_are_forgotten_when_one_is_taken_and_after_a_pause() -> None:
    made = centre(agent("anna", sales=1), site=Site(missed_offers_limit=2))
    made.log_in("anna")
    made.arrive("sales")
    made.hung_up(made.dialled()[-1].leg, 21)
    assert (standing(made).missed, standing(made).back_off_until) == (1, made.now + 5 * SECOND)
    made.wait(5 * SECOND)
    ring = made.dialled()[-1].leg
    made.answer(ring)
    made.bridged(leg("1.1"), ring)
    assert standing(made).missed == 0
    made = centre(agent("anna", sales=1), site=Site(missed_offers_limit=1))
    made.log_in("anna")
    made.arrive("sales")
    made.hung_up(made.dialled()[-1].leg, 21)
    assert (standing(made).state, standing(made).reason) == ("paused", "missed 1 offers")
    made.feed(REQUESTS["unpause"])
    assert (standing(made).state, standing(made).missed) == ("offered", 0)


def test_a_limit_of_none_pauses_nobody() -> None:
    made = centre(agent("anna", sales=1), site=Site(missed_offers_limit=0))
    made.log_in("anna")
    made.arrive("sales")
    for _ in range(5):
        made.hung_up(made.dialled()[-1].leg, 21)
        made.wait(5 * SECOND)
    assert standing(made).state == "offered"


def test_whoever_becomes_free_is_given_the_one_who_waits() -> None:
    made = centre(agent("anna", sales=1))
    made.arrive("sales")
    made.log_in("anna")
    assert [(fact.trigger, fact.idle_since) for fact in made.of(f.OfferMade)] == [("agent", made.now)]
