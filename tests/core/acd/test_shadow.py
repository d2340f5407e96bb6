"""Another policy looks on: what it says of each decision, and that it changes none."""

from collections import Counter

from msgspec.structs import replace

from ccd.core.acd.reason import Reasons
from ccd.core.acd.shadow import Shadow, Verdict
from ccd.core.configuration import Configuration
from ccd.core.engine import Engine
from ccd.core.floor import Outcome
from ccd.daemon.journal import digest
from ccd.model.event import AnyEvent
from ccd.model.fact import QueueEntered, QueueLeft
from ccd.model.ids import SECOND, AgentId
from ccd.simulation.ledger import Ledger
from ccd.simulation.scenario import busy_centre, busy_day, hard_day
from ccd.simulation.world import World
from tests.core.centre import Centre, agent, configuration, flow, leg, queue
from tests.core.test_engine import Wait


def site(*, anna: int = 2, bert: int = 1, least: int = 1, queues: tuple[str, ...] = ("sales",)) -> Configuration:
    """Two agents, and how good they must be."""
    rules = tuple(queue(name, requires=((name, least),), wrap_up_time=10 * SECOND) for name in queues)
    return configuration(
        {"sales": flow("sales", wait=Wait())}, rules, (agent("anna", sales=anna), agent("bert", sales=bert))
    )


class Watched(Centre):
    """A centre that a shadow looks at."""

    def __init__(self, config: Configuration, policy: Configuration) -> None:
        self.policy = policy
        self.verdicts: list[Verdict] = []
        self.shadow: Shadow | None = None
        super().__init__(config)

    def made_engine(self, first: str) -> Engine:
        made = super().made_engine(first)
        self.shadow = Shadow(self.policy, Reasons(), made.floor)
        return made

    def feed(self, event: AnyEvent, after: int = 0) -> Outcome:
        outcome = super().feed(event, after)
        assert self.shadow is not None
        self.verdicts += self.shadow.apply(outcome.facts, self.now)
        return outcome

    def said(self) -> list[tuple[str, str, str]]:
        verdicts, self.verdicts = self.verdicts, []
        return [(one.result, one.agent, one.would) for one in verdicts]


def test_the_same_policy_decides_the_same() -> None:
    made = Watched(site(), site())
    made.log_in("anna")
    made.log_in("bert")
    made.arrive("sales", "1.1")
    made.arrive("sales", "1.2")
    made.arrive("sales", "1.3")
    assert made.said() == [("same", "anna", "anna"), ("same", "bert", "bert")]
    first = made.dialled()[0].leg
    made.answer(first)
    made.bridged(leg("1.1"), first)
    made.hung_up(leg("1.1"))
    made.wait(10 * SECOND)
    assert made.said() == [("same", "anna", "anna")]


def test_other_levels_another_agent() -> None:
    made = Watched(site(), site(anna=1, bert=5))
    made.log_in("anna")
    made.log_in("bert")
    made.arrive("sales", "1.1")
    assert made.said() == [("other_agent", "anna", "bert")]
    made.arrive("sales", "1.2")
    assert made.said() == [("same", "bert", "bert")]  # anna is taken


def test_it_would_ask_nobody_where_it_asks_more() -> None:
    made = Watched(site(), site(least=3))
    made.log_in("anna")
    made.arrive("sales", "1.1")
    assert made.said() == [("nobody", "anna", "")]


def test_a_queue_that_it_has_not() -> None:
    made = Watched(site(), site(queues=("support",)))
    made.log_in("anna")
    made.arrive("sales", "1.1")
    assert made.said() == [("no_queue", "anna", "")]


def test_who_waits_for_nobody_would_have_been_offered_sooner() -> None:
    """Told once, when he comes or when an agent does."""
    made = Watched(site(least=2), site())
    made.log_in("bert")
    made.arrive("sales", "1.1")
    assert made.said() == [("sooner", "", "bert")]
    made.arrive("sales", "1.2")
    assert made.said() == [("sooner", "", "bert")]  # as things stand: bert is free, for the second too
    other = Watched(site(least=2), site())
    other.arrive("sales", "1.1")
    assert other.said() == []
    other.log_in("bert")
    assert other.said() == [("sooner", "", "bert")]


def test_an_agent_whose_phone_is_put_down_would_have_been_offered_the_call() -> None:
    made = Watched(site(least=2), site())
    made.log_in("bert")
    made.phone("bert", "in_use")
    made.arrive("sales", "1.1")
    assert made.said() == []
    made.phone("bert", "idle")
    assert made.said() == [("sooner", "", "bert")]


def test_who_left_and_waits_once_more_is_told_once_more() -> None:
    made = Watched(site(least=2), site())
    made.log_in("bert")
    (entered,) = (fact for fact in made.arrive("sales", "1.1").facts if isinstance(fact, QueueEntered))
    assert made.said() == [("sooner", "", "bert")]
    assert made.shadow is not None
    assert made.shadow.apply([entered], made.now) == [], "once a stay"
    again = made.shadow.apply([QueueLeft(entered.call, entered.queue, "overflowed", SECOND), entered], made.now)
    assert [(one.result, one.would) for one in again] == [("sooner", "bert")]


def test_it_begins_in_the_middle_with_what_the_floor_and_the_reasons_know() -> None:
    config = site(least=2)
    world = Watched(config, site())
    world.log_in("bert")
    world.arrive("sales", "1.1")
    reasons = Reasons()
    reasons.configure(config.queues, config.agents)
    for fact in world.facts:
        reasons.apply(fact, world.now)
    late = Shadow(site(), reasons, world.engine.floor)
    outcome = world.log_in("anna")
    assert [(one.result, one.agent) for one in late.apply(outcome.facts, world.now)] == [("same", "anna")]


def test_a_day_is_decided_alike_with_and_without_it() -> None:
    """Simulated, faults on: it says something of every offer, and by the same rules it never differs."""
    config = busy_centre(8, 1)

    def facts(*, watched: bool) -> tuple[list[object], Counter[str], int]:
        profile = hard_day(900.0)
        profile = replace(profile, faults=replace(profile.faults, kill_every=0, reload_every=0))
        world = World(config, profile, 11, hours=12.0)
        said: list[object] = []
        results: Counter[str] = Counter()
        offers = 0
        shadow = Shadow(config, Reasons(), world.engine.floor)
        follow = Ledger.follow.__get__(world.ledger)

        def look(event: AnyEvent, outcome: Outcome, now: int) -> None:
            nonlocal offers, shadow
            follow(event, outcome, now)
            said.append((now, digest(outcome.commands), repr(outcome.facts)))
            offers += sum(type(fact).__name__ == "OfferMade" for fact in outcome.facts)
            if watched:
                results.update(verdict.result for verdict in shadow.apply(outcome.facts, now))

        world.ledger.follow = look  # type: ignore[method-assign]
        world.run()
        return said, results, offers

    plain, _, _ = facts(watched=False)
    seen, results, offers = facts(watched=True)
    assert seen == plain
    assert offers > 50
    assert dict(results) == {"same": offers}


def test_of_every_offer_of_a_day_it_says_what_the_plain_reading_says() -> None:
    """Its index of who may serve whom against `Reasons`, which explains each offer in full, by the other rules."""
    config, other = busy_centre(8, 1), busy_centre(8, 1, 2)
    world = World(config, busy_day(1_500, faults=False), 11, hours=12.0)
    shadow, reasons = Shadow(other, Reasons(), world.engine.floor), Reasons()
    reasons.configure(other.queues, other.agents)
    follow = Ledger.follow.__get__(world.ledger)
    seen: Counter[str] = Counter()

    def look(event: AnyEvent, outcome: Outcome, now: int) -> None:
        follow(event, outcome, now)
        plain = [found for fact in outcome.facts if (found := reasons.apply(fact, now)) is not None]
        judged = [verdict for verdict in shadow.apply(outcome.facts, now) if verdict.offer]
        for explained, verdict in zip(plain, judged, strict=True):
            best = explained.explanation.candidates[0]
            if explained.is_best:
                expected = ("same", explained.offer.agent)
            elif best.refusal:
                expected = ("nobody", AgentId(""))
            else:
                expected = ("other_agent", best.agent)
            assert (verdict.offer, verdict.result, verdict.would) == (explained.offer.offer, *expected)
            seen[verdict.result] += 1

    world.ledger.follow = look  # type: ignore[method-assign]
    world.run()
    assert min(seen["same"], seen["other_agent"], seen["nobody"]) > 5, seen
