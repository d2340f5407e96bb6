"""`ccd simulate` and its load profile."""

import json
from pathlib import Path
from typing import Any

import pytest

from ccd.cli.load_profile import default_profile, read_profile
from ccd.cli.simulate import bar
from ccd.config.load import load
from ccd.config.problem import ConfigurationErrors
from ccd.model.ids import SECOND, AgentId
from ccd.simulation.distribution import Distribution, exponential
from ccd.simulation.profile import HOUR, Agents, Callers
from tests.cli.conftest import ended

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config" / "profile.yaml"


def site() -> Any:
    return load(ROOT / "config", 0, lambda text, language: "speech").configuration


def written(folder: Path, text: str) -> Path:
    path = folder / "profile.yaml"
    path.write_text(text)
    return path


def test_the_example_has_every_setting() -> None:
    profile = read_profile(EXAMPLE, site())
    document = EXAMPLE.read_text()
    for kind in (Callers, Agents):
        for name in kind.__struct_fields__:
            assert f"\n  {name}:" in document, name
    assert profile.callers.patience == exponential(180)
    assert profile.callers.talk_time == Distribution("lognormal", 240 * SECOND, 0.8)
    assert profile.callers.level_factors == {1: 1.2, 2: 1.0, 3: 0.9}
    assert profile.callers.keys["shop.choose"]["1"] == 70
    assert profile.agents.pause_every == 2 * HOUR
    assert profile.calls["+34910000002"] == (4.0,)
    assert len(profile.calls["+34910000001"]) == 24
    assert profile.shifts[AgentId("ana")] == (8.0, 16.5)


def test_all_mistakes_are_told_with_their_places(tmp_path: Path) -> None:
    text = (
        'calls: {"+3491000000": 5, "+34910000001": [a]}\n'
        "callers: {patiense: 3m, patience: soon, talk_time: {kind: odd, mean: 3m}}\n"
        "shifts: {anna: 3}\n"
        "foo: 1\n"
    )
    with pytest.raises(ConfigurationErrors) as caught:
        read_profile(written(tmp_path, text), site())
    said = [(problem.place.line, problem.message) for problem in caught.value.problems]
    for line, words in (
        (1, "leads to no flow"),
        (1, "`a` is no number"),
        (2, "did you mean patience?"),
        (2, "`soon` is no length of time"),
        (2, "'odd'"),
        (3, "no agent `anna`"),
        (3, "this is no shift"),
        (4, "no setting `foo`"),
    ):
        assert any(line == at and words in message for at, message in said), words


def test_nobody_calls(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationErrors, match="nobody calls"):
        read_profile(written(tmp_path, "callers: {patience: 1m}\n"), site())


def test_without_a_profile_every_number_is_called() -> None:
    assert set(default_profile(site()).calls) == set(site().numbers)


def test_now_and_what_if_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("simulate", "--config", str(ROOT / "config"), "--profile", str(EXAMPLE), "--runs", "2")
    code = ended(*arguments, "--day", "2026-11-23", "--more-agents", "sales=3", "--set", "queues.sales.ring_time=10s")
    out = capsys.readouterr().out
    assert code == 0
    for word in ("sales", "what if", "gain", "service level", "agents busy", "by hour", "0 broken rules", "█"):
        assert word in out, word


def test_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    code = ended("simulate", "--config", str(ROOT / "config"), "--runs", "1", "--day", "2026-11-23", "--json")
    (found,) = json.loads(capsys.readouterr().out)
    assert code == 0
    assert found["violations"] == 0
    sales = found["queues"]["sales"]
    assert sales["offered"] == sales["answered"] + sales["abandoned"] + sales["other"] > 0
    assert 0 < sales["service_level"] <= 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--more-agents", "sales"), "expected QUEUE=3"),
        (("--set", "queues.sales.ring_time"), "expected queues.sales.ring_time=10s"),
        (("--set", "queues.sale.ring_time=1s"), "no sale; there are"),
        (("--day", "tomorrow"), "tomorrow is no day"),
    ],
)
def test_refusals(arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("simulate", "--config", str(ROOT / "config"), *arguments) == 1
    assert said in capsys.readouterr().err


def test_bars() -> None:
    assert [bar(part, 8) for part in (0, 0.01, 4, 8)] == [" ", "▁", "▄", "█"]
    assert bar(1, 0) == " "
