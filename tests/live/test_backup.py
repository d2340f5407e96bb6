"""Backup and restore of a site's records in a real Redis, its journal and its configuration."""

import asyncio
import hashlib
import io
import os
import shutil
import stat
import sys
import threading
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis as Client

from ccd.cli.pace import Pace
from ccd.config.problem import ConfigurationErrors
from ccd.daemon.backup import BackedUp, BackupError, back_up
from ccd.daemon.follower import STORE
from ccd.daemon.journal import Began, Entry, Journal, read, segments
from ccd.daemon.restore import PARTS, Part, Restored, restore
from ccd.io.backlog import Backlog
from ccd.io.backup_file import MANIFEST, Manifest, Member
from ccd.io.compliance_export import verify
from ccd.io.compliance_log import FOLDER, ComplianceLog, log_files
from ccd.io.contact_store import ContactStore
from ccd.io.record_dump import kind_of
from ccd.io.record_upgrade import WrongSchemaError
from ccd.io.record_write import KeepCdr, KeepInteraction, KeepRecording
from ccd.io.records import Records
from ccd.lab.redis import Redis
from ccd.model.caller import Interaction
from ccd.model.event import TimePassed
from ccd.model.ids import CallerId, RecordingId
from tests.cli.conftest import ended
from tests.io.contacts import NEW_YORK, NOON, SPRING, began, facts_at, numbered, rules
from tests.live.test_records import NUMBER, PATIENCE, cdr, dump, running

pytestmark = pytest.mark.live

SETTINGS = """
switches: {{pbx: {{kind: asterisk, username: ccd, secret_file: ami.secret, recordings: /var/rec}}}}
redis: {{url: "{url}"}}
folders: {{journal: {data}/journal, state: {data}/state, recordings: {data}/recordings, speech: {data}/speech}}
numbers: {{"900": hello}}
"""


@dataclass(frozen=True)
class Site:
    """A site on a disk of its own: `config` may be not there yet."""

    config: Path
    data: Path

    def write_configuration(self, redis: Redis) -> None:
        folder = self.config.parent
        (folder / "flows").mkdir(parents=True)
        self.config.write_text(SETTINGS.format(url=redis.url, data=self.data))
        (folder / "ami.secret").write_text("s3cret")
        (folder / "flows" / "hello.yaml").write_text("flow: hello\nsteps: {bye: {hangup: }}\n")

    def write_data(self) -> None:
        journal = Journal(self.data / "journal", Began(1_790_000_000_000_000, 0, "0.1", "abc", 7, "z", "n"))
        for number in range(200):
            journal.append(number, TimePassed(), (), ())
        journal.close(1_790_000_000_000_000)
        for name in (
            "journal/configurations/abc.pickle",
            "journal/mornings/2026-01-02-0000000000000007-0123456789ab.snapshot",
            "recordings/2026/01/02/rec-1.wav",
            "recordings/incoming/x.raw",
        ):
            (self.data / name).parent.mkdir(parents=True)
            (self.data / name).write_bytes(os.urandom(3_000_000))
        self.write_contacts()

    def write_contacts(self) -> None:
        """A contact store with an attempt, as a daemon that was killed leaves it, and its compliance log."""
        state = self.data / "state"
        store = ContactStore(self.data / "elsewhere" / STORE)
        store.add(SPRING, numbered(NEW_YORK, 3))
        (contact, *_) = store.next_contacts(rules(), 1, NOON).contacts
        store.apply(facts_at(NOON, began(contact, call="a")))
        state.mkdir(exist_ok=True)
        for name in (STORE, f"{STORE}-wal"):
            shutil.copy(self.data / "elsewhere" / name, state / name)
        store.close()
        shutil.rmtree(self.data / "elsewhere")
        log = ComplianceLog(state / FOLDER)
        log.write(facts_at(NOON, began(contact, call="a")))
        log.close()

    def attempts(self) -> list[str]:
        """Those in the contact store."""
        store = ContactStore(self.data / "state" / STORE)
        try:
            return [attempt.call for attempt in store.attempts(SPRING)]
        finally:
            store.close()

    async def back_up(self, target: Path, *, recordings: bool = False) -> BackedUp:
        return await asyncio.to_thread(back_up, self.config, target, recordings=recordings, told=untold)

    async def restore(
        self, file: Path, parts: Sequence[Part] = PARTS, *, force: bool = False, trusted: bool = False
    ) -> Restored:
        return await asyncio.to_thread(
            partial(restore, file, self.config, parts=parts, force=force, trusted=trusted, told=untold)
        )

    def files(self) -> dict[str, bytes]:
        """All that is there, by where it belongs."""
        folders = (self.config.parent, self.data)
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for folder in folders
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.name.startswith(("backlog", STORE))
        }


def modes(folder: Path) -> list[int]:
    """Of all files."""
    return [stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()]


def listed(folder: Path, pattern: str = "*") -> list[Path]:
    """All below, sorted."""
    return sorted(folder.rglob(pattern))


def untold(size: int, what: str) -> None: ...


@pytest.fixture
def site(tmp_path: Path, redis: Redis) -> Site:
    made = Site(tmp_path / "etc" / "ccd.yaml", tmp_path / "var")
    made.write_configuration(redis)
    made.write_data()
    return made


def renewed(site: Site) -> Site:
    """The same site on a machine where nothing is yet: its disk is moved away."""
    for folder in (site.config.parent, site.data):
        folder.rename(folder.with_name(folder.name + ".old"))
    return site


async def fill(records: Records, calls: int = 300) -> None:
    known = await records.look_up_caller(f"{NUMBER}1", True, "Ann \udc80 Ämter", 77)
    erased = await records.look_up_caller(f"{NUMBER}9", True, "Bert", 78)
    assert known is not None
    assert erased is not None
    assert await records.link_number(known.id, f"{NUMBER}2")
    records.update_caller(known.id, {"tier": "gold", "note": "a\r\nb\0c\u2028"})
    records.keep(KeepInteraction(Interaction("i1", known.id, 1_500, "note", "anna", "rang back")))
    for number in range(calls):
        records.keep(KeepCdr(cdr(number, known.id if number % 2 else CallerId(""))))
        records.keep(KeepRecording(RecordingId(f"rec-{number}"), f"2026/01/02/rec-{number}.wav", 8_000, "abc"))
    assert await records.drained(PATIENCE)
    assert await records.erase(erased.id) is not None


async def test_everything_comes_back_on_an_empty_machine(redis: Redis, site: Site, tmp_path: Path) -> None:
    async with running(redis, site.data / "state") as records:
        await fill(records)
    async with Client.from_url(redis.url, decode_responses=True) as client:
        before, files = await dump(client), site.files()
        assert all(kind_of(str(key)) or key == "ccd:schema" for key in await client.keys("*")), "a key no backup knows"
        done = await site.back_up(tmp_path / "a.zip", recordings=True)
        assert (done.members, done.left_out) == (10, ())
        assert stat.S_IMODE((tmp_path / "a.zip").stat().st_mode) == 0o600
        await client.flushall()
        fresh = renewed(site)
        assert await fresh.restore(tmp_path / "a.zip", trusted=True) == Restored(9, True, 0)
        assert await dump(client) == before
    del files["recordings/incoming/x.raw"]
    assert fresh.files() == files
    assert fresh.attempts() == ["a"]
    assert [verify(file).lines for file in log_files(fresh.data / "state" / FOLDER)] == [1]
    assert {mode & 0o077 for mode in modes(site.config.parent)} == {0}
    async with running(redis, site.data / "state") as records:
        assert (await records.callers("912"))[0] == []
        assert len((await records.calls(500))[0]) == 300


async def test_secrets_and_certificates_are_in_it_and_what_lies_elsewhere_is_told(
    redis: Redis, site: Site, tmp_path: Path
) -> None:
    elsewhere, folder = tmp_path / "elsewhere.pem", site.config.parent
    written = {"tls/ca.pem": "1", "tls/web.pem": "2", "redis.secret": "", "flows/ignored.txt": "no flow"}
    (folder / "tls").mkdir()
    for name, text in written.items():
        (folder / name).write_text(text)
    elsewhere.write_text("key")
    text = site.config.read_text().replace("ami.secret,", "ami.secret, tls: {ca_file: tls/ca.pem},")
    text = text.replace("redis: {", "redis: {secret_file: redis.secret, ")
    site.config.write_text(text + f"http: {{certificate: tls/web.pem, key: {elsewhere}}}\n")
    done = await site.back_up(tmp_path / "a.zip")
    assert done.left_out == (elsewhere,)
    names = {name for name in zipfile.ZipFile(tmp_path / "a.zip").namelist() if name.startswith("configuration/")}
    expected = {"ccd.yaml", "ami.secret", "flows/hello.yaml", *written} - {"flows/ignored.txt"}
    assert names == {f"configuration/{name}" for name in expected}


async def test_bytes_that_are_no_text_and_long_values_come_back_too(redis: Redis, site: Site, tmp_path: Path) -> None:
    async with Client.from_url(redis.url) as client:
        await client.set("ccd:number:+34600", b"\xff\xfe\x00\r\n")
        await client.hset("ccd:caller:x", mapping={b"n\xff": b"x" * 900_000, "name": "Ann"})
        await client.hset("ccd:person:x:personal", mapping={f"call:{number}": b"y" * 50_000 for number in range(100)})
        await client.zadd("ccd:calls", {f"c{number}": 1_790_000_000_000_000 + number for number in range(2_000)})
        await client.set("other:key", "stays")
        held = {key: await client.dump(key) for key in await client.keys("ccd:number*")}
        person = await client.hgetall("ccd:person:x:personal")
        calls = await client.zrange("ccd:calls", 0, -1, withscores=True)
        await site.back_up(tmp_path / "a.zip")
        for key in await client.keys("ccd:*"):
            await client.delete(key)
        await site.restore(tmp_path / "a.zip", ["records"])
        assert {key: await client.dump(key) for key in await client.keys("ccd:number*")} == held
        assert await client.hget("ccd:caller:x", b"n\xff") == b"x" * 900_000
        assert await client.hgetall("ccd:person:x:personal") == person
        assert await client.zrange("ccd:calls", 0, -1, withscores=True) == calls
        assert await client.get("other:key") == b"stays"


async def test_a_key_that_no_restore_could_take_is_told_when_it_is_written(
    redis: Redis, site: Site, tmp_path: Path
) -> None:
    async with Client.from_url(redis.url) as client:
        await client.hset("ccd:call:x", "cdr", b"\xff" * 4_000_000)
    with pytest.raises(BackupError, match=r"ccd:call:x.*too long"):
        await site.back_up(tmp_path / "a.zip")


async def test_it_is_whole_while_calls_end_and_callers_change(redis: Redis, site: Site, tmp_path: Path) -> None:
    """Every call that was there is there, and every index leads to a record."""
    async with (
        running(redis, site.data / "state") as records,
        Client.from_url(redis.url, decode_responses=True) as client,
    ):
        await fill(records, 1_500)
        making = asyncio.create_task(site.back_up(tmp_path / "a.zip"))
        number = 1_500
        while not making.done():
            records.keep(KeepCdr(cdr(number)))
            number += 1
            await asyncio.sleep(0.001)
        assert (await making).left_out == ()
        assert number > 1_510
        assert await records.drained(PATIENCE)
        await client.flushall()
    await site.restore(tmp_path / "a.zip", ["records"])
    async with (
        running(redis, site.data / "state") as records,
        Client.from_url(redis.url, decode_responses=True) as client,
    ):
        calls, _ = await records.calls(5_000)
        assert {call.call for call in calls} >= {f"call-{number}" for number in range(1_500)}
        assert len(calls) == await client.zcard("ccd:calls")
        for person in [str(key) async for key in client.scan_iter("ccd:person:*:calls")]:
            fields = [f"call:{call!s}" for call in await client.zrange(person, 0, -1)]
            assert all(await client.hmget(person.removesuffix(":calls") + ":personal", fields))


async def test_a_caller_erased_meanwhile_spoils_the_backup(redis: Redis, site: Site, tmp_path: Path) -> None:
    async with running(redis, site.data / "state") as records:
        await fill(records, 50)
        (one, *_), _ = await records.callers()
        loop, asked, done = asyncio.get_running_loop(), threading.Event(), threading.Event()

        async def erase() -> None:
            await records.erase(one.id)
            done.set()

        def told(size: int, what: str) -> None:
            if what == "records" and not asked.is_set():
                asked.set()
                loop.call_soon_threadsafe(lambda: loop.create_task(erase()))
                assert done.wait(PATIENCE)

        with pytest.raises(BackupError, match="erased meanwhile"):
            await asyncio.to_thread(back_up, site.config, tmp_path / "a.zip", recordings=False, told=told)
        assert not listed(tmp_path, "*.zip*")


async def test_nothing_that_is_there_is_replaced_unless_that_is_wanted(
    redis: Redis, site: Site, tmp_path: Path
) -> None:
    async with running(redis, site.data / "state") as records:
        await fill(records, 20)
    await site.back_up(tmp_path / "a.zip", recordings=True)
    files = site.files()
    async with Client.from_url(redis.url, decode_responses=True) as client:
        before = await dump(client)
        await client.hset("ccd:caller:new", "name", "Zoe")
        site.config.write_text(site.config.read_text() + "# mine\n")
        (site.data / "recordings/2026/01/02/rec-1.wav").write_text("mine")
        (site.data / "journal" / "1790000000000009.journal").write_text("")
        store = ContactStore(site.data / "state" / STORE)
        store.apply(facts_at(NOON + 1, began(store.next_contacts(rules(), 1, NOON).contacts[0], call="b")))
        changed, mine = await dump(client), site.files()
        for part, said in (
            ("configuration", "ccd.yaml"),
            ("records", "records in Redis"),
            ("contacts", "contacts.sqlite"),
            ("journal", "9.journal"),
            ("recordings", "rec-1.wav"),
        ):
            with pytest.raises(BackupError, match=said):
                await site.restore(tmp_path / "a.zip", [part])  # type: ignore[list-item] # a literal, in a loop
        assert (await dump(client), site.files()) == (changed, mine)
        shutil.copy(site.data / "state" / f"{STORE}-wal", tmp_path / "wal")
        store.close()
        shutil.copy(tmp_path / "wal", site.data / "state" / f"{STORE}-wal")  # as if it had been killed
        await site.restore(tmp_path / "a.zip", force=True)
        assert await dump(client) == before
        assert site.attempts() == ["a"], "what the former store had beside it is not taken for this one's"
        assert site.files() == files | {"journal/1790000000000009.journal": b""}


async def test_what_is_the_same_is_no_hindrance(redis: Redis, site: Site, tmp_path: Path) -> None:
    await site.back_up(tmp_path / "a.zip")
    assert await site.restore(tmp_path / "a.zip") == Restored(0, True, 2)


async def test_a_running_daemon_is_in_the_way(redis: Redis, site: Site, tmp_path: Path) -> None:
    await site.back_up(tmp_path / "a.zip")
    for name in ("backlog", "backlog-2"):
        backlog = Backlog(site.data / "state" / name)
        with pytest.raises(BackupError, match="stop it first"):
            await site.restore(tmp_path / "a.zip", force=True)
        backlog.close()


async def test_a_daemon_on_another_machine_is_in_the_way_too(redis: Redis, site: Site, tmp_path: Path) -> None:
    await site.back_up(tmp_path / "a.zip")
    async with Client.from_url(redis.url) as client:
        await client.set("ccd:lease", "somebody", px=60_000)
    with pytest.raises(BackupError, match="another machine"):
        await site.restore(tmp_path / "a.zip", force=True)


async def test_what_waits_for_redis_is_in_it(redis: Redis, site: Site, tmp_path: Path) -> None:
    for name in ("backlog", "backlog-2"):  # of a daemon and of one beside it
        backlog = Backlog(site.data / "state" / name)
        backlog.put(b"{}")
        backlog.close()
    await site.back_up(tmp_path / "a.zip")
    fresh = renewed(site)
    await fresh.restore(tmp_path / "a.zip")
    for name in ("backlog", "backlog-2"):
        assert (site.data / "state" / name).read_bytes() == b"{}\n"


async def test_pickles_come_back_only_when_trusted(redis: Redis, site: Site, tmp_path: Path) -> None:
    (site.data / "journal" / "archive").mkdir()
    (site.data / "journal" / "archive" / "2026-01-01.zip").write_bytes(b"a day, with pickles")
    await site.back_up(tmp_path / "a.zip")
    fresh = renewed(site)
    assert (await fresh.restore(tmp_path / "a.zip", ["configuration", "journal"])).left_out == 3
    assert not (site.data / "journal" / "configurations").exists()
    assert not (site.data / "journal" / "archive").exists()
    assert not (site.data / "journal" / "mornings").exists()
    assert len(segments(site.data / "journal")) == 1
    assert (await fresh.restore(tmp_path / "a.zip", ["journal"], trusted=True)).files == 3


async def test_the_journal_of_a_running_daemon_is_taken_as_far_as_it_goes(
    redis: Redis, site: Site, tmp_path: Path
) -> None:
    (segment,) = segments(site.data / "journal")
    whole = segment.read_bytes()
    segment.write_bytes(whole[:-5])
    await site.back_up(tmp_path / "a.zip")
    fresh = renewed(site)
    await fresh.restore(tmp_path / "a.zip")
    frames = list(read(segments(site.data / "journal")[0]))
    assert sum(isinstance(frame, Entry) for frame in frames) == 199


async def test_a_damaged_one_changes_nothing(redis: Redis, site: Site, tmp_path: Path) -> None:
    async with running(redis, site.data / "state") as records:
        await fill(records, 20)
    await site.back_up(tmp_path / "a.zip")
    whole = (tmp_path / "a.zip").read_bytes()
    fresh = renewed(site)
    there = listed(tmp_path)
    async with Client.from_url(redis.url) as client:
        await client.flushall()
        for at in range(400, len(whole) - 1, len(whole) // 15):  # three megabytes of members, little between them
            (tmp_path / "b.zip").write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
            with pytest.raises(BackupError, match=r"damaged|no backup|manifest|name"):
                await fresh.restore(tmp_path / "b.zip")
        assert listed(tmp_path) == sorted([*there, tmp_path / "b.zip"])
        assert await client.dbsize() == 0


def rewritten(source: Path, target: Path, name: str, content: bytes) -> Path:
    """The backup with one member more or another one, and a manifest that is true of it."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        manifest = msgspec.json.decode(old.read(MANIFEST), type=Manifest)
        members = [member for member in manifest.members if member.name != name]
        for member in members:
            new.writestr(member.name, old.read(member.name))
        new.writestr(name, content)
        members.append(Member(name, len(content), hashlib.sha256(content).hexdigest()))
        new.writestr(MANIFEST, msgspec.json.encode(msgspec.structs.replace(manifest, members=tuple(members))))
    return target


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("configuration/../../evil", b"x"),
        ("journal/snapshots/1.snapshot", b"a pickle that runs code"),
        ("journal/configurations/../../x.pickle", b"x"),
        ("recordings/incoming/x.wav", b"x"),
        ("state/other", b"x"),
        ("records.jsonl", b'["string","ccd:schema","1"]\n'),
        ("records.jsonl", b'["string","other:key","1"]\n'),
        ("records.jsonl", b'["hash","ccd:number:+1","1"]\n'),
        ("records.jsonl", b'["hash","ccd:call:1",{"cdr":1}]\n'),
        ("records.jsonl", b'["zset","ccd:calls",{"a":"b"}]\n'),
        ("records.jsonl", b'["zset","ccd:calls",{}]\n'),
        ("records.jsonl", b"[" * 100_000 + b"\n"),
        ("records.jsonl", b'["string","ccd:number:+1","1"]'),
        ("configuration/ccd.yaml", b"!!python/object/apply:os.system [id]"),
        ("configuration/ccd.yaml", b""),
    ],
)
async def test_a_hostile_one_writes_nothing(
    redis: Redis, site: Site, tmp_path: Path, name: str, content: bytes
) -> None:
    await site.back_up(tmp_path / "a.zip")
    hostile = rewritten(tmp_path / "a.zip", tmp_path / "b.zip", name, content)
    fresh = renewed(site)
    there = listed(tmp_path)
    with pytest.raises((BackupError, ConfigurationErrors)):
        await fresh.restore(hostile, trusted=True)
    assert listed(tmp_path) == there
    async with Client.from_url(redis.url) as client:
        assert await client.dbsize() == 0


async def test_one_of_newer_records_is_refused(redis: Redis, site: Site, tmp_path: Path) -> None:
    async with Client.from_url(redis.url) as client:
        await client.set("ccd:schema", "99")
    with pytest.raises(BackupError, match="99"):
        await site.back_up(tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


async def test_a_restore_cut_off_keeps_daemons_away_until_it_is_done_again(
    redis: Redis, site: Site, tmp_path: Path
) -> None:
    loop = asyncio.get_running_loop()
    async with running(redis, site.data / "state") as records:
        await fill(records, 200)
    await site.back_up(tmp_path / "a.zip")
    async with Client.from_url(redis.url, decode_responses=True) as client:
        before = await dump(client)
        await client.flushall()

    def told(size: int, what: str) -> None:
        if what == "records":
            asyncio.run_coroutine_threadsafe(redis.kill(), loop).result()

    cut_off = partial(restore, parts=["records"], force=False, trusted=False, told=told)
    with pytest.raises(BackupError, match="half restored"):
        await asyncio.to_thread(cut_off, tmp_path / "a.zip", site.config)
    await redis.start()
    with pytest.raises(WrongSchemaError, match="half restored"):
        async with running(redis, site.data / "state"):
            pass
    with pytest.raises(BackupError, match="--force"):
        await site.restore(tmp_path / "a.zip", ["records"])
    await site.restore(tmp_path / "a.zip", ["records"], force=True)
    async with Client.from_url(redis.url, decode_responses=True) as client:
        assert await dump(client) == before


async def test_the_commands_say_what_they_did(
    redis: Redis, site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, config = str(tmp_path / "a.zip"), ("--config", str(site.config))
    assert await asyncio.to_thread(ended, "backup", file, *config) == 0
    assert capsys.readouterr() == (f"{file}: 9 files of 6.1 MB\n", "")
    assert await asyncio.to_thread(ended, "backup", file, *config) == 1
    assert "there is such a file already" in capsys.readouterr().err
    renewed(site)
    assert await asyncio.to_thread(ended, "restore", file, *config) == 0
    said = f"{file}: 6 files and the records restored; 2 that could run code left out (--trusted takes them)\n"
    assert capsys.readouterr() == (said, "")
    assert await asyncio.to_thread(ended, "restore", str(site.config), *config) == 1
    assert "is no backup" in capsys.readouterr().err
    assert await asyncio.to_thread(ended, "restore", file, "--only", "everything", *config) == 2


def test_how_far_it_is_is_told_after_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([0.0, 0.4, 1.2, 1.2, 1.5])
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    stream = io.StringIO()
    pace = Pace("backup to a.zip", stream)
    for size in (1_000_000, 2_000_000, 4_000_000):
        pace(size, "recordings/\x1b[2J")
    pace.close()
    assert stream.getvalue() == "backup to a.zip: 3.0 MB, recordings/?[2J\n"


@pytest.mark.parametrize("standby", ["", "standby: {}\n"])
async def test_a_daemon_does_not_start_on_records_of_a_newer_one(redis: Redis, site: Site, standby: str) -> None:
    fenced = site.config.read_text().replace(
        "ami.secret,", "ami.secret, fence: {username: x, secret_file: ami.secret},"
    )
    site.config.write_text((fenced if standby else site.config.read_text()) + standby)
    async with Client.from_url(redis.url) as client:
        await client.set("ccd:schema", "99")
    command = (sys.executable, "-m", "ccd", "run", "--config", str(site.config))
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    async with asyncio.timeout(30):
        _, said = await process.communicate()
    assert process.returncode == 78, said
    assert said.decode().splitlines()[-1].endswith("written by a newer ccd; this one knows schema 1: upgrade it")


async def test_a_writer_under_load_notices_a_restore(redis: Redis, site: Site) -> None:
    async with running(redis, site.data / "state") as records, Client.from_url(redis.url) as client:
        await fill(records, 10)
        await client.set("ccd:schema", "restoring")
        number = 0
        async with asyncio.timeout(PATIENCE):
            while records.health().is_up:
                records.keep(KeepCdr(cdr(number)))
                number += 1
                await asyncio.sleep(0.001)
        assert records.health().backlog > 0
