"""How far a command is, told on stderr once it takes more than a second."""

import sys
import time
from typing import TextIO

EVERY = 1.0


class Pace:
    """Called with bytes done and what is at hand: a line a second, on a terminal the same one again and again."""

    def __init__(self, title: str, stream: TextIO | None = None) -> None:
        self._title = title
        self._stream = stream or sys.stderr
        self._done = 0
        self._told = time.monotonic()
        self._width = 0

    def __call__(self, size: int, what: str) -> None:
        """So many bytes more."""
        self._done += size
        if time.monotonic() - self._told >= EVERY:
            self._told = time.monotonic()
            self._tell(f"{self._title}: {self._done / 1e6:.1f} MB, {what}")

    def close(self) -> None:
        """Make room for what is printed next."""
        if self._width:
            self._stream.write(f"\r{'':{self._width}}\r")

    def _tell(self, line: str) -> None:
        line = "".join(letter if letter.isprintable() else "?" for letter in line)[:79]
        if self._stream.isatty():
            self._stream.write(f"\r{line:{self._width}}")
            self._width = len(line)
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()
