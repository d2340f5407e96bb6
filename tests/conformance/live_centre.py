"""A real switch, a real daemon and scripted phones for all scenarios at once."""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import soundfile

from ccd.daemon.journal import Entry, read, segments
from ccd.lab import dialplans, template
from ccd.lab.asterisk_config import TRUNK_HOST, AsteriskSettings, Endpoint
from ccd.lab.centre import Centre, port_of, with_ccd, with_ccd_on_freeswitch
from ccd.lab.freeswitch_config import FreeSwitchSettings
from ccd.lab.lab import Lab, LabSettings
from ccd.lab.packages import Packages
from ccd.lab.process import LabError, free_udp_port
from ccd.lab.proxy import Proxy
from ccd.lab.rtp import decode_mu_law, tone_frames
from ccd.model.cdr import Cdr
from ccd.model.fact import AgentChanged
from ccd.model.view import CallPage, CentreView
from tests.conformance.company import Company, company
from tests.conformance.live_side import ScriptedPhones
from tests.conformance.scenario import Scenario
from tests.conformance.stage import ScriptError
from tests.conformance.switch import SwitchKind

PHONES_HOST = "127.0.0.3"
MUSIC_TONE = 450
MUSIC_SECONDS = 20.0
POLL = 0.05


@dataclass(eq=False)
class LiveCentre:
    """`view` is the centre as it was asked last."""

    kind: SwitchKind
    company: Company
    lab: Lab
    centre: Centre
    link: Proxy
    outside: ScriptedPhones
    phones: ScriptedPhones
    view: CentreView | None = None
    _asked: asyncio.Condition = field(default_factory=asyncio.Condition)
    _round: int = 0

    @property
    def server(self) -> tuple[str, int]:
        """Where callers and phones call."""
        return ("127.0.0.1", self.lab.switch.ports.sip)

    async def register_again(self) -> None:
        """The switch knows no phone any more, if it ever asked them to register."""
        for name in self.phones.registered:
            await self.phones.register(name, self.server)

    async def watch(self) -> None:
        """Ask for the whole centre again and again; everybody who waits looks at the same answer."""
        while True:
            view = None
            with suppress(LabError):  # there is no daemon just now
                view = msgspec.convert(await self.centre.get("/v1/state"), CentreView)
            async with self._asked:
                self._round += 1
                self.view = view or self.view
                self._asked.notify_all()
            await asyncio.sleep(POLL)

    async def fresh(self) -> CentreView:
        """The centre as it is from now on: by a question that is yet to be asked."""
        async with self._asked:
            seen = self._round
            await self._asked.wait_for(lambda: self._round >= seen + 2)
            assert self.view is not None
            return self.view

    async def past(self) -> Sequence[Cdr]:
        """Records of calls that ended, the newest first."""
        found: list[Cdr] = []
        path = "/v1/calls/past?limit=100"
        while True:
            page = msgspec.convert(await self.centre.get(path), CallPage)
            found += page.calls
            if not page.next_before:
                return found
            path = f"/v1/calls/past?limit=100&before={page.next_before}"

    def changes(self) -> list[AgentChanged]:
        """All changes of agents, from the journal: those that no daemon told anybody are in it, too."""
        frames = itertools.chain.from_iterable(map(read, segments(self.centre.folder / "journal")))
        facts = (fact for frame in frames if isinstance(frame, Entry) for fact in frame.facts)
        return [fact for fact in facts if isinstance(fact, AgentChanged)]


async def until(ask: Callable[[], Awaitable[bool]], what: str, within: float) -> None:
    """Ask until it is so. Raises ScriptError."""
    try:
        async with asyncio.timeout(within):
            while not await ask():  # noqa: ASYNC110 - another process has no event to wait for
                await asyncio.sleep(POLL)
    except TimeoutError:
        raise ScriptError(f"no {what} within {within:g} s") from None


@asynccontextmanager
async def live_centre(
    scenarios: Sequence[Scenario], kind: SwitchKind, installed: Packages, folder: Path
) -> AsyncIterator[LiveCentre]:
    """The common site of the scenarios on a switch of this kind; sounds are made in `folder`."""
    made = company(scenarios, folder / "sounds", kind, datetime.now(UTC).date())
    for sound in made.sounds:
        write_tone(Path(f"{sound.file}.wav"), sound.tone, sound.seconds)
    write_tone(folder / "music/music.wav", MUSIC_TONE, MUSIC_SECONDS)
    port, secret = free_udp_port(PHONES_HOST), secrets.token_hex(16)
    passwords = {name: secrets.token_hex(8) for name in numbers(made)} if kind.phones_register else {}
    settings = LAB_SETTINGS[kind.name](made, folder / "music", port, secret, passwords)
    async with Lab(settings, installed) as lab:
        link = Proxy(port_of(lab.switch))
        centre = Centre(lab, secret, made.settings, made.flows, port_of_switch=link.port)
        outside = ScriptedPhones(TRUNK_HOST, lab.switch.ports.trunk, voice_of(made, "outside"))
        phones = ScriptedPhones(PHONES_HOST, port, voice_of(made, "phone"), passwords)
        it = LiveCentre(kind, made, lab, centre, link, outside, phones)
        watch: asyncio.Task[None] | None = None
        try:
            await link.start()
            for name in passwords:
                await phones.register(name, it.server)
            await centre.start()
            watch = asyncio.create_task(it.watch())
            yield it
        finally:
            if watch is not None:
                watch.cancel()
            outside.close()
            phones.close()
            await centre.stop_if_running()
            await link.close()


def on_asterisk(made: Company, music: Path, port: int, secret: str, passwords: Mapping[str, str]) -> LabSettings:
    """A lab with an Asterisk; its phones are at fixed contacts, and asked every second whether they are there."""
    contact = f"@{PHONES_HOST}:{port}"
    endpoints = [Endpoint(name, contact=f"sip:{name}{contact}", is_watched=True) for name in numbers(made)]
    files = {"musiconhold.conf": f"[default]\nmode = files\ndirectory = {music}\n"}
    asterisk = AsteriskSettings(endpoints=endpoints, qualify_seconds=1, files=files)
    return with_ccd(LabSettings(0, asterisk), dialplans.folder() / "asterisk", secret)


def on_freeswitch(made: Company, music: Path, port: int, secret: str, passwords: Mapping[str, str]) -> LabSettings:
    """A lab with a FreeSWITCH; its phones register."""
    endpoints = [Endpoint(name, password) for name, password in passwords.items()]
    name = "autoload_configs/local_stream.conf.xml"
    files = {name: template.read("freeswitch")[name].replace("@{folder}/music", str(music))}
    settings = LabSettings(freeswitch=FreeSwitchSettings(endpoints=endpoints, files=files))
    return with_ccd_on_freeswitch(settings, dialplans.folder() / "freeswitch", secret)


LAB_SETTINGS = {"asterisk": on_asterisk, "freeswitch": on_freeswitch}


def numbers(made: Company) -> list[str]:
    """Of all phones, once."""
    people = ((member, person) for member in made.members for person in member.scenario.people.values())
    return list(dict.fromkeys(member.number(person) for member, person in people if person.kind == "phone"))


def voice_of(made: Company, kind: str) -> Callable[[str], int]:
    """Whose phone of this kind says what, by its number."""
    voices = {
        member.number(person): member.voices[person.name]
        for member in made.members
        for person in member.scenario.people.values()
        if person.kind == kind
    }
    return lambda number: next((tone for end, tone in voices.items() if number.endswith(end)), 0)


def write_tone(path: Path, tone: int, seconds: float) -> None:
    """A file of sound that is this tone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = b"".join(itertools.islice(itertools.cycle(tone_frames(tone)), round(seconds * 50)))
    soundfile.write(path, decode_mu_law(frames), 8_000, subtype="PCM_16")
