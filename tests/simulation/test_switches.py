"""Days on several switches: people of one at phones of another, and one fails after the other."""

from collections import Counter

import pytest

from ccd.core import switches
from ccd.core.floor import Floor
from ccd.core.network import area_of_phone
from ccd.model.command import AnyCommand, Dial
from ccd.model.ids import SwitchName
from ccd.simulation.scenario import apart, busy_centre, hard_day
from ccd.simulation.world import Run, World


class Counted(World):
    """Counts what was dialled, near and by a trunk."""

    def _obey(self, command: AnyCommand) -> None:
        if isinstance(command, Dial):
            self.dialled["far" if command.through else "near"] += 1
        super()._obey(command)

    dialled: Counter[str]


def live(seed: int) -> tuple[Counted, Run]:
    versions = [apart(busy_centre(8, seed, version), seed) for version in range(3)]
    world = Counted(versions[0], hard_day(700), seed, others=versions[1:])
    world.dialled = Counter()
    return world, world.run()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_days_on_several_switches_break_no_rule(seed: int) -> None:
    world, run = live(seed)
    assert run.violations == ()
    assert len(world.switches) in (2, 3)
    assert world.dialled["far"] > 100
    assert world.dialled["near"] > 100
    assert run.faults["trunk between switches away"] > 10
    assert run.faults["switch restarted"] > 3
    assert not world.engine.floor.calls
    served = {area_of_phone(agent.endpoint) for agent in world.engine.floor.agents.values()}
    assert len(served) == len(world.switches)


def test_one_that_ended_what_is_elsewhere_would_be_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_much(floor: Floor, area: SwitchName) -> None:
        for other in floor.network.areas():
            ends(floor, other)

    ends = switches.end_ways_to
    monkeypatch.setattr(switches, "end_ways_to", too_much)
    rules = {violation.rule for seed in range(3) for violation in live(seed)[1].violations}
    assert "what happens at one switch ends nothing elsewhere" in rules


def test_one_that_took_the_others_down_with_it_would_be_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def all_down(floor: Floor, area: SwitchName, is_up: bool) -> None:
        for other in floor.network.areas():
            changes(floor, other, is_up)

    changes = switches.set_up
    monkeypatch.setattr(switches, "set_up", all_down)
    rules = {violation.rule for violation in live(1)[1].violations}
    assert rules & {"no eligible pair is left", "an offer is of an eligible pair", "engine and facts agree"}


def test_the_same_seed_gives_the_same_day() -> None:
    first, again = live(4)[1], live(4)[1]
    assert (first.events, first.faults) == (again.events, again.faults)


def test_a_single_switch_has_no_trunks() -> None:
    world = World(busy_centre(4), hard_day(100), 1)
    assert list(world.switches) == ["pbx"]
    assert "trunk between switches away" not in world.run().faults
    assert world.engine.floor.boots == {SwitchName("pbx"): world.switch.boot}
