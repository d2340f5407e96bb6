"""A whole centre for tests: daemon, switch, Redis; callers, outside numbers and agents' phones as SIP peers.

The switch is an Asterisk; with SWITCH=freeswitch and FREESWITCH_PREFIX in the environment it is the FreeSWITCH there.
"""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
import soundfile

from ccd.lab import dialplans, switch, tones
from ccd.lab.asterisk_config import TRUNK_HOST, AsteriskSettings, Endpoint
from ccd.lab.centre import Centre, port_of, with_ccd, with_ccd_on_freeswitch
from ccd.lab.freeswitch_config import FreeSwitchSettings
from ccd.lab.lab import Lab, LabSettings
from ccd.lab.packages import Packages
from ccd.lab.peer_call import PeerCall
from ccd.lab.process import free_udp_port
from ccd.lab.proxy import Proxy
from ccd.lab.rtp import RtpStream, decode_mu_law, tone_frames
from ccd.lab.sip_peer import Reply, SipPeer
from ccd.model.caller import Caller
from ccd.model.cdr import Cdr
from ccd.model.view import AgentView, CallerPage, CallPage, CallView, CentreView, Why

AGENTS_HOST = "127.0.0.3"
CALLER_TONE, OUTSIDE_TONE, PROMPT_TONE = 700, 1500, 1900
PHONE_TONES = {"1001": 900, "1002": 1000, "1003": 1100, "1004": 1200, "1005": 1300}
"""What each agent's phone says, Hz."""
CLI = "+34910000001"
KIND = switch.chosen()
IS_FREESWITCH = KIND == "freeswitch"
T = TypeVar("T")

SITE: dict[str, Any] = {
    "site": {"name": "Test", "region": "ES", "missed_offers_limit": 3, "pause_reasons": ["break", "lunch"]},
    "dial_policy": {
        "emergency": ["112"],
        "rules": [
            {"name": "premium", "pattern": "+34803*", "allow": False},
            {"name": "Spain", "pattern": "+34XXXXXXXXX", "trunk": switch.TRUNK[KIND], "outbound_cli": CLI},
        ],
    },
}


@dataclass(eq=False)
class CallCentre:
    """`answers` says what a phone does with a call that comes in, by its number; phones answer soon otherwise."""

    lab: Lab
    centre: Centre
    outside: SipPeer
    phones: SipPeer
    answers: dict[str, Reply | None]
    numbers: Iterator[int]
    link: Proxy
    """Between daemon and switch, where that was asked for."""

    # --- calls

    def call(self, number: str, *, caller: str = "", display: str = "", tone: int = CALLER_TONE) -> PeerCall:
        """Somebody calls in; without a number of his own he has one that nobody had before."""
        caller = caller or f"6{next(self.numbers):08}"
        return self.outside.place(number, self.server, caller=caller, display=display, tone=tone)

    def dial(self, phone: str, number: str) -> PeerCall:
        """An agent's phone dials."""
        return self.phones.place(number, self.server, caller=phone, tone=PHONE_TONES[phone])

    @property
    def server(self) -> tuple[str, int]:
        return ("127.0.0.1", self.lab.switch.ports.sip)

    def rung(self, phone: str) -> list[PeerCall]:
        """The calls that this phone got, oldest first."""
        return [call for call in self.phones.history if call.is_incoming and call.number == phone]

    # --- the API

    async def view(self) -> CentreView:
        return msgspec.convert(await self.centre.get("/v1/state"), CentreView)

    async def running(self, call: PeerCall) -> CallView | None:
        """The running call of this caller."""
        return next((one for one in (await self.view()).calls if one.ani == shown_number(call)), None)

    async def phase(self, call: PeerCall, phase: str, within: float = 10.0) -> CallView:
        """Once the call has come to this phase."""

        async def reached() -> CallView | None:
            view = await self.running(call)
            return view if view is not None and view.phase == phase else None

        return await until(reached, f"{phase} of {shown_number(call)}", within)

    async def agent(self, agent: str) -> AgentView:
        return msgspec.convert(await self.centre.get(f"/v1/agents/{agent}"), AgentView)

    async def agent_is(self, agent: str, state: str, within: float = 10.0) -> AgentView:
        """Once the agent is in this state."""

        async def reached() -> AgentView | None:
            view = await self.agent(agent)
            return view if view.state == state else None

        return await until(reached, f"{agent} {state}", within)

    async def log_in(self, *agents: str) -> None:
        """At their usual phones, in this order."""
        for agent in agents:
            number = next(view.number for view in (await self.view()).agents if view.id == agent)
            await self.centre.post(f"/v1/agents/{agent}/login", {"endpoint": endpoint(number)})

    async def cdr(self, call: PeerCall, within: float = 10.0) -> Cdr:
        """The record of the call that just ended, its files in their places."""

        async def stored() -> Cdr | None:
            found = next((cdr for cdr in await self.past() if cdr.ani == shown_number(call)), None)
            files = [one.path or one.lost for one in found.recordings] if found else []
            return found if found and all([*files, *(mail.path for mail in found.voicemails)]) else None

        return await until(stored, f"the record of {shown_number(call)}", within)

    async def past(self) -> tuple[Cdr, ...]:
        """The records of calls that ended, newest first."""
        return msgspec.convert(await self.centre.get("/v1/calls/past?limit=100"), CallPage).calls

    async def why(self, cdr: Cdr) -> Why:
        return msgspec.convert(await self.centre.get(f"/v1/calls/{cdr.call}/why"), Why)

    async def caller(self, number: str) -> Caller | None:
        page = msgspec.convert(await self.centre.get(f"/v1/callers?search={quote(number)}"), CallerPage)
        return next(iter(page.callers), None)

    def recording(self, path: str) -> tones.Recording:
        return tones.read(self.centre.recordings / path)

    # --- nothing is left

    async def assert_quiet(self) -> None:
        """No channel at the switch, no call, no offer; then everybody is logged out for the next test."""

        async def quiet() -> bool:
            view = await self.view()
            busy = [agent.id for agent in view.agents if agent.call or agent.state in ("offered", "talking")]
            return not view.calls and not busy and not await self.lab.switch.channel_count()

        await until(quiet, "the end of all calls")
        health = {part.name: part for part in (await self.view()).health.parts}
        assert health["engine"].ok, health["engine"].detail
        for agent in (await self.view()).agents:
            if agent.state != "logged_out":
                await self.centre.post(f"/v1/agents/{agent.id}/logout")
        self.answers.clear()


def shown_number(call: PeerCall) -> str:
    """The number that a call placed shows."""
    return call.local.rpartition("<sip:")[2].partition("@")[0]


def sound(call: PeerCall) -> RtpStream:
    """What a call heard. Fails where it never had sound."""
    assert call.stream is not None
    return call.stream


async def until(ask: Callable[[], Awaitable[T | None]], what: str, within: float = 10.0) -> T:
    """Ask until the answer is something."""
    try:
        async with asyncio.timeout(within):
            while not (answer := await ask()):  # noqa: ASYNC110 - another process has no event to wait for
                await asyncio.sleep(0.03)
    except TimeoutError:
        raise AssertionError(f"no {what} within {within} s") from None
    return answer


async def hears(call: PeerCall, tone: int, seconds: float = 0.3, within: float = 10.0) -> None:
    """Until the call has heard the tone for so long."""

    async def heard() -> bool:
        return sound(call).heard(tone).seconds >= seconds

    await until(heard, f"{tone} Hz", within)


async def hears_on(call: PeerCall, seconds: float = 0.5) -> None:
    """So much more sound arrives."""
    enough = len(sound(call).sound) + int(8_000 * seconds)

    async def arrived() -> bool:
        return len(sound(call).sound) >= enough

    await until(arrived, f"{seconds} s of sound")


def lasts(call: PeerCall, tone: int, seconds: float) -> bool:
    """Whether the last so many seconds were this tone."""
    samples = decode_mu_law(bytes(sound(call).sound[-int(8_000 * seconds) :]))
    return tones.heard(samples, 8_000, tone).seconds > seconds * 0.8


def answered(call: PeerCall, within: float = 10.0) -> Awaitable[PeerCall]:
    return asyncio.wait_for(asyncio.shield(call.answered), within)


def ended(call: PeerCall, within: float = 15.0) -> Awaitable[PeerCall]:
    return asyncio.wait_for(asyncio.shield(call.ended), within)


def prompt(folder: Path, name: str, tone: int, seconds: float) -> str:
    """A sound file of a tone; its name as a flow gives it."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = b"".join(itertools.islice(itertools.cycle(tone_frames(tone)), int(seconds * 50)))
    soundfile.write(folder / f"{name}.wav", decode_mu_law(frames), 8_000, subtype="PCM_16")
    return str(folder / name)


def endpoint(number: str) -> str:
    """The phone of that number, as this switch names it."""
    return switch.TECHNOLOGY[KIND] + number


def _on_asterisk(softphones: int, fixed: Sequence[str], port: int) -> LabSettings:
    endpoints = [Endpoint(name, contact=f"sip:{name}@{AGENTS_HOST}:{port}") for name in fixed]
    return LabSettings(softphones, AsteriskSettings(endpoints=[*endpoints, Endpoint("1099")], qualify_seconds=1))


def _on_freeswitch(softphones: int, passwords: Mapping[str, str]) -> LabSettings:
    endpoints = [Endpoint(name, password) for name, password in passwords.items()]
    return LabSettings(softphones, freeswitch=FreeSwitchSettings(endpoints=[*endpoints, Endpoint("1099")]))


@asynccontextmanager
async def call_centre(
    installed: Packages,
    settings: Mapping[str, Any],
    flows: Callable[[Path], Mapping[str, str]],
    *,
    softphones: int = 0,
    standby: bool = False,
    proxied: bool = False,
) -> AsyncIterator[CallCentre]:
    """`settings` beyond `SITE`; `flows` are made with a folder for sounds. Phones 1001 … wait at fixed contacts, but
    for the first `softphones`, which are real ones of the lab.
    """
    port, secret = free_udp_port(AGENTS_HOST), secrets.token_hex(16)
    fixed = [name for name in PHONE_TONES if int(name) > 1000 + softphones]
    passwords = {name: secrets.token_hex(8) for name in fixed} if IS_FREESWITCH else {}
    wanted = _on_freeswitch(softphones, passwords) if IS_FREESWITCH else _on_asterisk(softphones, fixed, port)
    with_it, folder = (with_ccd_on_freeswitch, "freeswitch") if IS_FREESWITCH else (with_ccd, "asterisk")
    async with Lab(with_it(wanted, dialplans.folder() / folder, secret), installed) as lab:
        link = Proxy(port_of(lab.switch))
        texts = flows(lab.folder / "prompts")
        port_of_switch = link.port if proxied else 0
        centre = Centre(lab, secret, {**SITE, **settings}, texts, standby=standby, port_of_switch=port_of_switch)
        answers: dict[str, Reply | None] = {}
        outside = SipPeer(TRUNK_HOST, lab.switch.ports.trunk, tone=lambda number: OUTSIDE_TONE)
        phones = SipPeer(
            AGENTS_HOST,
            port,
            on_call=lambda call: answers.get(call.number, Reply(after=0.02)),
            tone=lambda number: PHONE_TONES.get(number, 0),
            passwords=passwords,
        )
        try:
            await link.start()
            for name in passwords:
                await phones.register(name, ("127.0.0.1", lab.switch.ports.sip))
            await centre.start()
            yield CallCentre(lab, centre, outside, phones, answers, itertools.count(1), link)
        finally:
            outside.close()
            phones.close()
            await centre.stop_if_running()
            await link.close()
