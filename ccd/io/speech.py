"""Texts into sound files that Asterisk plays: 8000 Hz, mono, 16-bit WAV, rendered once and kept by content.

A sound's name says what it holds (a hash of voice and text), so it is known before the file is there, and a file that
is there is never rendered again. The text reaches the program in a file, never in its arguments or a shell.
"""

import asyncio
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import structlog
from msgspec import Struct

RATE = 8_000
LONGEST_TEXT = 1_000
_STALE = 3_600  # seconds
_FOLDER = re.compile(r"(/[A-Za-z0-9._-]+)+", re.ASCII)
_VOICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+-]{0,40}", re.ASCII)


class SpeechError(Exception):
    """A text that cannot be spoken, or a program that does not speak it."""


class Voice(Struct, frozen=True):
    """How to speak: `command`, then `-f` and the text's file, then `output` and the sound's."""

    command: tuple[str, ...]
    output: str
    environment: Mapping[str, str]


def flite(command: Sequence[str], voice: str, environment: Mapping[str, str] | None = None) -> Voice:
    """A voice of flite (`kal`, `slt`, …), English; a voice it does not know is spoken as `kal`. Raises SpeechError."""
    return Voice((*command, "-voice", _checked(voice)), "-o", environment or {})


def espeak(command: Sequence[str], voice: str, environment: Mapping[str, str] | None = None) -> Voice:
    """A voice of espeak-ng (`de`, `es-419`, …). Raises SpeechError."""
    return Voice((*command, "-v", _checked(voice)), "-w", environment or {})


class Speech:
    """The sounds of all texts, in a folder that Asterisk may read; `voices` by a name of the site's (`en`, `de`).

    At most `at_once` programs run at a time, each for at most `timeout` seconds. The folder holds at most `most_files`
    sounds besides those of `render_all`: the longest unused go first.
    """

    def __init__(
        self,
        folder: Path,
        voices: Mapping[str, Voice],
        timeout: float = 10.0,
        at_once: int = 2,
        most_files: int = 5_000,
    ) -> None:
        if not _FOLDER.fullmatch(str(folder)):
            raise SpeechError(f"folder {str(folder)!r}: absolute, of letters, digits, '.', '_' and '-'")
        self._folder = folder
        self._voices = dict(voices)
        self._timeout = timeout
        self._turns = asyncio.Semaphore(at_once)
        self._most_files = most_files
        self._kept: set[str] = set()
        self._working: dict[str, asyncio.Task[None]] = {}
        self._log = structlog.get_logger("speech")

    def take_voices(self, other: "Speech") -> None:
        """From now on speak with the voices of the other one."""
        self._voices = dict(other._voices)

    def sound_name(self, text: str, voice: str) -> str:
        """The file of a text, without extension, whether it is there or not. Raises SpeechError."""
        if voice not in self._voices:
            raise SpeechError(f"there is no voice {voice[:80]!r}")
        how = "\0".join((*self._voices[voice].command[1:], _spoken(text)))
        return f"{self._folder}/{hashlib.sha256(how.encode()).hexdigest()[:40]}"

    async def render(self, text: str, voice: str) -> str:
        """The sound's name, once the file is there. Raises SpeechError."""
        name = self.sound_name(text, voice)
        file = Path(f"{name}.wav")
        with suppress(FileNotFoundError):
            os.utime(file)  # used just now
            return name
        task = self._working.get(name)
        if task is None:
            task = asyncio.create_task(self._render(_spoken(text), self._voices[voice], file), name="render")
            self._working[name] = task
            task.add_done_callback(lambda _: self._working.pop(name, None))
        await asyncio.shield(task)
        return name

    async def render_all(
        self, texts: Iterable[tuple[str, str]], progress: Callable[[int, int], None]
    ) -> dict[tuple[str, str], str]:
        """Render pairs of text and voice, which are then kept; what failed, and why. Calls `progress(done, of)`."""
        wanted = list(dict.fromkeys(texts))
        failed: dict[tuple[str, str], str] = {}
        done = 0

        async def one(text: str, voice: str) -> None:
            nonlocal done
            try:
                self._kept.add(await self.render(text, voice))
            except SpeechError as error:
                failed[text, voice] = str(error)
            done += 1
            progress(done, len(wanted))

        async with asyncio.TaskGroup() as group:
            for text, voice in wanted:
                group.create_task(one(text, voice))
        return failed

    async def _render(self, text: str, voice: Voice, file: Path) -> None:
        async with self._turns:
            self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".render-", dir=self._folder) as folder:
                words, raw, made = (Path(folder) / name for name in ("text", "raw.wav", "made.wav"))
                words.write_text(text + "\n", encoding="utf-8")
                await self._speak((*voice.command, "-f", str(words), voice.output, str(raw)), voice.environment)
                await asyncio.to_thread(_resample, raw, made)
                made.replace(file)
        await asyncio.to_thread(self._make_room)

    async def _speak(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                env={**os.environ, **environment},
            )
        except OSError as error:
            raise SpeechError(f"{command[0]} cannot be run: {error}") from error
        try:
            async with asyncio.timeout(self._timeout):
                code = await process.wait()
        except TimeoutError as error:
            raise SpeechError(f"{command[0]} took longer than {self._timeout:g} s") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if code:
            raise SpeechError(f"{command[0]} ended with {code}")

    def _make_room(self) -> None:
        stale = time.time_ns() - _STALE * 1_000_000_000
        for folder in self._folder.glob(".render-*"):
            modified = _modified(folder)
            if modified is not None and modified < stale:  # of a process that was killed
                shutil.rmtree(folder, ignore_errors=True)
        files = [file for file in self._folder.glob("*.wav") if str(file.with_suffix("")) not in self._kept]
        if len(files) <= self._most_files:
            return
        ages = sorted((_modified(file) or 0, file) for file in files)
        for _, file in ages[: len(files) - self._most_files]:
            file.unlink(missing_ok=True)


def _modified(path: Path) -> int | None:
    """When, in ns; None for what has gone meanwhile: others render at the same time, and remove theirs."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _checked(voice: str) -> str:
    if not _VOICE.fullmatch(voice):
        raise SpeechError(f"no name of a voice: {voice[:80]!r}")
    return voice


def _spoken(text: str) -> str:
    """The text as it is spoken: one line of printable characters. Raises SpeechError."""
    if len(text) > LONGEST_TEXT:
        raise SpeechError(f"a text of {len(text)} characters; {LONGEST_TEXT} are the most")
    words = "".join(letter if letter.isprintable() else " " for letter in text).split()
    if not words:
        raise SpeechError("an empty text")
    return " ".join(words)


def _resample(source: Path, target: Path) -> None:
    """Bring a sound to 8000 Hz: its spectrum is cut off above 4000 Hz, so nothing folds back."""
    import numpy as np  # a tenth of what a daemon loads, for a text that was never spoken before
    import soundfile

    try:
        sound, rate = soundfile.read(source, dtype="float64", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise SpeechError(f"no sound came out: {error}") from error
    if not len(sound):
        raise SpeechError("no sound came out")
    samples = np.asarray(sound[:, 0])
    if rate != RATE:
        length = max(1, len(samples) * RATE // rate)
        samples = np.fft.irfft(np.fft.rfft(samples)[: length // 2 + 1], length) * (length / len(samples))
    soundfile.write(target, np.clip(samples, -1, 1), RATE, subtype="PCM_16", format="WAV")
    target.chmod(0o644)
