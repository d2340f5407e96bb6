"""Reads the recorded sessions in `transcripts/` (its README has the format)."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "transcripts"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))
GREETING = b"Asterisk Call Manager/11.0.0\r\n"


class Record(NamedTuple):
    """What one side wrote at once; `at` in ms since the recording began."""

    direction: str
    at: float
    data: bytes


def records(name: str) -> Iterator[Record]:
    """The records of `transcripts/<name>.txt` in order."""
    text = (FOLDER / f"{name}.txt").read_bytes()
    position = text.index(b"\n") + 1
    while position < len(text):
        start = text.index(b"\n", position) + 1
        _, direction, at, size = text[position:start].decode("ascii").split()
        end = start + int(size.removesuffix("B"))
        yield Record(direction, float(at.removesuffix("ms")), text[start:end])
        position = end if text[start:end].endswith(b"\n") else end + 1


def received(name: str) -> bytes:
    """All that Asterisk wrote, as one session: several sessions of a file become one, with one greeting."""
    chunks = (record.data for record in records(name) if record.direction == "S->C")
    return GREETING + b"".join(chunk for chunk in chunks if chunk != GREETING)
