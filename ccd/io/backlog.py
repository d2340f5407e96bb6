"""What is still to be written elsewhere: first in memory, beyond a bound or while the other side is away in a file.

First in, first out. Everything is at one place at a time, so the order needs no bookkeeping: once a line lies in the
file, every later one goes there too, until the file is drained. What lies in the file survives the process; after a
restart it is handed out again from its beginning, so writing a line twice must change nothing.
"""

import fcntl
import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path

_CHUNK = 1 << 18
MOST_FILES = 4


class Backlog:
    """Lines of bytes without newline, each at most `LONGEST`. One consumer: `peek`, then `drop` what was dealt with.

    `lost` counts the lines that found room neither in memory nor in the file. The file is not compacted while it is
    read, so `most_in_file` bounds what is written to it between two moments of being drained.
    Raises OSError when the file cannot be had at the start: BlockingIOError when another process holds it.
    """

    LONGEST = 1 << 20

    def __init__(
        self, file: Path, most_lines: int = 10_000, most_bytes: int = 1 << 24, most_in_file: int = 1 << 28
    ) -> None:
        self.lost = 0
        self._most_lines, self._most_bytes, self._most_in_file = most_lines, most_bytes, most_in_file
        self._memory: deque[bytes] = deque()
        self._memory_bytes = 0
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._read = 0
        self._file_lines, self._size = _whole_lines(self._file)
        os.ftruncate(self._file, self._size)

    def __len__(self) -> int:
        return len(self._memory) + self._file_lines

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return self._memory_bytes + self._size - self._read

    def put(self, line: bytes) -> bool:
        """Take a line; False when it is lost. With the file in use this is one write to it."""
        if len(line) > self.LONGEST:
            self.lost += 1
            return False
        if not self._file_lines and self._has_room(line):
            self._memory.append(line)
            self._memory_bytes += len(line)
            return True
        if self.spill() and self._append([line]):
            return True
        self.lost += 1
        return False

    def spill(self) -> bool:
        """Put what is in memory into the file; False when the file does not take it (it stays in memory then)."""
        if self._memory and not self._append(self._memory):
            return False
        self._memory.clear()
        self._memory_bytes = 0
        return True

    def peek(self, most: int) -> list[bytes]:
        """The oldest lines, at most `most`; at least one if there is any."""
        if self._memory:
            return [self._memory[place] for place in range(min(most, len(self._memory)))]
        if not self._file_lines:
            return []
        chunk = os.pread(self._file, _CHUNK, self._read)
        while b"\n" not in chunk:
            chunk += os.pread(self._file, _CHUNK, self._read + len(chunk)) or b"\n"
        return chunk[: chunk.rindex(b"\n")].split(b"\n")[:most]

    def drop(self, lines: Sequence[bytes]) -> None:
        """Forget the oldest lines, as `peek` gave them; they may have moved to the file meanwhile."""
        if self._memory:
            for _ in lines:
                self._memory_bytes -= len(self._memory.popleft())
            return
        self._read += sum(len(line) + 1 for line in lines)
        self._file_lines -= len(lines)
        if not self._file_lines:
            os.ftruncate(self._file, 0)
            self._read = self._size = 0

    def close(self) -> None:
        """Into the file with it, for the next process."""
        self.spill()
        os.close(self._file)

    def _has_room(self, line: bytes) -> bool:
        return len(self._memory) < self._most_lines and self._memory_bytes + len(line) <= self._most_bytes

    def _append(self, lines: Sequence[bytes]) -> bool:
        data = b"".join(line + b"\n" for line in lines)
        if self._size + len(data) > self._most_in_file:
            return False
        try:
            written = os.pwrite(self._file, data, self._size)
        except OSError:
            written = 0
        if written < len(data):  # a full disk takes a part
            os.ftruncate(self._file, self._size)
            return False
        self._size += len(data)
        self._file_lines += len(lines)
        return True


def own_file(folder: Path) -> Path:
    """A file that no other process holds: a daemon that took over may find the former one frozen, with its file. What
    lies in others that nobody holds any more comes into it. Raises OSError.
    """
    names = [folder / "backlog", *(folder / f"backlog-{number}" for number in range(2, MOST_FILES + 1))]
    free = [name for name in names if not is_held(name)]
    if not free:
        raise BlockingIOError(f"{MOST_FILES} processes hold the backlogs of {folder}")
    own, *others = free
    for other in others:
        if other.exists() and other.stat().st_size:
            with own.open("ab") as file:  # first there, then away: a line that is written twice changes nothing
                file.write(other.read_bytes())
                os.fsync(file.fileno())
            other.unlink()
    return own


def is_held(file: Path) -> bool:
    """Whether a running process has this backlog. Raises OSError where that cannot be told."""
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _whole_lines(file: int) -> tuple[int, int]:
    """How many whole lines, and how many bytes they take: a crash may have left a torn one at the end."""
    lines = end = position = 0
    while chunk := os.pread(file, _CHUNK, position):
        lines += chunk.count(b"\n")
        if (last := chunk.rfind(b"\n")) >= 0:
            end = position + last + 1
        position += len(chunk)
    return lines, end
