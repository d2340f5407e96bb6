"""`ccd replay DAY --policy FILE` on a journalled day of simulated people."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from ccd.cli.failure import Failure
from ccd.cli.load_profile import default_profile
from ccd.cli.replay import replay_day
from ccd.config.load import load
from ccd.core.floor import Outcome
from ccd.daemon import configurations
from ccd.daemon.journal import Began, Journal
from ccd.model.event import AnyEvent
from ccd.model.ids import Moment
from ccd.simulation.profile import HOUR
from ccd.simulation.world import MORNING, World
from tests.cli.test_simulate import ROOT

DAY = "2026-01-05"


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A morning of the example's own site."""
    folder = tmp_path_factory.mktemp("journal")
    config = load(ROOT / "config", MORNING, lambda text, language: "speech").configuration
    configurations.keep(folder, config)
    profile = replace(default_profile(config), calls=dict.fromkeys(config.numbers, (25.0,)), shifts={})
    world = World(config, profile, 5, hours=3.0, began=MORNING + 9 * HOUR)
    written = Journal(folder, Began(world.now, 0, "0", config.hash, 5, "", "", is_first=True))
    follow = world.ledger.follow

    def journalled(event: AnyEvent, outcome: Outcome, now: Moment) -> None:
        written.append(now, event, outcome.facts, outcome.commands)
        written.flush(now)
        follow(event, outcome, now)

    world.ledger.follow = journalled  # type: ignore[method-assign]
    assert world.run().calls > 20
    written.close(world.now)
    return folder


def policy(folder: Path, old: str = "", new: str = "") -> Path:
    """The example's configuration, with one thing changed."""
    shutil.copytree(ROOT / "config", folder / "config")
    file = folder / "config" / "ccd.yaml"
    text = file.read_text().replace("../dialplans/flows", str(ROOT / "dialplans" / "flows"))
    assert old in text
    file.write_text(text.replace(old, new, 1))
    return file


def replayed(journal: Path, *arguments: str) -> Result:
    app = typer.Typer()
    app.command()(replay_day)
    return CliRunner().invoke(app, ["--journal", str(journal), *arguments], env={"COLUMNS": "200"})


def test_then_modelled_and_under_the_other_policy(journal: Path, tmp_path: Path) -> None:
    result = replayed(journal, DAY, "--policy", str(policy(tmp_path)), "--runs", "2", "--calls")
    assert result.exit_code == 0, result.output
    for said in ("was", "modelled", "other policy", "gain", "agents busy", "0 of"):
        assert said in result.output
    assert "rules were broken" not in result.output


def test_for_scripts(journal: Path, tmp_path: Path) -> None:
    result = replayed(journal, DAY, "--policy", str(policy(tmp_path)), "--runs", "1", "--json")
    told: dict[str, Any] = json.loads(result.output)
    assert list(told["policies"]) == ["was", "modelled", "other policy"]
    offered = [sum(queue["offered"] for queue in one["queues"].values()) for one in told["policies"].values()]
    assert offered[0] > 20
    assert offered[2] == pytest.approx(offered[0], rel=0.1)
    assert [one["runs"] for one in told["policies"].values()] == [1, 1, 1]
    assert {gain["mean"] for gain in told["gain"].values()} == {0.0}
    assert told["moves"] == []
    assert told["caveats"] == {"left_out": {}, "gone": [], "new": [], "reloads": 0, "lost": 0, "broken": 0}
    for call in told["calls"]:  # the policy is the same
        assert (call["modelled_wait"], call["modelled_agent"]) == (call["would_wait"], call["would_get"])
    same = sum(call["agent"] == call["modelled_agent"] for call in told["calls"])
    assert same > 0.5 * len(told["calls"]) > 10


def test_who_got_whom(journal: Path, tmp_path: Path) -> None:
    file = policy(tmp_path, "agents:\n", "agents:\n")
    text = file.read_text()
    assert "ana:" in text
    file.write_text(text.replace("  ana:\n", "  ana_maria:\n").replace("agent: ana\n", "agent: ana_maria\n"))
    result = replayed(journal, DAY, "--policy", str(file), "--runs", "1")
    assert result.exit_code == 0, result.output + str(result.exception)
    assert "not at work under the other policy: ana" in result.output
    assert "new, at work as long as anybody was that day: ana_maria" in result.output
    assert "instead of" in result.output


def test_who_is_left_out_is_told(journal: Path, tmp_path: Path) -> None:
    """The other policy's flow has another name for the step."""
    file = policy(tmp_path, str(ROOT / "dialplans" / "flows"), "flows")
    shutil.copytree(ROOT / "dialplans" / "flows", file.parent / "flows")
    shop = file.parent / "flows" / "shop.yaml"
    text = shop.read_text()
    for old, new in (
        ("  sales:\n", "  selling:\n"),
        ("1: sales,", "1: selling,"),
        ("otherwise: sales\n", "otherwise: selling\n"),
    ):
        assert old in text
        text = text.replace(old, new)
    shop.write_text(text)
    result = replayed(journal, DAY, "--policy", str(file), "--runs", "1", "--json")
    assert result.exit_code == 0, str(result.exception)
    told: dict[str, Any] = json.loads(result.output)
    (left_out,) = told["caveats"]["left_out"].items()
    assert left_out[0] == "shop: sales"
    offered = [one["queues"]["sales"]["offered"] for one in told["policies"].values()]
    assert offered[0] >= left_out[1] > 5
    assert offered[1] == offered[2] < offered[0]  # in neither model, else the other's agents had less to do
    plain = replayed(journal, DAY, "--policy", str(file), "--runs", "1")
    assert f"not compared: {left_out[1]} callers of shop: sales" in plain.output


def test_refusals(journal: Path, tmp_path: Path) -> None:
    good = policy(tmp_path)
    bad = tmp_path / "bad.yaml"
    bad.write_text("queues: {sales: {ring_time: soon}}\n")
    for arguments, said in (
        (("--policy", str(good)), "needs a day"),
        (("2026-01-06", "--policy", str(good)), "nothing of 2026-01-06"),
        ((DAY, "--policy", str(bad)), "`soon` is no length of time"),
        ((DAY, "--policy", str(tmp_path / "none.yaml")), "none.yaml"),
    ):
        result = replayed(journal, *arguments)
        assert isinstance(result.exception, Failure), result.output
        assert said in str(result.exception)
