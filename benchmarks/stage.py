"""Where people meet a real centre that may be harmed: a switch, Redis with a replica, ccd as a process, with proxies.

The daemon reaches switch and Redis through proxies of ours. Journal and recordings lie on small disks of their own,
where the process may mount any (see `in_private`).
"""

import asyncio
import itertools
import os
import secrets
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import soundfile
from msgspec import convert

from benchmarks.centre import ACCOUNT, DIALPLANS, ROOT
from benchmarks.people import FALLBACK_TONE, GREETING_TONE, MENU_TONE, People
from ccd.lab.asterisk_config import AsteriskSettings
from ccd.lab.centre import FALLBACK_SOUND, FREESWITCH_SITE, Centre, port_of, with_ccd_on_freeswitch
from ccd.lab.freeswitch import FreeSwitch
from ccd.lab.freeswitch_config import FreeSwitchSettings
from ccd.lab.lab import Lab, LabSettings
from ccd.lab.process import LabError
from ccd.lab.proxy import Proxy
from ccd.lab.redis import Redis
from ccd.lab.rtp import RATE, decode_mu_law, tone_frames
from ccd.lab.switch import TECHNOLOGY, chosen
from ccd.model.cdr import Cdr
from ccd.model.ids import Moment
from ccd.model.view import CallPage, CentreView

NUMBER = "4930901820"
PRIVATE = "CCD_PRIVATE_MOUNTS"
JOURNAL_SIZE, RECORDINGS_SIZE = 1_000, 4_000
"""Megabytes of the small disks; what lies on them is memory."""
DIALPLAN = """
[from-trunk]
exten => _[+0-9]!,1,Goto(ccd-inbound,${{EXTEN}},1)
[ccd-fallback-caller]
exten => _[+0-9]!,1,Answer(,i)
 same => n,Playback({fallback})
 same => n,Hangup(38)
[ccd-fallback-dialled]
exten => s,1,Hangup(16)
[ccd-fallback-outside]
exten => _[+*#0-9A-Za-z]!,1,Hangup(38)
[ccd-emergency]
exten => 112,1,Hangup(38)
[ccd-site-handback]
exten => _[a-z+0-9].,1,Hangup(38)
"""
FLOW = """
flow: chaos
steps:
  choose:
    menu:
      prompt: {{sound: {menu}}}
      keys: {{1: sales, 2: support, 3: message}}
      timeout: 3s
      retries: 10
      otherwise: sales
  sales:
    queue: sales
  support:
    queue: support
  message:
    voicemail:
      mailbox: shop
      greeting: {{sound: {greeting}}}
      max_time: 60s
      silence_time: 10s
  end:
    hangup:
"""
PROMPTS = {"menu": (MENU_TONE, 5.0), "greeting": (GREETING_TONE, 1.5), "fallback": (FALLBACK_TONE, 1.5)}


def in_private() -> bool:
    """Whether this process may mount small disks that nobody else sees."""
    return bool(os.environ.get(PRIVATE))


async def go_private(module: str) -> None:
    """Start this program again, by `unshare`, in name spaces where it may mount disks; returns where it may not."""
    words = ["unshare", "--user", "--map-root-user", "--mount"]
    if in_private() or shutil.which("unshare") is None:
        return
    probe = await asyncio.create_subprocess_exec(*words, "true", stderr=asyncio.subprocess.DEVNULL)
    if await probe.wait() == 0:
        arguments = [*words, sys.executable, "-m", module, *sys.argv[1:]]
        os.execvpe(words[0], arguments, {**os.environ, PRIVATE: "1"})


class Disk(NamedTuple):
    """A small disk in memory."""

    folder: Path
    size: int

    async def mount(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        await _run("mount", "-t", "tmpfs", "-o", f"size={self.size}m", "tmpfs", str(self.folder))

    async def unmount(self) -> None:
        await _run("umount", "--lazy", str(self.folder))

    async def fill(self) -> None:
        """It is as large as what lies on it."""
        for _ in range(20):
            usage = os.statvfs(self.folder)
            used = (usage.f_blocks - usage.f_bfree) * usage.f_frsize
            try:
                await _run("mount", "-o", f"remount,size={used}", str(self.folder))
            except LabError:  # somebody wrote meanwhile
                continue
            return
        raise LabError(f"{self.folder} was not filled")

    async def empty(self) -> None:
        """As large as before."""
        await _run("mount", "-o", f"remount,size={self.size}m", str(self.folder))


async def _run(*words: str) -> None:
    child = await asyncio.create_subprocess_exec(*words, stderr=asyncio.subprocess.PIPE)
    _, said = await child.communicate()
    if child.returncode:
        raise LabError(f"{' '.join(words)}: {said.decode(errors='replace').strip()}")


class Stage:
    """`async with Stage(people) as stage:` gives a centre that takes calls, its agents logged in."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.prompts = Path(tempfile.mkdtemp(prefix="ccd-prompts-"))
        secret = secrets.token_hex(16)
        self.lab = Lab(self._on_freeswitch(secret) if chosen() == "freeswitch" else self._on_asterisk(secret))
        self.switch = self.lab.switch
        self._replicas = itertools.count(1)
        self.redis = self.lab.redis
        self.replica = self._replica_of(self.redis)
        self.link = Proxy(port_of(self.switch))
        self.records = Proxy(self.redis.port)
        flow = FLOW.format(menu=self.prompts / "menu", greeting=self.prompts / "greeting")
        self.centre = Centre(self.lab, secret, self._settings(), {"chaos": flow}, port_of_switch=self.link.port)
        self.journals: list[Path] = []
        """Where former journals lie, each whole."""
        self.disks: dict[str, Disk] = {}
        if in_private():
            self.disks["journal"] = Disk(self.journal.parent, JOURNAL_SIZE)
            self.disks["recordings"] = Disk(self.centre.recordings, RECORDINGS_SIZE)

    @property
    def server(self) -> tuple[str, int]:
        return ("127.0.0.1", self.switch.ports.sip)

    @property
    def journal(self) -> Path:
        return self.lab.folder / "ccd/disk/journal"

    async def __aenter__(self) -> Self:
        try:
            for name, (frequency, seconds) in PROMPTS.items():
                frames = itertools.islice(itertools.cycle(tone_frames(frequency)), int(seconds * 50))
                sound = decode_mu_law(b"".join(frames))
                soundfile.write(self.prompts / f"{name}.wav", sound, RATE, subtype="PCM_16")
            await self.lab.__aenter__()
            await self.replica.start()
            await self.link.start()
            await self.records.start()
            await self.people.register(self.server)
            for disk in self.disks.values():
                await disk.mount()
            await self.centre.start()
            await self.log_in()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End everything that was started, and leave nothing."""
        await self.centre.stop_if_running()
        await self.link.close()
        await self.records.close()
        await self.redis.kill_if_running()
        await self.replica.kill_if_running()
        await self.switch.kill_if_running()
        for disk in self.disks.values():
            with suppress(LabError):
                await disk.unmount()
        await self.lab.close()
        shutil.rmtree(self.prompts, ignore_errors=True)

    # --- what is done to it

    async def log_in(self) -> list[str]:
        """Those agents who are not; they are answered."""
        out = [agent for agent in (await self.view()).agents if agent.state == "logged_out"]
        for agent in out:
            await self.centre.post(f"/v1/agents/{agent.id}/login", {"endpoint": self._endpoint(agent.number)})
        return [agent.id for agent in out]

    async def fail_over(self, unsaid: float) -> None:
        """Redis dies, and its replica takes its place without what was acknowledged in the last seconds."""
        await self.replica.in_step()
        await self.replica.promote()
        await asyncio.sleep(unsaid)
        await self.redis.kill()
        self.records.target = self.replica.port
        self.records.cut()
        self.redis = self.replica
        self.replica = self._replica_of(self.redis)
        await self.replica.start()

    async def end_link(self) -> str:
        """Have the switch end the daemon's connection, and answer how."""
        if isinstance(self.switch, FreeSwitch):
            await self.switch.command("reload mod_event_socket")
            return "reload mod_event_socket"
        shown = await self.switch.command("manager show connected")
        for fields in (line.split() for line in shown.splitlines()):
            if len(fields) >= 5 and fields[0] == ACCOUNT:
                await self.switch.command(f"manager kick session {fields[4]}")
        return "manager kick session"

    async def lose_journal(self) -> None:
        """The journal's folder is gone; it is kept elsewhere, to be replayed."""
        kept = self.journal.with_name(f"journal-{len(self.journals)}")
        self.journal.rename(kept)
        self.journals.append(kept)

    def _replica_of(self, master: Redis) -> Redis:
        return Redis(self.lab.folder / f"replica-{next(self._replicas)}", self.lab.installed.redis_server, master)

    # --- what it says

    async def view(self) -> CentreView:
        return convert(await self.centre.get("/v1/state"), CentreView)

    async def is_ready(self) -> bool:
        """Whether it takes calls: /readyz, which asks for the link to the switch too."""
        try:
            await self.centre.get("/readyz")
        except LabError:
            return False
        return True

    async def past(self, since: Moment = 0) -> list[Cdr]:
        """Every call record of calls that began after that, newest first."""
        found: list[Cdr] = []
        before = 0
        while True:
            page = convert(await self.centre.get(f"/v1/calls/past?limit=100&before={before}"), CallPage)
            found += page.calls
            before = page.next_before
            if not before or before < since:
                return found

    def _endpoint(self, number: str) -> str:
        return TECHNOLOGY[self.switch.kind] + number

    def _on_asterisk(self, secret: str) -> LabSettings:
        settings = AsteriskSettings(
            endpoints=self.people.endpoints(),
            dialplan=[DIALPLANS / "ccd.conf"],
            extensions=DIALPLAN.format(fallback=self.prompts / "fallback"),
            managers=[DIALPLANS / "manager.conf"],
            manager_secrets={ACCOUNT: secret},
            agent_context="ccd-from-agent",
            qualify_seconds=0,
        )
        return LabSettings(asterisk=settings)

    def _on_freeswitch(self, secret: str) -> LabSettings:
        fallback = f'<action application="playback" data="{self.prompts / "fallback"}.wav"/>'
        site = FREESWITCH_SITE.replace(FALLBACK_SOUND, fallback)
        settings = FreeSwitchSettings(endpoints=self.people.endpoints(), files={"dialplan/site.xml": site})
        return with_ccd_on_freeswitch(LabSettings(freeswitch=settings), ROOT / "dialplans/freeswitch", secret)

    def _settings(self) -> dict[str, Any]:
        agents = {
            f"a{number}": {
                "name": f"Agent {number}",
                "number": number,
                "endpoint": self._endpoint(number),
                "skills": {"sales": 1 + index % 5, **({"support": 1 + index % 4} if index % 3 == 0 else {})},
            }
            for index, number in enumerate(self.people.numbers)
        }
        return {
            "site": {"name": "chaos", "region": "DE"},
            "redis": {"url": f"redis://127.0.0.1:{self.records.port}/0"},
            "folders": {
                "journal": "disk/journal",
                "state": "state",
                "recordings": "recordings",
                "speech": "speech",
            },
            "numbers": {NUMBER: "chaos"},
            "queues": {
                name: {"requires": {name: 1}, "recording": {"mode": "always"}, "ring_time": "10s"}
                for name in ("sales", "support")
            },
            "agents": agents,
        }
