"""A backup brought back: everything is checked before anything is written, and nothing that is there is replaced
unless that is wanted.

A backup is as trusted as the configuration in it. What could run code when it is read, the journal's pickles, is left
out unless its owner says that the backup is his own.
"""

import re
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

from msgspec import Struct
from redis import Redis

from ccd.config.load import load
from ccd.config.settings import Settings
from ccd.daemon import lease, site
from ccd.daemon.backup import MAIN, RECORDS, BackupError, Told, backlogs, counted
from ccd.daemon.follower import STORE
from ccd.daemon.journal import segments
from ccd.io import record_dump
from ccd.io.backlog import is_held
from ccd.io.backup_file import BackupReader, DamagedError, Member
from ccd.io.contact_copy import copy_store, drop_companions
from ccd.io.placing import place_file
from ccd.io.record_upgrade import SCHEMA, can_take

CODE = ".pickle", ".zip", ".snapshot"
"""What may run code when it is read: a snapshot is one pickle, an archived day holds some."""
Part = Literal["configuration", "records", "contacts", "journal", "recordings"]
PARTS: tuple[Part, ...] = get_args(Part)
_MEMBERS: Mapping[Part, re.Pattern[str]] = {
    "configuration": re.compile(r"configuration/.+"),
    "records": re.compile(r"records\.jsonl|state/backlog(-[0-9]+)?"),
    "contacts": re.compile(
        r"state/(contacts\.sqlite|compliance/[0-9]{4}-[0-9]{2}-[0-9]{2}-[A-Za-z0-9_%-]{1,200}\.jsonl)"
    ),
    "journal": re.compile(
        r"journal/([0-9]+\.journal|configurations/[0-9a-f]+\.pickle|archive/[0-9]{4}-[0-9]{2}-[0-9]{2}\.zip"
        r"|mornings/[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{16}-[0-9a-f]{12}\.snapshot)"
    ),
    "recordings": re.compile(r"recordings/[0-9]{4}/[0-9]{2}/[0-9]{2}/[^/]+\.wav"),
}
_SHOWN = 5


class Target(Struct, frozen=True):
    """Where things belong: the configuration's file, what it says, and where its Redis is."""

    config: Path
    settings: Settings
    redis: str

    def folder(self, name: str) -> Path:
        """The folder of `journal`, `state`, `recordings`, `configuration`."""
        base = self.config.resolve().parent
        return base if name == "configuration" else base / str(getattr(self.settings.folders, name))


class Restored(Struct, frozen=True):
    """Files written, whether records were, and how many members were left out because they could run code."""

    files: int
    records: bool
    left_out: int


def restore(
    file: Path, config: Path, *, parts: Collection[Part] = PARTS, force: bool, trusted: bool, told: Told
) -> Restored:
    """Bring these parts back. Raises BackupError, ConfigurationErrors, OSError.

    Without `force` nothing that is there is replaced; `trusted` takes pickles too.
    """
    try:
        with BackupReader(file) as backup:
            verify(backup, told)
            members = [member for member in backup.manifest.members if part_of(member) in parts]
            wanted = [member for member in members if trusted or not member.name.endswith(CODE)]
            target = settled(backup, wanted, config)
            records = next((member for member in wanted if member.name == RECORDS), None)
            places = {member: place_of(member, target) for member in wanted if member is not records}
            demand_stopped(target, records)
            if not force:
                demand_nothing_there(places, target, records)
            if records is not None:
                write_records(backup, records, target, told)
            written = [write_file(backup, member, place, told) for member, place in in_order(places)]
            return Restored(sum(written), records is not None, len(members) - len(wanted))
    except DamagedError as error:
        raise BackupError(str(error)) from error


# --- before anything is written


def verify(backup: BackupReader, told: Told) -> None:
    """Read all of it once. Raises DamagedError, and BackupError for records of another schema."""
    if not can_take(backup.manifest.schema):
        raise BackupError(f"its records are of schema {backup.manifest.schema[:40]!r}, this ccd knows schema {SCHEMA}")
    for member in backup.manifest.members:
        part_of(member)
        pieces = counted(told, f"checking {member.name}", backup.read(member))
        try:
            exhaust(record_dump.pieces_of(pieces) if member.name == RECORDS else pieces)
        except ValueError as error:
            raise DamagedError(str(error)) from error


def exhaust(things: Iterable[object]) -> None:
    """To the end, for what is found on the way."""
    for _ in things:
        pass


def part_of(member: Member) -> Part:
    """Which part it belongs to. Raises DamagedError for what no backup holds."""
    for part, pattern in _MEMBERS.items():
        if pattern.fullmatch(member.name):
            return part
    raise DamagedError(f"{member.name} is in no backup of this ccd")


def settled(backup: BackupReader, members: Iterable[Member], config: Path) -> Target:
    """Where things belong, by the configuration in the backup if it is to be restored, else by the one that is there.

    Raises BackupError, ConfigurationErrors.
    """
    configuration = [member for member in members if part_of(member) == "configuration"]
    if not configuration:
        return read_target(config, config)
    if MAIN not in {member.name for member in configuration}:
        raise DamagedError(f"there is no {MAIN} in the backup")
    with staged(backup, configuration) as main:
        return read_target(main, config)


@contextmanager
def staged(backup: BackupReader, members: Iterable[Member]) -> Iterator[Path]:
    """The configuration in a folder of its own, to be read before it is put in its place; its main file."""
    with TemporaryDirectory(prefix="ccd-restore-") as folder:
        for member in members:
            place_file(Path(folder, member.name), backup.read(member))
        Path(folder, "configuration", "flows").mkdir(exist_ok=True)
        yield Path(folder, MAIN)


def read_target(file: Path, config: Path) -> Target:
    """What the configuration in `file`, which belongs to `config`, says."""
    loaded = load(file, time.time_ns() // 1_000, lambda text, language: "speech")
    try:
        return Target(config, loaded.settings, site.redis_url(loaded.settings, loaded.base))
    except (OSError, KeyError) as error:
        raise BackupError(f"the password of Redis cannot be read: {error}") from error


def place_of(member: Member, target: Target) -> Path:
    """Where a file belongs."""
    room, _, rest = member.name.partition("/")
    return target.config if member.name == MAIN else target.folder(room) / rest


def demand_stopped(target: Target, records: Member | None) -> None:
    """A running daemon would write into what is restored; it may run on another machine, if there is a standby."""
    if any(map(is_held, backlogs(target.folder("state")))):
        raise BackupError("the daemon runs: stop it first (systemctl stop ccd)")
    if records is not None and asked(target, partial(record_dump.is_there, key=lease.KEY)):
        raise BackupError("a daemon works with these records, perhaps on another machine: stop it first")


def demand_nothing_there(places: Mapping[Member, Path], target: Target, records: Member | None) -> None:
    """Nothing would be replaced; a file that is the same already is no hindrance."""
    there = [str(place) for member, place in places.items() if place.exists() and not is_same(member, place)]
    journal = target.folder("journal")
    if any(part_of(member) == "journal" for member in places):
        there += [str(path) for path in segments(journal) if path not in places.values()]
    if records is not None and asked(target, record_dump.has_records):
        there.append("records in Redis")
    if there:
        more = f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else ""
        raise BackupError(f"there are already {', '.join(there[:_SHOWN])}{more}; --force replaces them")


def is_same(member: Member, place: Path) -> bool:
    """An empty file (a backlog of nothing) counts as none; a contact store is looked at by way of a copy."""
    if not place.is_file():
        return False
    if place.name == STORE:
        return is_same_store(member, place)
    size = place.stat().st_size
    if size != member.size:
        return not size
    with place.open("rb") as file:
        return file_digest(file, "sha256").hexdigest() == member.sha256


def is_same_store(member: Member, place: Path) -> bool:
    """Whether a backup of it would be the same."""
    try:
        with TemporaryDirectory(prefix=".ccd-restore-", dir=place.parent) as folder:
            copy_store(place, Path(folder, "copy"))
            with Path(folder, "copy").open("rb") as file:
                return file_digest(file, "sha256").hexdigest() == member.sha256
    except sqlite3.Error:
        return False


def asked(target: Target, question: Callable[[Redis], bool]) -> bool:
    """Something about the target's Redis. Raises BackupError."""
    try:
        with record_dump.connect(target.redis) as redis:
            return question(redis)
    except record_dump.RecordsError as error:
        raise BackupError(str(error)) from error


# --- writing


def in_order(places: Mapping[Member, Path]) -> list[tuple[Member, Path]]:
    """The configuration last: a restore that was cut off leaves no centre that looks whole."""
    return sorted(places.items(), key=lambda entry: (part_of(entry[0]) == "configuration", entry[0].name == MAIN))


def write_file(backup: BackupReader, member: Member, place: Path, told: Told) -> bool:
    """Put it in its place, unless it is there."""
    if is_same(member, place) and member.size:
        return False
    if place.name == STORE:
        drop_companions(place)
    place_file(place, counted(told, member.name, backup.read(member)))
    return True


def write_records(backup: BackupReader, member: Member, target: Target, told: Told) -> None:
    """Into Redis, in place of what is there."""
    pieces = record_dump.pieces_of(counted(told, "records", backup.read(member)))
    try:
        with record_dump.connect(target.redis) as redis:
            record_dump.replace_records(redis, pieces, backup.manifest.schema)
    except (record_dump.RecordsError, ValueError) as error:
        raise BackupError(f"{error}; the records are half restored, do it again with --force") from error
