"""A backup: configuration, records, contacts, journal and, if wanted, recordings, in one file, while the daemon runs.

In this order: what waits for Redis, the records, the recordings, the contact store, the compliance log, the journal. So
what moves on meanwhile is met at least once: a call in the records has its recording and its entries in the journal, an
attempt in the contact store its lines in the compliance log.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct
from pydantic import BaseModel

from ccd.config.load import Loaded, load
from ccd.config.settings import HttpSection, SecretSource, Settings, TlsSection
from ccd.daemon import archive, configurations, site, snapshot
from ccd.daemon.follower import STORE
from ccd.daemon.journal import segments
from ccd.io import record_dump
from ccd.io.backup_file import BackupWriter, pieces, writing
from ccd.io.compliance_log import FOLDER, log_files
from ccd.io.contact_copy import copy_store
from ccd.io.record_upgrade import SCHEMA, can_take

MAIN = "configuration/ccd.yaml"
RECORDS = "records.jsonl"
Told = Callable[[int, str], None]
"""Told how many bytes more are done, and of what."""


class BackupError(Exception):
    """No backup was made, or nothing restored; the text says why."""


class BackedUp(Struct, frozen=True):
    """Files and bytes in the backup, and the files of the configuration that lie outside its folder and are not."""

    members: int
    size: int
    left_out: tuple[Path, ...]


def back_up(config: Path, target: Path, *, recordings: bool, told: Told) -> BackedUp:
    """Write the backup; it is there whole or not at all. Raises BackupError, ConfigurationErrors, OSError."""
    loaded = load(config, _now(), lambda text, language: "speech")
    settings, base = loaded.settings, loaded.base
    with writing(target) as writer:
        for name, path in dict(configuration(loaded)).items():
            add_file(writer, name, path, told)
        for backlog in backlogs(base / settings.folders.state):
            if backlog.stat().st_size:
                add_file(writer, f"state/{backlog.name}", backlog, told)
        schema = add_records(writer, settings, base, told)
        if recordings:
            add_recordings(writer, base / settings.folders.recordings, told)
        add_contacts(writer, base / settings.folders.state, target.parent, told)
        add_journal(writer, base / settings.folders.journal, told)
        writer.finish(_now(), version("ccd"), schema)
    size = sum(member.size for member in writer.members)
    return BackedUp(len(writer.members), size, tuple(outside(loaded)))


def _now() -> int:
    return time.time_ns() // 1_000


def configuration(loaded: Loaded) -> Iterator[tuple[str, Path]]:
    """Name in the backup and path of every file of the configuration that lies in its folder."""
    yield MAIN, loaded.inputs[0]
    for path in named_files(loaded):
        if path.is_relative_to(loaded.base):
            yield f"configuration/{path.relative_to(loaded.base).as_posix()}", path


def outside(loaded: Loaded) -> Iterator[Path]:
    """The files of the configuration that lie elsewhere."""
    return (path for path in named_files(loaded) if not path.is_relative_to(loaded.base))


def named_files(loaded: Loaded) -> Iterator[Path]:
    """Flows, and files of secrets and certificates that are there; the main file is not among them."""
    for path in (*loaded.inputs[1:], *(loaded.base / name for name in secret_files(loaded.settings))):
        if path.is_file():
            yield Path(os.path.normpath(path))


def secret_files(section: object) -> Iterator[str]:
    """What a section and those below it name: secrets, certificates, keys."""
    match section:
        case SecretSource(secret_file=str(name)) | TlsSection(ca_file=str(name)):
            yield name
        case HttpSection(certificate=certificate, key=key):
            yield from (name for name in (certificate, key) if name)
    below = section.values() if isinstance(section, dict) else vars(section).values()
    for value in below:
        if isinstance(value, BaseModel | dict):
            yield from secret_files(value)


def backlogs(state: Path) -> list[Path]:
    """The files of what waits for Redis: one a daemon that runs, or that left something."""
    return sorted(state.glob("backlog*"))


def add_records(writer: BackupWriter, settings: Settings, base: Path, told: Told) -> str:
    """All that Redis holds; their schema."""
    try:
        with record_dump.connect(site.redis_url(settings, base)) as redis:
            schema = record_dump.schema_of(redis)
            if schema is not None and not can_take(schema):
                raise BackupError(f"the records are of schema {schema!r}, which this ccd does not know")
            writer.add(RECORDS, counted(told, "records", record_dump.dumped(redis)))
            if record_dump.schema_of(redis) != schema:
                raise BackupError("the records were upgraded meanwhile: make the backup again")
    except (record_dump.RecordsError, KeyError) as error:
        raise BackupError(str(error)) from error
    return schema or str(SCHEMA)


def add_recordings(writer: BackupWriter, folder: Path, told: Told) -> None:
    """The finished ones; sound hardly gets smaller by packing."""
    for path in sorted(folder.glob("[0-9]*/[0-9]*/[0-9]*/*.wav")):
        if not path.is_symlink():
            add_file(writer, f"recordings/{path.relative_to(folder).as_posix()}", path, told, packed=False)


def add_contacts(writer: BackupWriter, state: Path, room: Path, told: Told) -> None:
    """The contact store, by way of a copy in `room`, and the compliance log."""
    if (state / STORE).is_file():
        with TemporaryDirectory(prefix=".ccd-backup-", dir=room) as folder:
            copy = Path(folder, STORE)
            try:
                copy_store(state / STORE, copy)
            except sqlite3.Error as error:
                raise BackupError(f"the contact store cannot be copied: {error}") from error
            add_file(writer, f"state/{STORE}", copy, told)
    for path in log_files(state / FOLDER):
        add_file(writer, f"state/{FOLDER}/{path.name}", path, told)


def add_journal(writer: BackupWriter, folder: Path, told: Told) -> None:
    """Its segments, the configurations that they were decided by, what their days began with, and the archived days,
    which are packed already.
    """
    for path in (*segments(folder), *configurations.places(folder), *snapshot.mornings(folder)):
        add_file(writer, f"journal/{path.relative_to(folder).as_posix()}", path, told)
    for path in archive.archives(folder):
        add_file(writer, f"journal/{path.relative_to(folder).as_posix()}", path, told, packed=False)


def add_file(writer: BackupWriter, name: str, path: Path, told: Told, *, packed: bool = True) -> None:
    """A file, as long as it is now though it may grow; one that is not there, or no more, is none."""
    with suppress(FileNotFoundError), path.open("rb") as file:
        writer.add(name, counted(told, name, pieces(file)), packed=packed)


def counted(told: Told, what: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same, told of."""
    for piece in pieces:
        told(len(piece), what)
        yield piece
