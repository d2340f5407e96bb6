"""Whether a call went as its script says, and both sides heard each other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ccd.lab import tones
from ccd.lab.demo.cast import TALK, Part
from ccd.model.caller import Caller
from ccd.model.cdr import Cdr
from ccd.model.ids import SECOND

HEARD = 0.5 * TALK
"""Seconds of a tone that prove a talk."""
OWN_RATE = 8_000


@dataclass(frozen=True)
class Sound:
    """Something somebody heard or recorded: the file, and who must be heard in each of its channels (Hz)."""

    what: str
    path: Path
    expected: Sequence[int]


@dataclass(frozen=True)
class Evidence:
    """All that is known of one call. `failure` is what kept the script from its end."""

    part: Part
    failure: str = ""
    calls: Sequence[Cdr] = ()
    before: Caller | None = None
    after: Caller | None = None
    sounds: Sequence[Sound] = ()


def judge(evidence: Evidence) -> list[str]:
    """What is wrong, nothing if all is as it should be."""
    if evidence.failure:
        return [evidence.failure]
    if len(evidence.calls) != 1:
        return [f"{len(evidence.calls)} call records instead of one"]
    cdr = evidence.calls[0]
    return [
        *_differences(evidence.part, cdr),
        *_record(evidence.part.expected.fields, evidence.after),
        *(fault for sound in evidence.sounds for fault in _sound(sound)),
        *_lengths(cdr),
    ]


def talked_with(cdr: Cdr) -> str:
    """The agent, `outside` for somebody behind the trunk, nothing if there was no talk."""
    return (cdr.talks[-1].agent or "outside") if cdr.talks else ""


def _differences(part: Part, cdr: Cdr) -> Iterator[str]:
    expected = part.expected
    found: Mapping[str, tuple[object, object]] = {
        "the way": (" ".join(step.step for step in cdr.way), expected.way),
        "the offers": ([(offer.agent, offer.outcome) for offer in cdr.offers], list(expected.offers)),
        "who talked": (talked_with(cdr), expected.talked_with),
        "the queue's outcome": (cdr.visits[-1].outcome if cdr.visits else "", expected.outcome),
        "who ended it": (cdr.ended_by, expected.ended_by),
        "a new record": (cdr.created, expected.created),
        "messages left": (len(cdr.voicemails), int(expected.voicemail)),
        "recordings": (len(cdr.recordings), int(bool(expected.talked_with))),
        "a broken flow": (cdr.broken, ""),
    }
    for name, (is_so, should_be) in found.items():
        if is_so != should_be:
            yield f"{name}: {is_so or 'none'} instead of {should_be or 'none'}"


def _record(fields: Mapping[str, str], after: Caller | None) -> Iterator[str]:
    known = after.fields if after else {}
    for name, value in fields.items():
        if known.get(name) != value:
            yield f"the caller's record has {name} = {known.get(name, 'nothing')} instead of {value}"


def _sound(sound: Sound) -> Iterator[str]:
    try:
        recording = tones.read(sound.path)
    except (OSError, ValueError) as error:
        yield f"{sound.what}: {error}"
        return
    if len(recording.channels) != len(sound.expected):
        yield f"{sound.what}: {len(recording.channels)} channels instead of {len(sound.expected)}"
        return
    for channel, tone in zip(recording.channels, sound.expected, strict=True):
        seconds = tones.heard(channel, recording.rate, tone).seconds
        if seconds < HEARD:
            yield f"{sound.what}: {tone} Hz for {seconds:.2f} s instead of {HEARD:.1f} s or more"


def _lengths(cdr: Cdr) -> Iterator[str]:
    """A recording is as long as the talks were."""
    for recording in cdr.recordings:
        seconds = recording.length / OWN_RATE
        if recording.lost or abs(seconds - cdr.talk_time / SECOND) > 0.5:
            told = recording.lost or f"{seconds:.1f} s of {cdr.talk_time / SECOND:.1f} s"
            yield f"the recording: {told}"
