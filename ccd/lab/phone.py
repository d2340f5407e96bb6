"""A scriptable softphone: real SIP and RTP, a tone of its own as microphone, a recording of all it hears."""

import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from ccd.lab.auto_answer import EITHER
from ccd.lab.packages import Program
from ccd.lab.phone_call import PhoneCall, PhoneEvent
from ccd.lab.phone_message import PhoneSettings
from ccd.lab.process import LabError, Process, port_range

COMMAND_TIMEOUT = 5.0
HISTORY = 10_000
T = TypeVar("T")


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

    async def answer_when_told(self, by: Sequence[str] = EITHER) -> None:
        """From now on answer at once what tells so by one of these headers, and let the rest ring."""
        await self.command("answering", code=200, after=0.0, told_by=list(by))

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
