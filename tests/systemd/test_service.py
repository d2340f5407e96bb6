"""The unit: what systemd itself says of it, and that its commands exist."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ccd.cli.main import COMMANDS

UNIT = Path(__file__).parents[2] / "systemd" / "ccd.service"
MOST_EXPOSED = 1.5
TEXT = UNIT.read_text()
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


@needs_systemd
def test_the_exposure_that_systemd_measures_is_low() -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figure = re.search(r"Overall exposure level for ccd\.service: ([0-9.]+)", said)
    assert figure is not None
    assert float(figure[1]) <= MOST_EXPOSED


@needs_systemd
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    unit = tmp_path / "ccd.service"
    unit.write_text(re.sub(r"/opt/ccd/bin/ccd", shutil.which("true") or "", TEXT))
    said = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (said.returncode, [line for line in said.stderr.splitlines() if "ccd.service" in line]) == (0, [])


def test_it_calls_commands_that_there_are() -> None:
    called = re.findall(r"^Exec\w+=/opt/ccd/bin/ccd ([a-z-]+)", TEXT, re.MULTILINE)
    assert called == ["run", "check"]
    assert set(called) <= set(COMMANDS)


def test_what_the_contract_of_restarts_rests_on() -> None:
    for line in ("Type=notify", "KillMode=mixed", "Restart=always", "StartLimitIntervalSec=0", "WatchdogSec=10"):
        assert f"\n{line}\n" in TEXT
