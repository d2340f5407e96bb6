"""Programs the lab runs: the system's own where they do, else Debian's, got and unpacked privately once.

Asterisk is the system's own if it is version 22 or newer and whole, else Debian sid's, which brings its own libc.
redis-server, SIPp, flite and openssl are the system's own, else those of the machine's release of Debian.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ccd.lab import apt

OLDEST_ASTERISK = 22
ASTERISK_PACKAGES = ("asterisk", "asterisk-modules", "asterisk-core-sounds-en-gsm", "asterisk-moh-opsound-gsm")
PACKAGE_OF = {"redis-server": "redis-server", "sipp": "sip-tester", "flite": "flite", "openssl": "openssl"}
_SEARCH = os.pathsep.join(("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"))


@dataclass(frozen=True)
class Program:
    """How to run one program: what to put before its arguments, and what into its environment."""

    prefix: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self, *arguments: str) -> list[str]:
        return [*self.prefix, *arguments]


@dataclass(frozen=True)
class AsteriskFiles:
    """An installed Asterisk: the program, its modules, its XML documentation, English sounds, music on hold."""

    program: Program
    modules: Path
    documentation: Path
    sounds: Path
    music: Path

    def is_whole(self) -> bool:
        needed = (self.modules / "chan_pjsip.so", self.documentation, self.sounds / "beep.gsm", self.music)
        return all(path.exists() for path in needed)


@dataclass(frozen=True)
class Packages:
    """Everything the lab runs, ready."""

    asterisk: AsteriskFiles
    redis_server: Program
    sipp: Program
    flite: Program
    openssl: Program


def home() -> Path:
    """Where the lab keeps what it got: $CCD_LAB_HOME, else `.lab` of the source tree, else the user's cache."""
    if chosen := os.environ.get("CCD_LAB_HOME"):
        return Path(chosen).absolute()
    project = Path(__file__).resolve().parents[2]
    if (project / "pyproject.toml").exists():
        return project / ".lab"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "ccd", "lab")


def get(folder: Path | None = None) -> Packages:
    """Get what is missing into `folder`; with everything there it takes milliseconds. Raises apt.AptError.

    Two that get at once wait for each other; a folder appears only when it is whole.
    """
    folder = (folder or home()) / "packages"
    own = _own_release(folder)
    return Packages(
        asterisk=_system_asterisk() or _unstable_asterisk(folder),
        redis_server=own["redis-server"],
        sipp=own["sipp"],
        flite=own["flite"],
        openssl=own["openssl"],
    )


def _own_release(folder: Path) -> dict[str, Program]:
    found = {name: shutil.which(name) or shutil.which(name, path=_SEARCH) for name in PACKAGE_OF}
    missing = sorted(PACKAGE_OF[name] for name, path in found.items() if path is None)
    programs = {name: Program((path,)) for name, path in found.items() if path is not None}
    if missing:
        root = _unpacked(folder, "own-release", missing, beside_machine=True)
        # Debian 12 has libraries in /lib, too.
        folders = (*root.glob("usr/lib/*-linux-gnu*"), *root.glob("lib/*-linux-gnu*"), root / "usr/lib")
        paths = os.pathsep.join(str(path) for path in folders)
        for name in PACKAGE_OF.keys() - programs.keys():
            programs[name] = Program((str(root / "usr/bin" / name),), {"LD_LIBRARY_PATH": paths})
    return programs


def _system_asterisk() -> AsteriskFiles | None:
    path = shutil.which("asterisk") or shutil.which("asterisk", path=_SEARCH)
    if path is None or _asterisk_version(path) < OLDEST_ASTERISK:
        return None
    folders = [Path("/usr/share/asterisk"), Path("/var/lib/asterisk")]
    libraries = [*Path("/usr/lib").glob("*-linux-gnu*/asterisk/modules"), Path("/usr/lib/asterisk/modules")]
    for modules in libraries:
        for data in folders:
            sounds = next((path for path in data.glob("sounds/en*") if (path / "beep.gsm").exists()), data / "sounds")
            files = AsteriskFiles(Program((path,)), modules, data / "documentation", sounds, data / "moh")
            if files.is_whole():
                return files
    return None


def _asterisk_version(path: str) -> int:
    done = subprocess.run([path, "-V"], capture_output=True, text=True, timeout=10, check=False)
    version = re.match(r"Asterisk (?:certified/)?(\d+)\.", done.stdout)
    return int(version.group(1)) if version else 0


def _unstable_asterisk(folder: Path) -> AsteriskFiles:
    root = _unpacked(folder, "sid", ASTERISK_PACKAGES, beside_machine=False)
    loader = next(root.glob("usr/lib/*/ld-linux*.so.*"))
    libraries = f"{loader.parent}:{loader.parent}/asterisk"
    data = root / "usr/share/asterisk"
    return AsteriskFiles(
        Program((str(loader), "--library-path", libraries, str(root / "usr/sbin/asterisk"))),
        loader.parent / "asterisk/modules",
        data / "documentation",
        data / "sounds/en_US_f_Allison",  # `sounds/en` is made by a package script, which nobody ran
        data / "moh",
    )


def _unpacked(folder: Path, release: str, packages: Sequence[str], *, beside_machine: bool) -> Path:
    """The folder these packages are unpacked in; its name tells them, so that other wishes get another folder."""
    digest = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:8]
    root = folder / f"{release}-{digest}"
    if not root.exists():
        with _lock(folder):
            if not root.exists():
                for stale in folder.glob(
                    "*.part-*"
                ):  # left by one that was killed: nobody else is at it under the lock
                    shutil.rmtree(stale)
                sources = apt.machine_sources() if beside_machine else apt.unstable_sources()
                apt.unpack(sources, packages, root, beside_machine=beside_machine)
    return root


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
