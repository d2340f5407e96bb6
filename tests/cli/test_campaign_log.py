"""`ccd campaign log`: without a daemon, from the site's own files."""

import csv
import io
from pathlib import Path

import pytest

from ccd.io.compliance_log import ComplianceLog, path_of
from tests.cli.conftest import Command
from tests.io.test_compliance_log import DAY, NOON, SUMMER, WINTER, attempt

SETTINGS = """
switches: {pbx: {kind: asterisk, username: ccd, secret_file: ami.secret, recordings: /var/rec}}
folders: {state: state}
numbers: {"900": hello}
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site with two campaigns of two days."""
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "hello.yaml").write_text("flow: hello\nsteps: {bye: {hangup: }}\n")
    (tmp_path / "ccd.yaml").write_text(SETTINGS)
    log = ComplianceLog(tmp_path / "state" / "compliance")
    log.write([*attempt("a"), *attempt("b", campaign=WINTER), *attempt("c", NOON + DAY)])
    log.close()
    monkeypatch.setenv("CCD_CONFIG", str(tmp_path / "ccd.yaml"))
    return tmp_path


async def test_a_campaigns_lines_as_csv(ccd: Command, config: Path) -> None:
    code, out, _ = await ccd("campaign", "log", "summer")
    assert code == 0
    assert [row["call"] for row in csv.DictReader(io.StringIO(out))] == ["a"] * 5 + ["c"] * 5
    _, out, _ = await ccd("campaign", "log", "summer", "--from", "2026-12-01", "--to", "2026-12-01")
    assert {row["call"] for row in csv.DictReader(io.StringIO(out))} == {"c"}
    assert (await ccd("campaign", "log", "autumn")).out.count("\n") == 1, "the head"


async def test_whether_it_is_as_it_was_written(ccd: Command, config: Path) -> None:
    code, out, _ = await ccd("campaign", "log", "--check")
    assert (code, out.count(" 5 lines")) == (0, 3)
    place = path_of(config / "state" / "compliance", SUMMER, NOON)
    place.write_bytes(place.read_bytes().replace(b"anna", b"bert"))
    code, out, err = await ccd("campaign", "log", "--check")
    assert (code, out.count(" 5 lines")) == (1, 2)
    assert "2026-11-30-summer.jsonl: line 4 does not follow line 3" in err
    assert (await ccd("campaign", "log", "summer")).code == 1
    assert (await ccd("campaign", "log", "winter", "--check")).code == 0


async def test_which_campaign_must_be_said(ccd: Command, config: Path) -> None:
    assert (await ccd("campaign", "log")).code == 2
