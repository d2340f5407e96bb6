"""One call of a softphone: what happened to it, what it heard, what can be done with it."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccd.lab import tones
from ccd.lab.process import LabError

if TYPE_CHECKING:
    from ccd.lab.phone import Phone

POLL = 0.05
WAV_HEADER = 44
BYTES_PER_SECOND = 16_000


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
