"""The journal: what is written is read again, a crash at any byte costs only the last frame, a full disk is a gap."""

import os
from pathlib import Path

import pytest

from ccd.daemon.journal import Began, Entry, Gap, Journal, began_at, digest, prune, read, segments
from ccd.model.command import HangUp
from ccd.model.event import Answered, AnyEvent, DigitPressed, LegHungUp
from ccd.model.fact import CallEnded
from ccd.model.ids import CallId, LegId, QuestionId
from ccd.model.question import CallerRecord

LEG = LegId("pbx/b1/1.1")
HEAD = Began(1, 0, "0", "hash", 7, "2026a", "9")


def frames(folder: Path) -> list[object]:
    """All frames of all segments."""
    return [frame for segment in segments(folder) for frame in read(segment)]


def test_entries_come_back_as_they_were(tmp_path: Path) -> None:
    journal = Journal(tmp_path, HEAD)
    events: list[AnyEvent] = [
        DigitPressed(LEG, "5"),
        Answered(QuestionId("q"), CallerRecord("c", True, 0, {"name": "Ada"})),  # type: ignore[arg-type]
        Answered(QuestionId("q"), None),
        LegHungUp(LEG, 16),
    ]
    fact = CallEnded(CallId("c1"), "caller", 16)
    for at, event in enumerate(events, 10):
        journal.append(at, event, (fact,), [HangUp(LEG)])
    journal.close(20)
    head, *entries = frames(tmp_path)
    assert isinstance(head, Began)
    assert [entry.event for entry in entries if isinstance(entry, Entry)] == events
    assert [entry.sequence for entry in entries if isinstance(entry, Entry)] == [1, 2, 3, 4]
    assert all(entry.facts == (fact,) for entry in entries if isinstance(entry, Entry))


def test_cut_at_every_byte_gives_the_whole_frames_before(tmp_path: Path) -> None:
    journal = Journal(tmp_path, HEAD)
    journal.append(10, DigitPressed(LEG, "1"), (), ())
    journal.append(11, DigitPressed(LEG, "2"), (), ())
    journal.close(12)
    (segment,) = segments(tmp_path)
    whole = segment.read_bytes()
    counts = []
    for end in range(len(whole) + 1):
        segment.write_bytes(whole[:end])
        counts.append(len(list(read(segment))))
    assert counts[-1] == 3
    assert counts == sorted(counts)


def test_damage_ends_the_reading(tmp_path: Path) -> None:
    journal = Journal(tmp_path, HEAD)
    journal.append(10, DigitPressed(LEG, "1"), (), ())
    journal.close(12)
    (segment,) = segments(tmp_path)
    data = bytearray(segment.read_bytes())
    data[-1] ^= 0xFF
    segment.write_bytes(data)
    assert len(list(read(segment))) == 1


def test_full_disk_is_counted_and_written_as_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path, HEAD)
    real = os.write
    with monkeypatch.context() as broken:
        broken.setattr(os, "write", lambda fd, data: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        journal.append(10, DigitPressed(LEG, "1"), (), ())
        journal.append(10, DigitPressed(LEG, "2"), (), ())
        journal.flush(10)
    assert (journal.lost, journal.failure) == (2, "No space left on device")
    assert os.write is real
    journal.append(11, DigitPressed(LEG, "3"), (), ())
    journal.close(11)
    assert journal.lost == 0
    gaps = [frame for frame in frames(tmp_path) if isinstance(frame, Gap)]
    assert [gap.lost for gap in gaps] == [2]
    assert [frame.sequence for frame in frames(tmp_path) if isinstance(frame, Entry)] == [3]


def test_part_of_a_batch_on_disk_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path, HEAD)
    journal.append(10, DigitPressed(LEG, "1"), (), ())
    journal.flush(10)
    real = os.write
    with monkeypatch.context() as broken:
        broken.setattr(os, "write", lambda fd, data: real(fd, data[: len(data) // 2]))
        journal.append(11, DigitPressed(LEG, "2"), (), ())
        journal.flush(11)
    assert journal.lost == 1
    journal.append(12, DigitPressed(LEG, "3"), (), ())
    journal.close(12)
    assert [frame.sequence for frame in frames(tmp_path) if isinstance(frame, Entry)] == [1, 3]


def test_digest_tells_commands_apart() -> None:
    assert digest([HangUp(LEG)]) == digest([HangUp(LEG)])
    assert digest([HangUp(LEG)]) != digest([HangUp(LEG, 17)])


def test_old_segments_go_and_the_newest_stays(tmp_path: Path) -> None:
    for at in (100, 200, 300):
        journal = Journal(tmp_path, HEAD)
        journal.append(at, DigitPressed(LEG, "1"), (), ())
        journal.close(at)
    assert prune(tmp_path, 200) == 0, "the first may hold entries up to the second's beginning"
    assert prune(tmp_path, 201) == 1
    assert prune(tmp_path, 10_000) == 1
    assert [began_at(segment) for segment in segments(tmp_path)] == [300]
