"""A scriptable softphone: real SIP and RTP, a tone of its own as microphone, a recording of all it hears."""

import asyncio
import contextlib
import json
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ccd.lab import tones
from ccd.lab.packages import Program
from ccd.lab.phone_message import PhoneSettings
from ccd.lab.process import LabError, Process, port_range

COMMAND_TIMEOUT = 5.0
HISTORY = 10_000
POLL = 0.05
WAV_HEADER = 44
BYTES_PER_SECOND = 16_000
T = TypeVar("T")


@dataclass(frozen=True)
class PhoneEvent:
    """Something a phone saw, with its time on CLOCK_MONOTONIC (`monotonic`) and in UTC (`at`), in seconds.

    Names: ready, registration (code, active), incoming, ringing (code), answered, media (active), digit (digit),
    ended (code, reason).
    """

    name: str
    monotonic: float
    at: float
    call: int | None
    fields: Mapping[str, Any]


@dataclass
class PhoneCall:
    """One call of a phone. `headers` are those of the INVITE that came in, as received, repeated ones kept."""

    phone: "Phone"
    number: int
    recording: Path
    request: str = ""
    headers: Sequence[tuple[str, str]] = ()
    events: list[PhoneEvent] = field(default_factory=list)

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def event(self, name: str) -> PhoneEvent | None:
        return next((event for event in self.events if event.name == name), None)

    @property
    def digits(self) -> str:
        """The digits heard on this call (RFC 4733)."""
        return "".join(event.fields["digit"] for event in self.events if event.name == "digit")

    async def reach(self, name: str, within: float = 10.0) -> PhoneEvent:
        """The first event `name` of this call, waited for. Raises LabError when the call ends or time is up first."""
        await self.phone.until(lambda: self.event(name) or self.event("ended"), within, f"{name} of call {self.number}")
        if event := self.event(name):
            return event
        raise LabError(f"{self.phone.name}: call {self.number} ended before {name}: {self.event('ended')}")

    async def answered(self, within: float = 10.0) -> PhoneEvent:
        return await self.reach("answered", within)

    async def ended(self, within: float = 10.0) -> PhoneEvent:
        """How it ended: `fields` has the SIP code and reason."""
        return await self.reach("ended", within)

    async def reach_last(self, name: str, within: float = 10.0, **fields: Any) -> PhoneEvent:
        """Wait until the last event `name` of this call has these fields, e.g. media with active=False."""

        def reached() -> PhoneEvent | None:
            last = next((event for event in reversed(self.events) if event.name == name), None)
            return last if last and fields.items() <= last.fields.items() else None

        return await self.phone.until(reached, within, f"{name} with {fields} of call {self.number}")

    async def heard_for(self, seconds: float, within: float = 10.0) -> None:
        """Wait until the recording is that long. It is written in pieces of a quarter of a second."""
        await self._listen(lambda: self.recorded_seconds() >= seconds, within, f"{seconds} s of sound")

    async def until_heard(self, condition: Callable[[tones.Recording], bool], within: float = 10.0) -> None:
        """Wait until what this side has heard so far fulfils `condition`. Raises LabError when the call ends first."""

        def fulfilled() -> bool:
            return self.recorded_seconds() > 0 and condition(tones.read(self.recording))

        await self._listen(fulfilled, within, "what was to be heard")

    async def _listen(self, fulfilled: Callable[[], bool], within: float, what: str) -> None:
        """A growing file wakes nobody, so it is looked at now and then."""
        deadline = time.monotonic() + within
        while not fulfilled():
            if self.event("ended") or time.monotonic() > deadline:
                raise LabError(f"{self.phone.name}: {what} did not come in call {self.number}")
            await asyncio.sleep(POLL)

    def recorded_seconds(self) -> float:
        """How much has been written of what was heard."""
        size = self.recording.stat().st_size if self.recording.exists() else 0
        return max(0, size - WAV_HEADER) / BYTES_PER_SECOND

    async def answer(self) -> None:
        await self.phone.command("reply", call=self.number, code=200)

    async def refuse(self, code: int = 486) -> None:
        await self.phone.command("reply", call=self.number, code=code)

    async def press(self, digits: str) -> None:
        """Send digits by RFC 4733; the phone takes about .25 s for each."""
        await self.phone.command("press", call=self.number, digits=digits)

    async def hold(self) -> None:
        await self.phone.command("hold", call=self.number)

    async def unhold(self) -> None:
        await self.phone.command("unhold", call=self.number)

    async def transfer(self, number: str) -> None:
        """Blind transfer (REFER) to `number` at the same server."""
        await self.phone.command("transfer", call=self.number, uri=self.phone.uri(number))

    async def hang_up(self) -> None:
        """Hang up; no error when the other side was faster."""
        if self.event("ended") is None:
            with contextlib.suppress(LabError):
                await self.phone.command("hang_up", call=self.number)


class Phone:
    """A softphone in a process of its own. `calls` are all it ever had, `events` the last HISTORY it reported."""

    def __init__(
        self,
        name: str,
        server_port: int,
        folder: Path,
        *,
        password: str = "",
        tone: int = 0,
        host: str = "127.0.0.1",
        log_level: int = 1,
    ) -> None:
        self.name = name
        self.tone = tone
        self.settings = PhoneSettings(
            name=name,
            server=f"127.0.0.1:{server_port}",
            password=password,
            host=host,
            rtp_port=port_range(200).start,
            tone=tone,
            folder=str(folder),
            log_level=log_level,
        )
        self.calls: list[PhoneCall] = []
        self.events: deque[PhoneEvent] = deque(maxlen=HISTORY)
        self._folder = folder
        self._by_number: dict[int, PhoneCall] = {}
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._sequence = 0
        self._changed = asyncio.Event()
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the process; the phone can call and be called, but has not registered. Raises LabError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        program = Program((sys.executable, "-m", "ccd.lab.phone_process", json.dumps(asdict(self.settings))))
        log = self._folder / f"{self.name}.log"
        self._process = await Process.start(program, (), log, self._folder, piped=True)
        self._reading = asyncio.create_task(self._read(self._process), name=f"phone {self.name}")
        await self.until(lambda: self._last("ready"), 10.0, "ready")

    async def stop(self) -> None:
        """End the process as a phone that loses its power: no BYE, no un-REGISTER."""
        if self._process is not None:
            await self._process.kill()
        if self._reading is not None:
            await self._reading

    def uri(self, number: str) -> str:
        return f"sip:{number}@{self.settings.server}"

    async def register(self, within: float = 5.0) -> None:
        """Raises LabError if the server refuses."""
        await self._registration("register", True, within)

    async def unregister(self, within: float = 5.0) -> None:
        await self._registration("unregister", False, within)

    async def auto_answer(self, after: float = 0.0) -> None:
        """From now on answer every call after so many seconds of ringing."""
        await self.command("answering", code=200, after=after)

    async def auto_refuse(self, code: int = 486, after: float = 0.0) -> None:
        await self.command("answering", code=code, after=after)

    async def let_ring(self) -> None:
        """From now on neither answer nor refuse (so it is at the start)."""
        await self.command("answering", code=None, after=0.0)

    async def call(
        self, number: str, *, caller: str = "", display: str = "", headers: Sequence[tuple[str, str]] = ()
    ) -> PhoneCall:
        """Call `number`, showing `caller` (default: the phone's name) and a display name."""
        quoted = display.replace("\\", "\\\\").replace('"', '\\"')
        identity = f'"{quoted}" <sip:{caller or self.name}@{self.settings.host}>'
        answer = await self.command("call", uri=self.uri(number), identity=identity, headers=list(headers))
        return self._call(answer["call"], answer["recording"])

    async def incoming(self, within: float = 10.0, *, after: int = 0) -> PhoneCall:
        """The next call that comes in, or the one that came after the phone had `after` calls."""

        def arrived() -> PhoneCall | None:
            return next((call for call in self.calls[after:] if call.event("incoming")), None)

        return await self.until(arrived, within, "a call")

    async def microphone(self, *, tone: int = 0, file: Path | None = None, loop: bool = False) -> None:
        """Say a tone (Hz) or a wav file from now on; neither: silence."""
        await self.command("microphone", tone=tone, file=str(file or ""), loop=loop)

    async def command(self, name: str, **fields: Any) -> dict[str, Any]:
        """Give the phone process a command, and get its answer. Raises LabError."""
        if self._process is None or self._process.returncode is not None:
            raise LabError(f"phone {self.name} is not running")
        self._sequence += 1
        sequence = self._sequence
        answer = self._answers[sequence] = asyncio.get_running_loop().create_future()
        self._process.stdin.write(json.dumps({"do": name, "seq": sequence, **fields}).encode() + b"\n")
        try:
            return await asyncio.wait_for(answer, COMMAND_TIMEOUT)
        except TimeoutError as error:
            raise LabError(f"phone {self.name} does not obey {name}") from error
        finally:
            del self._answers[sequence]

    async def until(self, condition: Callable[[], T | None], within: float, what: str) -> T:
        """Wait until `condition` gives something; it is tried after every event. Raises LabError when time is up."""
        try:
            async with asyncio.timeout(within):
                while (result := condition()) is None:
                    if self._reading is not None and self._reading.done():
                        raise LabError(f"phone {self.name} ended while waiting for {what}")
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as error:
            raise LabError(f"phone {self.name}: no {what} within {within} s") from error
        return result

    async def _registration(self, command: str, active: bool, within: float) -> None:
        asked_at = time.monotonic()
        await self.command(command)

        def outcome() -> PhoneEvent | None:
            last = self._last("registration")
            return last if last and last.monotonic >= asked_at else None

        event = await self.until(outcome, within, command)
        if event.fields["code"] != 200 or event.fields["active"] != active:
            raise LabError(f"phone {self.name}: {command} failed: {dict(event.fields)}")

    def _last(self, name: str) -> PhoneEvent | None:
        return next((event for event in reversed(self.events) if event.name == name), None)

    async def _read(self, process: Process) -> None:
        try:
            while line := await process.stdout.readline():
                self._receive(json.loads(line))
        finally:
            self._changed.set()
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(LabError(f"phone {self.name} ended:\n{process.log_tail()}"))

    def _receive(self, message: dict[str, Any]) -> None:
        name = message.pop("event")
        if name in ("done", "failed"):
            self._resolve(message)
            return
        event = PhoneEvent(name, message.pop("monotonic"), message.pop("at"), message.get("call"), message)
        self.events.append(event)
        if event.call is not None:
            call = self._call(event.call, message.get("recording", ""))
            if name == "incoming":
                call.request = message["request"]
                call.headers = [(key, value) for key, value in message["headers"]]
            call.events.append(event)
        self._changed.set()

    def _resolve(self, message: dict[str, Any]) -> None:
        answer = self._answers.get(message["seq"])
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(LabError(f"phone {self.name}: {message['error']}"))
            return
        if "call" in message:  # known from here on, even if its first event is in the same read
            self._call(message["call"], message["recording"])
        answer.set_result(message)

    def _call(self, number: int, recording: str) -> PhoneCall:
        call = self._by_number.get(number)
        if call is None:
            call = self._by_number[number] = PhoneCall(self, number, Path(recording))
            self.calls.append(call)
        elif recording:
            call.recording = Path(recording)
        return call
