"""A backup's file: whole or not there, read back as written, refused when anything about it is wrong."""

import os
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccd.io.backup_file import MANIFEST, BackupReader, DamagedError, Manifest, Member, is_name, writing

FILES = {"configuration/ccd.yaml": b"site: {}\n" * 50, "journal/1.journal": os.urandom(300_000), "empty": b""}


def written(target: Path, files: dict[str, bytes] = FILES) -> Path:
    with writing(target) as writer:
        for name, content in files.items():
            writer.add(name, [content[:7], content[7:]], packed=not name.startswith("journal"))
        writer.finish(1, "0.1", "1")
    return target


def contents(path: Path) -> dict[str, bytes]:
    with BackupReader(path) as backup:
        return {member.name: b"".join(backup.read(member)) for member in backup.manifest.members}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "a.zip")
    assert contents(path) == FILES
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
    assert zipfile.ZipFile(path).testzip() is None


def test_a_failure_leaves_nothing_and_what_is_there_stays(tmp_path: Path) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"x"
        raise OSError(5, "the disk is gone")

    with pytest.raises(OSError, match="disk"), writing(tmp_path / "a.zip") as writer:
        writer.add("a", breaking())
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a.zip").write_text("mine")
    with pytest.raises(FileExistsError):
        written(tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_text() == "mine"


def test_every_byte_that_counts_is_missed(tmp_path: Path) -> None:
    whole = written(tmp_path / "a.zip").read_bytes()
    cut = tmp_path / "cut.zip"
    for length in [0, 1, 21, 100, len(whole) // 2, len(whole) - 300, len(whole) - 1]:
        cut.write_bytes(whole[:length])
        with pytest.raises(DamagedError):
            contents(cut)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(data=st.data())
def test_a_damaged_one_is_refused_or_harmless(tmp_path: Path, data: st.DataObject) -> None:
    """Some bytes say nothing that counts (dates); whatever is read is what was written."""
    path = tmp_path / "whole.zip"
    files = FILES | {"journal/1.journal": b"j" * 400}
    whole = path.read_bytes() if path.exists() else written(path, files).read_bytes()
    places = st.integers(0, len(whole) - 1)
    spoilt = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        spoilt[data.draw(places)] = data.draw(st.integers(0, 255))
    (tmp_path / "spoilt.zip").write_bytes(spoilt)
    try:
        found = contents(tmp_path / "spoilt.zip")
    except DamagedError:
        return
    assert found == files


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(text=st.binary(max_size=400))
def test_what_is_no_zip_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "x").write_bytes(text)
    with pytest.raises(DamagedError):
        contents(tmp_path / "x")


Spoil = Callable[[zipfile.ZipFile], None]


def hostile(path: Path, names: Iterable[str], spoil: Spoil = lambda archive: None) -> Path:
    """A zip with a manifest that is true of it, made by somebody else."""
    with zipfile.ZipFile(path, "w") as archive:
        members = []
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), b"x")
            members.append(Member(name, 1, "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"))
        spoil(archive)
        archive.writestr(MANIFEST, msgspec.json.encode(Manifest(1, 0, "", "1", tuple(members))))
    return path


def test_such_a_zip_is_read_if_it_is_not_hostile(tmp_path: Path) -> None:
    assert contents(hostile(tmp_path / "a", ["configuration/a", "b"])) == {"configuration/a": b"x", "b": b"x"}


@pytest.mark.parametrize(
    "name",
    [
        "../a",
        "a/../../b",
        "/etc/passwd",
        "a//b",
        "./a",
        "a/.",
        "a\\..\\b",
        "a\nb",
        "",
        "a/",
        "x" * 300,
        "a/" * 600 + "a",
    ],
)
def test_no_name_leads_out(tmp_path: Path, name: str) -> None:
    assert not is_name(name)
    with pytest.raises(DamagedError):
        contents(hostile(tmp_path / "a", [name]))
    with pytest.raises(ValueError, match="name"), writing(tmp_path / "b") as writer:
        writer.add(name, [])


def test_links_and_strangers_are_refused(tmp_path: Path) -> None:
    def link(archive: zipfile.ZipFile) -> None:
        info = archive.getinfo("a")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16

    def stranger(archive: zipfile.ZipFile) -> None:
        archive.writestr("b", b"not in the manifest")

    for spoil, said in ((link, "plain file"), (stranger, "manifest")):
        with pytest.raises(DamagedError, match=said):
            contents(hostile(tmp_path / said, ["a"], spoil))


def test_a_member_longer_than_the_manifest_says_is_not_read_to_its_end(tmp_path: Path) -> None:
    def bomb(archive: zipfile.ZipFile) -> None:
        with archive.open(zipfile.ZipInfo("a"), "w") as file:
            file.write(b"x" * 10_000_000)

    path = tmp_path / "a"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        bomb(archive)
        archive.writestr(MANIFEST, msgspec.json.encode(Manifest(1, 0, "", "1", (Member("a", 1, "0"),))))
    with BackupReader(path) as backup:
        pieces = backup.read(backup.manifest.members[0])
        with pytest.raises(DamagedError):
            next(pieces)


def test_one_of_another_format_says_so(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a", "w") as archive:
        archive.writestr(MANIFEST, b'{"format": 2, "new": true}')
    with pytest.raises(DamagedError, match="format 2"):
        contents(tmp_path / "a")
