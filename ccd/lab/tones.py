"""Who hears whom: the level of a tone in a recording, by Goertzel's filter."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WINDOW = 0.02
"""Seconds: one RTP frame. Tones at multiples of 1/WINDOW, 50 Hz, do not leak into each other; a window of .1 s tells
multiples of 10 Hz."""
PRESENT = 0.01
"""The least amplitude (1 is full scale) at which a tone counts as heard; the phones speak at .37."""
MINIMUM_SHARE = 0.9
"""The least part of a window's power that must be the tone's: speech, music and mixtures do not count as tones."""
MINIMUM_RUN = 3
"""Windows in a row: a vowel passes for a tone in one now and then."""

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Recording:
    """A recording's sides, each with amplitudes between -1 and 1."""

    rate: int
    channels: Sequence[Samples]

    @property
    def seconds(self) -> float:
        return len(self.channels[0]) / self.rate


@dataclass(frozen=True)
class Heard:
    """How a tone was heard: seconds in which it was there, its mean amplitude in them, when first and last."""

    seconds: float
    level: float
    first: float | None
    last: float | None


def read(path: Path) -> Recording:
    """Read 16-bit PCM wav, also one that is still being written. Raises ValueError if it is something else."""
    data = path.read_bytes()
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError(f"{path} is no wav file")
    channels, rate, offset = 0, 0, 12
    while data[offset : offset + 4] != b"data":
        size = int.from_bytes(data[offset + 4 : offset + 8], "little")
        if data[offset : offset + 4] == b"fmt ":
            if data[offset + 8 : offset + 10] != b"\x01\x00" or data[offset + 22 : offset + 24] != b"\x10\x00":
                raise ValueError(f"{path} is not 16-bit PCM")
            channels = int.from_bytes(data[offset + 10 : offset + 12], "little")
            rate = int.from_bytes(data[offset + 12 : offset + 16], "little")
        offset += 8 + size + size % 2
        if offset >= len(data):
            raise ValueError(f"{path} has no sound yet")
    sound = data[offset + 8 :]
    samples = np.frombuffer(sound[: len(sound) // (2 * channels) * 2 * channels], dtype="<i2") / 32768
    return Recording(rate, [samples[side::channels] for side in range(channels)])


def heard(
    samples: Samples,
    rate: int,
    frequency: float,
    *,
    between: tuple[float, float] | None = None,
    window: float = WINDOW,
    share: float = MINIMUM_SHARE,
) -> Heard:
    """How the tone of `frequency` Hz is heard in `samples` (or between two seconds of them).

    `share`: where two tones may be mixed, .3 finds each of them.
    """
    start, end = between or (0.0, len(samples) / rate)
    part = samples[int(start * rate) : int(end * rate)]
    size = round(window * rate)
    windows = part[: len(part) // size * size].reshape(-1, size)
    if not len(windows):
        return Heard(0.0, 0.0, None, None)
    amplitude = _amplitude(windows, frequency, rate)
    power = np.mean(windows**2, axis=1)
    there = _lasting((amplitude >= PRESENT) & (amplitude**2 / 2 >= share * power))
    where = np.flatnonzero(there)
    if not len(where):
        return Heard(0.0, 0.0, None, None)
    first, last = start + float(where[0]) * window, start + float(where[-1] + 1) * window
    return Heard(len(where) * window, float(amplitude[there].mean()), first, last)


def loudness(samples: Samples, rate: int, *, between: tuple[float, float] | None = None) -> float:
    """The root mean square amplitude: below .001 is silence on a telephone line."""
    start, end = between or (0.0, len(samples) / rate)
    part = samples[int(start * rate) : int(end * rate)]
    return float(np.sqrt(np.mean(part**2))) if len(part) else 0.0


def _lasting(there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Only what holds for MINIMUM_RUN windows in a row, or for all of a shorter piece."""
    run = min(MINIMUM_RUN, len(there))
    starts = np.convolve(there, np.ones(run, dtype=int), "valid") == run
    return np.convolve(starts, np.ones(run, dtype=int)) > 0


def _amplitude(windows: Samples, frequency: float, rate: int) -> Samples:
    """One bin of a Fourier transform of each window, which is what Goertzel's filter gives."""
    size = windows.shape[1]
    probe = np.exp(-2j * np.pi * frequency / rate * np.arange(size))
    return np.asarray(2 * np.abs(windows @ probe) / size, dtype=np.float64)
