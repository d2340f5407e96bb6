"""Tones are told apart, and silence, speech-like noise and half-written files are what they are."""

import struct
from pathlib import Path

import numpy as np
import pytest

from ccd.lab import tones

RATE = 8_000


def sine(frequency: float, seconds: float, amplitude: float = 0.3, phase: float = 0.0) -> tones.Samples:
    wave: tones.Samples = amplitude * np.sin(2 * np.pi * frequency / RATE * np.arange(int(seconds * RATE)) + phase)
    return wave


def wav(channels: int, samples: bytes, claimed: int | None = None) -> bytes:
    size = len(samples) if claimed is None else claimed
    form = struct.pack("<HHIIHH", 1, channels, RATE, RATE * 2 * channels, 2 * channels, 16)
    return b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", size) + samples


@pytest.mark.parametrize("phase", [0.0, 0.7, 2.1])
def test_the_tone_is_heard_and_its_neighbours_are_not(phase: float) -> None:
    sound = sine(650, 1.0, phase=phase)
    heard = tones.heard(sound, RATE, 650)
    assert heard.seconds == pytest.approx(1.0)
    assert heard.level == pytest.approx(0.3, rel=0.01)
    for other in (550, 600, 700, 1300):
        assert tones.heard(sound, RATE, other).seconds == 0


def test_a_longer_window_tells_closer_tones() -> None:
    sound = sine(650, 1.0)
    assert tones.heard(sound, RATE, 640, window=0.1).seconds == 0
    assert tones.heard(sound, RATE, 650, window=0.1).seconds == pytest.approx(1.0)


def test_when_it_was_heard() -> None:
    sound = np.concatenate([np.zeros(RATE), sine(800, 0.5), np.zeros(RATE)])
    heard = tones.heard(sound, RATE, 800)
    assert heard.first == pytest.approx(1.0)
    assert heard.last == pytest.approx(1.5)
    assert tones.heard(sound, RATE, 800, between=(1.5, 2.5)).seconds == 0
    assert tones.heard(sound, RATE, 800, between=(1.2, 2.5)).first == pytest.approx(1.2)


def test_noise_and_two_tones_at_once_are_not_taken_for_a_tone() -> None:
    noise = np.random.default_rng(1).normal(0, 0.2, RATE)
    assert tones.heard(noise, RATE, 650).seconds == 0
    both = sine(650, 1.0, 0.3) + sine(1000, 1.0, 0.4)
    assert tones.heard(both, RATE, 650).seconds == 0
    assert tones.heard(both, RATE, 650, share=0.3).seconds == pytest.approx(1.0)
    vowel = np.concatenate([np.zeros(RATE), sine(650, 0.04), np.zeros(RATE)])
    assert tones.heard(vowel, RATE, 650).seconds == 0


def test_silence() -> None:
    assert tones.loudness(np.zeros(RATE), RATE) == 0
    assert tones.loudness(np.zeros(0), RATE) == 0
    assert tones.heard(np.zeros(RATE), RATE, 650).seconds == 0
    sound = np.concatenate([sine(650, 1.0), np.zeros(RATE)])
    assert tones.loudness(sound, RATE, between=(1.0, 2.0)) == 0
    assert tones.loudness(sound, RATE, between=(0.0, 1.0)) == pytest.approx(0.3 / 2**0.5, rel=0.01)


def test_stereo_is_two_sides(tmp_path: Path) -> None:
    sides = np.stack([sine(400, 0.5), sine(900, 0.5)], axis=1)
    path = tmp_path / "call.wav"
    path.write_bytes(wav(2, (sides * 32767).astype("<i2").tobytes()))
    recording = tones.read(path)
    assert recording.seconds == 0.5
    assert tones.heard(recording.channels[0], RATE, 400).seconds == pytest.approx(0.5)
    assert tones.heard(recording.channels[1], RATE, 900).seconds == pytest.approx(0.5)
    assert tones.heard(recording.channels[1], RATE, 400).seconds == 0


def test_a_file_still_being_written_is_read_as_far_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(wav(1, b"\0\1" * 800 + b"\0", claimed=0))
    assert len(tones.read(path).channels[0]) == 800


@pytest.mark.parametrize(
    "data", [b"", b"ID3", b"RIFF\0\0\0\0WAVE", wav(1, b"")[:30], wav(1, b"").replace(b"data", b"LIST")]
)
def test_what_is_no_recording_is_an_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"call\.wav"):
        tones.read(path)
