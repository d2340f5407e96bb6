"""Which archives are taken from the machine's apt configuration, and what happens when a program fails."""

import io
from pathlib import Path

import pytest

from ccd.lab import apt
from ccd.lab.apt import AptError, Source
from ccd.lab.progress import step

UPDATED = """MetaKey: main/binary-amd64/Packages
Origin: Debian
Release: bookworm
Component: main
Repo-URI: http://mirror.example/debian/

Origin: Debian
Release: bookworm-security
Component: main
Repo-URI: http://mirror.example/debian-security/

Origin: Debian
Release: bookworm
Component: contrib
Repo-URI: http://mirror.example/debian/

Origin: Somebody
Release: bookworm
Component: main
Repo-URI: http://other.example/debian/

Release: no-address
Component: main
"""
NEVER_UPDATED = """Release: bookworm
Component: main
Repo-URI: http://mirror.example/debian/

Release: bookworm
Component: main
Repo-URI: http://other.example/tools/
"""


def machine(monkeypatch: pytest.MonkeyPatch, folder: Path, listing: str, code: int = 0) -> None:
    """A machine whose apt-get answers `listing`."""
    (folder / "listing").write_text(listing)
    program = folder / "apt-get"
    program.write_text(f"#!/bin/sh\ncat {folder}/listing\nexit {code}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.setattr(apt, "KEYRING", folder / "listing")


def test_debians_own_archives_are_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine(monkeypatch, tmp_path, UPDATED)
    mirror = "http://mirror.example"
    assert apt.machine_sources() == [
        Source(f"{mirror}/debian/", "bookworm"),
        Source(f"{mirror}/debian-security/", "bookworm-security"),
    ]
    assert apt.unstable_sources() == [Source(f"{mirror}/debian/", "sid")]


def test_an_apt_that_was_never_updated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine(monkeypatch, tmp_path, NEVER_UPDATED)
    assert apt.machine_sources() == [Source("http://mirror.example/debian/", "bookworm")]


@pytest.mark.parametrize(("listing", "code"), [("", 0), (NEVER_UPDATED, 100)])
def test_no_archive_is_a_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, listing: str, code: int) -> None:
    machine(monkeypatch, tmp_path, listing, code)
    with pytest.raises(AptError, match=r"no Debian archive|failed with 100"):
        apt.machine_sources()


def test_a_machine_without_apt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AptError, match="apt-get is missing"):
        apt.machine_sources()


def test_what_could_not_be_got_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine(monkeypatch, tmp_path, "E: no network", 100)
    into = tmp_path / "home" / "packages"
    with pytest.raises(AptError, match="no network"):
        apt.unpack([Source("http://mirror.example/debian/", "sid")], ["asterisk"], into, beside_machine=False)
    assert list(into.parent.iterdir()) == []


def test_a_source_is_signed() -> None:
    line = Source("http://mirror.example/debian/", "sid").line()
    assert line == f"deb [signed-by={apt.KEYRING}] http://mirror.example/debian/ sid main\n"


def test_progress_in_plain_lines() -> None:
    out = io.StringIO()
    with step("Unpacking", out) as report:
        report(1, 2, "asterisk")
    assert out.getvalue().startswith("Unpacking ...\nUnpacking: 0.")
