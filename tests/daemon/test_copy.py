"""What the disk has not comes from the journal's copy: holes, an end, the whole folder."""

import shutil
from pathlib import Path

import pytest

from ccd.daemon import snapshot
from ccd.daemon.copy import NoCopy, run_of
from ccd.daemon.history import recall
from ccd.daemon.journal import segments
from ccd.daemon.recovery import NotRecoveredError, Recovered, recover
from ccd.io.journal_stream import Copied
from tests.daemon.test_recovery import Day, busy

RUN = run_of(7)


class Kept(NoCopy):
    """A copy in memory, filled as the daemon fills it."""

    def __init__(self, day: Day) -> None:
        self.run = RUN
        self.held: list[tuple[int, bytes]] = []
        self.copied: Copied | None = None
        day.journal.copied = lambda at, sequence, entry: self.held.append((sequence, entry))

    def entries(self, run: str, after: int) -> list[bytes]:
        return [entry for sequence, entry in self.held if run == self.run and sequence > after]

    def newest_run(self) -> str:
        return self.run if self.held else ""

    def snapshot(self) -> Copied | None:
        return self.copied

    def take(self, day: Day) -> None:
        taken = snapshot.taken(day.ledger, day.journal.sequence)
        self.copied = Copied(RUN, taken.sequence, snapshot.fingerprint(), taken.payload)


def full_disk(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(batch: bytes, at: int, before: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(day.journal, "_write", refuse)


def same(found: Recovered, day: Day) -> bool:
    return found.sequence == day.journal.sequence and found.ledger.standings() == day.ledger.standings()


def test_the_end_that_a_full_disk_did_not_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    day = busy(tmp_path)
    copy = Kept(day)
    full_disk(day, monkeypatch)
    day.arrive("sales", "1.5")
    day.arrive("sales", "1.6")
    assert same(recover(tmp_path, day.configurations, day.now, copy), day)
    assert not same(recover(tmp_path, day.configurations, day.now), day)


def test_a_hole_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    day = busy(tmp_path)
    copy = Kept(day)
    with monkeypatch.context() as full:
        full_disk(day, full)
        day.arrive("sales", "1.5")
    day.arrive("sales", "1.6")
    assert same(recover(tmp_path, day.configurations, day.now, copy), day)
    with pytest.raises(NotRecoveredError, match="missing"):
        recover(tmp_path, day.configurations, day.now)


def test_a_hole_in_both_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    day = busy(tmp_path)
    copy = Kept(day)
    with monkeypatch.context() as full:
        full_disk(day, full)
        day.arrive("sales", "1.5")
        day.arrive("sales", "1.6")
    day.arrive("sales", "1.7")
    del copy.held[0]
    with pytest.raises(NotRecoveredError, match="missing"):
        recover(tmp_path, day.configurations, day.now, copy)


def test_the_folder_is_gone(tmp_path: Path) -> None:
    day = Day(tmp_path / "journal", busy(tmp_path / "other").engine.floor.configuration)
    copy = Kept(day)
    day.log_in("anna")
    day.arrive("sales", "1.1")
    copy.take(day)
    day.arrive("sales", "1.2")
    day.journal.close(day.now)
    shutil.rmtree(tmp_path / "journal")
    found = recover(tmp_path / "journal", day.configurations, day.now, copy)
    assert same(found, day)
    assert found.entries == 1
    assert found.ledger.engine.floor.agents == day.engine.floor.agents


@pytest.mark.parametrize("wrong", ["run", "code"])
def test_a_snapshot_of_another_run_or_code_is_not_used(tmp_path: Path, wrong: str) -> None:
    day = busy(tmp_path)
    copy = Kept(day)
    copy.take(day)
    day.arrive("sales", "1.5")
    shutil.rmtree(tmp_path / snapshot.FOLDER)
    assert same(recover(tmp_path, day.configurations, day.now, copy), day)
    if wrong == "run":
        copy.run = run_of(8)
    else:
        assert copy.copied is not None
        copy.copied = Copied(RUN, copy.copied.sequence, "other", copy.copied.payload)
    with pytest.raises(NotRecoveredError, match="no snapshot"):
        recover(tmp_path, day.configurations, day.now, copy)


def test_other_code_learns_of_agents_and_calls_from_the_copy(tmp_path: Path) -> None:
    day = Day(tmp_path, busy(tmp_path / "other").engine.floor.configuration)
    copy = Kept(day)
    day.log_in("anna")
    day.arrive("sales", "1.1")
    for segment in segments(tmp_path):
        segment.unlink()
    past = recall(tmp_path, day.now, copy)
    assert [one.agent for one in past.agents] == ["anna"]
    assert past.sequence == day.journal.sequence
    assert len(past.calls) == 1
    assert recall(tmp_path, day.now).agents == ()
