"""The file of a backup: a zip, which every machine can look into, with a manifest of the SHA-256 of every member.

It appears whole or not at all, and only its owner can read it. Nothing is held in memory but the list of members. What
is read back is checked while it is read; names that lead out of a folder, links and damage of any kind are refused.
"""

import hashlib
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import msgspec
from msgspec import Struct

from ccd.model.ids import Moment

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK = 1 << 18
_LONGEST_NAME = 1_000
_MOST_MANIFEST = 1 << 28
_REFUSED = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    LookupError,
    OverflowError,
    OSError,
)
"""What zipfile is known to raise on bytes that are no zip of ours."""


class DamagedError(Exception):
    """This is no backup, or not as it was written; its text says what is wrong."""


class Member(Struct, frozen=True):
    """A file in the backup; `size` in bytes, `sha256` in hex."""

    name: str
    size: int
    sha256: str


class Manifest(Struct, frozen=True):
    """What wrote the backup, and all that is in it. `schema` is the records', `version` ccd's."""

    format: int
    made_at: Moment
    version: str
    schema: str
    members: tuple[Member, ...]


class BackupWriter:
    """Takes members one after the other."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.members: list[Member] = []

    def add(self, name: str, pieces: Iterable[bytes], *, packed: bool = True) -> None:
        """A member; `packed` costs time and is worth it for text. Raises ValueError for a name that none may have."""
        if not is_name(name):
            raise ValueError(f"{name!r} cannot be the name of a file in a backup")
        digest, size = hashlib.sha256(), 0
        with self._archive.open(_head(name, packed), "w", force_zip64=True) as member:
            for piece in pieces:
                digest.update(piece)
                size += member.write(piece)
        self.members.append(Member(name, size, digest.hexdigest()))

    def finish(self, made_at: Moment, version: str, schema: str) -> None:
        """The manifest, last."""
        manifest = Manifest(FORMAT, made_at, version, schema, tuple(self.members))
        self._archive.writestr(_head(MANIFEST, True), msgspec.json.encode(manifest))


def _head(name: str, packed: bool) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    info.external_attr = (stat.S_IFREG | 0o600) << 16
    return info


@contextmanager
def writing(target: Path) -> Iterator[BackupWriter]:
    """Write a backup to a file that is not there yet. Raises FileExistsError, OSError; nothing is left of a failure."""
    if target.exists() or target.is_symlink():
        raise FileExistsError(17, "there is such a file already", str(target))
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w+b") as file:
            with zipfile.ZipFile(file, "w", compresslevel=3) as archive:
                yield BackupWriter(archive)
            file.flush()
            os.fsync(file.fileno())
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)


def pieces(file: BinaryIO) -> Iterator[bytes]:
    """What an open file holds at this moment, though it may grow."""
    left = os.fstat(file.fileno()).st_size
    while left > 0 and (piece := file.read(min(left, CHUNK))):
        left -= len(piece)
        yield piece


class BackupReader:
    """An open backup, its list of members checked. Raises DamagedError."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise DamagedError(f"{path}: {error.strerror}") from error
        try:
            self._archive = zipfile.ZipFile(self._file)
            self.manifest = _manifest(self._archive)
            self._infos = _members(self._archive, self.manifest)
        except DamagedError:
            self._file.close()
            raise
        except _DAMAGE as error:
            self._file.close()
            raise DamagedError(f"{path} is no backup, or a damaged one: {error}") from error

    def __enter__(self) -> "BackupReader":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def read(self, member: Member) -> Iterator[bytes]:
        """The member in pieces. Raises DamagedError, at the latest at its end, if it is not what was written."""
        digest, size = hashlib.sha256(), 0
        try:
            with self._archive.open(self._infos[member.name]) as file:
                while piece := file.read(CHUNK):
                    size += len(piece)
                    if size > member.size:
                        break
                    digest.update(piece)
                    yield piece
        except _DAMAGE as error:
            raise DamagedError(f"{member.name} is damaged: {error}") from error
        if (size, digest.hexdigest()) != (member.size, member.sha256):
            raise DamagedError(f"{member.name} is damaged: its checksum is not the manifest's")


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    with archive.open(MANIFEST) as file:
        text = file.read(_MOST_MANIFEST + 1)
    if len(text) > _MOST_MANIFEST:
        raise DamagedError("the manifest is too long")
    number = msgspec.json.decode(text, type=_Format).format
    if number != FORMAT:
        raise DamagedError(f"the backup is of format {number}, this ccd reads format {FORMAT}")
    return msgspec.json.decode(text, type=Manifest)


class _Format(Struct):
    format: int


def _members(archive: zipfile.ZipFile, manifest: Manifest) -> dict[str, zipfile.ZipInfo]:
    infos = [info for info in archive.infolist() if info.filename != MANIFEST]
    for info in infos:
        _demand_plain(info)
    names = sorted(member.name for member in manifest.members)
    if sorted(info.filename for info in infos) != names or len(set(names)) != len(names):
        raise DamagedError("the members are not those of the manifest")
    return {info.filename: info for info in infos}


def _demand_plain(info: zipfile.ZipInfo) -> None:
    mode = info.external_attr >> 16
    if not is_name(info.filename) or info.orig_filename != info.filename:
        raise DamagedError(f"the name {info.filename[:80]!r} leads out of its folder, or is none")
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise DamagedError(f"{info.filename} is no plain file")
    if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DamagedError(f"{info.filename} is packed in a way that no backup is")


def is_name(name: str) -> bool:
    """Whether it names a file below a folder, whatever the folder: relative, without `..`, without oddities."""
    parts = name.split("/")
    return (
        len(name) <= _LONGEST_NAME
        and not _REFUSED.search(name)
        and all(part not in ("", ".", "..") and len(part.encode()) <= 255 for part in parts)
    )
