"""`ccd check`."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from ccd.cli.check import check
from tests.config.site import FLOW, SITE, written

ROOT = Path(__file__).parent.parent.parent


def run(*arguments: str | Path) -> Result:
    """The command as it is typed."""
    app = typer.Typer()
    app.command()(check)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_examples_are_right() -> None:
    found = run(ROOT / "config", ROOT / "dialplans" / "flows")
    assert (found.exit_code, found.stdout) == (0, "")
    assert found.stderr == "0 errors, 0 warnings\n"


def test_errors_end_with_1_and_tell_their_place(tmp_path: Path) -> None:
    folder = written(tmp_path, SITE, main=FLOW.replace("queue: sales", "queue: sals"))
    found = run(folder)
    assert found.exit_code == 1
    assert found.stdout.startswith(f"{folder}/flows/main.yaml:4:25: error: there is no queue `sals`")
    assert found.stderr == "1 errors, 0 warnings\n"


def test_warnings_do_not_count(tmp_path: Path) -> None:
    found = run(written(tmp_path, SITE, main=FLOW + "  bye: {hangup: }\n  lost: {answer: }\n"))
    assert found.exit_code == 0
    assert "warning: no way leads to step `lost`" in found.stdout


def test_a_file_or_a_folder_of_flows(tmp_path: Path) -> None:
    flows = written(tmp_path) / "flows"
    (flows / "bad.yaml").write_text("flow: bad\nsteps: {a: {goto: b}}\n")
    assert run(flows / "main.yaml").exit_code == 0
    assert "bad.yaml:2:19: error: there is no step `b`" in run(flows).stdout
    assert run(flows / "bad.yaml", flows / "main.yaml").exit_code == 1


@pytest.mark.parametrize("name", ["missing.yaml", "empty"])
def test_what_is_not_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    found = run(tmp_path / name)
    assert found.exit_code == 1
    assert "cannot be read: No such file or directory" in found.stdout


def test_the_schema_for_editors() -> None:
    for name, key in (("flow", "steps"), ("settings", "queues")):
        found = run("--schema", name)
        assert found.exit_code == 0
        assert key in json.loads(found.stdout)["properties"]
