"""A file put in its place: whole or not at all, nobody else's to read, and its folder's people's where root does it."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path


def place_file(place: Path, pieces: Iterable[bytes]) -> None:
    """Write it beside its place and move it there; folders are made. Raises OSError, and what `pieces` raises.

    It belongs to its writer alone. Where root writes into a folder of somebody else or of a group, it belongs to those
    as the folder does, and the group may read it: so a daemon without root's rights finds what was restored for it.
    """
    _make_folder(place.parent)
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(part, flags, 0o600), "wb") as file:
            for piece in pieces:
                file.write(piece)
            _give(file.fileno(), place.parent.stat(), 0o600, 0o640)
            file.flush()
            os.fsync(file.fileno())
        part.rename(place)
    finally:
        part.unlink(missing_ok=True)


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    above = folder.parent.stat()
    folder.mkdir(mode=0o700)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _give(descriptor, above, 0o700, 0o750 | above.st_mode & (stat.S_ISGID | stat.S_IWGRP))
    finally:
        os.close(descriptor)


def _give(file: int, like: os.stat_result, own_mode: int, group_mode: int) -> None:
    is_root = os.geteuid() == 0 and (like.st_uid, like.st_gid) != (0, 0)
    if is_root:
        os.fchown(file, like.st_uid, like.st_gid)
    os.fchmod(file, group_mode if is_root else own_mode)
