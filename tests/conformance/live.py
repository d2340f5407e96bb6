"""Scenarios on a real switch: real SIP and sound, the daemon as the program it is. Many at a time on one switch."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import quote

import msgspec

from ccd.lab import tones
from ccd.lab.process import LabError
from ccd.model.cdr import Cdr, Recording
from ccd.model.ids import SECOND
from ccd.model.view import AgentView, CallerPage, CallView
from tests.conformance import hearing
from tests.conformance.company import Member
from tests.conformance.director import Director
from tests.conformance.live_centre import MUSIC_TONE, LiveCentre, until
from tests.conformance.live_side import LiveSide, ScriptedPhones
from tests.conformance.scenario import Person
from tests.conformance.stage import Disturbance, Files, Result, ScriptError
from tests.conformance.transcript import transcript

AT_A_TIME = 8
LONGEST_END = 20.0
SURE = 0.15
"""Seconds of a tone in a file by which somebody is known."""
EDGE = 0.1
"""Seconds at both ends of a stretch of a recording that are left out: a switch takes its time to pause."""


async def play_all(centre: LiveCentre, told: Callable[[Member, str | ScriptError], None]) -> None:
    """First those that do not disturb each other, many at a time, then one after the other."""
    gate = asyncio.Semaphore(AT_A_TIME)

    async def play_one(member: Member) -> None:
        async with gate:
            told(member, await played(centre, member))

    members = [member for member in centre.company.members if centre.kind.name not in member.scenario.not_on]
    async with asyncio.TaskGroup() as group:
        for member in members:
            if not member.scenario.alone:
                group.create_task(play_one(member))
    for member in members:
        if member.scenario.alone:
            told(member, await played(centre, member))


async def played(centre: LiveCentre, member: Member) -> str | ScriptError:
    """The transcript, or what went wrong."""
    stage = LiveStage(centre, member)
    director = Director(member, stage)
    try:
        await director.play()
        result = await stage.end()
        director.notice()
        return transcript(member, director.diary, result)
    except ScriptError as error:
        stage.give_up()
        return error


class LiveStage:
    """A `Stage`."""

    def __init__(self, centre: LiveCentre, member: Member) -> None:
        self._centre = centre
        self._member = member
        self._sides: dict[str, LiveSide] = {}
        sounds = {sound.tone: sound.name for sound in member.sounds.values()}
        voices = {tone: name for name, tone in member.voices.items()}
        self._names = {MUSIC_TONE: "music", **sounds, **voices}
        self._numbers = {member.number(person) for person in member.scenario.people.values()}

    # --- calls

    def place(self, person: Person, number: str, shown: Person | None) -> LiveSide:
        phones = self._phones(person)
        caller = self._member.number(shown) if shown else "anonymous"
        display = shown.shown or (f"Phone {caller}" if shown.kind == "phone" else "") if shown else ""
        tone = self._member.voices[person.name]
        call = phones.place(number, self._centre.server, caller=caller, display=display, tone=tone)
        side = self._sides[call.call_id] = LiveSide(phones, call, self._names)
        return side

    def incoming(self, person: Person) -> Sequence[LiveSide]:
        if person.kind == "caller":
            return []
        phones, number = self._phones(person), self._member.number(person)
        for call in phones.history:
            if call.is_incoming and call.number.endswith(number) and call.call_id not in self._sides:
                self._sides[call.call_id] = LiveSide(phones, call, self._names)
        sides = self._sides.values()
        return [side for side in sides if side.is_incoming and side.call.number.endswith(number)]

    def _phones(self, person: Person) -> ScriptedPhones:
        return self._centre.phones if person.kind == "phone" else self._centre.outside

    # --- time

    async def until(self, ask: Callable[[], Awaitable[bool]], what: str, within: float = 20.0) -> None:
        await until(ask, what, within)

    async def passes(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    # --- the centre

    async def agent(self, person: Person) -> AgentView:
        name = self._member.names.there(person.name)
        return next(view for view in (await self._centre.fresh()).agents if view.id == name)

    async def call(self, person: Person) -> CallView | None:
        views = (await self._centre.fresh()).calls
        return next((view for view in views if view.ani == self._member.number(person)), None)

    async def request(self, person: Person, action: str, reason: str = "") -> None:
        body: dict[str, str] | None = {"reason": reason} if reason else None
        path = f"/v1/agents/{self._member.names.there(person.name)}/{action}"
        if action == "login":
            body = {"endpoint": self._centre.kind.endpoint(f"PJSIP/{self._member.number(person)}")}
        elif action == "pause":
            body = {"reason": reason}
        elif not person.is_agent:
            view = await self.call(person)
            path = f"/v1/calls/{view.id if view else 'none'}/{action}"
        try:
            await self._centre.centre.post(path, body)
        except LabError as error:
            raise ScriptError(str(error)) from error
        if action == "login":
            await self._phone_is(person, "idle", "ringing", "in_use")

    async def phone(self, person: Person, *, is_there: bool) -> None:
        number = self._member.number(person)
        phones = self._centre.phones
        await (phones.come_back if is_there else phones.leave)(number, self._centre.server)
        await self._phone_is(person, "idle" if is_there else "unreachable")

    async def _phone_is(self, person: Person, *wanted: str) -> None:
        """Once the centre has it so."""

        async def known() -> bool:
            return (await self.agent(person)).endpoint_state in wanted

        await self.until(known, f"phone that is {wanted[0]}")

    async def disturb(self, what: Disturbance) -> None:
        it = self._centre
        match what:
            case "daemon dies":
                await it.centre.kill()
            case "daemon returns":
                await it.centre.start()
            case "link cut":
                self._target, it.link.target = it.link.target, it.centre.port  # where no switch answers
                it.link.cut()
                await self.until(self._is_down, "link that is down")
            case "link joined":
                it.link.target = self._target
                it.link.cut()
                await self.until(self._is_up, "link")
            case "records lost":
                await it.lab.redis.kill()
                await self.until(self._has_no_records, "notice that the records are away")
            case "records found":
                await it.lab.redis.start()
                await self.until(self._has_records, "records that are back")
            case "switch restarts":
                await it.lab.switch.kill()
                await self.until(self._is_down, "link that is down")
                await it.lab.switch.start()
                await it.register_again()
                await self.until(self._is_up, "link")

    async def _is_up(self) -> bool:
        return (await self._centre.fresh()).health.ready

    async def _has_records(self) -> bool:
        return next(part.ok for part in (await self._centre.fresh()).health.parts if part.name == "redis")

    async def _has_no_records(self) -> bool:
        return not await self._has_records()

    async def _is_down(self) -> bool:
        return not await self._is_up()

    # --- the end

    def give_up(self) -> None:
        """Nobody stays in a call."""
        for side in self._sides.values():
            side.hang_up()

    async def end(self) -> Result:
        calls: Sequence[Cdr] = ()

        async def is_quiet() -> bool:
            nonlocal calls
            view = await self._centre.fresh()
            if any(self._is_ours(call.ani, call.dnis) for call in view.calls):
                return False
            calls = [cdr for cdr in await self._centre.past() if self._is_ours(cdr.ani, cdr.dnis)]
            return all(map(has_its_files, calls))

        await self.until(is_quiet, "end of all calls", LONGEST_END)
        await asyncio.sleep(2.0)  # wrap-up
        agents = {self._member.names.there(name) for name, one in self._member.scenario.people.items() if one.is_agent}
        changes = [change for change in self._centre.changes() if change.agent in agents]
        calls = sorted(calls, key=lambda cdr: cdr.started_at)
        return Result(calls, changes, await self._records(calls), self._files(calls))

    def _is_ours(self, ani: str, dnis: str) -> bool:
        numbers = {self._member.names.there(number) for number in self._member.scenario.sections["numbers"]}
        return ani in self._numbers or dnis in numbers

    async def _records(self, calls: Sequence[Cdr]) -> dict[str, dict[str, str]]:
        """Of callers whom a flow looked up."""
        found = {}
        for number in dict.fromkeys(cdr.number for cdr in calls if cdr.caller):
            page = await self._centre.centre.get(f"/v1/callers?search={quote(number)}")
            found[number] = dict(msgspec.convert(page, CallerPage).callers[0].fields)
        return found

    def _files(self, calls: Sequence[Cdr]) -> Files:
        recordings = {str(one.recording): self._stretches(one) for cdr in calls for one in cdr.recordings if one.path}
        messages = {mail.name: self._message(mail.path) for cdr in calls for mail in cdr.voicemails}
        return Files(recordings, messages)

    def _stretches(self, recording: Recording) -> list[str]:
        """Each segment as the file has it."""
        file = tones.read(self._centre.centre.recordings / recording.path)
        out, at = [], 0.0
        for segment in recording.segments:
            length = ((segment.ended_at or recording.ended_at) - segment.began_at) / SECOND
            first, last = (round((at + shift) * file.rate) for shift in (EDGE, length - EDGE))
            sides = [self._speakers(channel[first:last]) for channel in file.channels]
            out.append(judged(sides, is_muted=segment.muted) if length > 4 * EDGE else "too short")
            at += length
        return out

    def _message(self, path: str) -> str:
        file = tones.read(self._centre.centre.recordings / path)
        return "sound" if any(map(self._speakers, file.channels)) else "nothing"

    def _speakers(self, samples: tones.Samples) -> set[str]:
        """Whose voices are heard; `silence` for nobody's and no other sound."""
        pieces = hearing.in_file(samples, self._names)
        found = {piece.what for piece in pieces if piece.what in self._member.voices}
        return {name for name in found if sum(p.seconds for p in pieces if p.what == name) >= SURE}


def judged(sides: Sequence[set[str]], *, is_muted: bool) -> str:
    """One speaker on each side and not the same, or nobody on either; else who was heard where."""
    left, right = sides if len(sides) == 2 else (sides[0], set())
    if len(left) == len(right) == 1 and left != right and not is_muted:
        return "sound"
    if not left and not right and is_muted:
        return "silence"
    return f"left {sorted(left)}, right {sorted(right)}"


def has_its_files(cdr: Cdr) -> bool:
    """Whether recordings and messages are in their places."""
    return all(one.path or one.lost for one in cdr.recordings) and all(mail.path for mail in cdr.voicemails)
