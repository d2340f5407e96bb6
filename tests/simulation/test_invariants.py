"""A checker that finds nothing is worth nothing: a true day with one thing falsified must be found out."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from msgspec.structs import replace

from ccd.core.floor import Outcome
from ccd.model import fact as f
from ccd.model.event import AnyEvent
from ccd.model.ids import SECOND, AgentId, CallId, Moment
from ccd.simulation.invariants import MOST_VIOLATIONS, Invariants
from ccd.simulation.scenario import busy_centre, busy_day
from ccd.simulation.world import World

AFTER = 150
"""Facts of the kind are let pass, so that there is something going on."""
Change = Callable[[Any], Iterable[f.AnyFact]]


def anyone(fact: Any) -> bool:
    """All facts of the kind."""
    return True


def run(
    kind: type[f.Fact],
    change: Change,
    which: Callable[[Any], bool] = anyone,
    after: int = AFTER,
    *,
    always: bool = False,
    agents: int = 8,
) -> World:
    """A day on which one fact of the kind (`always`: all from then on) reaches the checker as it was not."""

    class Falsified(Invariants):
        """Hands on everything but one."""

        seen = 0

        def check(self, event: AnyEvent, outcome: Outcome, number: int, now: Moment) -> None:
            facts: list[f.AnyFact] = []
            for fact in outcome.facts:
                is_meant = isinstance(fact, kind) and which(fact)
                Falsified.seen += is_meant
                is_due = Falsified.seen == after or (always and Falsified.seen > after)
                facts += change(fact) if is_meant and is_due else (fact,)
            super().check(event, Outcome(outcome.commands, tuple(facts)), number, now)

    world = World(busy_centre(agents), busy_day(1_500, faults=False), 1, hours=14, invariants=Falsified)
    world.run()
    return world


def nothing(fact: f.AnyFact) -> Iterable[f.AnyFact]:
    return ()


def twice(fact: f.AnyFact) -> Iterable[f.AnyFact]:
    return (fact, fact)


def of_another_agent(fact: Any) -> Iterable[f.AnyFact]:
    return (replace(fact, agent=AgentId("agent0007" if fact.agent != "agent0007" else "agent0006")),)


def of_another_call(fact: Any) -> Iterable[f.AnyFact]:
    return (replace(fact, call=CallId("nobody")),)


@pytest.mark.parametrize(
    ("kind", "change", "rule"),
    [
        (f.OfferMade, twice, "one offer a call, one call an agent"),
        (f.OfferMade, of_another_call, "an offer is of an eligible pair"),
        (f.OfferMade, nothing, "an offer ends once"),
        (f.OfferEnded, nothing, "no offer outlives its deadline"),
        (f.OfferEnded, twice, "an offer ends once"),
        (f.CallStarted, nothing, "nothing is told of a call that is over"),
        (f.CallStarted, twice, "a call begins once"),
        (f.CallEnded, nothing, "engine and facts agree"),
        (f.CallEnded, twice, "a call that ends has exactly one record"),
        (f.QueueEntered, nothing, "a visit that ends had begun"),
        (f.QueueEntered, twice, "one visit at a time"),
        (f.QueueLeft, nothing, "a call that ends has left its queue, offer and talk"),
        (f.QueueLeft, nothing, "visits entered = ended + waiting"),
        (f.QueueLeft, nothing, "every visit and offer of a record has its outcome"),
        (f.TalkBegan, twice, "one owner a call, one call an agent"),
        (f.TalkEnded, nothing, "one owner a call, one call an agent"),
        (f.TalkEnded, nothing, "every leg and talk of a record has its end"),
        (f.LegEnded, nothing, "every leg and talk of a record has its end"),
        (f.AgentChanged, nothing, "an agent's states follow one another"),
        (f.EndpointNoted, nothing, "an offer is of an eligible pair"),
    ],
)
def test_a_falsified_fact_is_found_out(kind: type[f.Fact], change: Change, rule: str) -> None:
    found = run(kind, change)
    assert rule in {violation.rule for violation in found.violations}, found.violations[:5]
    assert all(violation.number > 0 and violation.seed == 1 for violation in found.violations)
    assert len(found.violations) <= MOST_VIOLATIONS


def broken(world: World) -> set[str]:
    """The rules that the checker of a world saw broken."""
    return {violation.rule for violation in world.violations}


def test_a_wrong_choice_is_found_out_in_two_ways() -> None:
    world = run(f.OfferMade, of_another_agent, always=True, agents=20)
    assert {"the best agent is chosen", "the reasons given name the chosen agent"} <= broken(world)


def test_a_caller_passed_over_is_found_out() -> None:
    def first(fact: Any) -> Iterable[f.AnyFact]:
        return (replace(fact, waiting_since=fact.waiting_since - 3_600 * SECOND),)

    def waits(fact: Any) -> bool:
        return bool(fact.queue == "repairs")

    assert "nobody is passed over by one with a later place" in broken(
        run(f.QueueEntered, first, waits, always=True, agents=5)
    )


def test_a_caller_left_waiting_beside_a_free_agent_is_found_out() -> None:
    assert "no eligible pair is left" in broken(
        run(f.AgentChanged, nothing, lambda fact: fact.new == "paused", after=5, always=True, agents=5)
    )


def test_a_wait_beyond_its_limit_is_found_out() -> None:
    dropped = run(f.QueueLeft, nothing, lambda fact: fact.outcome == "overflowed", after=2, always=True, agents=5)
    assert "no wait outlives its deadline" in broken(dropped)


def test_recordings_whose_segments_do_not_add_up_are_found_out() -> None:
    def earlier(fact: Any) -> Iterable[f.AnyFact]:
        return (fact, f.RecordingPaused(fact.call, fact.recording, "x"))

    found = run(f.RecordingBegan, earlier)
    assert {violation.rule for violation in found.violations} == set(), "a pause more still adds up"
    assert found.now > 10 * SECOND
