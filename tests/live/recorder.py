"""Writes what a driver was given and what it made of it, as a transcript that `tests/switch` plays again.

    CCD_RECORD=folder pytest tests/live/test_asterisk_calls.py -k keys

NOTE records are `connected`, `tick`, `lost <reason>`, `do <command>` and `told <event>`; the title holds the moment
that the times count from. The proof of the secret and the lab's own folder are left out.
"""

import os
import re
from pathlib import Path

import msgspec

from ccd.model.command import SwitchCommand
from ccd.model.event import Event

_PROOF = re.compile(rb"Key: [0-9a-f]{32}")
_FOLDER = re.compile(rb"/[^ ,]*/spool/monitor")


def masked(data: bytes) -> bytes:
    """The bytes without what differs from lab to lab."""
    return _FOLDER.sub(b"/spool/monitor", _PROOF.sub(b"Key: masked", data))


class Recorder:
    """One transcript, or nothing where none is wanted."""

    def __init__(self, began: int) -> None:
        folder = os.environ.get("CCD_RECORD")
        test = os.environ.get("PYTEST_CURRENT_TEST", "").partition("::")[2].partition(" ")[0]
        self._path = Path(folder, f"{test}.txt") if folder else None
        self._began = began
        if self._path:
            self._path.write_bytes(f"### a driver's session, from {began} us\n".encode())

    def note(self, text: str, now: int) -> None:
        self._write("NOTE", text.encode(), now)

    def did(self, command: SwitchCommand, now: int) -> None:
        self._write("NOTE", b"do " + msgspec.json.encode(command), now)

    def told(self, event: Event, now: int) -> None:
        self._write("NOTE", b"told " + msgspec.json.encode(event), now)

    def received(self, data: bytes, now: int) -> None:
        self._write("S->C", data, now)

    def sent(self, data: bytes, now: int) -> None:
        self._write("C->S", masked(data), now)

    def _write(self, direction: str, data: bytes, now: int) -> None:
        if self._path:
            marker = f"### {direction} +{(now - self._began) / 1000:.3f}ms {len(data)}B\n".encode()
            with self._path.open("ab") as file:
                file.write(marker + data + (b"" if data.endswith(b"\n") else b"\n"))
