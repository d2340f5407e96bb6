"""The records against a real Redis: away, killed, slow, asked by two at once."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from redis.asyncio import Redis as Client

from ccd.io import record_upgrade
from ccd.io.journal_stream import STREAM
from ccd.io.record_upgrade import STEPS, WrongSchemaError
from ccd.io.record_write import AnyWrite, ChangeCaller, KeepCdr, KeepInteraction, KeepRecording
from ccd.io.records import Records, RecordsAwayError
from ccd.lab.redis import Redis
from ccd.model.caller import Caller, Interaction, PastCall
from ccd.model.cdr import Cdr, Leg, Offer, QueueVisit, Recording, Step, Talk, Voicemail
from ccd.model.ids import AgentId, CallerId, CallId, Endpoint, LegId, OfferId, QueueId, RecordingId

pytestmark = pytest.mark.live

PATIENCE = 15.0
NOBODY = CallerId("")
NUMBER = "+493023125001"


@asynccontextmanager
async def running(
    redis: Redis, folder: Path, answer_within: float = 1.0, steps: Mapping[int, record_upgrade.Step] = STEPS
) -> AsyncIterator[Records]:
    records = Records(redis.url, folder / "backlog", answer_within, steps)
    try:
        await records.start()
        yield records
    finally:
        await records.close(patience=0.5)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - what is awaited happens in another process
            await asyncio.sleep(0.01)


def has_written(records: Records, writes: int) -> bool:
    return records.health().written > writes


def cdr(number: int, caller: CallerId = NOBODY, ani: str = NUMBER) -> Cdr:
    leg, phone = LegId(f"pbx/1/{number}"), LegId(f"pbx/1/{number}.agent")
    return Cdr(
        CallId(f"call-{number}"),
        "inbound",
        1_000 + number,
        ani=ani,
        ani_name="Ann Ämter",
        dnis="0301234",
        number=ani,
        caller=caller,
        ended_at=9_000 + number,
        ended_by="caller",
        way=(Step("main", "ask", "collect", 5, 6, "4711"), Step("main", "to sales", "queue", 6, 7, "answered")),
        visits=(QueueVisit(QueueId("sales"), 6, 6, 0, 7, "answered", 1),),
        offers=(Offer(OfferId("o1"), AgentId("anna"), QueueId("sales"), phone, 6, 0, "caller", 7, "accepted"),),
        talks=(Talk(AgentId("anna"), leg, phone, 7, 9, 2, "caller"),),
        legs=(Leg(leg, 1, number=ani), Leg(phone, 6, Endpoint("PJSIP/1001"))),
        recordings=(Recording(RecordingId(f"rec-{number}"), 7),),
        voicemails=(Voicemail("box", f"mail-{number}", 8, 1_000_000),),
    )


async def test_a_first_call_makes_one_record_however_many_ask_at_once(redis: Redis, tmp_path: Path) -> None:
    async with running(redis, tmp_path) as one, running(redis, tmp_path / "other") as other:
        asked = [records.look_up_caller(NUMBER, True, "Ann", 77) for records in (one, other) for _ in range(20)]
        found = await asyncio.gather(*asked)
        assert len({caller.id for caller in found if caller}) == 1
        assert sum(caller.created for caller in found if caller) == 1
        assert all(caller and caller.fields == {"name": "Ann"} and caller.calls == 0 for caller in found)
        assert NUMBER.strip("+") not in str(found[0])


async def test_unknown_callers_without_create_and_without_number_are_nobody(redis: Redis, tmp_path: Path) -> None:
    async with running(redis, tmp_path) as records:
        assert await records.look_up_caller(NUMBER, False, "", 1) is None
        for hostile in ("", "anonymous", "+49:x", "+49\r\nDEL a", "+" + "1" * 40, "+٤٩٣٠١٢٣"):
            assert await records.look_up_caller(hostile, True, "", 1) is None
        assert await records.callers() == ([], 0)


async def test_a_callers_fields_numbers_history_and_search(redis: Redis, tmp_path: Path) -> None:
    async with running(redis, tmp_path) as records:
        found = await records.look_up_caller(NUMBER, True, "Ann Ämter", 77)
        assert found is not None
        records.update_caller(found.id, {"tier": "gold", "note": "x" * 5_000, "odd": "\udc80"})
        records.keep(KeepInteraction(Interaction("i1", found.id, 1_500, "note", "anna", "rang back")))
        records.keep(KeepCdr(cdr(1, found.id)))
        records.keep(KeepCdr(cdr(2)))  # of the same number, at a time when nobody could look it up
        assert await records.drained(PATIENCE)
        assert await records.link_number(found.id, "+34912345678")
        other = await records.look_up_caller("+34912345678", True, "", 80)
        assert other is not None
        assert (other.id, other.created, other.calls) == (found.id, False, 2)
        assert other.fields == {"name": "Ann Ämter", "tier": "gold", "note": "x" * 1_000, "odd": "?"}
        whole = await records.caller(found.id)
        assert whole is not None
        assert (whole.numbers, whole.created_at, whole.calls) == (("+34912345678", NUMBER), 77, 2)
        history = await records.history(found.id)
        assert [entry.at for entry in history] == [1_500, 1_002, 1_001]
        assert isinstance(history[2], PastCall)
        assert history[2].cdr == cdr(1, found.id)
        for search in ("ämt", "912345", NUMBER, ""):
            assert [caller.id for caller in (await records.callers(search))[0]] == [found.id]
        assert await records.callers("nobody") == ([], 0)
        records.update_caller(found.id, {"tier": ""})
        assert await records.drained(PATIENCE)
        assert "tier" not in (await records.caller(found.id) or whole).fields
        with pytest.raises(ValueError, match="field"):
            records.update_caller(found.id, {"_created_at": "0"})


async def test_a_number_of_another_caller_is_not_taken_away(redis: Redis, tmp_path: Path) -> None:
    async with running(redis, tmp_path) as records:
        one = await records.look_up_caller(NUMBER, True, "", 1)
        two = await records.look_up_caller("+34912345678", True, "", 1)
        assert one is not None
        assert two is not None
        assert not await records.link_number(two.id, NUMBER)
        assert not await records.link_number(CallerId("nobody"), "+34912345679")


async def test_calls_by_time_agent_and_queue_with_their_files(redis: Redis, tmp_path: Path) -> None:
    async with running(redis, tmp_path) as records:
        records.keep(KeepRecording(RecordingId("rec-3"), "2026/01/02/rec-3.wav", 8_000, "abc"))
        for number in range(5):
            records.keep(KeepCdr(cdr(number)))
        assert await records.drained(PATIENCE)
        assert [call.call for call in (await records.calls(2))[0]] == ["call-4", "call-3"]
        assert [call.call for call in (await records.calls(2, before=1_003))[0]] == ["call-2", "call-1"]
        assert [
            len((await records.calls(agent=AgentId("anna")))[0]),
            len((await records.calls(queue=QueueId("sales")))[0]),
        ] == [5, 5]
        assert await records.calls(agent=AgentId("bert")) == ([], 0)
        call = await records.call(CallId("call-3"))
        assert call is not None
        assert (call.recordings[0].path, call.recordings[0].length, call.recordings[0].checksum) == (
            "2026/01/02/rec-3.wav",
            8_000,
            "abc",
        )
        assert await records.call(CallId("call-4")) == cdr(4)
        assert await records.call(CallId("call-9")) is None
        assert await records.recording(RecordingId("rec-4")) is None


async def test_an_erased_person_leaves_nothing_personal_even_by_a_late_write(redis: Redis, tmp_path: Path) -> None:
    async with running(redis, tmp_path) as records, Client.from_url(redis.url, decode_responses=True) as client:
        found = await records.look_up_caller(NUMBER, True, "Ann Ämter", 1)
        assert found is not None
        records.keep(KeepCdr(cdr(1, found.id)))
        records.keep(KeepCdr(cdr(2)))
        assert await records.drained(PATIENCE)
        for _ in range(2):
            erased = await records.erase(found.id)
            assert erased is not None
            assert erased.calls == 2
            assert sorted(erased.recordings) == ["mail-1", "mail-2", "rec-1", "rec-2"]
        records.keep(KeepCdr(cdr(3, found.id)))
        records.update_caller(found.id, {"name": "Ann Ämter"})
        records.keep(KeepInteraction(Interaction("i1", found.id, 5, "note", "anna", "Ann Ämter rang")))
        assert await records.drained(PATIENCE)
        assert await records.caller(found.id) is None
        assert await records.history(found.id) == []
        call = await records.call(CallId("call-1"))
        assert call is not None
        assert (call.ani, call.number, call.legs[0].number, call.way[0].result) == ("", "", "", "")
        assert (call.dnis, call.way[1].result) == ("0301234", "answered")
        everything = await dump(client)
        assert all(word not in everything for word in (NUMBER, "Ämter", "4711"))


async def test_every_write_twice_changes_nothing(redis: Redis, tmp_path: Path) -> None:
    async with running(redis, tmp_path) as records, Client.from_url(redis.url, decode_responses=True) as client:
        found = await records.look_up_caller(NUMBER, True, "", 1)
        assert found is not None
        writes: list[AnyWrite] = [
            KeepCdr(cdr(1, found.id)),
            KeepCdr(cdr(2)),
            KeepInteraction(Interaction("i1", found.id, 5, "note", "anna", "text")),
            KeepRecording(RecordingId("rec-1"), "a", 1, "c"),
            ChangeCaller(found.id, {"tier": "gold"}),
        ]
        dumps = []
        for _ in range(2):
            for write in writes:
                records.keep(write)
            assert await records.drained(PATIENCE)
            dumps.append(await dump(client))
        assert dumps[0] == dumps[1]


async def test_redis_killed_and_restarted_amid_writes_loses_and_doubles_nothing(redis: Redis, tmp_path: Path) -> None:
    async with running(redis, tmp_path) as records:
        found = await records.look_up_caller(NUMBER, True, "", 1)
        assert found is not None
        for number in range(1_500):
            records.keep(KeepCdr(cdr(number, found.id)))
            if number in (400, 900):
                await until(partial(has_written, records, number // 2))
                await redis.kill()
            if number in (700, 1_200):
                await until(lambda: not records.health().is_up)
                await redis.start()
            if number % 50 == 0:
                await asyncio.sleep(0)
        assert await records.drained(PATIENCE)
        health = records.health()
        assert (health.lost, health.refused, health.backlog, health.is_up) == (0, 0, 0, True)
        calls, _ = await records.calls(2_000)
        assert [call.call for call in calls] == [f"call-{number}" for number in reversed(range(1_500))]
        after = await records.caller(found.id)
        assert after is not None
        assert after.calls == 1_500


async def test_redis_away_at_the_start_and_the_process_gone_before_it_comes(redis: Redis, tmp_path: Path) -> None:
    await redis.kill()
    async with running(redis, tmp_path) as records:
        for number in range(100):
            records.keep(KeepCdr(cdr(number, ani="+4930231250\udc8001")))
        with pytest.raises(RecordsAwayError):
            await records.look_up_caller(NUMBER, True, "", 1)
        await until(lambda: bool(records.health().last_error))
        assert records.health().backlog == 100
    await redis.start()
    async with running(redis, tmp_path) as records:
        assert await records.drained(PATIENCE)
        assert len((await records.calls(200))[0]) == 100


async def test_a_redis_that_hangs_holds_nobody_up(redis: Redis, tmp_path: Path) -> None:
    async with running(redis, tmp_path, answer_within=0.2) as records:
        records.keep(KeepCdr(cdr(0)))
        assert await records.drained(PATIENCE)
        os.kill(redis.process.pid, signal.SIGSTOP)
        try:
            started = asyncio.get_running_loop().time()
            for number in range(1, 300):
                records.keep(KeepCdr(cdr(number)))
            with pytest.raises(RecordsAwayError):
                await records.call(CallId("call-0"))
            assert asyncio.get_running_loop().time() - started < 1.0
            given_up = [asyncio.create_task(records.call(CallId(f"call-{number}"))) for number in range(40)]
            assert not (await asyncio.wait(given_up, timeout=0.05))[0]
            for task in given_up:  # in the middle of an answer, as a time-out of the call's would
                task.cancel()
            await until(lambda: not records.health().is_up)
        finally:
            os.kill(redis.process.pid, signal.SIGCONT)
        assert await records.drained(PATIENCE)
        assert len((await records.calls(500))[0]) == 300
        found = [await records.call(CallId(f"call-{number}")) for number in range(300)]
        assert found == [cdr(number) for number in range(300)]


async def test_a_key_of_a_wrong_type_holds_up_only_its_own_write(redis: Redis, tmp_path: Path) -> None:
    async with running(redis, tmp_path) as records, Client.from_url(redis.url) as client:
        await client.set("ccd:call:call-1", "spoilt by hand")
        for number in range(3):
            records.keep(KeepCdr(cdr(number)))
        assert await records.drained(PATIENCE)
        assert records.health().refused == 1
        assert await records.call(CallId("call-2")) == cdr(2)


@pytest.mark.parametrize(
    ("schema", "said"), [("99", "newer ccd"), ("0", "no way"), ("x", "none"), ("restoring", "half")]
)
async def test_records_of_another_schema_are_refused(redis: Redis, tmp_path: Path, schema: str, said: str) -> None:
    async with Client.from_url(redis.url) as client:
        await client.set("ccd:schema", schema)
    with pytest.raises(WrongSchemaError, match=said):
        async with running(redis, tmp_path):
            pass


async def test_records_that_turn_out_newer_are_neither_written_nor_read(redis: Redis, tmp_path: Path) -> None:
    """Redis was away at the start, so the daemon runs; calls go on without records."""
    async with Client.from_url(redis.url) as client:
        await client.set("ccd:schema", "99")
    await redis.kill()
    async with running(redis, tmp_path) as records:
        await redis.start()
        records.keep(KeepCdr(cdr(1)))
        await until(lambda: "99" in records.health().last_error)
        assert records.health().backlog == 1
        with pytest.raises(RecordsAwayError):
            await records.call(CallId("call-1"))
        async with Client.from_url(redis.url) as client:
            assert await client.keys("ccd:*") == [b"ccd:schema"]


async def test_records_upgraded_under_a_running_daemon_are_written_to_no_more(redis: Redis, tmp_path: Path) -> None:
    async with running(redis, tmp_path) as records, Client.from_url(redis.url) as client:
        await until(lambda: records.health().is_up)
        await client.set("ccd:schema", "2")
        await until(lambda: not records.health().is_up)
        with pytest.raises(RecordsAwayError):
            await records.callers()


async def names_to_fields(client: Client) -> None:
    """A made-up schema 0 had a caller's name under a key of its own, and `_made` for `_created_at`."""
    async for key in client.scan_iter("ccd:name:*"):
        caller = f"ccd:caller:{key.removeprefix('ccd:name:')}"
        await client.hset(caller, "name", str(await client.get(key)))
        made = await client.hget(caller, "_made")
        if made is not None:
            await client.hset(caller, "_created_at", made)
            await client.hdel(caller, "_made")
        await client.delete(key)


async def old_records(redis: Redis, count: int) -> None:
    async with Client.from_url(redis.url) as client:
        await client.set("ccd:schema", "0")
        for number in range(count):
            await client.hset(f"ccd:caller:k{number}", "_made", "77")
            await client.set(f"ccd:name:k{number}", f"Ann {number}")


async def assert_upgraded(records: Records, count: int) -> None:
    for number in range(count):
        caller = await records.caller(CallerId(f"k{number}"))
        assert caller == Caller(CallerId(f"k{number}"), 77, (), 0, {"name": f"Ann {number}"})


async def test_older_records_are_upgraded_at_the_start(redis: Redis, tmp_path: Path) -> None:
    await old_records(redis, 300)
    steps = {0: names_to_fields}
    for _ in range(2):
        async with running(redis, tmp_path, steps=steps) as records, Client.from_url(redis.url) as client:
            await assert_upgraded(records, 300)
            assert await client.get("ccd:schema") == b"1"
            assert await client.keys("ccd:name:*") == []
    async with running(redis, tmp_path) as records:
        await assert_upgraded(records, 3)


async def test_an_upgrade_cut_off_is_done_again(redis: Redis, tmp_path: Path) -> None:
    """By Redis killed in the middle of it; two daemons that begin at once do no harm either."""
    await old_records(redis, 50)

    async def cut_off(client: Client) -> None:
        moved = 0
        async for key in client.scan_iter("ccd:name:*"):
            moved += 1
            await client.hset(f"ccd:caller:{key.removeprefix('ccd:name:')}", "name", str(await client.get(key)))
            if moved == 20:
                await redis.kill()

    async with running(redis, tmp_path, steps={0: cut_off}):
        pass
    await redis.start()
    steps = {0: names_to_fields}
    async with running(redis, tmp_path, steps=steps) as one, running(redis, tmp_path / "other", steps=steps) as other:
        await assert_upgraded(one, 50)
        await assert_upgraded(other, 50)


async def test_a_caller_who_never_was_is_not_erased(redis: Redis, tmp_path: Path) -> None:
    async with running(redis, tmp_path) as records, Client.from_url(redis.url) as client:
        assert await records.erase(CallerId("nobody")) is None
        assert not await client.exists("ccd:erased")


async def dump(client: Client) -> str:
    """All that Redis holds of the records, as text; the journal's copy is the journal."""
    lines = []
    for key in sorted([str(key) async for key in client.scan_iter() if not str(key).startswith(STREAM)]):
        match await client.type(key):
            case "string":
                value: object = await client.get(key)
            case "hash":
                value = sorted((await client.hgetall(key)).items())
            case "set":
                value = sorted(map(str, await client.smembers(key)))
            case _:
                value = await client.zrange(key, 0, -1, withscores=True)
        lines.append(f"{key} {value}")
    return "\n".join(lines)


async def test_what_a_redis_acknowledged_and_lost_is_written_again(redis: Redis, tmp_path: Path) -> None:
    """As after a failover to a replica that had not got it yet."""
    async with running(redis, tmp_path) as records:
        records.keep(KeepCdr(cdr(1)))
        assert await records.drained(PATIENCE)
        await redis.kill()
        for place in sorted(redis.folder.rglob("appendonly*"), reverse=True):
            place.rmdir() if place.is_dir() else place.unlink()
        await until(lambda: not records.health().is_up)
        await redis.start()
        await until(lambda: records.health().is_up)
        assert await records.call(CallId("call-1")) is not None
