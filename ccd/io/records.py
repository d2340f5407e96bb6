"""The records in Redis: callers, their history, the calls.

Nobody waits for a write: `keep` puts it into a bounded backlog (memory, then a file) and one task writes in order,
again and again until Redis has taken it. Every write may be repeated without changing anything. Reads have a time-out
and raise `RecordsAwayError`.

Keys (moments are microseconds of UTC):

    ccd:schema                        the number of this layout (see `ccd.io.record_upgrade`)
    ccd:number:<E.164>                caller id
    ccd:caller:<caller>               hash: `_created_at`, and the site's own fields (`name`, `tier`, …)
    ccd:caller:<caller>:numbers       set of E.164
    ccd:callers                       sorted set: caller by creation
    ccd:person:<person>:personal      hash: `call:<id>`, `interaction:<id>` -> JSON; all that is personal in them
    ccd:person:<person>:calls         sorted set: call by start
    ccd:person:<person>:interactions  sorted set: interaction by moment
    ccd:call:<call>                   hash: `cdr` JSON without the personal part, `person`
    ccd:calls, ccd:agent:<agent>:calls, ccd:queue:<queue>:calls   sorted sets: call by start
    ccd:recording:<recording>         hash: `path`, `length` (samples), `checksum`
    ccd:erased                        hash: callers that were erased -> JSON list of their calls

A person is a caller id, or the number of calls in which nobody looked the caller up (Redis was away, or the flow has
no `caller` step), or `call:<call>` for one without a number. A caller's history is that of his id and his numbers.
"""

import asyncio
import re
import secrets
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from ccd.io import record_script as script
from ccd.io.closed import told_as_lost
from ccd.io.record_upgrade import STEPS, Step
from ccd.io.record_write import AnyWrite, ChangeCaller, Personal, joined
from ccd.io.record_writer import Health, RecordWriter
from ccd.model.caller import Caller, HistoryEntry, Interaction, PastCall
from ccd.model.cdr import Cdr, Recording, Voicemail
from ccd.model.ids import AgentId, CallerId, CallId, Moment, QueueId, RecordingId
from ccd.model.question import CallerRecord

_LONGEST_FIELD = 1_000
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_NUMBER = re.compile(r"\+[0-9]{3,15}", re.ASCII)


class RecordsAwayError(Exception):
    """Redis did not answer, or not in time."""


class RecordingFile(Struct, frozen=True):
    """Where a recording lies: below the recordings' folder; `length` in samples, `checksum` SHA-256 in hex."""

    path: str
    length: int
    checksum: str


class Erased(Struct, frozen=True):
    """What of an erased caller is left to delete elsewhere: the files of these recordings and voicemails."""

    calls: int
    recordings: tuple[RecordingId, ...]


class Records:
    """The one door to Redis. `timeout` in seconds bounds every read and every batch of writes.

    `backlog` is the file for what Redis has not taken yet; it holds personal data. `steps` upgrade older records.
    """

    def __init__(self, url: str, backlog: Path, timeout: float = 2.0, steps: Mapping[int, Step] = STEPS) -> None:
        self._timeout = timeout
        settings: dict[str, Any] = {
            "protocol": 3,
            "decode_responses": True,
            "encoding_errors": "replace",
            "socket_timeout": timeout,
            "socket_connect_timeout": timeout,
        }
        # The writer has a connection of its own, that readers cannot hold up, and does its own trying again. A reader
        # tries once more, because after a restart of Redis the pool is full of dead connections; what it asks may be
        # asked twice.
        once_more = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))
        self._redis = Redis(
            connection_pool=BlockingConnectionPool.from_url(
                url, max_connections=16, timeout=timeout, retry=once_more, **settings
            )
        )
        self._writing = Redis.from_url(url, retry=Retry(NoBackoff(), 0), **settings)
        self._writer = RecordWriter(self._writing, backlog, timeout, steps)

    async def start(self) -> None:
        """Begin to write. Redis may be away; if it is there, older records are upgraded first.

        Raises WrongSchemaError for records of a newer ccd.
        """
        await self._writer.start()

    async def close(self, patience: float = 2.0) -> None:
        """Write what waits, for at most `patience` seconds; the rest stays in the backlog's file."""
        try:
            await self._writer.close(patience)
        finally:
            await self._writing.aclose()
            await self._redis.connection_pool.aclose()
            await self._redis.aclose()

    def health(self) -> Health:
        return self._writer.health()

    def keep(self, write: AnyWrite) -> None:
        """Write it some time soon. Never waits; what finds no room is counted (`Health.lost`) and logged."""
        self._writer.put(write)

    async def drained(self, patience: float) -> bool:
        """Whether everything that waited was written within `patience` seconds."""
        return await self._writer.drained(patience)

    # --- callers

    async def look_up_caller(self, number: str, create: bool, name: str, now: Moment) -> CallerRecord | None:
        """Who calls from `number` (E.164); None for an unknown one that is not to be created, or for no number.

        Two first calls of a number at the same time make one record. `created` is true for the call that made it.
        """
        if not _NUMBER.fullmatch(number):
            return None
        fresh = secrets.token_hex(10) if create else ""
        found = await self._run(script.LOOK_UP_CALLER, number, fresh, now, name[:_LONGEST_FIELD])
        if found is None:
            return None
        caller = _caller(found)
        return CallerRecord(caller.id, caller.id == fresh, caller.calls, caller.fields)

    async def caller(self, caller: CallerId) -> Caller | None:
        """The whole record."""
        found = await self._run(script.READ_CALLER, caller)
        return None if found is None else _caller(found)

    async def callers(self, search: str = "", cursor: int = 0) -> tuple[list[Caller], int]:
        """A page of the callers in whose numbers or fields `search` occurs, and the cursor of the next (0: no more).

        One page looks at some 200 records, whatever it finds; a whole number in E.164 is found at once.
        """
        if _NUMBER.fullmatch(search):
            found = await self._run(script.LOOK_UP_CALLER, search, "", 0, "")
            return ([] if found is None else [_caller(found)]), 0
        following, page = await self._in_time(self._redis.zscan("ccd:callers", cursor, count=200))
        async with self._redis.pipeline(transaction=False) as pipe:
            for caller, _ in page:
                pipe.eval(script.READ_CALLER, 0, caller)
            answers = await self._in_time(pipe.execute()) if page else []
        callers = [_caller(answer) for answer in answers if answer is not None]
        return [caller for caller in callers if _has(caller, search.casefold())], int(following)

    def update_caller(self, caller: CallerId, fields: Mapping[str, str]) -> None:
        """Write fields of a caller; empty text removes one, text beyond 1,000 characters is cut.

        Raises ValueError for a field's name that is not `[a-z][a-z0-9_]*` of at most 64 characters.
        """
        for name in fields:
            if not _FIELD.fullmatch(name):
                raise ValueError(f"no name of a field: {name[:80]!r}")
        self.keep(ChangeCaller(caller, {name: value[:_LONGEST_FIELD] for name, value in fields.items()}))

    async def link_number(self, caller: CallerId, number: str) -> bool:
        """Give a caller one more number; False when it is another's, is no number, or there is no such caller."""
        return bool(_NUMBER.fullmatch(number)) and await self._run(script.LINK_NUMBER, caller, number) == 1

    async def erase(self, caller: CallerId) -> Erased | None:
        """Forget a person: record, numbers, interactions, and the personal part of every call. None for an unknown one.

        Erased once more he has the same calls, so what is to be done with them may fail and be done again. Raises
        RecordsAwayError also while writes wait, since they could bring some of it back.
        """
        if not await self._writer.drained(self._timeout):
            raise RecordsAwayError("writes wait for Redis; erase when they are through")
        found = await self._run(script.ERASE_CALLER, caller)
        if found is None:
            return None
        calls = [CallId(call) for call in found]
        cdrs = await self._read_calls(calls)
        files = [entry.recording for cdr in cdrs for entry in cdr.recordings]
        messages = [RecordingId(entry.name) for cdr in cdrs for entry in cdr.voicemails]
        return Erased(len(calls), (*files, *messages))

    async def history(self, caller: CallerId, limit: int = 20) -> list[HistoryEntry]:
        """The caller's calls and interactions, newest first."""
        numbers = await self._in_time(self._redis.smembers(f"ccd:caller:{caller}:numbers"))
        persons = [caller, *sorted(numbers)]
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.zrange(f"ccd:person:{caller}:interactions", 0, limit - 1, desc=True)
            for person in persons:
                pipe.zrange(f"ccd:person:{person}:calls", 0, limit - 1, desc=True)
            interactions, *calls = await self._in_time(pipe.execute())
        entries: list[HistoryEntry] = list(await self._interactions(caller, interactions))
        cdrs = await self._read_calls(sorted({CallId(call) for some in calls for call in some}))
        entries += [PastCall(cdr.started_at, cdr) for cdr in cdrs]
        return sorted(entries, key=lambda entry: entry.at, reverse=True)[:limit]

    # --- calls

    async def call(self, call: CallId) -> Cdr | None:
        """The record of a call that ended."""
        return next(iter(await self._read_calls([call])), None)

    async def calls(
        self, limit: int = 50, before: Moment | None = None, agent: AgentId | None = None, queue: QueueId | None = None
    ) -> tuple[list[Cdr], Moment]:
        """The last calls that started before the moment, newest first: all, or an agent's (offers count), or a
        queue's; and the moment that the next page starts before, 0 where there is none. A page holds all that began at
        its last moment, if need be more than `limit`: those that a new daemon found began at one.
        """
        index = f"ccd:agent:{agent}:calls" if agent else f"ccd:queue:{queue}:calls" if queue else "ccd:calls"
        newest = "+inf" if before is None else f"({before}"
        found = await self._in_time(
            self._redis.zrevrangebyscore(index, newest, "-inf", start=0, num=limit, withscores=True)
        )
        if len(found) < limit:
            return await self._read_calls([CallId(call) for call, _ in found]), 0
        last = int(found[-1][1])
        of_last = await self._in_time(self._redis.zrevrangebyscore(index, last, last))
        calls = [call for call, began in found if int(began) != last]
        return await self._read_calls([CallId(call) for call in (*calls, *of_last)]), last

    async def recording(self, recording: RecordingId) -> RecordingFile | None:
        """Where the file of a recording or voicemail lies; None while it is not in its place."""
        return _file(await self._in_time(self._redis.hgetall(f"ccd:recording:{recording}")))

    async def _read_calls(self, calls: Sequence[CallId]) -> list[Cdr]:
        """The records of those that are there, in the same order."""
        if not calls:
            return []
        async with self._redis.pipeline(transaction=False) as pipe:
            for call in calls:
                pipe.hmget(f"ccd:call:{call}", "cdr", "person")
            stored = [(text, person or "") for text, person in await self._in_time(pipe.execute()) if text]
        cdrs = [(msgspec.json.decode(text, type=Cdr), person) for text, person in stored]
        return await self._completed(cdrs) if cdrs else []

    async def _completed(self, cdrs: Sequence[tuple[Cdr, str]]) -> list[Cdr]:
        """Join the records with their personal parts and with the files of their recordings."""
        files = sorted({name for cdr, _ in cdrs for name in _file_names(cdr)})
        async with self._redis.pipeline(transaction=False) as pipe:
            for cdr, person in cdrs:
                pipe.hget(f"ccd:person:{person}:personal", f"call:{cdr.call}")
            for name in files:
                pipe.hgetall(f"ccd:recording:{name}")
            answers = await self._in_time(pipe.execute())
        personal = [msgspec.json.decode(text, type=Personal) if text else None for text in answers[: len(cdrs)]]
        placed = {
            name: file for name, fields in zip(files, answers[len(cdrs) :], strict=True) if (file := _file(fields))
        }
        return [_with_files(joined(cdr, person), placed) for (cdr, _), person in zip(cdrs, personal, strict=True)]

    async def _interactions(self, caller: CallerId, ids: Sequence[str]) -> list[Interaction]:
        if not ids:
            return []
        fields = [f"interaction:{entry}" for entry in ids]
        texts = await self._in_time(self._redis.hmget(f"ccd:person:{caller}:personal", fields))
        return [msgspec.json.decode(text, type=Interaction) for text in texts if text]

    # --- Redis

    async def _run(self, lua: str, *arguments: str | int) -> Any:
        return await self._in_time(self._redis.eval(lua, 0, *map(str, arguments)))

    async def _in_time(self, answer: Any) -> Any:
        """redis-py's types leave open whether an answer is awaited; those of the asyncio client are coroutines."""
        asked = cast("Coroutine[Any, Any, Any]", answer)
        if not self._writer.is_settled:
            asked.close()
            raise RecordsAwayError("the records were not reached yet, or are of another schema")
        try:
            with told_as_lost():
                async with asyncio.timeout(self._timeout):
                    return await asked
        except (RedisError, OSError, TimeoutError) as error:
            raise RecordsAwayError(f"{type(error).__name__}: {error}") from error


def _caller(found: Sequence[Any]) -> Caller:
    identity, numbers, calls, flat = found
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    created_at = int(fields.pop("_created_at", 0))
    return Caller(CallerId(identity), created_at, tuple(numbers), calls, fields)


def _has(caller: Caller, search: str) -> bool:
    return any(search in text.casefold() for text in (*caller.numbers, *caller.fields.values()))


def _file(fields: Mapping[str, str]) -> RecordingFile | None:
    return RecordingFile(fields["path"], int(fields["length"]), fields["checksum"]) if fields else None


def _file_names(cdr: Cdr) -> list[str]:
    return [entry.recording for entry in cdr.recordings] + [entry.name for entry in cdr.voicemails]


def _with_files(cdr: Cdr, files: Mapping[str, RecordingFile]) -> Cdr:
    def recording(entry: Recording) -> Recording:
        file = files.get(entry.recording)
        return replace(entry, path=file.path, length=file.length, checksum=file.checksum) if file else entry

    def voicemail(entry: Voicemail) -> Voicemail:
        file = files.get(entry.name)
        return replace(entry, path=file.path, checksum=file.checksum) if file else entry

    return replace(
        cdr, recordings=tuple(map(recording, cdr.recordings)), voicemails=tuple(map(voicemail, cdr.voicemails))
    )
