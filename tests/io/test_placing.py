"""Files that are put in their place."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccd.io.placing import place_file

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_appears_whole_with_its_folders_and_for_its_owner_alone(tmp_path: Path) -> None:
    place = tmp_path / "a/b/c.txt"
    place_file(place, [b"one ", b"two"])
    assert place.read_bytes() == b"one two"
    assert [mode(path) for path in (place, place.parent, place.parent.parent)] == [0o600, 0o700, 0o700]
    place_file(place, [b"three"])
    assert place.read_bytes() == b"three"


def test_one_that_does_not_come_to_its_end_leaves_the_old_one(tmp_path: Path) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"x"
        raise OSError(28, "No space left")

    place_file(tmp_path / "a", [b"old"])
    with pytest.raises(OSError, match="space"):
        place_file(tmp_path / "a", breaking())
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_a_link_in_its_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "a").symlink_to(tmp_path / "precious")
    place_file(tmp_path / "a", [b"new"])
    assert not (tmp_path / "a").is_symlink()
    assert (tmp_path / "precious").read_text() == "mine"


@as_root
def test_what_root_puts_into_a_folder_belongs_to_the_folders_people(tmp_path: Path) -> None:
    """As `/etc/ccd` (root and a group), and as `/var/lib/ccd/recordings` (somebody, and a group that may write)."""
    for name, owner, rights in (("etc", 0, 0o750), ("recordings", 1234, 0o2770)):
        folder = tmp_path / name
        folder.mkdir()
        os.chown(folder, owner, 4321)
        folder.chmod(rights)
        place_file(folder / "new" / "file", [b"x"])
        made, file = (folder / "new").stat(), (folder / "new" / "file").stat()
        assert [(found.st_uid, found.st_gid) for found in (made, file)] == [(owner, 4321)] * 2
        assert (mode(folder / "new"), mode(folder / "new" / "file")) == (rights, 0o640)
