"""The journal's days that are over: a file each, packed, with checksums.

An archive is a file as that of a backup: the day's segments, and the snapshots with which the day began. Those are
pickles, so that what is said of them holds for it (`snapshot`). The configurations stay beside the journal.
"""

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import structlog

from ccd.daemon import snapshot
from ccd.daemon.history import SHIFT
from ccd.daemon.journal import Frame, began_at, day_of, frames_in, read, segments
from ccd.io.backup_file import BackupReader, DamagedError, Member, pieces, writing
from ccd.model.ids import Moment

FOLDER = "archive"
SEGMENTS, MORNINGS = "segments/", "mornings/"
_NAME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\.zip")
log = structlog.get_logger()


class ArchiveError(Exception):
    """An archive is damaged, or is not what lies beside it; the text says which and where."""


@contextmanager
def opened(place: Path) -> Iterator[BackupReader]:
    """To read in it. Raises ArchiveError."""
    try:
        with BackupReader(place) as reader:
            yield reader
    except DamagedError as error:
        raise ArchiveError(f"{place.name}: {error}") from error


def archives(journal: Path) -> list[Path]:
    """The archived days, the oldest first."""
    return sorted(path for path in (journal / FOLDER).glob("*.zip") if _NAME.fullmatch(path.name))


def place_of(journal: Path, day: str) -> Path:
    """Where a day's archive is, or would be."""
    return journal / FOLDER / f"{day}.zip"


def due(journal: Path, now: Moment) -> list[str]:
    """The days of which segments lie there though nobody needs them as such: a new daemon reads those of a day past."""
    return sorted({day for path in segments(journal) if (day := day_of(began_at(path))) < day_of(now - SHIFT)})


def tidy(journal: Path, now: Moment, keep: Moment) -> None:
    """Pack what is due, and delete archives of days that ended before `keep`. What goes wrong is told, and stays."""
    for day in due(journal, now):
        try:
            pack(journal, day, now)
            log.info("day archived", day=day)
        except (OSError, ArchiveError) as error:
            log.error("day not archived", day=day, reason=str(error))
    for path in archives(journal):
        if path.stem < day_of(keep):
            path.unlink(missing_ok=True)
            log.info("archive deleted", day=path.stem)


def pack(journal: Path, day: str, now: Moment) -> None:
    """Archive a day, read it back, and only then delete what it was made of. May be done again after it was cut short.

    Raises OSError; ArchiveError where an archive that is there is not what lies beside it.
    """
    found = _segments(journal, day)
    mornings = snapshot.mornings(journal, day)
    place = place_of(journal, day)
    if not place.exists():
        place.parent.mkdir(exist_ok=True, mode=0o750)
        members = [(SEGMENTS + path.name, path) for path in found]
        members += [(MORNINGS + path.name, path) for path in mornings]
        with writing(place) as writer:
            for name, path in members:
                with path.open("rb") as file:
                    writer.add(name, pieces(file))
            writer.finish(now, version("ccd"), "journal")
    with opened(place) as reader:
        checked = {member.name: member for member in reader.manifest.members if _is_whole(reader, member)}
    for path in found:
        if not _is_in(checked, SEGMENTS + path.name, path):
            raise ArchiveError(f"{path.name} is not in {place.name} as it is on the disk")
    for path in (*found, *mornings):
        path.unlink(missing_ok=True)


def _segments(journal: Path, day: str) -> list[Path]:
    return [path for path in segments(journal) if day_of(began_at(path)) == day]


def _is_whole(reader: BackupReader, member: Member) -> bool:
    """Read to its end. Raises DamagedError."""
    for _ in reader.read(member):
        pass
    return True


def _is_in(checked: dict[str, Member], name: str, path: Path) -> bool:
    member = checked.get(name)
    with path.open("rb") as file:
        return member is not None and member.sha256 == hashlib.file_digest(file, "sha256").hexdigest()


# --- reading


def days(journal: Path) -> list[str]:
    """All days of which there is something, archived or not."""
    return sorted({path.stem for path in archives(journal)} | {day_of(began_at(path)) for path in segments(journal)})


def frames(journal: Path, day: str) -> Iterator[Frame]:
    """All of a day, in order. Raises ArchiveError, and msgspec's errors for a journal of another version."""
    archived: set[str] = set()
    if place_of(journal, day).exists():
        with opened(place_of(journal, day)) as reader:
            for member in sorted(reader.manifest.members, key=lambda member: member.name):
                if member.name.startswith(SEGMENTS):
                    archived.add(member.name.removeprefix(SEGMENTS))
                    yield from frames_in(io.BytesIO(b"".join(reader.read(member))))
    for path in _segments(journal, day):
        if path.name not in archived:
            yield from read(path)


def mornings(journal: Path, day: str) -> list[tuple[int, str, bytes]]:
    """(sequence, name, content) of the snapshots that the day began with and this code can read.

    Raises ArchiveError, OSError.
    """
    found = {path.name: path.read_bytes() for path in snapshot.mornings(journal, day)}
    if place_of(journal, day).exists():
        with opened(place_of(journal, day)) as reader:
            for member in reader.manifest.members:
                if member.name.startswith(MORNINGS):
                    found[member.name.removeprefix(MORNINGS)] = b"".join(reader.read(member))
    ours = re.compile(rf".*-([0-9]+)-{snapshot.fingerprint()}{re.escape(snapshot.SUFFIX)}")
    return [(int(match[1]), name, data) for name, data in sorted(found.items()) if (match := ours.fullmatch(name))]
