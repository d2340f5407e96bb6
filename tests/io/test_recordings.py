import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from ccd.io.recordings import RecordingError, Recordings, path_of
from ccd.model.ids import SECOND, RecordingId

AT = int(datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC).timestamp()) * SECOND
REC = RecordingId("call-1.rec-1")
PATH = "2026/03/01/call-1.rec-1.wav"


@pytest.fixture
async def recordings(tmp_path: Path) -> AsyncIterator[Recordings]:
    recordings = Recordings(tmp_path / "recordings", quota=100_000, settle_time=0)
    await recordings.start()
    await recordings.counted()
    yield recordings
    await recordings.close()


def stereo(samples: int) -> np.ndarray:
    left, right = np.arange(samples, dtype="<i2"), -np.arange(samples, dtype="<i2")
    return np.column_stack((left, right))


async def read(recordings: Recordings, path: str, start: int = 0, stop: int | None = None) -> bytes:
    return b"".join((await recordings.open_range(path, start, stop)).chunks())


async def test_raw_stereo_becomes_a_wav_in_the_folder_of_its_day(recordings: Recordings) -> None:
    (recordings.incoming / f"{REC}.raw").write_bytes(stereo(8_000).tobytes() + b"\1\2\3")  # a torn last sample
    done = await recordings.finalise(REC, AT)
    sound, rate = soundfile.read(recordings.folder / PATH, dtype="int16")
    assert (done.recording, done.path, done.length, rate) == (REC, PATH, 8_000, 8_000)
    assert (sound == stereo(8_000)[:, ::-1]).all()  # the switch has the customer's side right
    assert done.checksum == hashlib.sha256((recordings.folder / PATH).read_bytes()).hexdigest()
    assert list(recordings.incoming.iterdir()) == []
    assert recordings.usage().used == (recordings.folder / PATH).stat().st_size == 32_044


async def test_a_voicemail_keeps_its_one_channel(recordings: Recordings) -> None:
    soundfile.write(recordings.incoming / "mail-1.wav", np.zeros(400, dtype="<i2"), 8_000)
    done = await recordings.finalise(RecordingId("mail-1"), AT)
    assert (done.length, soundfile.info(recordings.folder / done.path).channels) == (400, 1)


async def test_asked_twice_at_once_or_later_it_is_done_once(recordings: Recordings) -> None:
    (recordings.incoming / f"{REC}.raw").write_bytes(stereo(100).tobytes())
    one, two = await asyncio.gather(recordings.finalise(REC, AT), recordings.finalise(REC, AT))
    assert one == two == await recordings.finalise(REC, AT)
    assert recordings.usage().used == 444


async def test_after_a_crash_on_the_way_it_is_made_again(recordings: Recordings) -> None:
    place = recordings.folder / PATH
    place.parent.mkdir(parents=True)
    place.write_bytes(b"x" * 50)
    place.with_suffix(".part").write_bytes(b"half")
    (recordings.incoming / f"{REC}.raw").write_bytes(stereo(100).tobytes())
    again = Recordings(recordings.folder, quota=100_000, settle_time=0)
    await again.start()
    await again.counted()
    assert again.usage().used == 50
    assert [recording for recording, _ in await again.left_over()] == [REC]
    assert (await again.finalise(REC, AT)).length == 100
    assert again.usage().used == 444
    assert sorted(path.name for path in place.parent.iterdir()) == [place.name]
    assert await again.left_over() == []
    await again.close()


async def test_a_recording_that_was_never_written_is_an_error(recordings: Recordings) -> None:
    with pytest.raises(RecordingError, match="no file"):
        await recordings.finalise(REC, AT)


async def test_a_damaged_voicemail_is_kept_and_told(recordings: Recordings) -> None:
    (recordings.incoming / "mail-1.wav").write_bytes(b"RIFFnothing")
    with pytest.raises(RecordingError, match="damaged"):
        await recordings.finalise(RecordingId("mail-1"), AT)
    assert await read(recordings, "2026/03/01/mail-1.wav") == b"RIFFnothing"


async def test_what_cannot_be_placed_now_is_tried_again(recordings: Recordings) -> None:
    (recordings.incoming / f"{REC}.raw").write_bytes(stereo(100).tobytes())
    year = recordings.folder / "2026"
    year.write_text("a file where a folder should be")
    task = asyncio.create_task(recordings.finalise(REC, AT))
    asyncio.get_running_loop().call_later(0.05, year.unlink)
    assert (await task).length == 100


@pytest.mark.parametrize("hostile", ["", ".", "..", ".hidden", "../x", "a/b", "a\0b", "a b", "ä", "x" * 200, "a\n"])
async def test_an_id_that_is_none_reaches_no_path(recordings: Recordings, hostile: str) -> None:
    with pytest.raises(RecordingError, match="id"):
        await recordings.finalise(RecordingId(hostile), AT)


async def test_only_finished_recordings_are_opened(recordings: Recordings) -> None:
    secret = recordings.folder.parent / "secret.wav"
    secret.write_text("secret")
    folder = (recordings.folder / PATH).parent
    folder.mkdir(parents=True)
    (folder / "link.wav").symlink_to(secret)
    (recordings.folder / "2027").symlink_to(recordings.folder / "2026")
    for path in ("../secret.wav", "2026/03/01/../../../../secret.wav", str(secret), "2026/03/01/link.wav", ""):
        with pytest.raises(RecordingError):
            await recordings.open_range(path)
    with pytest.raises(RecordingError):
        await recordings.open_range(PATH)
    with pytest.raises(RecordingError):
        await recordings.open_range(PATH.replace("2026", "2027"))


@given(st.text(max_size=40) | st.from_regex(r"[0-9./a-z]{0,30}\.wav", fullmatch=True))
async def test_no_text_opens_anything_outside(path: str) -> None:
    recordings = Recordings(Path("/"), quota=1)
    with pytest.raises(RecordingError):
        await recordings.open_range(path)
    await recordings.close()


async def test_a_part_of_a_file(recordings: Recordings) -> None:
    (recordings.incoming / f"{REC}.raw").write_bytes(stereo(100).tobytes())
    await recordings.finalise(REC, AT)
    whole = (recordings.folder / PATH).read_bytes()
    assert await read(recordings, PATH) == whole
    assert await read(recordings, PATH, 44, 48) == whole[44:48]
    assert await read(recordings, PATH, 440) == whole[440:]
    assert await read(recordings, PATH, -5, 10**12) == whole
    assert await read(recordings, PATH, 10**12) == await read(recordings, PATH, 10, 5) == b""
    assert (await recordings.open_range(PATH, 1, 2)).size == len(whole)


async def test_the_quota_warns_before_it_is_full(recordings: Recordings) -> None:
    levels = [recordings.usage().level]
    for number, samples in enumerate((19_000, 1_200, 4_000)):
        (recordings.incoming / f"r{number}.raw").write_bytes(stereo(samples).tobytes())
        await recordings.finalise(RecordingId(f"r{number}"), AT)
        levels.append(recordings.usage().level)
    assert levels == ["ok", "ok", "warn", "full"]
    assert await recordings.delete("2026/03/01/r0.wav")
    assert not await recordings.delete("2026/03/01/r0.wav")
    assert recordings.usage().level == "ok"
    assert recordings.usage().used == (1_200 + 4_000) * 4 + 88


def test_the_day_is_that_of_utc() -> None:
    assert path_of(REC, AT) == PATH
    assert path_of(REC, AT + SECOND) == PATH.replace("03/01", "03/02")


async def test_the_site_says_from_where_on_the_quota_warns(recordings: Recordings) -> None:
    (recordings.incoming / f"{REC}.raw").write_bytes(stereo(10_000).tobytes())
    await recordings.finalise(REC, AT)
    assert recordings.usage().level == "ok"
    early = Recordings(recordings.folder, quota=100_000, warn_at=0.4)
    await early.start()
    await early.counted()
    assert early.usage().level == "warn"
    await early.close()


async def test_what_is_made_while_it_counts_is_counted_once_and_not_removed(recordings: Recordings) -> None:
    place = recordings.folder / PATH
    place.parent.mkdir(parents=True)
    old, new = place.with_name("old.wav"), place.with_name("new.part")
    old.write_bytes(b"x" * 50)
    await asyncio.sleep(0.02)  # the file system's clock is coarser than ours
    again = Recordings(recordings.folder, quota=100_000, settle_time=0)
    await again.start()
    new.write_bytes(b"half")
    (recordings.incoming / f"{REC}.raw").write_bytes(stereo(100).tobytes())
    await again.finalise(REC, AT)
    await again.counted()
    assert again.usage().used == 50 + 444
    assert new.exists()
    await again.close()


async def test_only_what_lies_in_its_place_is_found(recordings: Recordings, tmp_path: Path) -> None:
    """The switch may write into the folder: a link put there must not lead out of it."""
    assert recordings.find(REC, AT) is None
    (recordings.incoming / f"{REC}.raw").write_bytes(stereo(80).tobytes())
    await recordings.finalise(REC, AT)
    assert recordings.find(REC, AT) == recordings.folder / PATH
    secret = tmp_path / "ami.secret"
    secret.write_text("s3cret")
    (recordings.folder / "2026/03/01/linked.wav").symlink_to(secret)
    (tmp_path / "elsewhere/02").mkdir(parents=True)
    (tmp_path / "elsewhere/02/rec-1.wav").write_text("s3cret")
    (recordings.folder / "2026/04").symlink_to(tmp_path / "elsewhere")
    assert recordings.find(RecordingId("linked"), AT) is None
    assert recordings.find(RecordingId("rec-1"), int(datetime(2026, 4, 2, tzinfo=UTC).timestamp()) * SECOND) is None
    with pytest.raises(RecordingError):
        recordings.find(RecordingId("../rec-1"), AT)


async def test_how_much_was_written_and_when(recordings: Recordings) -> None:
    assert recordings.sound(REC) == (0, 0)
    file = recordings.incoming / f"{REC}.raw"
    file.touch()
    assert recordings.sound(REC) == (0, 0), "it was opened, and nothing was said"
    file.write_bytes(stereo(12_000).tobytes() + b"\1\2\3")
    written, length = recordings.sound(REC)
    assert (written, length) == (file.stat().st_mtime_ns // 1_000, 1_500_000)
    assert recordings.last_written(REC) == written


async def test_a_voicemail_that_was_opened_is_known(recordings: Recordings) -> None:
    assert recordings.last_written(REC) == 0
    file = recordings.incoming / f"{REC}.wav"
    file.touch()
    assert recordings.last_written(REC) == file.stat().st_mtime_ns // 1_000
