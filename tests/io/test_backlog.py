import resource
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccd.io.backlog import Backlog, own_file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "spill" / "backlog"


def everything(backlog: Backlog, at_once: int = 3) -> list[bytes]:
    lines = []
    while batch := backlog.peek(at_once):
        lines += batch
        backlog.drop(batch)
    return lines


def lines(*numbers: int) -> list[bytes]:
    return [b"line %d" % number for number in numbers]


def test_first_in_first_out_over_memory_and_file(file: Path) -> None:
    backlog = Backlog(file, most_lines=4)
    for line in lines(*range(10)):
        assert backlog.put(line)
    assert (len(backlog), backlog.size) == (10, 70)
    assert everything(backlog) == lines(*range(10))
    assert (len(backlog), backlog.size, file.stat().st_size) == (0, 0, 0)
    assert backlog.put(b"back in memory")
    assert file.stat().st_size == 0


def test_what_was_taken_may_move_to_the_file_before_it_is_dropped(file: Path) -> None:
    backlog = Backlog(file)
    for line in lines(1, 2, 3):
        backlog.put(line)
    taken = backlog.peek(2)
    assert backlog.spill()
    backlog.put(b"line 4")
    backlog.drop(taken)
    assert everything(backlog) == lines(3, 4)


def test_what_was_left_is_there_after_a_restart_but_for_a_torn_end(file: Path) -> None:
    backlog = Backlog(file)
    for line in lines(1, 2, 3):
        backlog.put(line)
    backlog.close()
    with file.open("ab") as torn:
        torn.write(b"half a li")
    again = Backlog(file)
    assert len(again) == 3
    assert again.put(b"line 4")
    assert everything(again) == lines(1, 2, 3, 4)


def test_beyond_the_files_bound_lines_are_lost_and_counted(file: Path) -> None:
    backlog = Backlog(file, most_lines=1, most_in_file=20)
    assert [backlog.put(line) for line in lines(1, 2, 3)] == [True, True, False]
    assert backlog.lost == 1
    assert everything(backlog) == lines(1, 2)
    assert backlog.put(b"room again")


def test_a_line_too_long_is_lost(file: Path) -> None:
    backlog = Backlog(file)
    assert not backlog.put(b"x" * (Backlog.LONGEST + 1))
    assert backlog.put(b"x" * Backlog.LONGEST)
    assert backlog.spill()
    assert [len(line) for line in everything(backlog)] == [Backlog.LONGEST]


def test_a_disk_that_takes_only_a_part_keeps_the_rest_in_memory(file: Path) -> None:
    backlog = Backlog(file, most_lines=2)
    with no_file_beyond(10):
        assert [backlog.put(line) for line in lines(1, 2, 3)] == [True, True, False]
        assert not backlog.spill()
        assert (file.stat().st_size, backlog.lost, backlog.peek(5)) == (0, 1, lines(1, 2))
    assert backlog.put(b"line 4")
    assert everything(backlog) == lines(1, 2, 4)


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """What a full disk does: a write takes a part, the next one fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_two_processes_cannot_have_one_file(file: Path) -> None:
    first = Backlog(file)
    with pytest.raises(BlockingIOError):
        Backlog(file)
    first.close()
    Backlog(file).close()


def test_it_is_nobody_elses_to_read(file: Path) -> None:
    Backlog(file).close()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


@settings(deadline=None)
@given(st.lists(st.sampled_from(["put", "put", "peek", "drop", "spill", "restart"]), max_size=60))
def test_whatever_happens_the_order_stays(tmp_path_factory: pytest.TempPathFactory, actions: list[str]) -> None:
    file = tmp_path_factory.mktemp("backlog") / "backlog"
    backlog, expected, taken, number = Backlog(file, most_lines=3), deque[bytes](), list[bytes](), 0
    for action in actions:
        if action == "put":
            number += 1
            assert backlog.put(b"%d" % number)
            expected.append(b"%d" % number)
        elif action == "peek":
            taken = backlog.peek(2)
            assert taken == list(expected)[: len(taken)]
        elif action == "drop":
            backlog.drop(taken)
            for _ in taken:
                expected.popleft()
            taken = []
        elif action == "spill":
            assert backlog.spill()
        elif not backlog._read:  # a file half read is handed out again from its beginning, tested elsewhere
            backlog.close()
            backlog, taken = Backlog(file, most_lines=3), []
        assert len(backlog) == len(expected)
        assert backlog.size >= sum(map(len, expected))
    assert everything(backlog) == list(expected)
    backlog.close()


def test_a_file_that_a_frozen_process_holds_is_left_to_it(tmp_path: Path) -> None:
    frozen = Backlog(own_file(tmp_path))
    frozen.put(b"first")
    frozen.spill()
    other = Backlog(own_file(tmp_path))
    other.put(b"second")
    other.close()
    frozen.close()
    last = Backlog(own_file(tmp_path))
    assert last.peek(9) == [b"first", b"second"]
    last.close()
