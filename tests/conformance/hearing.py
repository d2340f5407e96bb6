"""What is heard in sound: whose tone, something else, or nothing, stretch by stretch."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ccd.lab import tones
from tests.conformance.stage import Heard

RATE = 8_000
FRAME = 160
"""Samples: 20 ms, in which tones at multiples of 50 Hz are told apart without a leak."""
LOUD = 0.01
"""The least root mean square of what is neither a tone nor silence."""
ELSE = "something else"
LATE = 0.25
"""Seconds from frame to frame: longer is no sound in between."""
PAUSE = 0.6
"""Seconds: speech has pauses as long."""
LONGEST_BEEP = 0.9


def heard(samples: tones.Samples, names: Mapping[int, str], times: Sequence[float]) -> list[Heard]:
    """The stretches in order; `names` gives the tones that are known, by frequency, `times` when each frame began.
    Silence is left out.
    """
    labels = [names.get(frequency, ELSE) if frequency else "" for frequency in frequencies(samples)]
    return _judged(list(_stretches(labels, times)))


def in_file(samples: tones.Samples, names: Mapping[int, str]) -> list[Heard]:
    """The same of sound without gaps."""
    return heard(samples, names, [number * FRAME / RATE for number in range(len(samples) // FRAME)])


def frequencies(samples: tones.Samples) -> list[int]:
    """Of each frame: the frequency of its tone, 1 for anything else that is loud, 0 for silence."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    if not len(frames):
        return []
    amplitudes = 2 * np.abs(np.fft.rfft(frames, axis=1)) / FRAME
    amplitudes[:, 0] = 0
    peaks = amplitudes.argmax(axis=1)
    peak = amplitudes[np.arange(len(frames)), peaks]
    power = np.mean(frames**2, axis=1)
    is_tone = (peak >= tones.PRESENT) & (peak**2 / 2 >= tones.MINIMUM_SHARE * power)
    step = RATE // FRAME
    return [int(f) * step if tone else int(p >= LOUD**2) for f, tone, p in zip(peaks, is_tone, power, strict=True)]


def _stretches(labels: Sequence[str], times: Sequence[float]) -> Iterator[Heard]:
    """Frames of one label in a row, without a pause between."""
    seconds, first = FRAME / RATE, 0
    for number in range(1, len(labels) + 1):
        is_end = number == len(labels) or labels[number] != labels[first]
        if is_end or times[number] - times[number - 1] > LATE:
            if labels[first]:
                yield Heard(labels[first], times[first], (number - first) * seconds)
            first = number


def _judged(pieces: list[Heard]) -> list[Heard]:
    """What is no known tone is a beep when it is short, else speech; its pauses count."""
    out: list[Heard] = []
    for piece in pieces:
        last = out[-1] if out else None
        if last and last.what == piece.what == ELSE and piece.start - (last.start + last.seconds) < PAUSE:
            out[-1] = Heard(ELSE, last.start, piece.start + piece.seconds - last.start)
        else:
            out.append(piece)
    names = [("beep" if piece.seconds <= LONGEST_BEEP else "speech") if piece.what == ELSE else "" for piece in out]
    return [Heard(name or piece.what, piece.start, piece.seconds) for name, piece in zip(names, out, strict=True)]
