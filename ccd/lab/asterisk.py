"""A private Asterisk on loopback: its own folder, free ports, up in half a second."""

import asyncio
import secrets
from pathlib import Path

from ccd.lab.asterisk_config import TRUNK_HOST, AsteriskPorts, AsteriskSettings, render
from ccd.lab.packages import AsteriskFiles, Program
from ccd.lab.process import LabError, Process, free_port, free_udp_port, port_range
from ccd.lab.switch import PrivateSwitch, output_of

START_TIMEOUT = 30.0
PORT_TAKEN = "Address already in use"


class Asterisk(PrivateSwitch):
    """One Asterisk with its configuration below `folder`; started, stopped, killed and started again at will."""

    name, kind = "Asterisk", "asterisk"

    def __init__(self, folder: Path, files: AsteriskFiles, settings: AsteriskSettings, openssl: Program) -> None:
        super().__init__(folder)
        self.settings = settings
        self._ports = AsteriskPorts(
            sip=free_udp_port(),
            ami=free_port(),
            ami_tls=free_port(),
            trunk=free_udp_port(TRUNK_HOST),
            rtp=port_range(settings.rtp_port_count),
        )
        self.lab_secret = secrets.token_hex(16)
        self._files = files
        self._openssl = openssl

    @property
    def ports(self) -> AsteriskPorts:
        return self._ports

    @property
    def log(self) -> Path:
        """Notices, warnings, errors, and verbose messages as `settings.verbose` tells, since the last start."""
        return self.folder / "log/messages"

    @property
    def spool(self) -> Path:
        """Recordings with a relative name go to `monitor` in here."""
        return self.folder / "spool"

    @property
    def certificate(self) -> Path:
        """What a client trusts for AMI over TLS (common name and address 127.0.0.1)."""
        return self.folder / "data/certificate.pem"

    def endpoint_uri(self, number: str) -> str:
        """The SIP URI to call `number` at."""
        return f"sip:{number}@127.0.0.1:{self.ports.sip}"

    def trunk_uri(self) -> str:
        """The SIP URI that calls to the outgoing trunk reach; a peer may listen there."""
        return f"sip:{TRUNK_HOST}:{self.ports.trunk}"

    async def start(self) -> None:
        """Write the configuration, start, and return when it is fully booted and AMI accepts. Raises LabError."""
        self._lay_out()
        if self.settings.tls and not self.certificate.exists():
            await self._make_certificate()
        arguments = ("-f", "-n", "-C", str(self.folder / "etc/asterisk.conf"))
        self._process = await Process.start(self._files.program, arguments, self.folder / "log/console", self.folder)
        try:
            await asyncio.wait_for(self._booted(), START_TIMEOUT)
        except TimeoutError as error:
            raise LabError(f"Asterisk did not boot in {START_TIMEOUT:.0f} s:\n{self._report()}") from error
        if PORT_TAKEN in self._report():  # it runs on all the same, and the port's owner would get our calls
            await self.kill()
            raise LabError(f"somebody took a port of Asterisk's: {self.ports}")

    async def command(self, line: str) -> str:
        """What the command line (`asterisk -rx`) answers. Raises LabError."""
        configuration = str(self.folder / "etc/asterisk.conf")
        return await output_of(self._files.program.command("-C", configuration, "-rx", line), f"asterisk -rx {line!r}")

    async def channels(self) -> list[str]:
        return [line for line in (await self.command("core show channels concise")).splitlines() if line]

    async def channel_count(self) -> int:
        return int((await self.command("core show channels count")).split()[0])

    def _lay_out(self) -> None:
        self.log.unlink(missing_ok=True)
        for name in ("etc", "data/sounds", "data/keys", "spool/monitor", "run", "log"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name, target in self._links().items():
            link = self.folder / "data" / name
            if not link.is_symlink():
                link.symlink_to(target)
        rendered = render(self.settings, self.ports, self.folder, self._files.modules, self.lab_secret)
        for name, text in rendered.items():
            (self.folder / "etc" / name).write_text(text)

    def _links(self) -> dict[str, Path]:
        """Data comes by links of our own: in Debian's tree `sounds/en` is made by a package script."""
        return {"documentation": self._files.documentation, "sounds/en": self._files.sounds, "moh": self._files.music}

    async def _booted(self) -> None:
        """Commands are taken once the control socket is there; `core waitfullybooted` then waits for the rest."""
        while not (self.folder / "run/asterisk.ctl").exists() or not await self._accepts():
            if self.process.returncode is not None:
                raise LabError(f"Asterisk ended:\n{self._report()}")
            await asyncio.sleep(0.01)
        await self.command("core waitfullybooted")

    async def _accepts(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.ports.ami)
        except OSError:
            return False
        writer.close()
        return True

    def _report(self) -> str:
        messages = self.log.read_text(errors="replace") if self.log.exists() else ""
        return f"{self.process.log_tail()}\n{messages[-4000:]}"

    async def _make_certificate(self) -> None:
        key, certificate = str(self.folder / "data/key.pem"), str(self.certificate)
        arguments = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
        arguments += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
        log = self.folder / "log/openssl"
        child = await Process.start(self._openssl, [*arguments, "-keyout", key, "-out", certificate], log, self.folder)
        if await child.wait():
            raise LabError(f"openssl failed:\n{child.log_tail()}")
