"""A configuration takes effect: queues and agents at once, calls keep their flow, nobody is lost."""

from typing import Any

from ccd.core.configuration import AgentProfile, Queue
from ccd.model import fact as f
from ccd.model.event import ConfigurationLoaded
from ccd.model.ids import SECOND, AgentId
from tests.core.centre import Centre, agent, configuration, flow, leg, queue
from tests.core.test_engine import Wait, centre, states, talk

ANNA, BERT = AgentId("anna"), AgentId("bert")


def reload(c: Centre, *agents: AgentProfile, queues: tuple[Queue, ...] = (), **more: Any) -> None:
    """The next configuration: these agents, these queues (as before, if none)."""
    name = f"h{len(c.configurations) + 1}"
    flows = more.pop("flows", c.configuration.flows)
    c.configurations[name] = configuration(flows, queues or tuple(c.configuration.queues.values()), agents, hash=name)
    c.feed(ConfigurationLoaded(name), 1)


def test_new_skills_count_at_once() -> None:
    c = centre(agent("anna"))
    c.log_in("anna")
    c.arrive("sales")
    assert not c.dialled()
    reload(c, agent("anna", sales=1))
    assert [dial.endpoint for dial in c.dialled()] == ["PJSIP/anna"]


def test_agent_taken_out_is_logged_out_and_his_ringing_call_goes_on() -> None:
    c = centre()
    c.log_in("anna")
    c.log_in("bert")
    c.arrive("sales")
    reload(c, agent("bert", sales=1))
    assert states(c) == {"anna": "logged_out", "bert": "offered"}


def test_agent_taken_out_finishes_his_talk() -> None:
    c = centre()
    c.log_in("anna")
    other = talk(c)
    reload(c, agent("bert", sales=1))
    assert states(c)["anna"] == "talking"
    c.hung_up(leg("1.1"))
    c.hung_up(other, by="us")
    assert states(c)["anna"] == "logged_out"
    reload(c, agent("bert", sales=1))
    assert states(c) == {"bert": "logged_out"}


def test_wrap_up_timer_of_an_agent_who_went_and_came_again_means_nothing() -> None:
    c = centre()
    c.log_in("anna")
    other = talk(c)
    c.hung_up(leg("1.1"))
    c.hung_up(other, by="us")
    reload(c, agent("bert", sales=1))
    reload(c, agent("bert", sales=1))
    reload(c, agent("anna", sales=1))
    c.log_in("anna")
    c.wait(10 * SECOND)
    assert states(c)["anna"] == "ready"


def test_call_keeps_the_flow_it_began_with() -> None:
    c = centre()
    c.arrive("short", "1.1")
    reload(c, agent("anna", sales=1), flows={"short": flow("short", wait=Wait(), new=Wait())})
    c.wait(5 * SECOND)
    assert [left.outcome for left in c.of(f.QueueLeft)] == ["overflowed"]
    assert [entered.step for entered in c.of(f.StepEntered)] == ["wait"]


def test_queue_taken_out_lets_its_callers_go_on_in_their_flow() -> None:
    c = centre()
    c.arrive("sales")
    reload(c, agent("anna", sales=1), queues=(queue("other"),))
    assert [left.outcome for left in c.of(f.QueueLeft)] == ["lost"]
    assert not c.engine.floor.routing.in_order()


def test_nobody_left_by_the_change_is_nobody_logged_in() -> None:
    c = centre()
    c.log_in("anna")
    c.phone("anna", "in_use")
    c.arrive("staffed")
    reload(c, agent("anna"), agent("bert", sales=1))
    assert [left.outcome for left in c.of(f.QueueLeft)] == ["no_agent"]


def test_the_same_configuration_again_changes_nothing() -> None:
    c = centre()
    c.log_in("anna")
    c.log_in("bert")
    c.arrive("sales")
    before = states(c)
    c.facts.clear()
    reload(c, *c.configuration.agents.values())
    assert [type(fact) for fact in c.facts] == [f.ConfigurationTaken]
    assert states(c) == before


def test_staff_is_counted_anew_by_the_new_rules() -> None:
    c = centre(agent("anna", sales=1), agent("bert", sales=1), agent("carla", vip=1))
    for name in ("anna", "bert", "carla"):
        c.log_in(name)
    assert c.engine.floor.staffed == {"sales": 2}
    reload(
        c,
        agent("anna", sales=1, vip=1),
        agent("bert", vip=1),
        agent("carla", vip=1),
        queues=(queue("sales"), queue("vip"), queue("empty")),
    )
    assert c.engine.floor.staffed == {"sales": 1, "vip": 3}
    assert c.of(f.ConfigurationTaken)[-1] == f.ConfigurationTaken("h2")


def test_a_caller_who_is_rung_for_keeps_the_ringing_when_his_queue_is_taken_out() -> None:
    c = centre(agent("anna", sales=1))
    c.log_in("anna")
    c.arrive("sales", "1.1")
    c.arrive("sales", "1.2")
    reload(c, agent("anna", sales=1), queues=(queue("other"),))
    assert [left.outcome for left in c.of(f.QueueLeft)] == ["lost"]
    assert len(c.engine.floor.offers) == 1
