"""What must hold after every event, whatever callers, agents, phones and the switch do, in whatever order."""

from dataclasses import replace

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from ccd.core.acd.agent import is_available
from ccd.core.acd.reason import Reasons
from ccd.core.acd.selection import is_qualified
from ccd.core.call import Call
from ccd.core.configuration import Announcements, Configuration, RecordingPolicy, Site
from ccd.core.engine import Engine
from ccd.core.floor import Outcome
from ccd.core.flow.expression import Literal
from ccd.core.flow.steps.hangup import Hangup
from ccd.core.flow.steps.menu import Menu
from ccd.core.flow.steps.queue import Queue as QueueStep
from ccd.core.flow.steps.transfer import Transfer
from ccd.core.timer import OfferTimer
from ccd.model import command as c
from ccd.model import event as e
from ccd.model import fact as f
from ccd.model.ids import SECOND, AgentId, CallId, Moment, QueueId, RequestId
from tests.core.centre import PBX, agent, configuration, flow, prompt, queue
from tests.core.world import World, WorldLeg

TALKING_FLOWS = ("menu", "sales", "vip", "support", "outside")
POSITIONS = Announcements(10 * SECOND, 20 * SECOND, {"en": ("pos1", "pos2")}, {"en": ("min0", "min1")})


def centre() -> dict[str, Configuration]:
    """Three versions of a small centre: agents, skills and queues come and go."""
    flows = {
        "menu": flow(
            "menu",
            ask=Menu(prompt("menu"), {"1": "sales", "2": "vip"}, retries=1),
            sales=QueueStep("sales", on={"overflowed": "out", "no_agent": "out"}, max_wait=60 * SECOND),
            vip=QueueStep("vip"),
            out=Transfer(to=Literal("+34600"), ring_time=20 * SECOND),
        ),
        "sales": flow("sales", wait=QueueStep("sales", answer=False), bye=Hangup()),
        "vip": flow(
            "vip",
            wait=QueueStep("vip", priority=60 * SECOND, on={"answered": "again"}),
            again=QueueStep("support"),
        ),
        "support": flow("support", wait=QueueStep("support", on={"no_agent": "wait2"}), wait2=QueueStep("sales")),
        "outside": flow("outside", out=Transfer(to=Literal("+34600")), then=QueueStep("sales")),
    }
    queues = (
        queue("sales", requires=(("sales", 2),), wrap_up_time=10 * SECOND, announcements=POSITIONS),
        queue("vip", requires=(("sales", 1), ("english", 1)), recording=RecordingPolicy("always"), retry_time=0),
        queue("support", requires=(("support", 1),), recording=RecordingPolicy("on_demand")),
    )
    agents = (
        agent("anna", sales=3, english=1),
        agent("bert", sales=2, support=1),
        agent("carla", sales=1, english=2, support=3),
        agent("dan", support=2),
    )
    first = configuration(flows, queues, agents, site=Site(outbound_wrap_up_time=3 * SECOND))
    fewer = replace(first, hash="h2", agents={a.id: a for a in agents[:2]}, queues={q.id: q for q in queues[:2]})
    other = replace(first, hash="h3", agents={a.id: replace(a, skills={"support": 1, "sales": 2}) for a in agents})
    return {made.hash: made for made in (first, fewer, other)}


AGENTS = [AgentId(name) for name in ("anna", "bert", "carla", "dan")]
some_agent = st.sampled_from(AGENTS)
any_place = st.integers(0, 30)


class Checked(World):
    """A world whose every event is checked."""

    def __init__(self) -> None:
        self.configurations = centre()
        super().__init__(self.configurations, "h1")
        self.reasons = Reasons()
        self.configure("h1")
        self.started: dict[CallId, int] = {}
        self.ended: dict[CallId, int] = {}
        self.entered = self.left = 0
        self.waiting: dict[CallId, tuple[Moment, QueueId]] = {}

    def configure(self, name: str) -> None:
        self.reasons.configure(self.engine.floor.queues, self.configurations[name].agents)

    def check(self, event: e.AnyEvent, outcome: Outcome) -> None:
        for fact in outcome.facts:
            self.fold(fact)
        self.no_eligible_pair_is_left()
        self.one_offer_and_one_owner()
        self.offers_have_a_way_out()
        self.waiting_is_counted()
        self.nothing_dangles()

    def fold(self, fact: f.AnyFact) -> None:
        floor = self.engine.floor
        match fact:
            case f.ConfigurationTaken():
                self.configure(fact.hash)
            case f.CallStarted():
                assert fact.call not in self.started
                self.started[fact.call] = 1
            case f.CallEnded():
                assert fact.call in self.started
                assert fact.call not in self.ended
                self.ended[fact.call] = 1
            case f.QueueEntered():
                self.entered += 1
                self.waiting[fact.call] = (fact.waiting_since - fact.priority, fact.queue)
            case f.QueueLeft():
                self.left += 1
                assert fact.call in self.waiting
                del self.waiting[fact.call]
            case f.OfferMade() if fact.trigger == "agent":
                self.chosen_caller_is_the_longest_waiting(fact)
        explained = self.reasons.apply(fact, floor.now)
        assert explained is None or explained.is_best, explained

    def chosen_caller_is_the_longest_waiting(self, made: f.OfferMade) -> None:
        """Of those without an offer; who lost his offer in the same event is matched again at the end of it."""
        key, _ = self.waiting[made.call]
        profile = self.engine.floor.configuration.agents[made.agent]
        for call, (other, queue_id) in self.waiting.items():
            rules = self.engine.floor.queues.get(queue_id)
            if other < key and rules and is_qualified(rules, profile):
                known = self.engine.floor.calls.get(call)
                assert known is None or known.offer is not None or not self.lives(known), f"{call} came before {made}"

    def lives(self, call: Call) -> bool:
        """Whether the caller is still there and not being hung up."""
        return self.engine.floor.legs[call.leg].state != "ending"

    def no_eligible_pair_is_left(self) -> None:
        floor = self.engine.floor
        waiting = [call for call in floor.calls.values() if call.visit and not call.offer and self.lives(call)]
        for one in floor.agents.values():
            profile = floor.configuration.agents.get(one.id)
            if profile is None or not is_available(floor, one):
                assert not floor.routing.is_ready(one.id), one
                continue
            assert floor.routing.is_ready(one.id), one
            for call in waiting:
                assert call.visit is not None
                assert not is_qualified(floor.queues[call.visit.queue], profile), (one, call)

    def one_offer_and_one_owner(self) -> None:
        floor = self.engine.floor
        offers = list(floor.offers.values())
        assert len({offer.call for offer in offers}) == len({offer.agent for offer in offers}) == len(offers)
        for offer in offers:
            assert floor.calls[offer.call].offer == offer.id == floor.agents[offer.agent].offer
            assert floor.calls[offer.call].phase == "waiting"
        owners = [call.agent for call in floor.calls.values() if call.agent]
        assert len(set(owners)) == len(owners)
        for one in floor.agents.values():
            assert (one.state == "offered") == (one.offer is not None), one
            assert (one.state == "talking") == (one.id in owners), one
        assert all(call.offer is None or call.offer in floor.offers for call in floor.calls.values())

    def offers_have_a_way_out(self) -> None:
        floor = self.engine.floor
        timers = [timer for _, _, timer in floor.timers if isinstance(timer, OfferTimer)]
        for offer in floor.offers.values():
            assert offer.leg in floor.legs
            assert OfferTimer(offer.id, offer.stage) in timers

    def waiting_is_counted(self) -> None:
        floor = self.engine.floor
        visits = [call for call in floor.calls.values() if call.visit]
        assert self.entered == self.left + len(visits)
        assert len(visits) == len(self.waiting)
        without = [call for call in visits if call.offer is None and self.lives(call)]
        assert sum(floor.routing.waiting_in(name) for name in floor.routing.lines) == len(without)

    def nothing_dangles(self) -> None:
        """Every leg belongs to a call and the other way round; all of them live at the switch."""
        floor = self.engine.floor
        assert sorted(floor.legs) == sorted(leg for call in floor.calls.values() for leg in call.legs)
        assert all(call.legs for call in floor.calls.values())
        assert all(leg in self.legs for leg in floor.legs)
        assert all(asker in floor.calls for asker in floor.questions.values())
        assert set(self.started) - set(self.ended) == set(floor.calls)

    def close(self) -> None:
        """Everybody hangs up: nothing may remain."""
        while self.legs:
            self.hang_up(next(iter(self.legs.values())))
        floor = self.engine.floor
        assert not floor.calls
        assert not floor.legs
        assert not floor.offers
        assert not floor.questions
        assert not self.waiting
        self.wait(24 * 3600 * SECOND)
        assert not floor.timers
        assert {one.state for one in floor.agents.values()} <= {"logged_out", "ready", "paused"}

    def repeats_itself(self) -> None:
        """The same inputs at the same times give the same outcomes."""
        again = Engine(self.configurations, "h1", seed=7)
        for (event, now), said in zip(self.log, self.said, strict=True):
            assert again.handle(event, now) == said


class Day(RuleBasedStateMachine):
    """Callers, agents, phones and a switch, as they come."""

    @initialize()
    def begin(self) -> None:
        self.world = Checked()
        self.world.connect()
        self.requests = 0
        for name in AGENTS:
            self.world.phone(agent(name).endpoint, "idle")
            self.log_in(name)

    def ask(self, kind: type[e.Request], *values: object) -> None:
        self.requests += 1
        request = RequestId(str(self.requests))
        commands = self.world.feed(kind(request, "test", *values)).commands  # type: ignore[arg-type]
        assert [one.request for one in commands if isinstance(one, c.Reply)] == [request]

    def pick(self, place: int, *states: str) -> WorldLeg | None:
        """Some leg in one of the states."""
        legs = [leg for leg in self.world.legs.values() if leg.state in states]
        return legs[place % len(legs)] if legs else None

    def is_up(self) -> bool:
        return self.world.is_up

    # --- callers and phones

    @precondition(is_up)
    @rule(dnis=st.sampled_from(TALKING_FLOWS))
    def caller_arrives(self, dnis: str) -> None:
        self.world.arrive(dnis)

    @precondition(is_up)
    @rule(name=some_agent, dialled=st.sampled_from(["+34600", "+1900", "1004", "*72", "*73", "*74"]))
    def phone_dials(self, name: AgentId, dialled: str) -> None:
        self.world.phone_dials(agent(name).endpoint, dialled, dialled if dialled[0] == "+" else "")

    @precondition(is_up)
    @rule(place=any_place)
    def phone_answers(self, place: int) -> None:
        leg = self.pick(place, "ringing")
        if leg is not None:
            self.world.answer(leg)

    @precondition(is_up)
    @rule(place=any_place, cause=st.sampled_from([16, 17, 19, 20, 21]))
    def phone_refuses(self, place: int, cause: int) -> None:
        leg = self.pick(place, "ringing")
        if leg is not None:
            self.world.hang_up(leg, cause)

    @precondition(is_up)
    @rule(place=any_place)
    def somebody_hangs_up(self, place: int) -> None:
        leg = self.pick(place, "early", "up", "ringing")
        if leg is not None:
            self.world.hang_up(leg)

    @precondition(is_up)
    @rule(place=any_place)
    def switch_hangs_up_as_told(self, place: int) -> None:
        legs = [leg for leg in self.world.legs.values() if leg.is_ending]
        if legs:
            self.world.hang_up(legs[place % len(legs)])

    @precondition(is_up)
    @rule(place=any_place, which=st.integers(0, 3), fails=st.sampled_from([False, False, False, True]))
    def result_comes(self, place: int, which: int, fails: bool) -> None:
        legs = [leg for leg in self.world.legs.values() if leg.due]
        if legs:
            leg = legs[place % len(legs)]
            self.world.result(leg, which, fails=fails and not isinstance(leg.due[which % len(leg.due)], c.Answer))

    @precondition(is_up)
    @rule(place=any_place)
    def phone_answers_and_they_talk(self, place: int) -> None:
        """The usual way, which chance alone would hardly ever go to its end."""
        self.phone_answers(place)
        self.switch_catches_up()

    @precondition(is_up)
    @rule(times=st.integers(1, 3))
    def switch_catches_up(self, times: int = 2) -> None:
        """It carries out what it was told."""
        for _ in range(times):
            for leg in list(self.world.legs.values()):
                if leg.id in self.world.legs and leg.due:
                    self.world.result(leg, 0)

    @precondition(is_up)
    @rule(place=any_place)
    def one_of_a_talk_leaves(self, place: int) -> None:
        legs = [leg for leg in self.world.legs.values() if leg.peer]
        if legs:
            self.world.hang_up(legs[place % len(legs)])

    @precondition(is_up)
    @rule(place=any_place, key=st.sampled_from("12*#"))
    def key_is_pressed(self, place: int, key: str) -> None:
        leg = self.pick(place, "up")
        if leg is not None:
            self.world.feed(e.DigitPressed(leg.id, key))

    @precondition(is_up)
    @rule(place=any_place, dialled=st.sampled_from(["1004", "+34600", "+1900"]))
    def agent_refers(self, place: int, dialled: str) -> None:
        legs = [leg for leg in self.world.legs.values() if leg.peer and not leg.due and not leg.is_ending]
        if legs:
            self.world.refer(legs[place % len(legs)], dialled, dialled if dialled[0] == "+" else "")

    @precondition(is_up)
    @rule(name=some_agent, state=st.sampled_from(["idle", "idle", "in_use", "ringing", "unreachable"]))
    def phone_changes(self, name: AgentId, state: e.EndpointState) -> None:
        self.world.phone(agent(name).endpoint, state)

    # --- agents

    @rule(name=some_agent)
    def log_in(self, name: AgentId) -> None:
        self.ask(e.LogInRequested, name, agent(name).endpoint)

    @rule(name=some_agent, at=some_agent)
    def log_in_elsewhere(self, name: AgentId, at: AgentId) -> None:
        self.ask(e.LogInRequested, name, agent(at).endpoint)

    @rule(name=some_agent)
    def log_out(self, name: AgentId) -> None:
        self.ask(e.LogOutRequested, name)

    @rule(name=some_agent)
    def pause(self, name: AgentId) -> None:
        self.ask(e.PauseRequested, name, "lunch")

    @rule(name=some_agent)
    def unpause(self, name: AgentId) -> None:
        self.ask(e.UnpauseRequested, name)

    @rule(name=some_agent)
    def end_wrap_up(self, name: AgentId) -> None:
        self.ask(e.EndWrapUpRequested, name)

    # --- everything else

    @rule(length=st.sampled_from([1, 1, 5, 15, 60]))
    def time_passes(self, length: int) -> None:
        self.world.wait(length * SECOND)

    @precondition(is_up)
    @rule()
    def link_is_lost(self) -> None:
        self.world.is_up = False
        self.world.feed(e.SwitchDown(PBX, "cut"))

    @precondition(lambda self: not self.world.is_up)
    @rule()
    def link_is_back(self) -> None:
        self.world.connect()

    @rule()
    def switch_reboots(self) -> None:
        self.world.reboot()
        self.world.connect()

    @rule(name=st.sampled_from(["h1", "h2", "h3"]))
    def configuration_changes(self, name: str) -> None:
        self.world.feed(e.ConfigurationLoaded(name))

    @rule(place=any_place)
    def call_is_hung_up_on_request(self, place: int) -> None:
        calls = list(self.world.engine.floor.calls)
        if calls:
            self.ask(e.HangUpRequested, calls[place % len(calls)])

    @rule(place=any_place, action=st.sampled_from(["start", "pause", "resume", "stop"]))
    def recording_is_changed(self, place: int, action: str) -> None:
        calls = list(self.world.engine.floor.calls)
        if calls:
            self.ask(e.RecordingRequested, calls[place % len(calls)], action)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.close()
            self.world.repeats_itself()


Day.TestCase.settings = settings(
    max_examples=100, stateful_step_count=80, deadline=None, suppress_health_check=list(HealthCheck)
)
TestDay = Day.TestCase
