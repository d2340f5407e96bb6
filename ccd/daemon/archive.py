"""The journal's days that are over: a file each, packed, with checksums.

An archive is a file as that of a backup: the day's segments, the snapshots with which the day began, and the
configurations that either names. Snapshots and configurations are pickles, so that what is said of them holds for it
(`snapshot`, `configurations`).
"""

import hashlib
import io
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import structlog

from ccd.core.configuration import Configuration
from ccd.daemon import configurations, snapshot
from ccd.daemon.history import SHIFT
from ccd.daemon.journal import Frame, began_at, day_of, frames_in, prune, read, segments
from ccd.io.backup_file import BackupReader, DamagedError, Member, pieces, writing
from ccd.model.ids import Moment

FOLDER = "archive"
SEGMENTS, MORNINGS, CONFIGURATIONS = "segments/", "mornings/", "configurations/"
_HASH = 1_000
"""Bytes: longer than any hash of a configuration."""
_NAME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\.zip")
_LEFT = re.compile(rf"\.{_NAME.pattern}\.[0-9]+\.part")
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
    """The days of which segments lie there though nobody needs them as such: a new daemon reads those of a day past.

    The newest segment's is none: it says how far the journal came, and the daemon may have it open.
    """
    days = [day_of(began_at(path)) for path in segments(journal)]
    return sorted({day for day in days if day < min(days[-1], day_of(now - SHIFT))})


def tidy(journal: Path, now: Moment, keep: Moment, goes_on: Callable[[], bool] = lambda: True) -> None:
    """Delete what ended before `keep`, and pack what is due, as long as it `goes_on`. What goes wrong is told, and
    stays.
    """
    try:
        if removed := prune(journal, keep):
            log.info("journal pruned", segments=removed)
        _delete_old(journal, day_of(keep))
    except OSError as error:
        log.error("journal not pruned", reason=str(error))
    for day in due(journal, now):
        try:
            pack(journal, day, now, goes_on)
            log.info("day archived", day=day)
        except _StoppedError:
            return
        except (OSError, ArchiveError) as error:
            log.error("day not archived", day=day, reason=str(error))


def _delete_old(journal: Path, keep: str) -> None:
    """Archives of days before this one, and what a packing that was killed left; what else lies there is told."""
    ours = archives(journal)
    for path in sorted((journal / FOLDER).glob("*")):
        if path in ours:
            if path.stem < keep:
                path.unlink(missing_ok=True)
                log.info("archive deleted", day=path.stem)
        elif _LEFT.fullmatch(path.name):
            path.unlink(missing_ok=True)
        else:
            log.warning("no archive of a day, left alone", file=path.name)


def pack(journal: Path, day: str, now: Moment, goes_on: Callable[[], bool] = lambda: True) -> None:
    """Archive a day, read it back, and only then delete what it was made of. May be done again after it was cut short.

    Raises OSError; ArchiveError where an archive that is there is not what lies beside it.
    """
    found, mornings = _segments(journal, day), snapshot.mornings(journal, day)
    place = place_of(journal, day)
    if not place.exists():
        _write(journal, place, found, mornings, now, goes_on)
    with opened(place) as reader:
        checked = {member.name: member for member in reader.manifest.members if _is_whole(reader, member, goes_on)}
    for path in found:
        if not _is_in(checked, SEGMENTS + path.name, path):
            raise ArchiveError(f"{path.name} is not in {place.name} as it is on the disk")
    for path in (*found, *mornings):
        path.unlink(missing_ok=True)


def _write(
    journal: Path,
    place: Path,
    found: Sequence[Path],
    mornings: Sequence[Path],
    now: Moment,
    goes_on: Callable[[], bool],
) -> None:
    place.parent.mkdir(exist_ok=True, mode=0o750)
    known = {path.stem.encode(): path for path in configurations.places(journal)}
    named: set[Path] = set()
    with writing(place) as writer:
        for name, path in [(SEGMENTS, path) for path in found] + [(MORNINGS, path) for path in mornings]:
            with path.open("rb") as file:
                writer.add(name + path.name, _noting(_while(goes_on, pieces(file)), known, named))
        for path in sorted(named):
            writer.add(CONFIGURATIONS + path.name, [path.read_bytes()])
        writer.finish(now, version("ccd"), "journal")


def _noting(content: Iterator[bytes], known: dict[bytes, Path], named: set[Path]) -> Iterator[bytes]:
    """The same; the configurations whose hash stands in it are noted."""
    end = b""
    for piece in content:
        end += piece
        named.update(path for name, path in known.items() if name in end)
        end = end[-_HASH:]
        yield piece


def _while(goes_on: Callable[[], bool], content: Iterator[bytes]) -> Iterator[bytes]:
    for piece in content:
        if not goes_on():
            raise _StoppedError
        yield piece


class _StoppedError(Exception):
    """The daemon ends, and this would hold it up; it is done next time."""


def _segments(journal: Path, day: str) -> list[Path]:
    return [path for path in segments(journal) if day_of(began_at(path)) == day]


def _is_whole(reader: BackupReader, member: Member, goes_on: Callable[[], bool]) -> bool:
    """Read to its end. Raises DamagedError."""
    for _ in _while(goes_on, reader.read(member)):
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


def policies(journal: Path, days: Collection[str]) -> dict[str, Configuration]:
    """The configurations that are kept, by hash: beside the journal, else in the archives of these days.

    Raises ArchiveError, OSError.
    """
    found = configurations.read(journal)
    for place in archives(journal):
        if place.stem in days:
            with opened(place) as reader:
                for member in reader.manifest.members:
                    name = member.name.removeprefix(CONFIGURATIONS).removesuffix(configurations.SUFFIX)
                    if member.name.startswith(CONFIGURATIONS) and name not in found:
                        kept = configurations.of(b"".join(reader.read(member)))
                        found |= {name: kept} if kept is not None else {}
    return found
