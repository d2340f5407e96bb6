"""The system's own programs are used where they do; a half-finished folder never counts."""

from pathlib import Path

import pytest

from ccd.lab import apt, packages
from ccd.lab.packages import Program


def install(folder: Path, name: str, says: str = "") -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)


APT_GET = """#!/bin/sh
case "$*" in
    *indextargets*) printf '%s\\n' 'Release: bookworm' 'Component: main' 'Repo-URI: http://mirror.example/debian/' ;;
    *--print-uris*) echo "'http://mirror.example/debian/pool/x.deb'" ;;
    *--download-only*)
        echo "$*" >> "@/asked"
        : > "${2%/*}/cache/archives/x.deb"
        echo "Get:1 http://m sid/main x [1 B]" ;;
esac
"""
DPKG_DEB = """#!/bin/sh
/bin/mkdir -p "$3/usr/lib/x86_64-linux-gnu"
: > "$3/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
"""


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The only folder with programs on a machine whose apt-get writes what it is asked for to `asked` in there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("apt-get", APT_GET), ("dpkg-deb", DPKG_DEB)):
        (folder / name).write_text(text.replace("@", str(folder)))
        (folder / name).chmod(0o755)
    (folder / "timeout").symlink_to("/usr/bin/timeout")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(packages, "_SEARCH", "")
    monkeypatch.setattr(apt, "KEYRING", folder / "apt-get")
    return folder


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ("Asterisk 22.10.1~dfsg+~cs6.15.60671435-1", 22),
        ("Asterisk certified/20.7-cert2", 20),
        ("Asterisk GIT-master-1234", 0),
        ("", 0),
    ],
)
def test_version_of_the_systems_asterisk(tmp_path: Path, says: str, version: int) -> None:
    install(tmp_path, "asterisk", says)
    assert packages._asterisk_version(str(tmp_path / "asterisk")) == version


def test_what_the_system_has_is_not_got(machine: Path, tmp_path: Path) -> None:
    for name in ("redis-server", "openssl"):
        install(machine, name)
    install(machine, "asterisk", "Asterisk 18.10.0")
    got = packages.get(tmp_path / "home")
    asked = (machine / "asked").read_text().splitlines()
    assert [line.partition("--download-only ")[2] for line in asked] == [
        "flite sip-tester",
        " ".join(packages.ASTERISK_PACKAGES),
    ]
    assert got.redis_server == Program((str(machine / "redis-server"),))
    assert got.sipp.environment["LD_LIBRARY_PATH"].endswith("usr/lib")
    assert got.asterisk.program.prefix[0].endswith("ld-linux-x86-64.so.2")
    assert packages.get(tmp_path / "home") == got
    assert (machine / "asked").read_text().splitlines() == asked, "the second run finds what the first got"


@pytest.mark.usefixtures("machine")
def test_a_killed_ones_remains_are_swept(tmp_path: Path) -> None:
    remains = tmp_path / "packages" / "sid-12345678.part-abc"
    remains.mkdir(parents=True)
    packages.get(tmp_path)
    assert not remains.exists()


def test_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CCD_LAB_HOME", raising=False)
    assert packages.home() == Path(packages.__file__).parents[2] / ".lab"
    monkeypatch.setenv("CCD_LAB_HOME", str(tmp_path))
    assert packages.home() == tmp_path
