"""The demonstration itself: lab and daemon up, agents in, eight callers through, evidence gathered."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
import soundfile

from ccd.lab import dialplans, packages
from ccd.lab.asterisk_config import TRUNK_HOST, AsteriskSettings, Endpoint
from ccd.lab.caller import Caller as ScriptedCaller
from ccd.lab.caller import HearSpeech, Press, Script, Wait
from ccd.lab.centre import Centre, with_ccd
from ccd.lab.demo.cast import Part, cast
from ccd.lab.demo.site import AGENTS, DUTY_SERVICE, GUEST, GUEST_AGENT, OUTSIDE, SHOP, settings
from ccd.lab.demo.verdict import Evidence, Sound, talked_with
from ccd.lab.lab import Lab, LabSettings
from ccd.lab.phone import Phone
from ccd.lab.phone_call import PhoneCall
from ccd.lab.process import LabError
from ccd.lab.rtp import RATE, decode_mu_law
from ccd.lab.sip_peer import Reply, SipPeer
from ccd.model.caller import Caller
from ccd.model.cdr import Cdr
from ccd.model.ids import CallId
from ccd.model.view import CallerPage, CallPage, CentreView, Why

DUTY_TONE = 1500
BY_PHONE = "eva"
"""The agent who logs in at the phone, with number and PIN; the others log in through the API."""
REFUSING = "dan"
ON_BREAK = "ana"
RING = 0.6
FILED_WITHIN = 10.0
T = TypeVar("T")


class Session:
    """One demonstration: `start` each part in turn, `run` it, gather the `evidence`, `close`."""

    def __init__(self, hash_pin: Callable[[str], str]) -> None:
        secret = secrets.token_hex(16)
        self.pins = {BY_PHONE: _pin(), GUEST_AGENT.id: _pin()}
        self.guest, self.outside = Endpoint(GUEST), Endpoint(OUTSIDE, context="from-trunk")
        asterisk = AsteriskSettings(endpoints=[self.guest, self.outside])
        wanted = with_ccd(LabSettings(agents=len(AGENTS), asterisk=asterisk), dialplans.folder() / "asterisk", secret)
        self.lab = Lab(wanted)
        site = settings((*AGENTS, GUEST_AGENT), self.pins, hash_pin)
        self.centre = Centre(self.lab, secret, site, dialplans.flows(), packages.home() / "speech")
        self.agent_phones = {agent.id: self.lab.phone(agent.number) for agent in AGENTS}
        self._opened = asyncio.Event()
        self.parts = cast(self._opened, [phone.tone for phone in self.agent_phones.values()], DUTY_TONE)
        self.before: dict[str, Caller | None] = {}
        self.failures: dict[str, str] = {}
        self._phones: dict[str, Phone] = {}
        self._outside: SipPeer | None = None
        self._earlier: set[CallId] = set()

    # --- before the calls

    async def start_lab(self) -> None:
        """Redis, Asterisk, the agents' phones."""
        await self.lab.__aenter__()

    async def start_centre(self) -> None:
        """The daemon; it renders its speech first."""
        await self.centre.start()

    async def start_callers(self) -> None:
        """The eight callers' phones, and the trunk's far end, where the duty service answers; nobody calls yet."""
        self._outside = SipPeer(
            TRUNK_HOST,
            self.lab.asterisk.ports.trunk,
            on_call=lambda call: Reply(after=RING),
            tone=lambda number: DUTY_TONE if number == DUTY_SERVICE else 0,
        )
        phones = await asyncio.gather(*(self.lab.caller(part.id) for part in self.parts))
        self._phones = {part.id: phone for part, phone in zip(self.parts, phones, strict=True)}
        self.before = {part.id: await self._record(part) for part in self.parts}

    async def _log_agents_in(self) -> None:
        """One at his phone, by feature code, number and PIN; the others through the API."""
        for agent in AGENTS:
            if agent.id != REFUSING:
                await self.agent_phones[agent.id].auto_answer(RING)
        await self.agent_phones[REFUSING].auto_refuse(603, RING)
        by_api = [agent for agent in AGENTS if agent.id != BY_PHONE]
        for agent in by_api:
            await self.centre.post(f"/v1/agents/{agent.id}/login", {"endpoint": agent.endpoint})
        by_phone = next(agent for agent in AGENTS if agent.id == BY_PHONE)
        keys = (HearSpeech(), Press(f"{by_phone.number}#"), Wait(1.5), Press(f"{self.pins[BY_PHONE]}#"))
        script = Script("*71", by_phone.number, steps=keys, longest=20)
        await ScriptedCaller(self.agent_phones[BY_PHONE], script).run()
        states = {agent.id: agent.state for agent in (await self.view()).agents if agent.id != GUEST_AGENT.id}
        if set(states.values()) != {"ready"}:
            raise LabError(f"not all agents are ready: {states}")

    async def _make_known(self) -> None:
        """Those who are known called before: a short call each makes their record; its fields come through the API."""
        known = [part for part in self.parts if part.record]
        await asyncio.gather(*(self._call_earlier(part) for part in known))
        self.before |= {part.id: await self._record(part) for part in known}
        self._earlier = {call.call for call in (await self._page()).calls}

    async def _call_earlier(self, part: Part) -> None:
        assert self._outside is not None
        call = self._outside.place(SHOP, ("127.0.0.1", self.lab.asterisk.ports.sip), caller=part.script.number)
        caller = await _until(lambda: self._record(part), f"no record of {part.who}")
        call.hang_up()
        await self._patch(caller, part)
        await _until(lambda: self._has_ended(part), f"the first call of {part.who} did not end")

    async def _patch(self, caller: Caller, part: Part) -> None:
        await self.centre.patch(f"/v1/callers/{caller.id}", {"fields": dict(part.record)})

    async def _has_ended(self, part: Part) -> bool:
        return any(call.number == part.number for call in (await self._page()).calls)

    # --- the calls

    async def run(self) -> None:
        """The agents log in, and all eight call. What fails in a call is kept for the evidence.

        Raises an ExceptionGroup of LabError when the agents do not come in.
        """
        own = [asyncio.create_task(task) for task in (self._take_break(), self._refuse_once())]
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._open())
                for part in self.parts:
                    group.create_task(self._play(part))
        finally:
            for task in own:
                task.cancel()
            await asyncio.gather(*own, return_exceptions=True)

    async def _open(self) -> None:
        await asyncio.gather(self._log_agents_in(), self._make_known())
        self._opened.set()

    async def _play(self, part: Part) -> None:
        try:
            if part.cue is not None:
                await asyncio.wait_for(part.cue.wait(), 60)
            await asyncio.sleep(part.delay)
            await ScriptedCaller(self._phones[part.id], part.script).run()
        except (LabError, TimeoutError) as error:
            self.failures[part.id] = str(error) or "the one he waited for did not come so far"
            for call in self._phones[part.id].calls:
                await call.hang_up()

    async def _take_break(self) -> None:
        """After her first talk Ana dials the feature code for a break."""
        phone = self.agent_phones[ON_BREAK]
        await (await phone.incoming(60)).ended(60)
        await (await phone.call("*731")).ended(20)

    async def _refuse_once(self) -> None:
        """Dan refuses his first call, and takes the next."""
        phone = self.agent_phones[REFUSING]
        await (await phone.incoming(60)).ended(10)
        await phone.auto_answer(RING)

    # --- what is seen

    async def view(self) -> CentreView:
        """The centre as it stands."""
        return msgspec.convert(await self.centre.get("/v1/state"), CentreView)

    async def why(self, call: Cdr) -> Why:
        """Why each agent was chosen."""
        return msgspec.convert(await self.centre.get(f"/v1/calls/{call.call}/why"), Why)

    async def evidence(self) -> list[Evidence]:
        """Of every call, once all recordings are in their places and nothing runs any more."""
        await _until(self._is_quiet, "calls are left, or recordings are not filed", FILED_WITHIN)
        calls = [call for call in (await self._page()).calls if call.call not in self._earlier]
        return [await self._evidence(part, [c for c in calls if c.number == part.number]) for part in self.parts]

    async def _is_quiet(self) -> bool:
        # The page comes last: a call that ends meanwhile must be seen in it, and its recording there be waited for.
        if (await self.view()).calls or await self.lab.asterisk.channel_count():
            return False
        calls = [call for call in (await self._page()).calls if call.call not in self._earlier]
        expected = {part.number for part in self.parts if part.id not in self.failures}
        filed = all(file.path for call in calls for file in call.recordings)
        return (
            filed
            and all(mail.path for call in calls for mail in call.voicemails)
            and expected <= {c.number for c in calls}
        )

    async def _evidence(self, part: Part, calls: Sequence[Cdr]) -> Evidence:
        sounds = self._sounds(part, calls[0]) if len(calls) == 1 else []
        failure, before = self.failures.get(part.id, ""), self.before[part.id]
        return Evidence(part, failure, calls, before, await self._record(part), sounds)

    def _sounds(self, part: Part, cdr: Cdr) -> list[Sound]:
        """What each side heard, and what was recorded: the customer left, the agent right."""
        caller = self._phones[part.id]
        files = [(file.path, "the recording") for file in cdr.recordings]
        messages = [Sound("the message", self.centre.recordings / mail.path, [caller.tone]) for mail in cdr.voicemails]
        agent = talked_with(cdr)
        if not agent:
            return messages
        tone = DUTY_TONE if agent == "outside" else self.agent_phones[agent].tone
        own = [Sound("the caller", call.recording, [tone]) for call in caller.calls]
        heard = self._heard_outside() if agent == "outside" else [call.recording for call in self._talks(agent, cdr)]
        own += [Sound(agent, path, [caller.tone]) for path in heard]
        own += [Sound(what, self.centre.recordings / path, [caller.tone, tone]) for path, what in files]
        return [*own, *messages]

    def _talks(self, agent: str, cdr: Cdr) -> list[PhoneCall]:
        calls = [call for call in self.agent_phones[agent].calls if call.header("X-CCD-Call") == cdr.call]
        if len(calls) != 1:
            raise LabError(f"{agent}'s phone had {len(calls)} calls for {cdr.call}")
        return calls

    def _heard_outside(self) -> list[Path]:
        """What the duty service heard, as files."""
        calls = [call for call in self._outside.history if call.is_incoming] if self._outside else []
        paths = [self.lab.folder / f"duty-{number}.wav" for number, _ in enumerate(calls)]
        for path, call in zip(paths, calls, strict=True):
            soundfile.write(
                path, decode_mu_law(bytes(call.stream.sound if call.stream else b"")), RATE, subtype="PCM_16"
            )
        return paths

    async def _record(self, part: Part) -> Caller | None:
        answer: Any = await self.centre.get(f"/v1/callers?search={quote(part.number)}")
        return next(iter(msgspec.convert(answer, CallerPage).callers), None)

    async def _page(self) -> CallPage:
        return msgspec.convert(await self.centre.get("/v1/calls/past?limit=100"), CallPage)

    async def close(self) -> None:
        """The daemon gently, then the lab."""
        if self._outside is not None:
            self._outside.close()
        await self.centre.stop_if_running()
        await self.lab.close()


async def _until(ask: Callable[[], Awaitable[T | None]], failure: str, within: float = 5.0) -> T:
    """Ask again and again until the answer is something. Raises LabError."""
    try:
        async with asyncio.timeout(within):
            while not (answer := await ask()):  # noqa: ASYNC110 - what another process does wakes nobody here
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise LabError(failure) from error
    return answer


def _pin() -> str:
    return f"{secrets.randbelow(10_000):04}"
