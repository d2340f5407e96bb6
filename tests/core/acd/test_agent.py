"""The agent's states: what moves him, and when he can be offered a call."""

from typing import Any

import pytest

from ccd.core.acd.agent import TRANSITIONS
from ccd.core.configuration import Site
from ccd.model import event as e
from ccd.model import fact as f
from ccd.model.command import Bridge, Reply
from ccd.model.ids import SECOND, AgentId, Endpoint, RequestId
from tests.core.centre import PBX, START, Centre, agent, configuration, leg, queue
from tests.core.test_engine import centre, states, talk

ANNA, BERT = AgentId("anna"), AgentId("bert")
ONE = agent("anna", sales=1)


def ask(c: Centre, kind: Any, *values: object) -> str:
    """Why not, or nothing."""
    commands = c.feed(kind(RequestId("r"), "test", *values), 1).commands
    return next(one.refusal for one in commands if isinstance(one, Reply))


def end_talk(c: Centre, other: Any, unique: str = "1.1") -> None:
    """The caller leaves, both legs end."""
    c.hung_up(leg(unique))
    c.hung_up(other, by="us")


def test_every_state_has_a_way_out_and_in() -> None:
    reached = {new for ways in TRANSITIONS.values() for new in ways}
    assert reached == set(TRANSITIONS)
    assert all("logged_out" in ways for state, ways in TRANSITIONS.items() if state != "logged_out")


@pytest.mark.parametrize(
    ("kind", "values", "refusal"),
    [
        (e.LogInRequested, (AgentId("zoe"), Endpoint("PJSIP/anna")), "no agent zoe"),
        (e.LogInRequested, (ANNA, Endpoint("PJSIP/x")), "the switch knows no phone PJSIP/x"),
        (e.LogOutRequested, (ANNA,), "agent anna is not logged in"),
        (e.PauseRequested, (ANNA, ""), "agent anna is not logged in"),
        (e.UnpauseRequested, (ANNA,), "agent anna is not logged in"),
        (e.EndWrapUpRequested, (ANNA,), "agent anna is not in wrap-up"),
    ],
)
def test_what_cannot_be_is_refused(kind: Any, values: tuple[object, ...], refusal: str) -> None:
    assert ask(centre(ONE), kind, *values) == refusal


def test_one_phone_one_agent() -> None:
    c = centre()
    c.log_in("anna")
    assert ask(c, e.LogInRequested, BERT, Endpoint("PJSIP/anna")) == "agent anna is logged in at PJSIP/anna"


def test_pause_and_unpause_keep_idle_time_and_give_no_calls_in_between() -> None:
    c = centre(ONE)
    c.log_in("anna")
    since = c.engine.floor.agents[ANNA].idle_since
    assert ask(c, e.PauseRequested, ANNA, "lunch") == ""
    c.arrive("sales")
    assert not c.dialled()
    c.wait(100 * SECOND)
    assert ask(c, e.UnpauseRequested, ANNA) == ""
    assert len(c.dialled()) == 1
    assert c.of(f.OfferMade)[0].idle_since == since


def test_unknown_pause_reason_is_refused_where_reasons_are_configured() -> None:
    c = centre(ONE, site=Site(pause_reasons=("lunch", "coaching")))
    c.log_in("anna")
    assert ask(c, e.PauseRequested, ANNA, "sleep") == "no pause reason sleep; there are lunch, coaching"
    assert ask(c, e.PauseRequested, ANNA, "coaching") == ""


def test_pause_asked_for_in_a_talk_begins_after_wrap_up() -> None:
    c = centre(ONE)
    c.log_in("anna")
    other = talk(c)
    ask(c, e.PauseRequested, ANNA, "lunch")
    assert states(c) == {"anna": "talking"}
    end_talk(c, other)
    assert states(c) == {"anna": "wrap_up"}
    c.wait(10 * SECOND)
    assert states(c) == {"anna": "paused"}
    assert c.engine.floor.agents[ANNA].reason == "lunch"


def test_log_out_asked_for_in_a_talk_begins_with_its_end() -> None:
    c = centre(ONE)
    c.log_in("anna")
    other = talk(c)
    ask(c, e.LogOutRequested, ANNA)
    assert ask(c, e.PauseRequested, ANNA, "") == "agent anna logs out after this call"
    end_talk(c, other)
    assert states(c) == {"anna": "logged_out"}


def test_pause_asked_for_before_a_log_out_is_forgotten_with_it() -> None:
    c = centre(ONE)
    c.log_in("anna")
    other = talk(c)
    end_talk(c, other)
    ask(c, e.PauseRequested, ANNA, "")
    ask(c, e.LogOutRequested, ANNA)
    c.log_in("anna")
    end_talk(c, talk(c, "1.2"), "1.2")
    c.wait(10 * SECOND)
    assert states(c) == {"anna": "ready"}


def test_wrap_up_can_be_ended_early_and_its_timer_then_means_nothing() -> None:
    c = centre(ONE)
    c.log_in("anna")
    end_talk(c, talk(c))
    assert ask(c, e.EndWrapUpRequested, ANNA) == ""
    ask(c, e.PauseRequested, ANNA, "")
    c.wait(10 * SECOND)
    assert states(c) == {"anna": "paused"}


def test_log_out_while_the_phone_rings_sends_the_caller_to_the_next() -> None:
    c = centre()
    c.log_in("anna")
    c.log_in("bert")
    c.arrive("sales")
    ask(c, e.LogOutRequested, ANNA)
    assert [dial.endpoint for dial in c.dialled()] == ["PJSIP/anna", "PJSIP/bert"]
    assert states(c) == {"anna": "logged_out", "bert": "offered"}
    assert c.of(f.OfferEnded)[0].outcome == "withdrawn"


def test_pause_and_unpause_during_back_off_do_not_lose_its_end() -> None:
    c = centre(ONE)
    c.log_in("anna")
    c.arrive("sales")
    c.hung_up(c.dialled()[0].leg, 17)
    ask(c, e.PauseRequested, ANNA, "")
    ask(c, e.UnpauseRequested, ANNA)
    assert len(c.dialled()) == 1, "still backing off"
    c.wait(5 * SECOND)
    assert len(c.dialled()) == 2


def test_lost_bridge_gives_the_same_caller_first_not_the_next() -> None:
    c = centre(ONE)
    c.log_in("anna")
    c.arrive("sales", "1.1")
    c.arrive("sales", "1.2")
    ring = c.dialled()[0]
    assert Bridge(leg("1.1"), ring.leg) in c.answer(ring.leg).commands
    c.feed(e.BridgeFailed(leg("1.1"), ring.leg, "gone"), 1)
    first, second = c.of(f.OfferMade)
    assert first.call == second.call


def test_link_back_longest_waiting_gets_the_best_agent() -> None:
    c = centre(agent("anna", sales=1), agent("bert", sales=3))
    c.log_in("anna")
    c.log_in("bert")
    c.feed(e.SwitchDown(PBX, "cut"))
    c.arrive("sales", "1.1")
    c.arrive("sales", "1.2")
    c.feed(e.SwitchUp(PBX, "b1"), SECOND)
    calls = c.engine.floor.calls
    assert [(calls[made.call].leg, made.agent) for made in c.of(f.OfferMade)] == [
        (leg("1.1"), "bert"),
        (leg("1.2"), "anna"),
    ]


def test_restored_agents_are_as_they_were() -> None:
    c = centre(agent("anna", sales=1), agent("bert", sales=1))
    stood = [
        e.AgentStanding(ANNA, "paused", "lunch", Endpoint("PJSIP/anna"), START - 50, START - 40),
        e.AgentStanding(BERT, "talking", "", Endpoint("PJSIP/bert"), START - 90, START - 30),
        e.AgentStanding(AgentId("zoe"), "ready", "", Endpoint("PJSIP/zoe"), START, START),
    ]
    c.arrive("sales")
    c.feed(e.AgentsRestored(tuple(stood)))
    assert states(c) == {"anna": "paused", "bert": "offered"}
    assert c.engine.floor.agents[ANNA].reason == "lunch"
    assert [made.idle_since for made in c.of(f.OfferMade)] == [START - 90]


def test_who_cannot_be_restored_is_passed_over() -> None:
    c = centre(agent("anna", sales=1), agent("bert", sales=1), agent("carla", sales=1), agent("dan", sales=1))
    c.log_in("anna")
    stood = [
        e.AgentStanding(AgentId("zoe"), "ready", "", Endpoint("PJSIP/zoe"), START, START),
        e.AgentStanding(ANNA, "paused", "lunch", Endpoint("PJSIP/desk"), START - 5, START),
        e.AgentStanding(BERT, "logged_out", "", Endpoint("PJSIP/bert"), START, START),
        e.AgentStanding(AgentId("carla"), "ready", "", Endpoint(""), START, START),
        e.AgentStanding(AgentId("carla"), "ready", "", Endpoint("PJSIP/anna"), START, START),
        e.AgentStanding(AgentId("dan"), "wrap_up", "", Endpoint("PJSIP/dan"), START - 7, START),
    ]
    since = c.engine.floor.agents[ANNA].idle_since
    c.facts.clear()
    c.feed(e.AgentsRestored(tuple(stood)))
    assert c.facts == [
        f.AgentChanged(AgentId("dan"), "logged_out", "ready", "log in", Endpoint("PJSIP/dan"), START - 7)
    ]
    assert c.engine.floor.agents[ANNA].idle_since == since


def test_who_is_no_more_in_the_configuration_is_not_restored() -> None:
    c = centre(agent("anna", sales=1), agent("bert", sales=1))
    c.log_in("anna")
    other = talk(c)
    fewer = configuration(c.configuration.flows, (queue("sales"),), (agent("bert", sales=1),), hash="h2")
    c.configurations["h2"] = fewer
    c.feed(e.ConfigurationLoaded("h2"))
    end_talk(c, other)
    assert states(c)["anna"] == "logged_out"
    c.feed(e.AgentsRestored((e.AgentStanding(ANNA, "ready", "", Endpoint("PJSIP/anna"), START, START),)))
    assert states(c)["anna"] == "logged_out"


def test_the_timer_of_an_earlier_wrap_up_does_not_end_a_later_one() -> None:
    c = centre(ONE)
    c.log_in("anna")
    end_talk(c, talk(c))
    ask(c, e.EndWrapUpRequested, ANNA)
    c.wait(SECOND)
    end_talk(c, talk(c, "1.2"), "1.2")
    c.wait(10 * SECOND - 2)
    assert states(c) == {"anna": "wrap_up"}
    c.wait(1)
    assert states(c) == {"anna": "ready"}


@pytest.mark.parametrize("how", ["at once", "after the link was away"])
def test_of_two_as_good_the_longest_idle_is_rung(how: str) -> None:
    c = centre(agent("anna", sales=1), agent("bert", sales=1))
    c.log_in("bert")
    c.wait(SECOND)
    c.log_in("anna")
    if how != "at once":
        c.feed(e.SwitchDown(PBX, "cut"))
        c.feed(e.SwitchUp(PBX, "b1"), SECOND)
    c.arrive("sales")
    assert [made.agent for made in c.of(f.OfferMade)] == ["bert"]


def test_whoever_logs_in_counts_for_each_of_his_queues() -> None:
    c = centre(agent("anna", sales=1), agent("bert", sales=1))
    c.log_in("anna")
    assert c.engine.floor.staffed == {"sales": 1}
    c.log_in("bert")
    assert c.engine.floor.staffed == {"sales": 2}
    ask(c, e.LogOutRequested, ANNA)
    assert c.engine.floor.staffed == {"sales": 1}


def test_logging_in_anew_strands_nobody() -> None:
    c = centre(ONE)
    c.log_in("anna")
    c.phone("anna", "in_use")
    c.arrive("staffed")
    c.feed(e.EndpointChanged(PBX, Endpoint("PJSIP/desk"), "idle"))
    assert ask(c, e.LogInRequested, ANNA, Endpoint("PJSIP/desk")) == ""
    assert [dial.endpoint for dial in c.dialled()] == ["PJSIP/desk"]
    assert not c.of(f.QueueLeft)


def test_last_log_out_sends_on_however_many_wait() -> None:
    c = centre(ONE)
    c.log_in("anna")
    c.phone("anna", "in_use")
    for n in range(400):
        c.arrive("staffed", f"1.{n}")
    ask(c, e.LogOutRequested, ANNA)
    assert [left.outcome for left in c.of(f.QueueLeft)] == ["no_agent"] * 400
    assert not c.of(f.FlowBroken)


def test_agent_taken_out_of_the_configuration_cannot_log_in() -> None:
    c = centre()
    c.log_in("anna")
    fewer = configuration(c.configuration.flows, (queue("sales"),), (agent("bert", sales=1),), hash="h2")
    c.configurations["h2"] = fewer
    c.feed(e.ConfigurationLoaded("h2"))
    assert states(c)["anna"] == "logged_out"
    assert ask(c, e.LogInRequested, ANNA, Endpoint("PJSIP/anna")) == "no agent anna"
