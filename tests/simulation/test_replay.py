"""A journalled run decides the same again; a changed policy or a changed input is found at once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from msgspec.structs import replace as changed
from typer.testing import CliRunner, Result

from ccd.cli.failure import Failure
from ccd.cli.replay import replay_day
from ccd.core.configuration import Configuration
from ccd.core.floor import Outcome
from ccd.daemon import configurations
from ccd.daemon.journal import Began, Journal, digest
from ccd.model.command import AnyCommand
from ccd.model.event import AnyEvent, ConfigurationLoaded
from ccd.model.ids import SECOND
from ccd.simulation.ledger import Ledger
from ccd.simulation.replay import Input, replay
from tests.core.centre import START, Centre, agent, configuration, flow, leg, queue
from tests.core.test_engine import Wait, talk


class Journalled(Centre):
    """A centre that keeps what it was fed."""

    def __init__(self, config: Configuration) -> None:
        self.inputs: list[Input] = []
        self.said: list[tuple[AnyCommand, ...]] = []
        super().__init__(config)

    def feed(self, event: AnyEvent, after: int = 0) -> Outcome:
        outcome = super().feed(event, after)
        number = len(self.inputs) + 1
        self.said.append(outcome.commands)
        self.inputs.append(Input(number, self.now, event, outcome.facts, digest(outcome.commands)))
        return outcome


def site(**settings: Any) -> Configuration:
    """One queue, two agents."""
    queues = (queue("sales", wrap_up_time=10 * SECOND, **settings),)
    return configuration(
        {"sales": flow("sales", wait=Wait())}, queues, (agent("anna", sales=2), agent("bert", sales=1))
    )


@pytest.fixture
def day() -> Journalled:
    """A call that is missed by one agent and taken by the other, then a second caller."""
    made = Journalled(site())
    made.feed(ConfigurationLoaded("h1"))
    made.log_in("anna")
    made.log_in("bert")
    made.arrive("sales", "1.1")
    made.wait(15 * SECOND)
    made.answer(made.dialled()[-1].leg)
    made.bridged(leg("1.1"), made.dialled()[-1].leg)
    made.wait(30 * SECOND)
    made.hung_up(leg("1.1"))
    talk(made, "1.2")
    return made


def ledger(config: Configuration) -> Ledger:
    """What a run begins with."""
    return Ledger({"h1": config}, "h1", 7, watch=None)


def test_same_inputs_same_outcomes(day: Journalled) -> None:
    result = replay(day.inputs, ledger(site()), digest)
    assert result.difference is None
    assert result.inputs == len(day.inputs)


def test_another_policy_differs_where_it_first_matters(day: Journalled) -> None:
    result = replay(day.inputs, ledger(site(ring_time=20 * SECOND)), digest)
    assert result.difference is not None
    offered = next(entry for entry in day.inputs if any(type(fact).__name__ == "OfferMade" for fact in entry.facts))
    assert result.difference.input == offered
    (then,), (now,) = result.difference.then, result.difference.now
    assert then.offer.agent == now.offer.agent == "anna"
    assert [one.agent for one in then.explanation.candidates] == ["anna", "bert"]


def test_changed_input_is_found(day: Journalled) -> None:
    inputs = [changed(entry, at=entry.at + 1) if entry.sequence > 8 else entry for entry in day.inputs]
    assert replay(inputs, ledger(site()), digest).difference is not None


def run(folder: Path, day: Journalled, config: Configuration) -> Result:
    """`ccd replay` over the day as the daemon journals it, with this configuration under its hash."""
    configurations.keep(folder, config)
    journal = Journal(folder, Began(START, 0, "0", "h1", 7, "", "", is_first=True))
    for entry, commands in zip(day.inputs, day.said, strict=True):
        journal.append(entry.at, entry.event, entry.facts, commands)
    journal.close(day.now)
    app = typer.Typer()
    app.command()(replay_day)
    return CliRunner().invoke(app, ["--journal", str(folder)])


def test_command_line_tells_that_nothing_differs(tmp_path: Path, day: Journalled) -> None:
    result = run(tmp_path, day, site())
    assert f"{len(day.inputs)} inputs, no difference" in result.output
    assert result.exit_code == 0


def test_command_line_shows_the_first_difference(tmp_path: Path, day: Journalled) -> None:
    result = run(tmp_path, day, site(ring_time=20 * SECOND))
    assert "differs at input" in result.output
    assert result.exit_code == 1


def test_configuration_that_was_not_kept_is_named(tmp_path: Path, day: Journalled) -> None:
    result = run(tmp_path, day, replace(site(), hash="other"))
    assert isinstance(result.exception, Failure)
    assert "h1" in str(result.exception)


def test_one_that_is_missing_in_the_middle_is_named_and_no_difference(tmp_path: Path, day: Journalled) -> None:
    day.configurations["h2"] = replace(site(), hash="h2")
    day.feed(ConfigurationLoaded("h2"))
    result = run(tmp_path, day, site())
    assert isinstance(result.exception, Failure)
    assert "h2" in str(result.exception)
