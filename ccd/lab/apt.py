"""Debian packages without root: a private apt state, signatures checked, unpacked into a folder of one's own.

The mirror is the one the machine's own apt is configured with: `apt-get indextargets` names it, or, where the machine
was never updated and that says nothing, the addresses `apt-get update` would read. Hooks of the machine's apt
configuration are not run; its proxy and credential settings are used.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ccd.lab.progress import Report, step

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
UPDATE_TIMEOUT = 300
DOWNLOAD_TIMEOUT = 900


class AptError(Exception):
    """Packages could not be got; the text says why and what to do."""


@dataclass(frozen=True)
class Source:
    """One line of sources.list: the address of a mirror and the release wanted from it."""

    uri: str
    release: str

    def line(self) -> str:
        return f"deb [signed-by={KEYRING}] {self.uri} {self.release} main\n"


def machine_sources() -> list[Source]:
    """The Debian archives this machine is configured with, in order."""
    if not shutil.which("apt-get"):
        raise AptError("apt-get is missing: the lab's packages come from Debian; install them yourself (see README)")
    if not KEYRING.exists():
        raise AptError(f"{KEYRING} is missing: install the package debian-archive-keyring")
    listing = _run(["apt-get", "indextargets", "Created-By: Packages"], timeout=60)
    sources = [
        Source(target["Repo-URI"], target["Release"])
        for target in _paragraphs(listing)
        if target.get("Component") == "main" and _is_debian(target)
    ]
    sources = sources or _sources_never_read()
    if not sources:
        raise AptError("apt is configured with no Debian archive: no mirror to get packages from")
    return list(dict.fromkeys(sources))


def unstable_sources() -> list[Source]:
    """Debian sid on the mirror that serves this machine's own release."""
    mirror = next((source.uri for source in machine_sources() if "security" not in source.release), None)
    if mirror is None:
        raise AptError("apt is configured with Debian's security archive only: no mirror to get sid from")
    return [Source(mirror, "sid")]


def _sources_never_read() -> list[Source]:
    """Without lists apt knows no archive's origin: its usual path tells, and the signature proves it."""
    listing = _run(["apt-get", "-o", "Debug::NoLocking=1", "update", "--print-uris"], timeout=60)
    found = re.findall(r"^'(\S+/debian(?:-security)?/)dists/(\S+)/InRelease'", listing, re.MULTILINE)
    return [Source(uri, release) for uri, release in found]


def _is_debian(target: dict[str, str]) -> bool:
    if "Origin" in target:
        return target["Origin"] == "Debian"
    return target["Repo-URI"].rstrip("/").endswith(("/debian", "/debian-security"))


def _paragraphs(listing: str) -> Iterator[dict[str, str]]:
    for paragraph in listing.split("\n\n"):
        fields = (line.split(": ", 1) for line in paragraph.splitlines() if ": " in line)
        target = {field[0]: field[1].strip() for field in fields}
        if {"Repo-URI", "Release"} <= target.keys():
            yield target


def unpack(sources: Sequence[Source], packages: Sequence[str], into: Path, *, beside_machine: bool) -> None:
    """Get `packages` with all they depend on and unpack them as the new folder `into`, which appears only when whole.

    `beside_machine`: what the machine has installed is not got again, and the programs run on the machine's libraries;
    otherwise everything down to libc is got, and they run by the libc's own loader. Raises AptError.
    """
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{into.name}.part-", dir=into.parent) as part:
        state = Path(part, "apt")
        apt = _configure(state, sources, beside_machine)
        release = sources[0].release
        with step(f"Reading the package lists of Debian {release}") as report:
            _counted([*apt, "update"], 0, report, UPDATE_TIMEOUT)
        install = [*apt, "install", "-y", "--no-install-recommends"]
        total = sum(line.startswith("'") for line in _run([*install, "--print-uris", *packages], 60).splitlines())
        with step(f"Getting {total} packages of Debian {release}") as report:
            _counted([*install, "--download-only", *packages], total, report, DOWNLOAD_TIMEOUT)
        root = Path(part, "root")
        root.mkdir()
        with step("Unpacking") as report:
            _extract(sorted((state / "cache/archives").glob("*.deb")), root, report)
        os.rename(root, into)


def _configure(state: Path, sources: Iterable[Source], beside_machine: bool) -> list[str]:
    """Write the private apt configuration; answers the command to run apt with it."""
    for folder in ("lists/partial", "cache/archives/partial", "empty"):
        (state / folder).mkdir(parents=True)
    (state / "sources.list").write_text("".join(source.line() for source in sources))
    (state / "status").touch()
    status = Path("/var/lib/dpkg/status") if beside_machine else state / "status"
    (state / "apt.conf").write_text(
        f'Dir::State "{state}";\nDir::State::lists "{state}/lists";\nDir::State::status "{status}";\n'
        f'Dir::State::extended_states "{state}/extended_states";\nDir::Cache "{state}/cache";\n'
        f'Dir::Cache::archives "{state}/cache/archives";\nDir::Etc::sourcelist "{state}/sources.list";\n'
        f'Dir::Etc::sourceparts "{state}/empty";\nDir::Etc::preferences "/dev/null";\n'
        f'Dir::Etc::preferencesparts "{state}/empty";\nDir::Log "{state}";\n'
        'APT::Sandbox::User "root";\nDebug::NoLocking "true";\nAPT::Keep-Downloaded-Packages "true";\n'
        'APT::Update::Error-Mode "any";\nAcquire::Languages "none";\nAcquire::Retries "3";\n'
        "#clear APT::Update::Pre-Invoke;\n#clear APT::Update::Post-Invoke;\n"
        "#clear APT::Update::Post-Invoke-Success;\n#clear DPkg::Pre-Install-Pkgs;\n#clear DPkg::Post-Invoke;\n"
        "#clear APT::Default-Release;\n"
    )
    return ["apt-get", "-c", str(state / "apt.conf")]


def _extract(archives: Sequence[Path], root: Path, report: Report) -> None:
    def extract(archive: Path) -> None:
        _run(["dpkg-deb", "-x", str(archive), str(root)], timeout=120)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, _ in enumerate(pool.map(extract, archives), start=1):
            report(done, len(archives))


def _counted(command: Sequence[str], total: int, report: Report, timeout: float) -> None:
    """Run apt, telling the progress from its `Get:` lines."""
    lines: list[str] = []
    with subprocess.Popen(
        ["timeout", str(timeout), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "LC_ALL": "C"},
    ) as process:
        assert process.stdout is not None
        done = 0
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Get:"):
                done += 1
                report(done, total, " ".join(line.split()[4:5]))
    _check(command, process.returncode, "".join(lines[-20:]))


def _run(command: Sequence[str], timeout: float) -> str:
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment, check=False)
    except subprocess.TimeoutExpired as error:
        raise AptError(f"{command[0]} did not finish in {timeout:.0f} s") from error
    _check(command, done.returncode, done.stderr)
    return done.stdout


def _check(command: Sequence[str], code: int, output: str) -> None:
    if code:
        reason = "took too long" if code == 124 else f"failed with {code}"
        raise AptError(f"`{' '.join(command)}` {reason}:\n{output.strip()}")
