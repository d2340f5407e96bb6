"""The compliance log: a line a fact, once; a chain that shows every change; whatever a crash leaves is mended."""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ccd.io.compliance_export import COLUMNS, DamagedLogError, export, verify
from ccd.io.compliance_line import FIRST, Line, hash_of, written
from ccd.io.compliance_log import ComplianceLog, file_name, log_files, path_of
from ccd.model.fact import (
    AnyFact,
    AttemptAbandoned,
    AttemptAnswered,
    AttemptBegan,
    AttemptConnected,
    AttemptEnded,
    CampaignChanged,
    ContactForbidden,
    DispositionSet,
)
from ccd.model.ids import SECOND, AgentId, CallId, CampaignId, ContactId, Endpoint, Moment

SUMMER, WINTER = CampaignId("summer"), CampaignId("winter")
ANNA, PEP = AgentId("anna"), ContactId("1")
NOON: Moment = 1_796_040_000 * SECOND
"""2026-11-30 12:00 UTC."""
DAY = 86_400 * SECOND
Told = Sequence[tuple[AnyFact, Moment]]


def began(call: str, campaign: CampaignId = SUMMER) -> AttemptBegan:
    reasons = ("calling hours ES: 09:00 to 21:00", "dial policy: rule all")
    return AttemptBegan(campaign, PEP, CallId(call), "+34600", 0, 1, Endpoint("PJSIP/out"), "+34900", reasons)


def attempt(call: str, at: Moment = NOON, campaign: CampaignId = SUMMER) -> Told:
    """From the dial to what the agent said."""
    one = CallId(call)
    return [
        (began(call, campaign), at),
        (AttemptAnswered(campaign, PEP, one, "person"), at + 8 * SECOND),
        (AttemptConnected(campaign, PEP, one, ANNA), at + 9 * SECOND),
        (AttemptEnded(campaign, PEP, one, "talked", 16, 200, next_at=NOON + DAY, agent=ANNA), at + 90 * SECOND),
        (DispositionSet(campaign, PEP, one, ANNA, "sold", is_done=True, note="=cmd()"), at + 91 * SECOND),
    ]


def lines(folder: Path, campaign: CampaignId = SUMMER, at: Moment = NOON) -> list[Line]:
    return [msgspec.json.decode(line, type=Line) for line in path_of(folder, campaign, at).read_bytes().splitlines()]


def write(folder: Path, told: Told) -> int:
    """By a process of its own."""
    log = ComplianceLog(folder)
    try:
        return log.write(told)
    finally:
        log.close()


def test_a_line_says_what_its_fact_says(tmp_path: Path) -> None:
    changed = CampaignChanged(SUMMER, "stopped", "running", "start", "sofia")
    forbidden = ContactForbidden(SUMMER, PEP, "+34601", "on a do-not-call list", True)
    told = [*attempt("a"), (changed, NOON), (AttemptAbandoned(SUMMER, PEP, CallId("b")), NOON), (forbidden, NOON)]
    assert write(tmp_path, told) == 7
    first, answered, connected, ended, said, abandoned, refused = lines(tmp_path)
    assert first == Line(
        chain=FIRST,
        at="2026-11-30T12:00:00.000000Z",
        kind="began",
        campaign="summer",
        contact="1",
        call="a",
        number="+34600",
        attempt=1,
        trunk="PJSIP/out",
        outbound_cli="+34900",
        reasons=("calling hours ES: 09:00 to 21:00", "dial policy: rule all"),
    )
    assert (answered.kind, answered.by, connected.kind, connected.agent) == ("answered", "person", "connected", "anna")
    assert (ended.outcome, ended.cause, ended.sip_code, ended.next_at) == ("talked", 16, 200, written(NOON + DAY))
    assert (said.call, said.attempt, said.disposition, said.is_done, said.locked_until) == ("a", 0, "sold", True, "")
    assert (abandoned.kind, abandoned.call) == ("abandoned", "b")
    assert (refused.kind, refused.call, refused.number, refused.is_final) == ("refused", "", "+34601", True)


@pytest.mark.parametrize("is_new", [False, True])
def test_what_is_told_again_is_not_written_again(tmp_path: Path, is_new: bool) -> None:
    log = ComplianceLog(tmp_path)
    assert log.write(attempt("a")) == 5
    if is_new:
        log.close()
        log = ComplianceLog(tmp_path)
    assert log.write([*attempt("a"), *attempt("b")]) == 5
    assert log.write([*attempt("b"), *attempt("b")]) == 0
    log.close()
    assert verify(path_of(tmp_path, SUMMER, NOON)).lines == 10


def test_a_campaign_and_a_day_have_a_file_and_days_hang_together(tmp_path: Path) -> None:
    log = ComplianceLog(tmp_path)
    log.write([*attempt("a"), *attempt("b", campaign=WINTER)])
    with capture_logs() as logs:
        log.write(attempt("c", NOON + DAY))
    log.close()
    assert [file.name for file in log_files(tmp_path)] == [
        "2026-11-30-summer.jsonl",
        "2026-11-30-winter.jsonl",
        "2026-12-01-summer.jsonl",
    ]
    first = verify(path_of(tmp_path, SUMMER, NOON))
    assert verify(path_of(tmp_path, SUMMER, NOON + DAY)).follows == first.hash
    assert [(entry["file"], entry["hash"]) for entry in logs] == [("2026-11-30-summer.jsonl", first.hash)]
    write(tmp_path, attempt("d", NOON + DAY, WINTER))
    assert verify(path_of(tmp_path, WINTER, NOON + DAY)).follows == verify(path_of(tmp_path, WINTER, NOON)).hash


def test_what_is_told_late_goes_where_it_belongs(tmp_path: Path) -> None:
    log = ComplianceLog(tmp_path)
    log.write(attempt("a", NOON + DAY))
    log.write(attempt("b"))
    log.write(attempt("c", NOON + DAY))
    log.close()
    assert [verify(file).lines for file in log_files(tmp_path)] == [5, 10]


# --- crashes


def test_cut_at_every_byte_it_goes_on_and_has_all(tmp_path: Path) -> None:
    write(tmp_path, attempt("a")[:2])
    place = path_of(tmp_path, SUMMER, NOON)
    whole = place.read_bytes()
    for end in range(len(whole) + 1):
        place.write_bytes(whole[:end])
        with capture_logs() as logs:
            write(tmp_path, attempt("a"))
        assert place.read_bytes().startswith(whole), end
        assert verify(place).lines == 5
        assert bool(logs) == (not whole[:end].endswith(b"\n") and end > 0), end
        assert len({line.kind for line in lines(tmp_path)}) == 5


def test_a_line_without_its_end_is_completed(tmp_path: Path) -> None:
    write(tmp_path, attempt("a"))
    place = path_of(tmp_path, SUMMER, NOON)
    whole = place.read_bytes()
    place.write_bytes(whole[:-1])
    with capture_logs() as logs:
        assert write(tmp_path, attempt("b")) == 5
    assert [entry["event"] for entry in logs] == ["the compliance log's last line is completed"]
    assert place.read_bytes().startswith(whole)


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = ComplianceLog(tmp_path)
    log.write(attempt("a"))
    real = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda file, data: real(file, data[:100]))
        with pytest.raises(OSError, match="only part"):
            log.write(attempt("b"))
    assert log.write(attempt("b")) == 5
    log.close()
    assert verify(path_of(tmp_path, SUMMER, NOON)).lines == 10


def test_what_may_not_be_on_the_disk_is_synced_by_the_next_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = ComplianceLog(tmp_path)
    log.write(attempt("a"))
    with monkeypatch.context() as failing:
        failing.setattr(os, "fsync", lambda file: (_ for _ in ()).throw(OSError(5, "Input/output error")))
        with pytest.raises(OSError, match="Input"):
            log.write(attempt("b"))
    synced: list[int] = []
    with monkeypatch.context() as watched:
        watched.setattr(os, "fsync", synced.append)
        assert log.write(attempt("b")) == 0
    assert len(synced) == 1
    log.close()


def test_somebody_else_who_wrote_is_seen(tmp_path: Path) -> None:
    """A daemon that was frozen, and taken for dead."""
    frozen = ComplianceLog(tmp_path)
    frozen.write(attempt("a"))
    write(tmp_path, attempt("b"))
    with capture_logs() as logs:
        assert frozen.write([*attempt("b"), *attempt("c")]) == 5
    assert logs[0]["event"] == "somebody else wrote to the compliance log"
    frozen.close()
    assert verify(path_of(tmp_path, SUMMER, NOON)).lines == 15


# --- the chain


@pytest.mark.parametrize("change", ["a letter", "a line out", "a line in", "two lines turned", "the end", "no line"])
def test_a_change_is_found(tmp_path: Path, change: str) -> None:
    write(tmp_path, attempt("a"))
    place = path_of(tmp_path, SUMMER, NOON)
    assert verify(place) == verify(place)
    rows = place.read_bytes().splitlines(keepends=True)
    if change == "a letter":
        rows[1] = rows[1].replace(b"person", b"machine")
    elif change == "a line out":
        del rows[2]
    elif change == "a line in":
        rows.insert(2, rows[2])
    elif change == "two lines turned":
        rows[1], rows[2] = rows[2], rows[1]
    elif change == "the end":
        rows[-1] = rows[-1][:-1]
    else:
        rows[3] = b"{}\n"
    place.write_bytes(b"".join(rows))
    with pytest.raises(DamagedLogError, match="line"):
        verify(place)


def test_an_empty_file_is_whole(tmp_path: Path) -> None:
    place = path_of(tmp_path, SUMMER, NOON)
    place.touch()
    assert verify(place).lines == 0
    write(tmp_path, attempt("a"))
    assert verify(place).hash == hash_of(place.read_bytes().splitlines()[-1])


# --- names


@given(st.text(max_size=300))
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    folder = Path("/state/compliance")
    place = path_of(folder, CampaignId(name), NOON)
    assert Path(os.path.normpath(place)).parent == folder
    assert len(place.name.encode()) < 255
    assert place.name.isascii()
    assert place.name.isprintable()


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_two_campaigns_have_one_file(one: str, other: str) -> None:
    assert (file_name(one) == file_name(other)) == (one == other)


def test_a_link_in_a_files_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("")
    path_of(tmp_path, SUMMER, NOON).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        write(tmp_path, attempt("a"))


# --- as a table


def exported(folder: Path, begin: Moment, end: Moment, names: list[str] | None = None) -> list[dict[str, str]]:
    out = io.StringIO()
    count = export(folder, begin, end, out, names)
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert len(rows) == count
    return rows


def test_a_period_comes_out_as_csv(tmp_path: Path) -> None:
    write(tmp_path, [*attempt("a"), *attempt("b", campaign=WINTER), *attempt("c", NOON + DAY)])
    rows = exported(tmp_path, NOON + 8 * SECOND, NOON + 91 * SECOND, ["summer"])
    assert [row["kind"] for row in rows] == ["answered", "connected", "ended"]
    assert list(rows[0]) == list(COLUMNS)
    everything = exported(tmp_path, 0, NOON + 2 * DAY)
    assert [row["call"] for row in everything] == ["a"] * 5 + ["b"] * 5 + ["c"] * 5
    assert everything[0]["reasons"] == "calling hours ES: 09:00 to 21:00; dial policy: rule all"
    assert everything[0]["number"] == "+34600"
    assert (everything[4]["note"], everything[4]["is_done"]) == ("'=cmd()", "yes")


def test_a_damaged_file_is_not_exported_as_if_it_were_whole(tmp_path: Path) -> None:
    write(tmp_path, attempt("a"))
    place = path_of(tmp_path, SUMMER, NOON)
    place.write_bytes(place.read_bytes().replace(b"anna", b"bert"))
    write(tmp_path, attempt("b"))
    with pytest.raises(DamagedLogError):
        exported(tmp_path, 0, NOON + DAY)
