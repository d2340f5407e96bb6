"""A real ccd beside a lab: the daemon in a process of its own, with journal and records on, spoken to over HTTP."""

import asyncio
import json
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from ccd.lab.asterisk import Asterisk
from ccd.lab.centre import port_of
from ccd.lab.freeswitch import FreeSwitch
from ccd.lab.freeswitch_config import DOMAIN
from ccd.lab.packages import Program
from ccd.lab.process import LabError, Process, free_port
from ccd.lab.redis import Redis
from ccd.lab.switch import PrivateSwitch
from ccd.web.token import hash_token, make_token

ROOT = Path(__file__).parents[1]
DIALPLANS = ROOT / "dialplans/asterisk"
ACCOUNT = "ccd"
START_TIMEOUT = 30.0
STOP_TIMEOUT = 10.0
LOGINS_AT_ONCE = 8
LAST_CHANNEL_TIME = 3.0
"""Seconds within which the channels of ended calls are gone: a BYE is answered before its channel is."""


async def channels_left(switch: PrivateSwitch) -> list[str]:
    """The channels that outlive their calls: none, if all is well."""
    until = time.monotonic() + LAST_CHANNEL_TIME
    while lines := await switch.channels():
        if time.monotonic() > until:
            break
        await asyncio.sleep(0.2)
    return lines


class Centre:
    """One daemon. `agents` is what stands under `agents:`, `queues` likewise, `numbers` leads to `flows` (documents).

    Journal and state are in `folder`; each start begins with empty ones.
    """

    def __init__(
        self,
        folder: Path,
        switch: Asterisk | FreeSwitch,
        redis: Redis,
        secret: str,
        *,
        agents: Mapping[str, Mapping[str, Any]],
        queues: Mapping[str, Mapping[str, Any]],
        numbers: Mapping[str, str],
        flows: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.folder = folder
        self.recordings = switch.spool / "monitor" if isinstance(switch, Asterisk) else switch.folder / "recordings"
        self._agents = agents
        self._flows = flows
        self._secret = secret
        self._token = make_token("bench")
        self._port = free_port()
        self._process: Process | None = None
        self._http: httpx.AsyncClient | None = None
        account = ACCOUNT if isinstance(switch, Asterisk) else f"{ACCOUNT}@{DOMAIN}"
        pbx = {"kind": switch.kind, "port": port_of(switch), "username": account, "secret_file": "secret"}
        if isinstance(switch, FreeSwitch):
            pbx["domain"] = DOMAIN
        self._settings = {
            "site": {"name": "bench", "region": "DE"},
            "switches": {"pbx": {**pbx, "recordings": str(self.recordings)}},
            "redis": {"url": redis.url},
            "http": {
                "listen": f"127.0.0.1:{self._port}",
                "tokens": [{"name": "bench", "role": "admin", "hash": hash_token(self._token)}],
            },
            "folders": {
                "flows": "flows",
                "journal": "journal",
                "state": "state",
                "speech": "speech",
                "recordings": str(self.recordings),
            },
            "numbers": numbers,
            "queues": queues,
            "agents": agents,
        }

    @property
    def process(self) -> Process:
        if self._process is None:
            raise LabError("ccd is not running")
        return self._process

    @property
    def http(self) -> httpx.AsyncClient:
        if self._http is None:
            raise LabError("ccd is not running")
        return self._http

    async def start(self) -> None:
        """Start the daemon and log everybody in; returns when it takes calls. Raises LabError."""
        self._lay_out()
        program = Program((sys.executable, "-m", "ccd.cli.main"), {"PYTHONPATH": str(ROOT)})
        arguments = ("run", "--config", str(self.folder / "ccd.yaml"))
        self._process = await Process.start(program, arguments, self.folder / "log", self.folder)
        address = f"http://127.0.0.1:{self._port}"
        self._http = httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {self._token}"}, timeout=10)
        try:
            async with asyncio.timeout(START_TIMEOUT):
                while not await self._is_ready():  # noqa: ASYNC110 - another process cannot set an Event
                    await asyncio.sleep(0.02)
        except TimeoutError as error:
            raise LabError(f"ccd is not ready after {START_TIMEOUT:.0f} s:\n{self.process.log_tail()}") from error
        await self._log_in()

    async def stop(self) -> None:
        """SIGTERM, as a service manager does it."""
        if self._http is not None:
            await self._http.aclose()
        if self._process is not None:
            await self._process.stop(STOP_TIMEOUT)
        self._http = self._process = None

    async def get(self, path: str, **query: str | int) -> Any:
        """What the API answers. Raises LabError for anything but 200."""
        answer = await self.http.get(path, params=query)
        if answer.status_code != 200:
            raise LabError(f"GET {path}: {answer.status_code} {answer.text[:200]}")
        return answer.json()

    async def calls(self) -> Sequence[Any]:
        """The calls that run."""
        running: Sequence[Any] = (await self.get("/v1/calls"))["calls"]
        return running

    async def past_calls(self) -> list[Any]:
        """Every call record, newest first, page by page."""
        records: list[Any] = []
        before = 0
        while True:
            page = await self.get("/v1/calls/past", limit=100, before=before)
            records += page["calls"]
            before = page.get("next_before", 0)
            if not before:
                return records

    def _lay_out(self) -> None:
        for name in ("journal", "state", "flows"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        for name in ("journal", "state", "flows", "speech"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        # JSON is YAML, too.
        (self.folder / "ccd.yaml").write_text(json.dumps(self._settings, indent=1))
        for name, flow in self._flows.items():
            (self.folder / f"flows/{name}.yaml").write_text(json.dumps({"flow": name, **flow}, indent=1))
        secret = self.folder / "secret"
        secret.touch(0o600)
        secret.write_text(self._secret)

    async def _is_ready(self) -> bool:
        if self.process.returncode is not None:
            raise LabError(f"ccd ended:\n{self.process.log_tail()}")
        try:
            return (await self.http.get("/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    async def _log_in(self) -> None:
        agents = iter(self._agents.items())

        async def some() -> None:
            for name, agent in agents:
                answer = await self.http.post(f"/v1/agents/{name}/login", json={"endpoint": agent["endpoint"]})
                if answer.status_code != 200:
                    raise LabError(f"login of {name}: {answer.status_code} {answer.text[:200]}")

        await asyncio.gather(*(some() for _ in range(LOGINS_AT_ONCE)))
