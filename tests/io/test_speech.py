import asyncio
import math
import os
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ccd.io.speech import LONGEST_TEXT, Speech, SpeechError, Voice, espeak, flite

# A program with flite's options: it speaks a tone, 10 ms a character, and writes down how it was called.
PROGRAM = """
import math, pathlib, struct, sys, time, wave
rate, pause, calls = int(sys.argv[1]), float(sys.argv[2]), pathlib.Path(sys.argv[3])
text = pathlib.Path(sys.argv[sys.argv.index("-f") + 1]).read_text()
with calls.open("a") as log:
    log.write(f"begin {text}")
time.sleep(pause)
if "mute" in text: sys.exit(3)
length = 0 if "hum" in text else rate * len(text) // 100
with wave.open(sys.argv[sys.argv.index("-o") + 1], "wb") as sound:
    sound.setparams((1, 2, rate, 0, "NONE", ""))
    tone = (int(10_000 * math.sin(2 * math.pi * 1_000 * at / rate)) for at in range(length))
    sound.writeframes(b"".join(struct.pack("<h", sample) for sample in tone))
with calls.open("a") as log:
    log.write(f"end {text}")
"""


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    return tmp_path / "calls"


def voice(calls: Path, rate: int = 16_000, pause: float = 0) -> Voice:
    return flite([sys.executable, "-c", PROGRAM, str(rate), str(pause), str(calls)], "slt")


def called(calls: Path) -> str:
    return calls.read_text()


def files(folder: Path) -> set[str]:
    return {path.stem for path in folder.iterdir()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "sounds"


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050])
async def test_a_text_becomes_a_sound_at_8000_hz(folder: Path, calls: Path, rate: int) -> None:
    speech = Speech(folder, {"en": voice(calls, rate)})
    expected = speech.sound_name("Welcome to the shop.", "en")
    assert await speech.render("Welcome to the shop.", "en") == expected
    sound, rate_out = soundfile.read(f"{expected}.wav")
    assert rate_out == 8_000
    assert math.isclose(len(sound), 8_000 * 0.21, abs_tol=2)
    loudest = np.argmax(np.abs(np.fft.rfft(sound))) * 8_000 / len(sound)
    assert math.isclose(loudest, 1_000, abs_tol=10)
    assert math.isclose(np.max(np.abs(sound)), 10_000 / 32_768, rel_tol=0.1)
    assert stat.S_IMODE(os.stat(f"{expected}.wav").st_mode) == 0o644
    assert files(folder) == {Path(expected).name}


async def test_the_same_text_is_rendered_once_whoever_asks(folder: Path, calls: Path) -> None:
    speech = Speech(folder, {"en": voice(calls)})
    await asyncio.gather(*(speech.render(" Welcome\n  to the shop ", "en") for _ in range(5)))
    await speech.render("Welcome to the shop", "en")
    await Speech(folder, {"en": voice(calls)}).render("Welcome to the shop", "en")
    assert called(calls).count("begin Welcome to the shop\n") == 1


async def test_no_more_programs_run_than_allowed(folder: Path, calls: Path) -> None:
    seen: list[tuple[int, int]] = []
    speech = Speech(folder, {"en": voice(calls, pause=0.05)}, at_once=1)
    failed = await speech.render_all(
        [(f"text {n}", "en") for n in range(4)] * 2, lambda done, of: seen.append((done, of))
    )
    assert failed == {}
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    words = [line.split()[0] for line in called(calls).splitlines()]
    assert words == ["begin", "end"] * 4


async def test_what_cannot_be_rendered_is_told_and_the_rest_is_there(folder: Path, calls: Path) -> None:
    speech = Speech(folder, {"en": voice(calls)})
    texts = [("fine", "en"), ("mute", "en"), ("hum", "en"), ("fine", "de"), (" \0 ", "en")]
    failed = await speech.render_all(texts, lambda done, of: None)
    assert set(failed) == set(texts[1:])
    assert "ended with 3" in failed["mute", "en"]
    assert len(files(folder)) == 1


async def test_a_program_that_hangs_is_ended(folder: Path, calls: Path) -> None:
    speech = Speech(folder, {"en": voice(calls, pause=60)}, timeout=0.3)
    with pytest.raises(SpeechError, match="longer"):
        await speech.render("hello", "en")
    assert files(folder) == set()


async def test_a_program_that_is_not_there_is_an_error(folder: Path, tmp_path: Path) -> None:
    speech = Speech(folder, {"en": flite([str(tmp_path / "gone")], "slt")})
    with pytest.raises(SpeechError, match="cannot be run"):
        await speech.render("hello", "en")


async def test_texts_that_nobody_asked_for_lately_make_room(folder: Path, calls: Path) -> None:
    speech = Speech(folder, {"en": voice(calls)}, most_files=2)
    await speech.render_all([("kept", "en")], lambda done, of: None)
    names = []
    for place, text in enumerate(["one", "two", "three"]):
        names.append(await speech.render(text, "en"))
        os.utime(f"{names[-1]}.wav", (place, place))
    await speech.render("one", "en")
    await speech.render("four", "en")
    left = files(folder)
    wanted = {speech.sound_name(text, "en") for text in ("kept", "one", "four")}
    assert left == {Path(name).name for name in wanted}


async def test_what_a_killed_process_left_is_removed(folder: Path, calls: Path) -> None:
    (folder / ".render-old").mkdir(parents=True)
    (folder / ".render-new").mkdir()
    os.utime(folder / ".render-old", (0, 0))
    await Speech(folder, {"en": voice(calls)}).render("hello", "en")
    assert ".render-new" in files(folder)
    assert ".render-old" not in files(folder)


def leave_gone(folder: Path) -> None:
    folder.mkdir()
    for name in (".render-gone", "gone1.wav", "gone2.wav", "gone3.wav"):
        (folder / name).symlink_to(folder / "nowhere")


async def test_what_others_remove_meanwhile_is_no_hindrance(
    folder: Path, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Links that lead nowhere are listed, and are not there: as what is removed between the list and the look."""
    leave_gone(folder)
    monkeypatch.setattr(Path, "exists", lambda path: True)
    speech = Speech(folder, {"en": voice(calls)}, most_files=1)
    assert await speech.render("hello", "en") == speech.sound_name("hello", "en")


def test_names_differ_by_text_and_voice_and_hold_nothing_of_the_text(folder: Path) -> None:
    speech = Speech(folder, {"en": flite(["flite"], "slt"), "kal": flite(["flite"], "kal"), "de": espeak(["e"], "de")})
    hostile = "../../etc/passwd,${SHELL(id)}&\r\nAction: x"
    names = {speech.sound_name(text, voice) for text in (hostile, "hello", "Hello") for voice in ("en", "kal", "de")}
    assert len(names) == 9
    assert all(Path(name).parent == folder and Path(name).name.isalnum() for name in names)


@pytest.mark.parametrize("text", ["", " \n", "\0", "x" * (LONGEST_TEXT + 1), "\ud800"])
def test_texts_that_cannot_be_spoken(folder: Path, text: str) -> None:
    with pytest.raises(SpeechError):
        Speech(folder, {"en": flite(["flite"], "slt")}).sound_name(text, "en")


def test_odd_voices_and_folders_are_refused(tmp_path: Path) -> None:
    for name in ("", "-v", "http://x/y", "../slt", "a b"):
        with pytest.raises(SpeechError):
            flite(["flite"], name)
    for folder in ("relative", "/with space", "/a,b", "/a&b"):
        with pytest.raises(SpeechError):
            Speech(Path(folder), {})
