"""A day lived again: the same policy gives the same figures, another one what it must, people keep what they are."""

from dataclasses import replace
from functools import cache
from random import Random

import pytest

from ccd.core.configuration import AgentProfile, Configuration, Queue
from ccd.core.flow.steps.queue import Queue as QueueStep
from ccd.core.flow.steps.voicemail import Voicemail
from ccd.model.fact import AgentChanged, AnyFact, EndpointNoted, OfferEnded, OfferMade, TalkBegan, TalkEnded
from ccd.model.ids import SECOND, AgentId, CallId, Endpoint, LegId, Moment, OfferId, QueueId
from ccd.simulation.day import Day, Doing, Visitor
from ccd.simulation.day_world import DayWorld, comparable
from ccd.simulation.distribution import exponential
from ccd.simulation.figures import Figures
from ccd.simulation.profile import Agents, Callers, Profile
from ccd.simulation.scenario import agent, centre, flow, prompt
from ccd.simulation.survival import FOR_EVER, Survival
from ccd.simulation.world import MORNING, World

SALES, SUPPORT = QueueId("sales"), QueueId("support")
HOURS = 8.0


def policy(agents: int = 8, wrap_up: int = 20, ring: int = 15, support: int = 1) -> Configuration:
    """Two queues that share half of the agents; who waits too long for support, of that level, is led to sales."""
    queues = (
        Queue(SALES, "Sales", (("sales", 1),), wrap_up_time=wrap_up * SECOND, ring_time=ring * SECOND),
        Queue(SUPPORT, "Support", (("support", support),), wrap_up_time=wrap_up * SECOND, ring_time=ring * SECOND),
    )
    staff = [agent(n, {"sales": 1 + n % 3} if n % 2 else {"support": 2, "sales": 1}) for n in range(agents)]
    flows = (
        flow("buy", wait=QueueStep("sales"), message=Voicemail(mailbox="main", greeting=prompt("message"))),
        flow(
            "help",
            wait=QueueStep("support", max_wait=60 * SECOND, on={"overflowed": "sales"}),
            sales=QueueStep("sales"),
        ),
    )
    return centre(flows, queues, staff)


def profile() -> Profile:
    people = Callers(patience=exponential(90), talk_time=exponential(150), talk_times={SUPPORT: exponential(240)})
    staff = Agents(
        refusal_rate=0.05,
        no_answer_rate=0.04,
        pause_every=3_000 * SECOND,
        phone_lost_every=9_000 * SECOND,
        private_call_every=4_000 * SECOND,
        early_end_of_wrap_up_rate=0.3,
    )
    return Profile(calls={"buy": (70.0,), "help": (35.0,)}, callers=people, agents=staff)


class Written(Figures):
    """Also every fact."""

    def __init__(self, queues: dict[QueueId, Queue], began: Moment) -> None:
        super().__init__(queues, began, began)
        self.facts: list[tuple[AnyFact, Moment]] = []

    def apply(self, fact: AnyFact, at: Moment) -> None:
        super().apply(fact, at)
        self.facts.append((fact, at))


@cache
def lived(seed: int = 3) -> Day:
    """A day of the policy, as the journal tells it."""
    world = World(policy(), profile(), seed, hours=HOURS)
    world.figures = written = Written(dict(policy().queues), MORNING)
    assert world.run().violations == ()
    day = Day(policy(), MORNING, {})
    for fact, at in written.facts:
        day.apply((fact,), at)
    day.close()
    return day


def levels(configuration: Configuration, seeds: int = 3) -> dict[QueueId, float]:
    """Service level by queue over some runs."""
    worlds = [DayWorld(configuration, lived(), seed) for seed in range(seeds)]
    for world in worlds:
        assert world.run().violations == ()
    return {
        name: sum(world.figures.queues[name].service_level() for world in worlds) / seeds
        for name in configuration.queues
    }


def test_the_same_policy_gives_the_days_figures() -> None:
    """Within what chance makes of some 560 and 280 calls: three standard errors of a share are .06 and .09."""
    day, modelled = lived(), levels(policy())
    for name, tolerance in ((SALES, 0.06), (SUPPORT, 0.09)):
        assert 0.3 < day.figures.queues[name].service_level() < 0.97
        assert modelled[name] == pytest.approx(day.figures.queues[name].service_level(), abs=tolerance)
    world = DayWorld(policy(), day, 1)
    run = world.run()
    was, would = day.figures.queues[SALES], run.figures.queues[SALES]
    assert would.offered == pytest.approx(was.offered, rel=0.05)  # also who came over from support
    assert would.mean_wait() == pytest.approx(was.mean_wait(), rel=0.35)
    assert would.abandon_rate() == pytest.approx(was.abandon_rate(), abs=0.06)
    assert run.figures.occupancy() == pytest.approx(day.figures.occupancy(), abs=0.05)
    assert len(world.lived) == len(day.visitors)


def test_another_policy_does_what_it_must() -> None:
    base = levels(policy())
    assert levels(policy(wrap_up=90))[SALES] < base[SALES] - 0.05
    fewer = levels(policy(agents=5))
    assert fewer[SALES] < base[SALES] - 0.1
    assert fewer[SUPPORT] < base[SUPPORT] - 0.05
    more = levels(policy(agents=14))
    assert more[SALES] > base[SALES] + 0.05
    assert more[SUPPORT] > base[SUPPORT] + 0.05


def test_ring_time_decides_what_a_slow_agent_takes() -> None:
    """He picks up after up to 6 s: of offers that ring for 3 s about half expire, of others about as many as then."""
    day = lived()

    def expired(ring: int) -> float:
        world = DayWorld(policy(ring=ring), day, 1)
        world.figures = written = Written(dict(policy().queues), MORNING)
        world.run()
        ended = [fact.outcome for fact, _ in written.facts if isinstance(fact, OfferEnded)]
        return ended.count("expired") / len(ended)

    habits = [worker.habits for worker in day.workers.values()]
    then = sum(one.unanswered for one in habits) / sum(one.offers for one in habits)
    assert expired(15) == pytest.approx(then, abs=0.02)
    assert expired(3) > 0.35


def test_a_skill_that_is_asked_for_leaves_fewer_to_serve() -> None:
    world = DayWorld(policy(support=3), lived(), 1)
    assert world.run().violations == ()  # nobody has it, and yet everybody's wait ends
    support = world.figures.queues[SUPPORT]
    assert support.answered == 0
    assert support.other > 0.5 * support.offered > 100
    alone = replace(
        policy(), queues={name: replace(rules, requires=(("juggling", 9),)) for name, rules in policy().queues.items()}
    )
    world = DayWorld(alone, lived(), 1)
    assert world.run().violations == ()
    assert {one.agent for one in world.lived.values()} == {""}


def test_service_is_measured_by_that_days_times() -> None:
    patient = {name: replace(rules, service_level_time=3_600 * SECOND) for name, rules in policy().queues.items()}
    assert levels(replace(policy(), queues=patient), 1) == levels(policy(), 1)


def test_two_policies_have_the_same_people() -> None:
    day = lived()
    buyers = [one for one in day.visitors.values() if one.flow == "buy"]
    world = DayWorld(policy(), day, 1, buyers)
    world.run()
    assert world.lived.keys() == {one.call for one in buyers}


def test_people_keep_what_they_are() -> None:
    """Who left that day has that patience under any policy; who talked talks as long."""
    day = lived()
    world = DayWorld(policy(agents=3), day, 2)
    world.run()
    left = [one for one in day.visitors.values() if one.left_after]
    assert len(left) > 20
    for one in left:
        would = world.lived[one.call]
        assert would.waited <= one.left_after + SECOND
        assert would.agent or would.waited == pytest.approx(one.left_after, abs=SECOND // 10)


def test_it_is_the_same_every_time_and_another_with_another_seed() -> None:
    day = lived()

    def ways(seed: int) -> list[tuple[CallId, int, AgentId]]:
        world = DayWorld(policy(), day, seed)
        world.run()
        return [(call, one.waited, one.agent) for call, one in world.lived.items()]

    assert ways(1) == ways(1)
    assert ways(1) != ways(2)


def test_who_comes_by_a_way_that_the_policy_has_not_does_not_compare() -> None:
    day, other = lived(), policy()
    other = replace(other, flows={"buy": other.flows["buy"]})
    kinds = {one.flow: comparable(other, one) for one in day.visitors.values()}
    assert kinds == {"buy": True, "help": False}
    world = DayWorld(other, day, 1)
    world.run()
    assert {one.flow for one in day.visitors.values() if one.call in world.lived} == {"buy"}
    assert not comparable(
        replace(policy(), queues={SALES: policy().queues[SALES]}),
        next(one for one in day.visitors.values() if one.flow == "help"),
    )


def test_who_was_refused_a_log_in_tries_again() -> None:
    """Here he still talks when he logs in at another phone: he logs out after the talk, and is back after it."""
    day = told(
        (0, changed("logged_out", "ready", "log in")),
        (30, changed("ready", "logged_out", "logs in anew")),
        (30, changed("logged_out", "ready", "log in")),
    )
    caller = Visitor(CallId("c"), SECOND, SALES, "buy", "wait", waited=SECOND, talked=120 * SECOND)
    day.visitors[caller.call] = caller
    day.ended = 3_600 * SECOND
    world = DayWorld(replace(policy(), agents={ANNA: AgentProfile(ANNA, ANNA, "1", {"sales": 1})}), day, 1)
    states: list[str] = []
    see = world.staff.changed

    def changed_to(fact: AgentChanged) -> None:
        states.append(fact.new)
        see(fact)

    world.staff.changed = changed_to  # type: ignore[method-assign]
    world.run()
    assert states == ["ready", "offered", "talking", "logged_out", "ready"]


# --- the fold, by values

ANNA, PHONE = AgentId("anna"), Endpoint("PJSIP/1")


def changed(old: str, new: str, reason: str = "") -> AgentChanged:
    return AgentChanged(ANNA, old, new, reason, PHONE, 0)  # type: ignore[arg-type]


def told(*facts: tuple[int, AnyFact]) -> Day:
    day = Day(policy(), 0, {})
    for at, fact in facts:
        day.apply((fact,), at * SECOND)
    return day


def test_what_an_agent_did_of_himself() -> None:
    day = told(
        (10, changed("logged_out", "ready", "log in")),
        (20, changed("ready", "paused", "lunch")),
        (30, changed("paused", "ready", "unpause")),
        (40, changed("offered", "paused", "missed 3 offers")),
        (50, changed("paused", "ready", "unpause")),
        (60, changed("ready", "talking", "call-he-made")),
        (75, changed("talking", "ready")),
        (80, changed("ready", "logged_out", "log out")),
    )
    assert day.workers[ANNA].habits.missed_pauses == [10 * SECOND]
    assert day.staffed() == (10 * SECOND, 80 * SECOND)
    assert day.workers[ANNA].did == [
        Doing(10 * SECOND, "log_in"),
        Doing(20 * SECOND, "pause", "lunch"),
        Doing(30 * SECOND, "unpause"),
        Doing(60 * SECOND, "busy", length=15 * SECOND),
        Doing(80 * SECOND, "log_out"),
    ]


def test_a_pause_for_a_missed_train_is_his_own() -> None:
    day = told((10, changed("offered", "paused", "missed my train")), (30, changed("paused", "ready", "unpause")))
    assert [doing.what for doing in day.workers[ANNA].did] == ["log_in", "pause", "unpause"]


def test_private_calls_at_his_phone() -> None:
    """In use while he is ready; that of an offer and its talk is a consequence."""
    day = told(
        (0, changed("logged_out", "ready", "log in")),
        (10, EndpointNoted(PHONE, "in_use")),
        (20, EndpointNoted(PHONE, "idle")),
        (30, changed("ready", "offered")),
        (31, EndpointNoted(PHONE, "ringing")),
        (32, changed("offered", "talking")),
        (32, EndpointNoted(PHONE, "in_use")),
        (50, changed("talking", "ready")),
        (51, EndpointNoted(PHONE, "idle")),
        (60, EndpointNoted(PHONE, "unreachable")),
        (70, EndpointNoted(PHONE, "idle")),
    )
    assert [(doing.at // SECOND, doing.what) for doing in day.workers[ANNA].did][1:] == [
        (10, "phone_taken"),
        (20, "phone_free"),
        (60, "phone_gone"),
        (70, "phone_back"),
    ]
    assert day.staffed() == (0, 70 * SECOND)


def test_who_was_there_when_the_day_began() -> None:
    assert told((5, changed("paused", "ready", "unpause"))).workers[ANNA].did == [
        Doing(0, "log_in"),
        Doing(0, "pause"),
        Doing(5 * SECOND, "unpause"),
    ]


def test_how_an_agent_took_offers_and_wrap_ups() -> None:
    made = [OfferMade(OfferId(f"o{n}"), CallId("c"), SALES, ANNA, LegId("l"), 0, "caller") for n in range(4)]
    ended = [
        OfferEnded(OfferId(f"o{n}"), CallId("c"), ANNA, outcome)  # type: ignore[arg-type]
        for n, outcome in enumerate(("accepted", "refused", "expired", "withdrawn"))
    ]
    day = told(
        (1, changed("logged_out", "ready", "log in")),
        *((10 + 10 * n, one) for n, one in enumerate(made)),
        *((13 + 10 * n, one) for n, one in enumerate(ended)),
        (60, TalkBegan(CallId("c"), LegId("a"), LegId("b"), ANNA)),
        (61, changed("ready", "wrap_up")),
        (66, changed("wrap_up", "ready")),
        (67, TalkEnded(CallId("c"), 7 * SECOND, "caller")),
    )
    habits = day.workers[ANNA].habits
    assert (habits.pick_ups, habits.declined, habits.unanswered) == ([3 * SECOND], [3 * SECOND], 1)
    assert (habits.wrap_ups, habits.cut_wrap_ups) == (1, [5 * SECOND])


# --- survival


def test_kaplan_and_meiers_estimate_by_hand() -> None:
    """At 1 one of 5 leaves: .8; at 2 one is served; at 3 one of 3: .5333; at 4 served; at 5 the last: 0."""
    curve = Survival([(1, True), (2, False), (3, True), (4, False), (5, True)])
    assert curve.times == [1, 3, 5]
    assert curve.shares == pytest.approx([0.8, 0.8 * 2 / 3, 0.0])
    assert [curve.at(time) for time in (0, 1, 2, 3, 9)] == pytest.approx([1, 0.8, 0.8, 1.6 / 3, 0])


def test_at_one_moment_those_who_leave_are_counted_among_those_served() -> None:
    curve = Survival([(2, True), (2, False), (3, False), (3, True)])
    assert curve.shares == pytest.approx([0.75, 0.375])


def test_who_has_waited_leaves_later_than_that() -> None:
    curve = Survival([(n, True) for n in range(1, 101)])
    drawn = [curve.draw(40, Random(n)) for n in range(2_000)]
    assert min(drawn) == 41
    assert max(drawn) == 100
    assert sum(drawn) / len(drawn) == pytest.approx(70.5, abs=1.2)  # three standard errors of 17.3/sqrt(2000)


def test_where_nobody_was_seen_to_leave_patience_is_without_end() -> None:
    assert Survival([]).draw(5, Random(1)) == FOR_EVER
    curve = Survival([(1, True), (9, False), (9, False), (9, False)])
    drawn = [curve.draw(0, Random(n)) for n in range(400)]
    assert set(drawn) == {1, FOR_EVER}
    assert drawn.count(1) / 400 == pytest.approx(0.25, abs=0.07)
