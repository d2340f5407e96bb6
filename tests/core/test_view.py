"""The floor as people see it."""

from dataclasses import replace

from ccd.core.configuration import RecordingPolicy
from ccd.core.view import agent_view, agent_views, call_view, call_views, queue_views
from ccd.model.event import ConfigurationLoaded, RecordingChanged, RecordingRequested
from ccd.model.ids import SECOND, AgentId, CallerId, CallId, Endpoint, QueueId, RequestId
from ccd.model.view import AgentView, QueueView
from tests.core.centre import START, agent, leg, queue
from tests.core.test_engine import centre, talk

ANNA = AgentId("anna")


def test_agents_in_the_configurations_order_with_what_they_do() -> None:
    c = centre(agent("bert", sales=1), agent("anna", sales=2))
    c.log_in("anna")
    c.arrive("sales")
    bert, anna = agent_views(c.engine.floor)
    assert (bert.id, bert.state, bert.endpoint_state) == ("bert", "logged_out", None)
    assert (anna.state, anna.endpoint, anna.endpoint_state) == ("offered", "PJSIP/anna", "idle")
    assert (anna.skills, anna.call) == ({"sales": 2}, next(iter(c.engine.floor.calls)))
    assert agent_view(c.engine.floor, AgentId("zoe")) is None


def test_back_off_is_told_while_it_lasts() -> None:
    c = centre(agent("anna", sales=1))
    c.log_in("anna")
    c.arrive("sales")
    c.hung_up(c.dialled()[0].leg, 21)
    view = agent_view(c.engine.floor, ANNA)
    assert view is not None
    assert (view.missed, view.back_off_until) == (1, c.now + 5 * SECOND)
    c.phone("anna", "in_use")
    c.wait(5 * SECOND)
    later = agent_view(c.engine.floor, ANNA)
    assert later is not None
    assert later.back_off_until == 0


def test_places_of_those_who_wait() -> None:
    c = centre()
    for n in range(3):
        c.arrive("sales", f"1.{n}")
    c.wait(SECOND)
    c.arrive("vip", "1.9")
    assert [view.position for view in call_views(c.engine.floor)] == [2, 3, 4, 1]
    first = call_views(c.engine.floor)[0]
    assert (first.phase, first.queue, first.step, first.waiting_since) == ("waiting", "sales", "wait", START + 1)
    assert call_view(c.engine.floor, CallId("x")) is None


def test_a_talk_and_its_recording() -> None:
    c = centre(queues=(queue("sales", recording=RecordingPolicy("always")),))
    c.log_in("anna")
    talk(c)
    (view,) = call_views(c.engine.floor)
    assert (view.phase, view.agent, view.talk_began_at, view.recording_state) == ("talking", "anna", c.now, "recording")
    assert view.position == 0
    c.feed(RecordingRequested(RequestId("r"), "boss", view.id, "pause"), 1)
    assert view.recording is not None
    c.feed(RecordingChanged(leg("1.1"), view.recording, "paused"), 1)
    assert call_views(c.engine.floor)[0].recording_state == "paused"


def test_queues_now_and_since() -> None:
    c = centre(agent("anna", sales=1), agent("bert", sales=1), agent("carla"))
    for name in ("anna", "bert", "carla"):
        c.log_in(name)
    talk(c)
    (sales,) = queue_views(c.engine.floor, START)
    assert (sales.staffed, sales.ready, sales.talking, sales.waiting) == (2, 1, 1, 0)
    assert (sales.offered, sales.answered, sales.answered_in_time) == (1, 1, 1)
    c.phone("bert", "in_use")
    c.arrive("sales", "1.2")
    since = c.now
    c.wait(30 * SECOND)
    c.arrive("sales", "1.3")
    c.hung_up(leg("1.3"))
    (sales,) = queue_views(c.engine.floor, START)
    assert (sales.waiting, sales.longest_waiting_since, sales.ready, sales.abandoned) == (1, since, 0, 1)


def test_an_agent_word_by_word() -> None:
    c = centre(agent("anna", sales=2))
    assert agent_view(c.engine.floor, ANNA) == AgentView(ANNA, "Anna", "1004", "logged_out", 0, skills={"sales": 2})
    c.log_in("anna")
    logged_in = c.now
    c.arrive("sales")
    c.hung_up(c.dialled()[0].leg, 21)
    assert agent_view(c.engine.floor, ANNA) == AgentView(
        ANNA,
        "Anna",
        "1004",
        "ready",
        c.now,
        "refused",
        logged_in,
        Endpoint("PJSIP/anna"),
        "idle",
        None,
        {"sales": 2},
        1,
        c.now + 5 * SECOND,
    )


def test_an_agent_who_is_no_more_in_the_configuration_is_not_shown() -> None:
    c = centre(agent("anna", sales=1), agent("bert", sales=1))
    c.log_in("anna")
    talk(c)
    fewer = replace(c.configuration, hash="h2", agents={AgentId("bert"): agent("bert", sales=1)})
    c.configurations["h2"] = fewer
    c.feed(ConfigurationLoaded("h2"))
    assert agent_view(c.engine.floor, ANNA) is None
    assert [view.id for view in agent_views(c.engine.floor)] == ["bert"]


def test_a_call_is_shown_by_itself_as_among_all() -> None:
    c = centre()
    c.log_in("anna")
    for unique in ("1.1", "1.2"):
        c.arrive("sales", unique)
    views = call_views(c.engine.floor)
    assert [call_view(c.engine.floor, view.id) for view in views] == list(views)
    assert [view.agent for view in views] == ["anna", None]


def test_a_call_after_its_talk() -> None:
    c = centre(queues=(queue("sales", recording=RecordingPolicy("never")),))
    c.log_in("anna")
    other = talk(c)
    (call,) = c.engine.floor.calls.values()
    call.caller = CallerId("abc")
    (view,) = call_views(c.engine.floor)
    assert (view.recording_state, view.recording, view.caller) == ("declined", None, "abc")
    assert (view.waiting_since, view.talk_began_at) == (0, c.now)
    c.hung_up(other)
    (view,) = call_views(c.engine.floor)
    assert (view.phase, view.agent, view.talk_began_at) == ("flow", None, 0)


def test_a_queue_word_by_word() -> None:
    c = centre(agent("anna", sales=1), agent("bert", sales=1), queues=(queue("sales", service_level_time=7 * SECOND),))
    rules = (("sales", 1),)
    assert queue_views(c.engine.floor, START) == (
        QueueView(QueueId("sales"), "sales", rules, service_level_time=7 * SECOND, counted_since=START),
    )
    c.log_in("anna")
    talk(c)
    assert queue_views(c.engine.floor, START) == (
        QueueView(
            QueueId("sales"),
            "sales",
            rules,
            staffed=1,
            talking=1,
            offered=1,
            answered=1,
            answered_in_time=1,
            service_level_time=7 * SECOND,
            counted_since=START,
        ),
    )
