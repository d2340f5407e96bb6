"""Snapshots of the ledger beside the journal: from the newest and the journal's tail a new daemon knows all again.

A snapshot is a pickle, from the daemon's own folder only, and read by the very code that wrote it: its name holds a
fingerprint of that code. Configurations are in it by hash (they lie in `configurations`), so that calls and rules of a
site with thousands of agents do not make it large.
"""

import io
import os
import pickle
import zlib
from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from importlib import resources
from pathlib import Path
from typing import Any

from msgspec import Struct

import ccd
from ccd.core.configuration import Configuration
from ccd.simulation.ledger import Ledger

FOLDER = "snapshots"
MORNINGS = "mornings"
SUFFIX = ".snapshot"
KEPT = 2
PARTS = ("flows", "queues", "agents", "campaigns")
_CODE = ("core", "model", "simulation", "switch")


class SnapshotError(Exception):
    """It cannot be read: damaged, or it names a configuration that is not there."""


class Snapshot(Struct, frozen=True):
    """The ledger after the journal's entry `sequence`."""

    sequence: int
    payload: bytes


@cache
def fingerprint() -> str:
    """Of the code that decides and of the values it decides on: other code, other snapshots."""
    digest = blake2b(digest_size=6)
    root = Path(str(resources.files(ccd)))
    for part in _CODE:
        place = root / part
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def taken(ledger: Ledger, sequence: int) -> Snapshot:
    """The ledger as it stands between two inputs."""
    buffer = io.BytesIO()
    _Pickler(buffer, ledger.configurations).dump(ledger)
    return Snapshot(sequence, buffer.getvalue())


def write(journal: Path, snapshot: Snapshot) -> None:
    """Whole or not at all; older ones than the last but one go. Raises OSError."""
    folder = journal / FOLDER
    _put(folder / f"{snapshot.sequence:016d}-{fingerprint()}{SUFFIX}", snapshot)
    for old in sorted(folder.glob(f"*{SUFFIX}"))[:-KEPT]:
        old.unlink(missing_ok=True)


def write_morning(journal: Path, snapshot: Snapshot, day: str) -> None:
    """With what the day begins; it stays as long as the day's segments. Raises OSError."""
    _put(journal / MORNINGS / f"{day}-{snapshot.sequence:016d}-{fingerprint()}{SUFFIX}", snapshot)


def mornings(journal: Path, day: str = "*") -> list[Path]:
    """Of a day, or of all; several of one where its daemon went through the night more than once."""
    return sorted((journal / MORNINGS).glob(f"{day}-*{SUFFIX}"))


def _put(place: Path, snapshot: Snapshot) -> None:
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    part = place.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        file.write(zlib.crc32(snapshot.payload).to_bytes(4, "big") + snapshot.payload)
        file.flush()
        os.fsync(file.fileno())
    part.replace(place)


def found(journal: Path) -> list[tuple[int, Path]]:
    """(sequence, place) of those that this code can read, the newest first."""
    places = sorted((journal / FOLDER).glob(f"*-{fingerprint()}{SUFFIX}"), reverse=True)
    return [(int(place.name.partition("-")[0]), place) for place in places]


def read(place: Path, configurations: Mapping[str, Configuration]) -> Ledger:
    """The ledger as it was. Raises SnapshotError."""
    try:
        data = place.read_bytes()
    except OSError as error:
        raise SnapshotError(f"{place.name}: {error}") from error
    return unframed(data, place.name, configurations)


def unframed(data: bytes, name: str, configurations: Mapping[str, Configuration]) -> Ledger:
    """The ledger of a snapshot's file. Raises SnapshotError."""
    if zlib.crc32(data[4:]) != int.from_bytes(data[:4], "big"):
        raise SnapshotError(f"{name} is damaged")
    return loaded(data[4:], name, configurations)


def loaded(payload: bytes, name: str, configurations: Mapping[str, Configuration]) -> Ledger:
    """The ledger of a payload that is known to be our own. Raises SnapshotError."""
    try:
        ledger = _Unpickler(io.BytesIO(payload), configurations).load()
        ledger.attach(configurations)
    except (pickle.UnpicklingError, AttributeError, KeyError, ImportError, EOFError) as error:
        raise SnapshotError(f"{name}: {type(error).__name__}: {error}") from error
    return ledger  # type: ignore[no-any-return]


class _Pickler(pickle.Pickler):
    """What belongs to a configuration is written as its name."""

    def __init__(self, file: io.BytesIO, configurations: Mapping[str, Configuration]) -> None:
        super().__init__(file, protocol=5)
        self._names: dict[int, tuple[str, ...]] = {id(configurations): ("configurations",)}
        for name, configuration in configurations.items():
            self._names[id(configuration)] = (name,)
            for part in PARTS:
                values = getattr(configuration, part)
                self._names[id(values)] = (name, part)
                self._names.update({id(value): (name, part, key) for key, value in values.items()})

    def persistent_id(self, value: Any) -> tuple[str, ...] | None:
        return self._names.get(id(value))


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, configurations: Mapping[str, Configuration]) -> None:
        super().__init__(file)
        self._configurations = configurations

    def persistent_load(self, name: tuple[str, ...]) -> Any:
        if name == ("configurations",):
            return self._configurations
        value: Any = self._configurations[name[0]]
        if len(name) > 1:
            value = getattr(value, name[1])
        return value[name[2]] if len(name) > 2 else value
