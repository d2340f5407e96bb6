"""What is heard in sound, and how it is told."""

import numpy as np

from ccd.lab import tones
from ccd.lab.rtp import decode_mu_law, tone_frames
from tests.conformance.diary import merged, worded
from tests.conformance.hearing import FRAME, heard, in_file
from tests.conformance.stage import Heard

NAMES = {500: "lucia", 1700: "hello"}


def tone(frequency: int, seconds: float) -> tones.Samples:
    """As it comes over the wire."""
    frames = tone_frames(frequency)
    return decode_mu_law(b"".join(frames[number % 50] for number in range(round(seconds * 50))))


def noise(seconds: float) -> tones.Samples:
    """Neither tone nor silence."""
    return np.random.default_rng(1).normal(0, 0.1, round(seconds * 8_000))


def test_tones_have_names_and_silence_none() -> None:
    sound = np.concatenate([tone(1700, 1.0), tone(0, 0.5), tone(500, 0.4)])
    found = in_file(sound, NAMES)
    assert [(piece.what, round(piece.start, 2), round(piece.seconds, 2)) for piece in found] == [
        ("hello", 0.0, 1.0),
        ("lucia", 1.5, 0.4),
    ]


def test_what_is_no_known_tone_is_a_beep_or_speech() -> None:
    assert [piece.what for piece in in_file(np.concatenate([tone(640, 0.4), tone(500, 1.0)]), NAMES)] == [
        "beep",
        "lucia",
    ]
    assert [piece.what for piece in in_file(noise(1.5), NAMES)] == ["speech"]
    assert in_file(tone(0, 1.0), NAMES) == []
    assert in_file(np.zeros(0), NAMES) == []


def test_a_gap_in_time_parts_what_sounds_the_same() -> None:
    sound = tone(500, 0.4)
    times = [number * 0.02 for number in range(10)] + [2.0 + number * 0.02 for number in range(10)]
    assert [piece.start for piece in heard(sound, NAMES, times)] == [0.0, 2.0]
    assert len(sound) == 20 * FRAME


def test_pieces_of_one_sound_are_one_and_scraps_are_none() -> None:
    pieces = [Heard("a", 0.0, 0.5), Heard("b", 0.5, 0.04), Heard("a", 0.54, 0.5), Heard("b", 2.0, 1.0)]
    assert merged(pieces) == [Heard("a", 0.0, 1.04), Heard("b", 2.0, 1.0)]
    again = [Heard("a", 0.0, 0.5), Heard("a", 1.0, 0.5)]
    assert [piece.what for piece in merged(again, {"a"})] == ["a", "a"], "a prompt that is played again"
    assert merged(again) == [Heard("a", 0.0, 1.5)]
    assert merged([Heard("a", 0.0, 0.2), Heard("b", 0.2, 0.02), Heard("a", 0.25, 0.25)], {"a"}) == [
        Heard("a", 0.0, 0.5)
    ]


def test_a_prompt_is_heard_whole_in_part_or_more_than_once() -> None:
    assert worded(Heard("a", 0, 0.9), {"a": 1.0}) == "hears a"
    assert worded(Heard("a", 0, 0.5), {"a": 1.0}) == "hears the beginning of a"
    assert worded(Heard("a", 0, 3.0), {"a": 1.0}) == "hears a, 3 times"
    assert worded(Heard("lucia", 0, 9.0), {}) == "hears lucia"
