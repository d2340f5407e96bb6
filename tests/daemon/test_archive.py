"""The journal by day: segments end at midnight, days that are over are packed, and can be replayed alone."""

import json
import pickle
import re
import shutil
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import structlog
import typer
from msgspec.structs import replace as changed
from typer.testing import CliRunner, Result

from ccd.cli.failure import Failure
from ccd.cli.replay import NOTHING, replay_day
from ccd.core.floor import Outcome
from ccd.daemon import archive, configurations, snapshot
from ccd.daemon.history import SHIFT, recall
from ccd.daemon.journal import Began, Entry, Journal, began_at, day_of, segments
from ccd.daemon.keeper import GAPS_APART, Keeper
from ccd.daemon.recovery import recover
from ccd.io.backup_file import BackupWriter
from ccd.model.event import AnyEvent, TimePassed
from ccd.model.fact import CallEnded
from ccd.model.ids import SECOND, CallId, Moment
from ccd.simulation.profile import Profile
from ccd.simulation.scenario import busy_centre, busy_day
from ccd.simulation.world import MORNING, World
from tests.core.centre import leg
from tests.daemon.test_recovery import Day, site

HOUR = 3_600 * SECOND
FIRST, SECOND_DAY, THIRD = "2025-06-15", "2025-06-16", "2025-06-17"


async def lived(folder: Path, hours: int = 50) -> Day:
    """A run from an afternoon on: a call an hour, one of them across each full hour."""
    config = site()
    configurations.keep(folder, config)
    day = Day(folder, config)
    keeper = Keeper(day.ledger, day.journal, lambda: True, now=lambda: day.now)
    day.log_in("anna")
    for number in range(hours):
        caller = leg(f"2.{number}")
        day.arrive("sales", f"2.{number}")
        agent = day.dialled()[-1].leg
        day.answer(agent)
        day.bridged(caller, agent)
        day.wait(HOUR)
        keeper.beat()
        if keeper._writing is not None:
            await keeper._writing
        day.hung_up(caller)
        day.wait(60 * SECOND)
    day.journal.close(day.now)
    return day


def replayed(folder: Path, *days: str) -> Result:
    app = typer.Typer()
    app.command()(replay_day)
    return CliRunner().invoke(app, ["--journal", str(folder), *days])


def content(folder: Path) -> dict[str, list[int]]:
    """Sequences by day."""
    return {
        day: [frame.sequence for frame in archive.frames(folder, day) if isinstance(frame, Entry)]
        for day in archive.days(folder)
    }


async def test_a_segment_is_of_one_day_and_each_day_begins_with_a_snapshot(tmp_path: Path) -> None:
    day = await lived(tmp_path)
    assert [day_of(began_at(path)) for path in segments(tmp_path)] == [FIRST, SECOND_DAY, THIRD]
    found = content(tmp_path)
    assert [number for numbers in found.values() for number in numbers] == list(range(1, day.journal.sequence + 1))
    assert snapshot.mornings(tmp_path, FIRST) == []
    for one in (SECOND_DAY, THIRD):
        ((sequence, _, _),) = archive.mornings(tmp_path, one)
        assert sequence == found[one][0] - 1


async def test_days_that_are_over_are_packed_and_read_as_before(tmp_path: Path) -> None:
    day = await lived(tmp_path)
    before = content(tmp_path)
    assert archive.due(tmp_path, day.now) == [FIRST]
    archive.tidy(tmp_path, day.now, 0)
    archive.tidy(tmp_path, day.now + SHIFT, 0)
    assert [path.stem for path in archive.archives(tmp_path)] == [FIRST, SECOND_DAY]
    assert [day_of(began_at(path)) for path in segments(tmp_path)] == [THIRD]
    assert content(tmp_path) == before
    assert [len(archive.mornings(tmp_path, one)) for one in (FIRST, SECOND_DAY, THIRD)] == [0, 1, 1]
    assert [path.name[:10] for path in (tmp_path / snapshot.MORNINGS).iterdir()] == [THIRD]


@pytest.mark.parametrize("packed", [False, True])
async def test_a_day_is_replayed_alone_from_its_morning(tmp_path: Path, packed: bool) -> None:
    day = await lived(tmp_path)
    expected = {one: len(numbers) for one, numbers in content(tmp_path).items()}
    if packed:
        archive.tidy(tmp_path, day.now + 3 * SHIFT, 0)
        archive.pack(tmp_path, THIRD, day.now)
        assert segments(tmp_path) == []
    for one, count in expected.items():
        result = replayed(tmp_path, one)
        assert (result.exit_code, f"{one} " in result.output) == (0, True)
        assert f": {count} inputs, no difference" in result.output
    assert f": {sum(expected.values())} inputs, no difference" in replayed(tmp_path).output
    for one in (FIRST, SECOND_DAY):  # the third does not need them
        archive.place_of(tmp_path, one).unlink(missing_ok=True)
        for path in segments(tmp_path):
            if day_of(began_at(path)) == one:
                path.unlink()
    assert f": {expected[THIRD]} inputs, no difference" in replayed(tmp_path, THIRD).output


async def test_a_day_that_began_while_no_daemon_ran_has_its_morning_too(tmp_path: Path) -> None:
    day = await lived(tmp_path, 8)
    (before,) = segments(tmp_path)
    day.snap()
    last, day.now = day.now, day.now + HOUR
    assert (day_of(last), day_of(day.now)) == (FIRST, SECOND_DAY)
    found = recover(tmp_path, day.configurations, day.now)
    head = Began(day.now, found.sequence, "0", "h1", found.seed, "", "")
    day.ledger, day.engine, day.journal = found.ledger, found.ledger.engine, Journal(tmp_path, head)
    keeper = Keeper(day.ledger, day.journal, lambda: True, now=lambda: day.now, last=found.last)
    keeper.begin_day()
    await keeper.close()
    day.arrive("sales", "3.1")
    day.journal.close(day.now)
    before.unlink()
    assert ": 1 inputs, no difference" in replayed(tmp_path, SECOND_DAY).output


async def test_without_a_morning_it_goes_through_the_days_before(tmp_path: Path) -> None:
    await lived(tmp_path)
    count = len(content(tmp_path)[THIRD])
    for kept in (snapshot.MORNINGS, snapshot.FOLDER):
        shutil.rmtree(tmp_path / kept)
    assert f": {count} inputs, no difference" in replayed(tmp_path, THIRD).output
    segments(tmp_path)[0].unlink()
    result = replayed(tmp_path, THIRD)
    assert "nothing compared" in said(result)
    assert f"{count} inputs cannot be replayed: the run began before" in said(result)
    assert result.exit_code == NOTHING


def said(result: Result) -> str:
    """On one line."""
    return " ".join(result.output.split())


def tear(day: Day, lost: int, reason: str = "No space left on device") -> None:
    """So many inputs happen, and never reach the journal."""
    write, day.journal._write = day.journal._write, torn(reason)  # type: ignore[method-assign]
    for _ in range(lost):
        day.wait(SECOND)
    day.journal._write = write  # type: ignore[method-assign]


def torn(reason: str) -> Callable[..., None]:
    def write(*_: object) -> None:
        raise OSError(28, reason)

    return write


async def test_what_follows_a_gap_is_not_called_a_difference(tmp_path: Path) -> None:
    day = await lived(tmp_path, 3)
    total = day.journal.sequence
    tear(day, 2)
    day.arrive("sales", "3.1")
    tear(day, 1, "Input/output error")
    day.arrive("sales", "3.2")
    day.journal.close(day.now)
    result = replayed(tmp_path)
    assert f": {total} inputs, no difference" in said(result)
    assert re.search(r"2 inputs lost before [0-9:]{8} \(No space left on device\)", said(result))
    assert re.search(r"1 inputs lost before [0-9:]{8} \(Input/output error\)", said(result))
    assert "2 inputs cannot be compared: they follow what is missing" in said(result)
    assert result.exit_code == 0


@pytest.mark.parametrize("differs", [False, True])
async def test_behind_a_gap_it_goes_on_with_a_snapshot(tmp_path: Path, differs: bool) -> None:
    day = await lived(tmp_path, 3)
    total = day.journal.sequence
    keeper = Keeper(day.ledger, day.journal, lambda: True, now=lambda: day.now)
    for number in range(2):
        tear(day, 2)
        day.arrive("sales", f"3.{number}")  # before a beat
        keeper.beat()
        await keeper.close()
        day.arrive("sales", f"4.{number}")
        day.now += GAPS_APART
    if differs:
        day.journal.append(day.now, TimePassed(), (CallEnded(CallId("c"), "caller", 16),), ())
    day.journal.close(day.now)
    shutil.rmtree(tmp_path / snapshot.FOLDER)
    result = replayed(tmp_path)
    assert result.exit_code == differs
    assert said(result).count("2 inputs lost before") == 2
    assert "2 inputs cannot be compared" in said(result)
    assert (f": {total + 2} inputs, no difference" in said(result)) is not differs
    assert (f"differs at input {total + 9} of the journal" in said(result)) is differs


async def test_a_disk_that_is_full_again_and_again_is_not_filled_with_snapshots(tmp_path: Path) -> None:
    day = await lived(tmp_path, 1)
    keeper = Keeper(day.ledger, day.journal, lambda: True, now=lambda: day.now)
    for number in range(25):
        tear(day, 1)
        day.arrive("sales", f"3.{number}")
        keeper.beat()
        await keeper.close()
        day.now += GAPS_APART // 10
    assert len(snapshot.mornings(tmp_path, FIRST)) == 3


async def test_a_segment_that_is_not_there_is_a_gap(tmp_path: Path) -> None:
    """Without a snapshot behind it, and with one: the next morning's."""
    day = await lived(tmp_path)
    found = content(tmp_path)
    segments(tmp_path)[1].unlink()
    lost = len(found[SECOND_DAY])
    result = replayed(tmp_path)
    assert f": {day.journal.sequence - lost} inputs, no difference" in said(result)
    assert re.search(rf"{lost} inputs lost before [0-9:]{{8}} \(not in the journal\)", said(result))
    for kept in (snapshot.MORNINGS, snapshot.FOLDER):
        shutil.rmtree(tmp_path / kept)
    assert f"{len(found[THIRD])} inputs cannot be compared" in said(replayed(tmp_path))


async def test_a_cut_short_packing_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    day = await lived(tmp_path)
    before = content(tmp_path)

    def cut(self: BackupWriter, *_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(BackupWriter, "finish", cut)
        archive.tidy(tmp_path, day.now, 0)
    assert list((tmp_path / archive.FOLDER).iterdir()) == []
    assert content(tmp_path) == before

    unlink = Path.unlink
    with monkeypatch.context() as killed:
        killed.setattr(Path, "unlink", lambda self, **_: None if self.suffix == ".journal" else unlink(self, **_))
        archive.tidy(tmp_path, day.now, 0)
    assert len(segments(tmp_path)) == 3
    assert content(tmp_path) == before  # nothing twice
    archive.tidy(tmp_path, day.now, 0)
    assert len(segments(tmp_path)) == 2
    assert content(tmp_path) == before


def spoil(place: Path, names: Iterable[str], change: bytes) -> None:
    """The archive again, with these members' bytes changed and their checksums as they were."""
    with zipfile.ZipFile(place) as old:
        members = {info.filename: old.read(info) for info in old.infolist()}
    with zipfile.ZipFile(place, "w") as new:
        for name, data in members.items():
            new.writestr(name, data + change if name in names else data)


async def test_a_damaged_archive_is_told_and_deletes_nothing(tmp_path: Path) -> None:
    day = await lived(tmp_path)
    kept = segments(tmp_path)[0].read_bytes()
    name = segments(tmp_path)[0].name
    archive.pack(tmp_path, FIRST, day.now)
    place = archive.place_of(tmp_path, FIRST)
    spoil(place, [f"segments/{name}"], b"x")
    with pytest.raises(archive.ArchiveError, match=name):
        list(archive.frames(tmp_path, FIRST))
    result = replayed(tmp_path, FIRST)
    assert isinstance(result.exception, Failure)
    assert name in str(result.exception)
    (tmp_path / name).write_bytes(kept)
    with pytest.raises(archive.ArchiveError):
        archive.pack(tmp_path, FIRST, day.now)
    assert (tmp_path / name).exists()
    archive.tidy(tmp_path, day.now, 0)  # told, and the rest goes on
    assert (tmp_path / name).exists()
    place.write_bytes(b"no zip")
    archive.tidy(tmp_path, day.now, 0)
    assert (tmp_path / name).exists()


async def test_an_archive_of_something_else_is_not_taken_for_the_days(tmp_path: Path) -> None:
    day = await lived(tmp_path)
    archive.pack(tmp_path, FIRST, day.now)
    late = tmp_path / f"{began_at(segments(tmp_path)[0]) - 20 * HOUR:016d}.journal"
    late.write_bytes(b"")
    with pytest.raises(archive.ArchiveError, match="is not in"):
        archive.pack(tmp_path, day_of(began_at(late)), day.now)
    assert late.exists()


async def test_old_archives_go_and_foreign_files_stay(tmp_path: Path) -> None:
    day = await lived(tmp_path)
    archive.tidy(tmp_path, day.now + 3 * SHIFT, 0)
    foreign = [tmp_path / archive.FOLDER / name for name in ("notes.zip", "2025-06-1.zip", "2025-06-15.zip.part")]
    for path in (*foreign, tmp_path / "mine.journal"):
        path.write_text("mine")
    left = tmp_path / archive.FOLDER / f".{FIRST}.zip.77.part"  # of a daemon that was killed
    left.write_text("half")
    with structlog.testing.capture_logs() as told:
        archive.tidy(tmp_path, day.now + 3 * SHIFT, day.now - 24 * HOUR)
    assert [path.stem for path in archive.archives(tmp_path)] == [SECOND_DAY]
    assert {one["file"] for one in told if one["log_level"] == "warning"} == {path.name for path in foreign}
    assert all(path.exists() for path in (*foreign, tmp_path / "mine.journal"))
    assert not left.exists()


async def test_the_newest_day_stays_however_long_nothing_happens(tmp_path: Path) -> None:
    """It says how far the journal came: else a daemon that begins would number its entries, and snapshots, from 1."""
    day = await lived(tmp_path)
    archive.tidy(tmp_path, day.now + 9 * SHIFT, day.now + 9 * SHIFT)
    assert [day_of(began_at(path)) for path in segments(tmp_path)] == [THIRD]
    assert recall(tmp_path, day.now + 9 * SHIFT).sequence == day.journal.sequence


async def test_what_cannot_be_deleted_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    day = await lived(tmp_path)

    def refused(self: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "unlink", refused)
    with structlog.testing.capture_logs() as told:
        archive.tidy(tmp_path, day.now + 9 * SHIFT, day.now + 9 * SHIFT)
    assert [one["event"] for one in told] == ["journal not pruned", "day not archived", "day not archived"]
    assert len(segments(tmp_path)) == 3


async def test_packing_does_not_hold_up_a_daemon_that_ends(tmp_path: Path) -> None:
    day = await lived(tmp_path)
    before = content(tmp_path)
    for steps in range(2):  # while it is written, while it is read back
        left = iter([True] * steps)
        archive.tidy(tmp_path, day.now, 0, lambda left=left: next(left, False))  # type: ignore[misc]
        assert len(segments(tmp_path)) == 3
        assert content(tmp_path) == before
    archive.tidy(tmp_path, day.now, 0)
    assert len(segments(tmp_path)) == 2


async def test_an_archived_day_has_the_configurations_that_it_names(tmp_path: Path) -> None:
    day = await lived(tmp_path)
    configurations.keep(tmp_path, replace(site(), hash="of another day"))
    count = len(content(tmp_path)[SECOND_DAY])
    archive.pack(tmp_path, SECOND_DAY, day.now)
    shutil.rmtree(tmp_path / configurations.FOLDER)
    assert list(archive.policies(tmp_path, [FIRST])) == []
    assert list(archive.policies(tmp_path, [SECOND_DAY])) == [day.configuration.hash]
    assert f": {count} inputs, no difference" in replayed(tmp_path, SECOND_DAY).output


@pytest.mark.parametrize("content", [b"", b"no pickle", b"\x80\x04cno_such_module\nThing\n.", pickle.dumps(7)])
async def test_a_configuration_of_other_code_hinders_nobody_who_does_not_need_it(
    tmp_path: Path, content: bytes
) -> None:
    await lived(tmp_path, hours=2)
    (tmp_path / configurations.FOLDER / f"{'0' * 16}{configurations.SUFFIX}").write_bytes(content)
    assert "no difference" in replayed(tmp_path).output
    (needed,) = (place for place in configurations.places(tmp_path) if place.stem != "0" * 16)
    needed.write_bytes(content)
    failure = replayed(tmp_path).exception
    assert isinstance(failure, Failure)
    assert f"the configuration '{needed.stem}' was not kept, or by another version" in str(failure)


async def test_the_archive_has_a_manifest_of_checksums(tmp_path: Path) -> None:
    day = await lived(tmp_path)
    archive.pack(tmp_path, SECOND_DAY, day.now)
    with zipfile.ZipFile(archive.place_of(tmp_path, SECOND_DAY)) as packed:
        manifest = json.loads(packed.read("manifest.json"))
    assert all(len(member["sha256"]) == 64 for member in manifest["members"])
    folders = [member["name"].split("/")[0] for member in manifest["members"]]
    assert sorted(folders) == ["configurations", "mornings", "segments"]


def test_a_day_that_is_not_there_is_told(tmp_path: Path) -> None:
    for asked, said in (("2025-06-15", "nothing of 2025-06-15: it is empty"), ("yesterday", "yesterday is no day")):
        result = replayed(tmp_path, asked)
        assert isinstance(result.exception, Failure)
        assert said in str(result.exception)


class Written(World):
    """A simulated centre with its journal, and with what the daemon keeps at midnight."""

    def __init__(self, folder: Path, profile: Profile, began: Moment, hours: float) -> None:
        config = busy_centre(12)
        super().__init__(config, profile, 5, hours=hours, began=began)
        configurations.keep(folder, config)
        self.journal = Journal(folder, Began(began, 0, "0", config.hash, 5, "", "", is_first=True))
        self._day = day_of(began)
        self._death.journalled = partial(self._write, self._death.journalled)  # type: ignore[method-assign]

    def _take(self, event: AnyEvent, now: Moment) -> None:
        if day_of(now) != self._day:
            self._day = day_of(now)
            taken = snapshot.taken(self.ledger, self.journal.sequence)
            snapshot.write_morning(self.journal.folder, taken, self._day)
            self.journal.roll()
        super()._take(event, now)

    def _write(self, after: Callable[..., None], event: AnyEvent, outcome: Outcome, now: Moment) -> None:
        self.journal.append(now, event, outcome.facts, outcome.commands)
        self.journal.flush(now)
        for fact in outcome.facts:
            self.ledger.fold(fact, now)
        after(event, outcome, now)


@pytest.mark.parametrize("is_killed", [False, True])
def test_simulated_days_with_every_fault_are_replayed_each_alone(tmp_path: Path, is_killed: bool) -> None:
    profile = busy_day(300, faults=True)
    if is_killed:
        profile = changed(profile, faults=changed(profile.faults, kill_every=600 * SECOND))
    world = Written(tmp_path, profile, MORNING - 6 * HOUR, 12.0)
    assert not world.run().violations
    world.journal.close(world.now)
    found = content(tmp_path)
    assert len(found) == 2
    assert min(map(len, found.values())) > 500
    one, other = found
    archive.pack(tmp_path, one, world.now)
    archive.pack(tmp_path, other, world.now)
    for day, numbers in found.items():
        assert f": {len(numbers)} inputs, no difference" in said(replayed(tmp_path, day))
    archive.place_of(tmp_path, one).unlink()
    assert f": {len(found[other])} inputs, no difference" in said(replayed(tmp_path, other))
    assert f"nothing of {one}" in str(replayed(tmp_path, one).exception)
