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
NEVER_UPDATED = """'http://mirror.example/debian/dists/bookworm/InRelease' mirror.example_InRelease 0
'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' mirror.example_Packages 0
'http://mirror.example/debian-security/dists/bookworm-security/InRelease' mirror.example_security_InRelease 0
'http://other.example/tools/dists/bookworm/InRelease' other.example_InRelease 0
"""


def machine(monkeypatch: pytest.MonkeyPatch, folder: Path, targets: str, uris: str = "", code: int = 0) -> None:
    """A machine whose apt-get knows these index targets, and would read these addresses."""
    (folder / "targets").write_text(targets)
    (folder / "uris").write_text(uris)
    program = folder / "apt-get"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *indextargets*) cat {folder}/targets ;; *) cat {folder}/uris ;; esac\n'
        f"echo E: no network >&2\nexit {code}\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.setattr(apt, "KEYRING", program)


def test_debians_own_archives_are_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine(monkeypatch, tmp_path, UPDATED)
    mirror = "http://mirror.example"
    assert apt.machine_sources() == [
        Source(f"{mirror}/debian/", "bookworm"),
        Source(f"{mirror}/debian-security/", "bookworm-security"),
    ]
    assert apt.unstable_sources() == [Source(f"{mirror}/debian/", "sid")]


def test_an_apt_that_was_never_updated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine(monkeypatch, tmp_path, "", NEVER_UPDATED)
    assert apt.machine_sources() == [
        Source("http://mirror.example/debian/", "bookworm"),
        Source("http://mirror.example/debian-security/", "bookworm-security"),
    ]


@pytest.mark.parametrize(("code", "error"), [(0, "no Debian archive"), (100, "failed with 100")])
def test_no_archive_is_a_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: int, error: str) -> None:
    machine(monkeypatch, tmp_path, "", "", code)
    with pytest.raises(AptError, match=error):
        apt.machine_sources()


def test_a_machine_without_apt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AptError, match="apt-get is missing"):
        apt.machine_sources()


def test_what_could_not_be_got_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine(monkeypatch, tmp_path, "", "", 100)
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
