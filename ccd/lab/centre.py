"""A ccd daemon beside the lab's switch and Redis, run as the program it is: `ccd run` on files of its own."""

import asyncio
import contextlib
import hashlib
import json
import secrets
import shlex
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from ccd.lab.asterisk import Asterisk
from ccd.lab.freeswitch import FreeSwitch
from ccd.lab.freeswitch_config import DOMAIN, FreeSwitchSettings
from ccd.lab.lab import Lab, LabSettings
from ccd.lab.packages import Program
from ccd.lab.process import LabError, Process, free_port

START_TIMEOUT = 60.0
SITE = """
[from-trunk]
exten => _[+0-9]!,1,Goto(ccd-inbound,${EXTEN},1)
[ccd-fallback-caller]
exten => _[+0-9]!,1,Answer(,i)
 same => n,Playback(vm-nobodyavail)
 same => n,Hangup(38)
[ccd-fallback-dialled]
exten => s,1,Hangup(16)
[ccd-fallback-outside]
exten => _[+*#0-9A-Za-z]!,1,Hangup(38)
[ccd-emergency]
exten => 112,1,Dial(PJSIP/112@trunk)
 same => n,Hangup(${HANGUPCAUSE})
[ccd-site-handback]
exten => _[a-z+0-9].,1,Hangup(38)
"""
"""The site's own part of the dialplan: every inbound number goes to ccd, fallbacks end the call."""
FALLBACK_SOUND = '<action application="playback" data="tone_stream://%(1000,0,480)"/>'
FREESWITCH_SITE = f"""
<include>
  <context name="public">
    <extension name="ccd">
      <condition field="destination_number" expression="^([+0-9].*)$">
        <action application="transfer" data="$1 XML ccd-inbound"/>
      </condition>
    </extension>
  </context>
  <context name="ccd-fallback-caller">
    <extension name="fallback-caller">
      <condition field="destination_number" expression="^(.+)$">
        <action application="answer"/>
        {FALLBACK_SOUND}
        <action application="hangup" data="NETWORK_OUT_OF_ORDER"/>
      </condition>
    </extension>
  </context>
  <context name="ccd-fallback-dialled">
    <extension name="fallback-dialled">
      <condition field="destination_number" expression="^(.+)$">
        <action application="hangup" data="NORMAL_CLEARING"/>
      </condition>
    </extension>
  </context>
  <context name="ccd-fallback-outside">
    <extension name="fallback-outside">
      <condition field="destination_number" expression="^(.+)$">
        <action application="hangup" data="NETWORK_OUT_OF_ORDER"/>
      </condition>
    </extension>
  </context>
</include>
"""
"""The same for FreeSWITCH."""


def with_ccd(settings: LabSettings, dialplans: Path, secret: str) -> LabSettings:
    """The lab's settings for an Asterisk that hands its calls to ccd; `dialplans` is `dialplans/asterisk`."""
    asterisk = replace(
        settings.asterisk,
        dialplan=(*settings.asterisk.dialplan, dialplans / "ccd.conf"),
        extensions=SITE + settings.asterisk.extensions,
        managers=(*settings.asterisk.managers, dialplans / "manager.conf"),
        manager_secrets={**settings.asterisk.manager_secrets, "ccd": secret},
        agent_context="ccd-from-agent",
    )
    return replace(settings, asterisk=asterisk)


def with_ccd_on_freeswitch(settings: LabSettings, dialplans: Path, secret: str) -> LabSettings:
    """The lab's settings for a FreeSWITCH that hands its calls to ccd; `dialplans` is `dialplans/freeswitch`."""
    files = {f"dialplan/{path.relative_to(dialplans)}": path.read_text() for path in _parts_of_dialplan(dialplans)}
    files["dialplan/site.xml"] = FREESWITCH_SITE
    files["directory/default/ccd.xml"] = _filled(dialplans / "directory-ccd.xml", {"CHANGE-ME-TOO": secret})
    socket = {"CHANGE-ME": "@{lab_secret}", 'value="8021"': 'value="@{event_port}"'}
    files["autoload_configs/event_socket.conf.xml"] = _filled(dialplans / "event_socket.conf.xml", socket)
    wanted = settings.freeswitch or FreeSwitchSettings()
    made = replace(wanted, files={**files, **wanted.files}, agent_context="ccd-from-agent")
    return replace(settings, freeswitch=made)


def _parts_of_dialplan(folder: Path) -> list[Path]:
    return [folder / "ccd.xml", *sorted(folder.glob("ccd-*/*.xml"))]


def _filled(path: Path, places: Mapping[str, str]) -> str:
    text = path.read_text()
    for place, value in places.items():
        if text.count(place) != 1:
            raise LabError(f"{path}: {place!r} should be there once")
        text = text.replace(place, value)
    return text


def port_of(switch: Asterisk | FreeSwitch) -> int:
    """Where a daemon finds it."""
    return switch.ports.event if isinstance(switch, FreeSwitch) else switch.ports.ami


class Centre:
    """One daemon. `settings` are the sections of `ccd.yaml` that the lab does not know itself, `flows` their texts.

    `speech` is a folder of rendered speech that outlives the lab, so that the next one need not render it again. With
    `standby` another one may be started `beside` it, on the same folders, that takes over when it dies.
    `port_of_switch` is where it finds the switch, if something stands between.
    """

    def __init__(
        self,
        lab: Lab,
        secret: str,
        settings: Mapping[str, Any],
        flows: Mapping[str, str],
        speech: Path | None = None,
        *,
        standby: bool = False,
        port_of_switch: int = 0,
    ) -> None:
        self.folder = lab.folder / "ccd"
        self.recordings = self.folder / "recordings"
        self.port = free_port()
        self.token = f"ccd_lab_{secrets.token_urlsafe(32)}"
        self._lab = lab
        self._secret = secret
        self._settings = settings
        self._flows = flows
        self._speech = speech or self.folder / "speech"
        self._standby = standby
        self._port_of_switch = port_of_switch or port_of(lab.switch)
        self._name = "ccd"
        self._process: Process | None = None

    def beside(self) -> "Centre":
        """A second daemon with the same folders, switch and Redis, its API elsewhere."""
        made = Centre(self._lab, self._secret, self._settings, self._flows, self._speech, standby=True)
        made.token, made._name = self.token, "standby"
        return made

    @property
    def url(self) -> str:
        """Where the HTTP API is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """The daemon's standard error."""
        return self.folder / ("log" if self._name == "ccd" else f"{self._name}.log")

    @property
    def process(self) -> Process:
        """The running daemon. Raises LabError if there is none."""
        if self._process is None:
            raise LabError("ccd is not running")
        return self._process

    def write(self) -> None:
        """Write the files that the daemon reads; again, to change them."""
        (self.folder / "flows").mkdir(parents=True, exist_ok=True)
        (self.recordings / "incoming").mkdir(parents=True, exist_ok=True)
        (self.folder / "secret").write_text(self._secret)
        (self.folder / "secret").chmod(0o600)
        for name, text in self._flows.items():
            (self.folder / "flows" / f"{name}.yaml").write_text(text)
        self._configuration.write_text(yaml.safe_dump(self._document(), sort_keys=False))
        self._wrap("flite", self._lab.installed.flite)

    def _document(self) -> dict[str, Any]:
        own: dict[str, Any] = {
            "switches": {"pbx": self._switch()},
            "redis": {"url": self._lab.redis.url},
            "http": {
                "listen": f"127.0.0.1:{self.port}",
                "tokens": [
                    {
                        "name": "lab",
                        "role": "admin",
                        "hash": "sha256:" + hashlib.sha256(self.token.encode()).hexdigest(),
                    }
                ],
            },
            "folders": {
                "journal": "journal",
                "state": "state",
                "recordings": "recordings",
                "speech": str(self._speech),
            },
        }
        if self._standby:
            own["standby"] = {}
        return {**own, **self._settings}

    def _switch(self) -> dict[str, Any]:
        same = {"port": self._port_of_switch, "secret_file": "secret", "recordings": str(self.recordings)}
        if isinstance(self._lab.switch, FreeSwitch):
            return {"kind": "freeswitch", "username": f"ccd@{DOMAIN}", "domain": DOMAIN, **same}
        if not self._standby:
            return {"kind": "asterisk", "username": "ccd", **same}
        (self.folder / "fence").write_text(self._lab.asterisk.lab_secret)
        return {
            "kind": "asterisk",
            "username": "ccd",
            **same,
            "fence": {"username": "lab", "secret_file": "fence"},
        }

    @property
    def _configuration(self) -> Path:
        return self.folder / f"{self._name}.yaml"

    def _wrap(self, name: str, program: Program) -> None:
        """A program of that name for the daemon's PATH."""
        script = self.folder / "bin" / name
        script.parent.mkdir(exist_ok=True)
        variables = " ".join(f"{key}={shlex.quote(value)}" for key, value in program.environment.items())
        script.write_text(f'#!/bin/sh\nexec env {variables} {shlex.join(program.command())} "$@"\n')
        script.chmod(0o755)

    # --- life

    async def start(self) -> None:
        """Start, and return when it is ready for calls. Raises LabError with the end of its log."""
        await self.begin()
        await self.ready()

    async def begin(self) -> None:
        """Start, and do not wait for anything."""
        self.write()
        path = f"{self.folder / 'bin'}:/usr/local/bin:/usr/bin:/bin"
        program = Program((sys.executable, "-m", "ccd"), {"PATH": path})
        arguments = ("run", "--config", str(self._configuration))
        self._process = await Process.start(program, arguments, self.log, self.folder)

    async def ready(self) -> None:
        """Once it takes calls. Raises LabError with the end of its log."""
        try:
            async with asyncio.timeout(START_TIMEOUT):
                while not await self._is_ready():  # noqa: ASYNC110 - another process has no event to wait for
                    await asyncio.sleep(0.02)
        except TimeoutError as error:
            raise LabError(f"ccd was not ready in {START_TIMEOUT:.0f} s:\n{self._tail()}") from error

    async def _is_ready(self) -> bool:
        if self.process.returncode is not None:
            raise LabError(f"ccd ended with {self.process.returncode}:\n{self._tail()}")
        with contextlib.suppress(LabError):
            await self.get("/readyz")
            return True
        return False

    async def stop(self) -> None:
        """SIGTERM: it leaves its calls to the switch."""
        await self.process.stop()

    async def stop_if_running(self) -> None:
        """The same, also where it never came up."""
        if self._process is not None:
            await self._process.stop()

    async def kill(self) -> None:
        """SIGKILL."""
        await self.process.kill()

    def _tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    # --- its API

    async def get(self, path: str) -> Any:
        """GET; the JSON. Raises LabError for anything but success."""
        return await asyncio.to_thread(self._ask, "GET", path, None)

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """POST; the JSON, None where there is none. Raises LabError for anything but success."""
        return await asyncio.to_thread(self._ask, "POST", path, body)

    async def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """PATCH; the JSON. Raises LabError for anything but success."""
        return await asyncio.to_thread(self._ask, "PATCH", path, body)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own address on loopback
            self.url + path,
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise LabError(f"{method} {path}: {error.code} {error.read().decode(errors='replace')[:300]}") from error
        except OSError as error:
            raise LabError(f"{method} {path}: {error}") from error
        return json.loads(text) if text else None
