"""The index of waiting callers and ready agents, against a plain search."""

import random

import pytest

from ccd.core.acd.selection import SLACK, Line, Routing, RoutingStanding, is_qualified, ranks
from ccd.core.configuration import AgentProfile, Queue
from ccd.core.network import Reach
from ccd.model.ids import AgentId, CallId, QueueId, SwitchName
from tests.core.centre import agent, queue

SALES, VIP = QueueId("sales"), QueueId("vip")
ANNA, BERT, CARLA = AgentId("anna"), AgentId("bert"), AgentId("carla")


def routing(*agents: AgentProfile, queues: tuple[Queue, ...] = (queue("sales"), queue("vip"))) -> Routing:
    made = Routing()
    made.configure({q.id: q for q in queues}, {a.id: a for a in agents})
    return made


def test_best_skills_in_the_order_listed_then_longest_idle() -> None:
    two = queue("sales", requires=(("sales", 1), ("english", 1)))
    made = routing(
        agent("anna", sales=2, english=1), agent("bert", sales=2, english=3), agent("carla", sales=1, english=9),
        queues=(two,),
    )  # fmt: skip
    for name, idle_since in ((CARLA, 1), (ANNA, 2), (BERT, 3)):
        made.set_ready(name, idle_since)
    assert [made.take_agent(SALES) for _ in range(4)] == [BERT, ANNA, CARLA, None]
    assert not made.is_ready(BERT)


def test_equal_skills_longest_idle() -> None:
    made = routing(agent("anna", sales=1), agent("bert", sales=1))
    made.set_ready(ANNA, 20)
    made.set_ready(BERT, 10)
    assert made.take_agent(SALES) == BERT


def test_longest_waiting_over_all_queues_an_agent_serves() -> None:
    made = routing(agent("anna", sales=1, vip=1), agent("bert", vip=1))
    made.add_waiting(CallId("c1"), SALES, 30)
    made.add_waiting(CallId("c2"), VIP, 20)
    made.add_waiting(CallId("c3"), SALES, 10)
    assert made.select_caller(ANNA) == "c3"
    assert made.select_caller(BERT) == "c2"
    made.remove_waiting(CallId("c3"))
    assert made.select_caller(ANNA) == "c2"
    assert made.select_caller(CARLA) is None


def test_same_moment_the_earlier_call_first() -> None:
    made = routing(agent("anna", sales=1))
    made.add_waiting(CallId("c2"), SALES, 10)
    made.add_waiting(CallId("c1"), SALES, 10)
    assert made.select_caller(ANNA) == "c1"


def test_places_count_those_before() -> None:
    made = routing(agent("anna", sales=1))
    for n in range(5):
        made.add_waiting(CallId(f"c{n}"), SALES, 10 * n)
    made.remove_waiting(CallId("c1"))
    assert [made.ahead(SALES, key) for key in (0, 20, 40, 99)] == [0, 1, 3, 4]
    assert made.waiting_in(SALES) == 4
    assert made.waiting_in(QueueId("none")) == 0
    assert made.in_order() == ["c0", "c2", "c3", "c4"]


def test_said_twice_changes_nothing() -> None:
    made = routing(agent("anna", sales=1))
    made.set_ready(ANNA, 1)
    made.set_ready(ANNA, 2)
    assert made.ready_for(SALES) == 1
    made.unset_ready(ANNA)
    made.unset_ready(ANNA)
    assert made.ready_for(SALES) == 0
    made.remove_waiting(CallId("nobody"))


def test_reconfiguration_keeps_who_waits_and_who_is_ready() -> None:
    made = routing(agent("anna", sales=1), agent("bert", sales=1))
    made.set_ready(ANNA, 1)
    made.set_ready(BERT, 2)
    made.add_waiting(CallId("c1"), VIP, 5)
    made.configure({q.id: q for q in (queue("sales"), queue("vip"))}, {BERT: agent("bert", sales=1, vip=1)})
    assert made.take_agent(SALES) == BERT
    assert not made.is_ready(ANNA)
    assert made.select_caller(BERT) == "c1"


def test_out_of_date_entries_do_not_pile_up() -> None:
    made = routing(agent("anna", sales=1), agent("bert", sales=1))
    made.set_ready(ANNA, 0)
    for n in range(10_000):
        made.set_ready(BERT, n)
        made.unset_ready(BERT)
    line: Line = made.lines[SALES]
    assert len(line.ready) < 200
    assert made.take_agent(SALES) == ANNA


@pytest.mark.parametrize(
    ("skills", "fits"), [({"sales": 2}, True), ({"sales": 1}, False), ({}, False), ({"other": 9}, False)]
)
def test_minimum_levels(skills: dict[str, int], fits: bool) -> None:
    assert is_qualified(queue("sales", requires=(("sales", 2),)), agent("anna", **skills)) is fits


def test_ranks_are_dense_and_leave_out_who_does_not_fit() -> None:
    agents = [agent("anna", sales=5), agent("bert", sales=3), agent("carla", sales=5), agent("dan")]
    assert dict(ranks(queue("sales"), agents)) == {"anna": 0, "carla": 0, "bert": 1}


@pytest.mark.parametrize("seed", range(5))
def test_chooses_as_a_plain_search_does(seed: int) -> None:
    draw = random.Random(seed)
    queues = tuple(queue(f"q{n}", requires=((f"s{n % 4}", 1 + n % 3), (f"s{n % 3}", 1))) for n in range(8))
    profiles = {
        name: AgentProfile(name, name, name, {f"s{draw.randrange(4)}": draw.randint(1, 4) for _ in range(3)})
        for name in (AgentId(f"a{n}") for n in range(20))
    }
    made = Routing()
    made.configure({q.id: q for q in queues}, profiles)
    waiting: dict[CallId, tuple[int, Queue]] = {}
    ready: dict[AgentId, int] = {}
    for step in range(2_000):
        name, call = draw.choice(list(profiles)), CallId(f"c{draw.randrange(50)}")
        match draw.randrange(4):
            case 0 if call not in waiting:
                waiting[call] = (draw.randrange(100), draw.choice(queues))
                made.add_waiting(call, waiting[call][1].id, waiting[call][0])
            case 1:
                waiting.pop(call, None)
                made.remove_waiting(call)
            case 2:
                ready.setdefault(name, step % 30)
                made.set_ready(name, step % 30)
            case 3:
                ready.pop(name, None)
                made.unset_ready(name)
        callers = [(key, c) for c, (key, q) in waiting.items() if is_qualified(q, profiles[name])]
        assert made.select_caller(name) == min(callers, default=(0, None))[1]
        q = draw.choice(queues)
        free = [
            ([-profiles[a].skills[skill] for skill, _ in q.requires], since, a)
            for a, since in ready.items()
            if is_qualified(q, profiles[a])
        ]
        best = made.take_agent(q.id)
        assert best == min(free, default=([], 0, None))[2]
        if best is not None:
            assert not made.is_ready(best)
            made.set_ready(best, ready[best])


@pytest.mark.parametrize("seed", range(5))
def test_chooses_as_a_plain_search_does_among_those_who_can_be_joined(seed: int) -> None:
    draw = random.Random(seed)
    areas = (SwitchName(""), SwitchName("b"), SwitchName("c"))
    queues = (queue("sales", requires=(("sales", 1),)), queue("vip", requires=(("vip", 1),)))
    made = Routing()
    profiles = {
        name: AgentProfile(name, name, name, {"sales": draw.randint(0, 3), "vip": draw.randint(0, 3)})
        for name in (AgentId(f"a{n}") for n in range(9))
    }
    made.configure({q.id: q for q in queues}, profiles)
    waiting: dict[CallId, tuple[int, Queue, SwitchName]] = {}
    ready: dict[AgentId, tuple[int, SwitchName]] = {}
    reach: Reach = {area: (area,) for area in areas}
    made.connect(reach)
    for step in range(2_000):
        name, call, area = draw.choice(list(profiles)), CallId(f"c{draw.randrange(30)}"), draw.choice(areas)
        match draw.randrange(6):
            case 0 | 1 if call not in waiting:
                waiting[call] = (draw.randrange(100), draw.choice(queues), area)
                made.add_waiting(call, waiting[call][1].id, waiting[call][0], area)
            case 2:
                waiting.pop(call, None)
                made.remove_waiting(call)
            case 3 if name not in ready:
                ready[name] = step % 30, area
                made.set_ready(name, step % 30, area)
            case 4:
                ready.pop(name, None)
                made.unset_ready(name)
            case 5:
                reach = {one: tuple(to for to in areas if draw.random() < 0.5) for one in areas if draw.random() < 0.8}
                made.connect(reach)
                if step % 5 == 0:
                    made.configure({q.id: q for q in queues}, profiles)
                    copy = Routing()
                    copy.configure({q.id: q for q in queues}, profiles)
                    copy.restore(made.standing())
                    assert copy.standing() == made.standing()
                    made = copy
        callers = [
            (key, c)
            for c, (key, q, of) in waiting.items()
            if is_qualified(q, profiles[name]) and area in reach.get(of, ())
        ]
        assert made.select_caller(name, area) == min(callers, default=(0, None))[1]
        q = draw.choice(queues)
        free = [
            (-profiles[a].skills[q.requires[0][0]], since, a)
            for a, (since, at) in ready.items()
            if is_qualified(q, profiles[a]) and at in reach.get(area, ())
        ]
        best = made.take_agent(q.id, area)
        assert best == min(free, default=(0, 0, None))[2]
        if best is not None:
            made.set_ready(best, *ready[best])
        assert made.waiting_in(q.id) == sum(one.id == q.id for _, one, _ in waiting.values())


def test_a_queue_that_is_no_more_keeps_those_who_wait_in_it() -> None:
    made = routing(agent("anna", sales=1))
    gone = QueueId("gone")
    made.add_waiting(CallId("c2"), gone, 20)
    made.add_waiting(CallId("c1"), gone, 10)
    assert (made.waiting_in(gone), made.ahead(gone, 15), made.in_order()) == (2, 1, ["c1", "c2"])
    assert made.standing().waiting == [(gone, 20, "c2"), (gone, 10, "c1")]
    made.remove_waiting(CallId("c1"))
    assert made.in_order() == ["c2"]


def test_who_waits_is_known_until_he_does_not() -> None:
    made = routing(agent("anna", sales=1))
    made.add_waiting(CallId("c1"), SALES, 10)
    assert (made.is_waiting(CallId("c1")), made.is_waiting(CallId("c2"))) == (True, False)
    made.remove_waiting(CallId("c1"))
    assert not made.is_waiting(CallId("c1"))


def test_nobody_is_ready_for_a_queue_that_is_not_there() -> None:
    assert routing(agent("anna", sales=1)).ready_for(QueueId("none")) == 0


def test_before_any_rules_nobody_serves_anything() -> None:
    made = Routing()
    assert list(made.queues_of(ANNA)) == []
    assert (made.select_caller(ANNA), made.waiting_in(SALES), made.ready_for(SALES)) == (None, 0, 0)
    made.add_waiting(CallId("c1"), SALES, 1)
    made.set_ready(ANNA, 1)
    assert made.standing() == RoutingStanding([(SALES, 1, CallId("c1"))], [(ANNA, 1)])


def test_new_rules_keep_order_of_callers_and_idle_time_of_agents() -> None:
    made = routing(agent("anna", sales=1), agent("bert", sales=1))
    made.add_waiting(CallId("c2"), SALES, 20)
    made.add_waiting(CallId("c1"), SALES, 10)
    made.set_ready(ANNA, 20)
    made.set_ready(BERT, 10)
    rules = {queue.id: queue for queue in (queue("sales"), queue("vip"))}
    made.configure(rules, {a.id: a for a in (agent("anna", sales=1), agent("bert", sales=1))})
    assert made.standing().ready == [(ANNA, 20), (BERT, 10)]
    assert made.in_order() == ["c1", "c2"]
    assert [made.take_agent(SALES) for _ in range(3)] == [BERT, ANNA, None]


def test_a_skill_that_is_not_required_at_any_level_counts_as_zero() -> None:
    rules = queue("sales", requires=(("sales", 1), ("english", 0)))
    agents = [agent("anna", sales=2), agent("bert", sales=2, english=1), agent("carla", sales=2, english=0)]
    assert dict(ranks(rules, agents)) == {"bert": 0, "anna": 1, "carla": 1}


def test_a_line_is_cleared_when_it_is_mostly_out_of_date() -> None:
    """And the room that it gets then is in proportion to what is in date."""
    made = routing(*(agent(f"a{n}", sales=1) for n in range(30)))
    for n in range(30):
        made.set_ready(AgentId(f"a{n}"), n)
    longest = 0
    for n in range(1_000):
        made.unset_ready(AgentId("a0"))
        made.set_ready(AgentId("a0"), n)
        longest = max(longest, len(made.lines[SALES].ready))
    assert 2 * 30 + SLACK <= longest <= 2 * 30 + SLACK + 1
    assert made.ready_for(SALES) == 30
