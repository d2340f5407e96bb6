"""A caller who follows a script: dials, listens, presses keys, talks, hangs up."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ccd.lab import tones
from ccd.lab.phone import Phone
from ccd.lab.phone_call import PhoneCall
from ccd.lab.process import LabError

QUIET = 0.002
"""Root mean square amplitude under which nobody speaks."""


@dataclass(frozen=True)
class Wait:
    """Do nothing for so many seconds of what is heard (the recording is the clock)."""

    seconds: float


@dataclass(frozen=True)
class HearSpeech:
    """Wait until something is said (a prompt, music); if `end`, until it has been quiet again for `quiet` seconds."""

    end: bool = False
    quiet: float = 0.7
    within: float = 20.0


@dataclass(frozen=True)
class HearTone:
    """Wait until one of these tones (Hz) was heard for so long: a person answered, whose phone speaks it."""

    frequencies: Sequence[int]
    seconds: float = 0.5
    within: float = 30.0


@dataclass(frozen=True)
class Press:
    """Type digits."""

    digits: str


@dataclass(frozen=True)
class HangUp:
    """Hang up; without it at the end of a script the other side is waited for."""


@dataclass(frozen=True)
class Tell:
    """Let others know that the script has come this far."""

    event: asyncio.Event


@dataclass(frozen=True)
class Until:
    """Go on when somebody else's script has come so far."""

    event: asyncio.Event
    within: float = 30.0


Step = Wait | HearSpeech | HearTone | Press | HangUp | Tell | Until


@dataclass(frozen=True)
class Script:
    """Who calls whom and does what."""

    dials: str
    number: str
    display: str = ""
    steps: Sequence[Step] = ()
    longest: float = 120.0


@dataclass
class Caller:
    """A phone with a script; each step listens from where the one before ended."""

    phone: Phone
    script: Script
    listened: float = 0.0

    async def run(self) -> PhoneCall:
        """Make the call; answers it when it is over. Raises LabError when a step does not come true in its time.

        A call that is refused, or given up by the other side before it is answered, is over without a step taken.
        """
        script = self.script
        call = await self.phone.call(script.dials, caller=script.number, display=script.display)
        await self.phone.until(lambda: call.event("answered") or call.event("ended"), script.longest, "answer")
        if call.event("answered"):
            for step in script.steps:
                await self._take(step, call)
        await call.ended(script.longest)
        return call

    async def _take(self, step: Step, call: PhoneCall) -> None:
        match step:
            case Wait(seconds):
                await call.heard_for(self.listened + seconds, within=seconds + 5)
            case HearSpeech():
                await call.until_heard(lambda sound: self._spoken(sound, step), step.within)
            case HearTone(frequencies, seconds, within):
                await call.until_heard(self._any_tone(frequencies, seconds), within)
            case Press(digits):
                await call.press(digits)
            case HangUp():
                await call.hang_up()
            case Tell(event):
                event.set()
            case Until(event, within):
                await _happened(event, within)
        self.listened = call.recorded_seconds()

    def _spoken(self, sound: tones.Recording, step: HearSpeech) -> bool:
        now = sound.seconds
        since_quiet = max(self.listened, now - step.quiet)
        spoken = tones.loudness(sound.channels[0], sound.rate, between=(self.listened, now)) > QUIET
        if not step.end:
            return spoken
        is_quiet = tones.loudness(sound.channels[0], sound.rate, between=(since_quiet, now)) <= QUIET
        return spoken and is_quiet and now - self.listened > step.quiet

    def _any_tone(self, frequencies: Sequence[int], seconds: float) -> Callable[[tones.Recording], bool]:
        def heard(sound: tones.Recording) -> bool:
            part = (self.listened, sound.seconds)
            return any(
                tones.heard(sound.channels[0], sound.rate, frequency, between=part).seconds >= seconds
                for frequency in frequencies
            )

        return heard


async def _happened(event: asyncio.Event, within: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), within)
    except TimeoutError as error:
        raise LabError(f"nobody came so far within {within:.0f} s") from error
