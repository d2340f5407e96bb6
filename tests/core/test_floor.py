"""Ids, timers, marks; a floor taken apart and put together again goes on as it would have."""

import pickle
from collections.abc import Mapping

import pytest

from ccd.core.acd.reason import Reasons
from ccd.core.configuration import Configuration
from ccd.core.engine import Engine
from ccd.core.floor import Floor, Outcome
from ccd.core.timer import BackOffTimer, StepTimer
from ccd.model import event as e
from ccd.model.command import Ask, HangUp, SetVariables
from ccd.model.fact import EndpointNoted, OfferEnded, OfferMade, QueueLeft
from ccd.model.ids import SECOND, AgentId, CallId, Endpoint, QuestionId, QueueId
from ccd.model.question import Render
from tests.core.centre import PBX, START, Centre, agent, configuration, flow, leg, queue
from tests.core.test_engine import Wait, centre, talk

CALL = CallId("c1")


def floor() -> Floor:
    """An empty one, at its first moment."""
    made = Floor(configuration({}, (), ()), 7)
    made.begin(START)
    return made


def test_no_id_is_given_twice_even_in_one_microsecond() -> None:
    made = floor()
    ids = [made.new_id() for _ in range(3)]
    assert ids == [f"{START + n:x}" for n in range(3)]
    made.begin(START + 1)
    assert made.new_id() == f"{START + 3:x}"
    made.begin(START + 99)
    assert made.new_id() == f"{START + 99:x}"


def test_time_does_not_go_back() -> None:
    made = floor()
    made.begin(START - 5)
    assert made.now == START
    made.begin(START + 5)
    assert made.now == START + 5


def test_timers_fire_by_time_and_then_as_they_were_set() -> None:
    made = floor()
    assert made.next_due() is None
    late, first, second = (BackOffTimer(AgentId(name)) for name in ("late", "first", "second"))
    for due, timer in ((START + 9, late), (START + 5, second), (START + 5, first)):
        made.at(due, timer)
    assert made.next_due() == START + 5
    assert [timer for _, _, timer in sorted(made.timers)] == [second, first, late]


def test_a_question_is_the_calls() -> None:
    made = floor()
    question = made.ask(CALL, Render("hello", "en"), 5 * SECOND)
    assert question == QuestionId(f"{START:x}")
    assert made.questions == {question: CALL}
    assert made.outcome().commands == (Ask(question, Render("hello", "en"), START + 5 * SECOND),)


def test_what_is_said_comes_out_once_the_hurried_first_the_marks_last() -> None:
    made = floor()
    made.mark(leg("1.1"), A="1", B="1")
    made.send_last(HangUp(leg("1.1"), 17))
    made.send(HangUp(leg("1.1"), 16))
    made.mark(leg("1.1"), B="2", C="2")
    made.mark(leg("1.2"), A="3")
    made.note(EndpointNoted(Endpoint("PJSIP/x"), "idle"))
    assert made.outcome() == Outcome(
        (
            HangUp(leg("1.1"), 16),
            HangUp(leg("1.1"), 17),
            SetVariables(leg("1.1"), (("A", "1"), ("B", "2"), ("C", "2"))),
            SetVariables(leg("1.2"), (("A", "3"),)),
        ),
        (EndpointNoted(Endpoint("PJSIP/x"), "idle"),),
    )
    assert made.outcome() == Outcome((), ())


# --- a snapshot


def busy() -> Centre:
    """One talks, three are rung, two wait in two queues."""
    flows = {name: flow(name, wait=Wait(queue=name)) for name in ("sales", "vip")}
    agents = (agent("anna", sales=2), agent("bert", sales=1), agent("carla", sales=1, vip=3), agent("dan", vip=1))
    made = Centre(configuration(flows, (queue("sales", wrap_up_time=SECOND), queue("vip")), agents))
    for name in ("carla", "anna", "bert"):
        made.log_in(name)
        made.wait(SECOND)
    talk(made)
    made.arrive("sales", "1.2")
    made.phone("carla", "in_use")
    made.arrive("sales", "1.3")
    made.arrive("vip", "1.4")
    made.log_in("dan")
    made.arrive("sales", "1.6")
    made.arrive("vip", "1.7")
    return made


def copied(made: Centre) -> Engine:
    """The same, out of a snapshot."""
    configurations: Mapping[str, Configuration] = made.configurations
    return Engine.restored(configurations, pickle.loads(pickle.dumps(made.engine.floor)))


def test_a_copy_knows_what_the_first_knows() -> None:
    made = busy()
    copy, first = copied(made).floor, made.engine.floor
    assert copy.routing.standing() == first.routing.standing()
    assert copy.routing.in_order() == first.routing.in_order() != []
    assert (copy.seed, copy.configuration, copy.now, copy.input) == (7, made.configuration, made.now, first.input)
    for name in ("calls", "legs", "agents", "agent_at", "endpoints", "boots", "offers", "queues", "staffed", "timers"):
        assert getattr(copy, name) == getattr(first, name), name
    assert copy.boots == {PBX: "b1"}
    assert copy.up


def test_a_copy_goes_on_as_the_first_does() -> None:
    made = busy()
    other = copied(made)
    events: list[e.AnyEvent] = [
        e.EndpointChanged(PBX, Endpoint("PJSIP/carla"), "idle"),
        e.LegHungUp(leg("1.1"), 16),
        e.LegArrived(leg("1.5"), dnis="vip"),
        e.TimePassed(),
    ]
    for event in events:
        made.now += 2 * SECOND
        assert made.feed(event) == other.handle(event, made.now)
        assert other.deadline() == made.engine.deadline()
    assert made.of(EndpointNoted)[-1] == EndpointNoted(Endpoint("PJSIP/carla"), "idle")


def test_ready_agents_are_ready_in_a_copy_with_their_idle_time() -> None:
    made = centre(agent("anna", sales=1), agent("bert", sales=1))
    made.log_in("bert")
    made.wait(SECOND)
    made.log_in("anna")
    other = copied(made)
    assert made.arrive("sales") == other.handle(e.LegArrived(leg("1.1"), "600", "", "sales", number="+34600"), made.now)
    assert [offer.agent for offer in other.floor.offers.values()] == ["bert"]


def test_reasons_are_kept_without_the_rules() -> None:
    made = Reasons()
    rules = queue("sales")
    made.configure({rules.id: rules}, {AgentId("anna"): agent("anna", sales=1)})
    made.apply(EndpointNoted(Endpoint("PJSIP/anna"), "idle"), 0)
    state = made.__getstate__()
    assert (state["_queues"], state["_agents"]) == ({}, {})
    assert state["_phones"] == {"PJSIP/anna": "idle"}


# --- timers that wait for the switch


def test_while_timers_are_held_nothing_is_due_and_nothing_fires() -> None:
    made = centre(agent("anna", sales=1))
    made.arrive("short")
    assert made.engine.deadline() == made.now + 5 * SECOND
    made.feed(e.TimersHeld())
    assert made.engine.deadline() is None
    assert made.wait(6 * SECOND) == Outcome((), ())
    released = made.feed(e.TimersReleased())
    assert HangUp(leg("1.1"), 16) in released.commands
    assert made.engine.deadline() is None


def test_holding_timers_holds_those_that_are_due_with_it() -> None:
    made = centre(agent("anna", sales=1))
    made.arrive("short")
    assert made.feed(e.TimersHeld(), 6 * SECOND) == Outcome((), ())


def test_who_became_free_meanwhile_gets_the_caller_when_timers_are_released() -> None:
    made = centre(agent("anna", sales=1))
    made.log_in("anna")
    made.arrive("sales")
    made.hung_up(made.dialled()[0].leg, 17)
    made.feed(e.TimersHeld())
    made.wait(6 * SECOND)
    assert len(made.dialled()) == 1
    made.feed(e.TimersReleased())
    assert len(made.dialled()) == 2


def test_nobody_is_offered_a_call_while_timers_are_held() -> None:
    """A phone that became free, then a caller who is gone: nothing rings for him."""
    made = centre(agent("anna", sales=1))
    made.log_in("anna")
    made.phone("anna", "in_use")
    made.arrive("sales")
    made.feed(e.TimersHeld(), 30 * SECOND)
    made.phone("anna", "idle")
    made.arrive("sales", "1.2")
    made.hung_up(leg("1.1"))
    assert made.dialled() == []
    made.feed(e.TimersReleased())
    (offered,) = made.of(OfferMade)
    assert offered.call == made.engine.floor.legs[leg("1.2")].call


def test_an_offer_after_timers_were_held_has_its_full_ring_time() -> None:
    made = centre(agent("anna", sales=1), agent("bert", sales=1))
    made.log_in("anna")
    made.arrive("sales")
    made.log_in("bert")
    made.feed(e.TimersHeld(), 30 * SECOND)
    made.feed(e.TimersReleased())
    first, second = made.of(OfferMade)
    assert (first.agent, second.agent) == ("anna", "bert")
    assert [ended.outcome for ended in made.of(OfferEnded)] == ["expired"]
    made.wait(made.engine.floor.queues[second.queue].ring_time - 1)
    assert len(made.of(OfferEnded)) == 1
    made.wait(1)
    assert [ended.offer for ended in made.of(OfferEnded)] == [first.offer, second.offer]


def test_who_waited_too_long_while_timers_were_held_leaves_before_offers_are_made() -> None:
    made = centre(agent("anna", sales=1))
    made.log_in("anna")
    made.phone("anna", "in_use")
    made.arrive("short")
    made.feed(e.TimersHeld(), 30 * SECOND)
    made.phone("anna", "idle")
    made.feed(e.TimersReleased())
    assert [left.outcome for left in made.of(QueueLeft)] == ["overflowed"]
    assert made.dialled() == []


@pytest.mark.parametrize("early", [1, 0])
def test_a_timer_fires_at_its_moment_not_before(early: int) -> None:
    made = centre(agent("anna", sales=1))
    made.arrive("short")
    said = made.wait(5 * SECOND - early)
    assert (said == Outcome((), ())) is bool(early)


def test_what_falls_due_is_dated_by_when_it_was_due() -> None:
    made = centre(agent("anna", sales=1))
    made.arrive("short")
    made.wait(9 * SECOND)
    assert [fact.wait_time for fact in made.facts if hasattr(fact, "wait_time")] == [5 * SECOND]


def test_a_timer_set_for_now_fires_with_the_event_that_set_it() -> None:
    made = floor()
    made.at(START, StepTimer(CALL, 1))
    assert Engine.restored({}, made).handle(e.TimePassed(), START) == Outcome((), ())
    assert made.timers == []


def test_the_seed_and_the_configuration_are_as_given() -> None:
    config = configuration({}, (queue("sales"),), ())
    for seed in (0, 7):
        made = Engine({"h1": config}, "h1", seed).floor
        assert (made.seed, made.configuration, made.queues) == (seed, config, {QueueId("sales"): queue("sales")})
        assert (made.now, made.up, made.holds_timers) == (0, {}, False)
    assert Engine({"h1": config}, "h1").floor.seed == 0
    assert (Floor(config, 5).configuration, Floor(config, 5).seed) == (config, 5)


@pytest.mark.parametrize(("early", "outcome"), [(1, "abandoned"), (0, "overflowed")])
def test_what_is_due_at_the_moment_of_an_event_comes_before_it(early: int, outcome: str) -> None:
    made = centre(agent("anna", sales=1))
    made.arrive("short")
    made.now += 5 * SECOND - early - 1
    made.hung_up(leg("1.1"))
    assert [left.outcome for left in made.of(QueueLeft)] == [outcome]
