"""Recordings go to their places, also those that could not at first: after a full disk, a crash, a lost talk."""

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from ccd.daemon import filing
from ccd.daemon.filing import AT_REST, Filing
from ccd.io import recordings as recordings_module
from ccd.io.record_write import AnyWrite, KeepRecording
from ccd.io.recordings import Recordings
from ccd.io.records import Records
from ccd.model.ids import SECOND, CallId, RecordingId

CALL = CallId(f"{1_780_000_000 * SECOND:x}")
TALK = RecordingId(f"{CALL}-talk")
DAY = "2026/05/28"


class Kept(Records):
    """What Redis would have been told."""

    def __init__(self) -> None:
        self.told: list[AnyWrite] = []

    def keep(self, write: AnyWrite) -> None:
        self.told.append(write)


class House:
    """A folder of recordings and its filing; `running` are the calls that have not ended."""

    def __init__(self, folder: Path) -> None:
        self.recordings = Recordings(folder, quota=1_000_000, settle_time=0)
        self.records = Kept()
        self.running: set[CallId] = set()
        self.filing = Filing(self.recordings, self.records, self.running.__contains__)

    def wrote(self, recording: RecordingId, age: float = AT_REST / SECOND + 1) -> Path:
        """The switch wrote a second of a talk, the last of it so many seconds ago."""
        file = self.recordings.incoming / f"{recording}.raw"
        file.write_bytes(bytes(32_000))
        os.utime(file, (time.time() - age, time.time() - age))
        return file

    def place(self, recording: RecordingId) -> Path:
        return self.recordings.folder / DAY / f"{recording}.wav"

    def filed(self) -> list[RecordingId]:
        return [write.recording for write in self.records.told if isinstance(write, KeepRecording)]


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(recordings_module, "_BREAKS", (0.0,))
    house = House(tmp_path / "recordings")
    await house.recordings.start()
    yield house
    await house.filing.close()
    await house.recordings.close()


class Disk:
    """Where it is full, writing stops half-way; each try is counted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_full = False
        self.tries = 0
        self._write = recordings_module._write
        monkeypatch.setattr(recordings_module, "_write", self.write)

    def write(self, source: Path, part: Path) -> None:
        self.tries += 1
        if self.is_full:
            part.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        self._write(source, part)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def at(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """The loop's clock, from here on so much later."""
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "time", lambda: time.monotonic() + seconds)


async def test_what_found_the_disk_full_is_filed_once_there_is_room(
    house: House, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = house.wrote(TALK)
    disk.is_full = True
    await house.filing.sweep()
    assert file.exists()
    assert not house.place(TALK).exists()
    assert list(house.recordings.folder.rglob("*.part")) == []
    disk.is_full = False
    await house.filing.sweep()  # too soon
    assert house.filed() == []
    at(monkeypatch, filing.SWEEP_EVERY)
    await house.filing.sweep()
    assert house.filed() == [TALK]
    assert house.place(TALK).stat().st_size == 32_044
    assert not file.exists()
    await house.filing.sweep()
    assert house.filed() == [TALK]


async def test_a_file_that_fails_for_ever_is_tried_less_and_less_often(
    house: House, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = house.wrote(TALK)
    disk.is_full = True
    minutes = []
    for minute in range(60):
        at(monkeypatch, minute * filing.SWEEP_EVERY)
        before = disk.tries
        await house.filing.sweep()
        if disk.tries > before:
            minutes.append(minute)
    assert minutes[:4] == [0, 1, 2, 4]
    assert max(later - sooner for sooner, later in pairwise(minutes)) == filing.LONGEST_PAUSE // filing.SWEEP_EVERY
    assert len(minutes) < 12
    assert file.exists()


async def test_what_belongs_to_a_running_call_or_is_written_to_is_left_alone(house: House) -> None:
    file, lately = house.wrote(TALK), house.wrote(RecordingId("6612f95b031ed-talk"), age=1.0)
    house.running.add(CALL)
    await house.filing.sweep()
    assert house.filed() == []
    assert file.exists()
    assert lately.exists()
    house.running.clear()
    await house.filing.sweep()
    assert house.filed() == [TALK]


async def test_what_is_being_filed_is_not_filed_twice(house: House) -> None:
    house.wrote(TALK)
    await asyncio.gather(house.filing.sweep(), house.filing.sweep())
    await house.filing.sweep()
    assert house.filed() == [TALK]


async def test_one_file_that_fails_does_not_hold_up_the_others(house: House) -> None:
    other = RecordingId(f"{1_780_090_000 * SECOND:x}-talk")
    house.wrote(TALK)
    house.wrote(other)
    (house.recordings.folder / "2026" / "05").mkdir(parents=True)
    (house.recordings.folder / DAY).write_text("a file where a folder should be")
    await house.filing.sweep()
    assert house.filed() == [other]


async def test_a_folder_that_cannot_be_read_does_not_end_the_daemon(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing, "SWEEP_AFTER", 0.0)
    monkeypatch.setattr(filing, "SWEEP_EVERY", 0.01)
    away = house.recordings.incoming.rename(house.recordings.folder / "away")
    task = asyncio.create_task(house.filing.sweep_now_and_then())
    await asyncio.sleep(0.05)
    away.rename(house.recordings.incoming)
    house.wrote(TALK)
    async with asyncio.timeout(5):
        while not house.filed():  # noqa: ASYNC110 - the sweep tells nobody
            await asyncio.sleep(0.01)
    assert not task.done()
    task.cancel()
