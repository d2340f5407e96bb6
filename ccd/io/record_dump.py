"""The records in Redis as lines of JSON, and back: typed values, so that any Redis takes them.

One line is a key or a part of a long one: `["zset", "ccd:calls", {"<call>": 1790000000000000}]`. Lines may come twice
and in any order. What is no key of the records (see `ccd.io.records`) is neither written nor taken.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, cast

from redis import Redis
from redis.exceptions import RedisError

from ccd.io.record_script import ERASE_CALLER
from ccd.io.record_upgrade import RESTORING, SCHEMA_KEY

KINDS = {
    "string": r"ccd:number:.+",
    "hash": r"ccd:(caller:[^:]+|person:.+:personal|call:.+|recording:.+|erased)",
    "set": r"ccd:caller:[^:]+:numbers",
    "zset": r"ccd:(callers|calls|person:.+:(calls|interactions)|(agent|queue):.+:calls)",
}
_KINDS = {kind: re.compile(pattern, re.DOTALL) for kind, pattern in KINDS.items()}
LONGEST_LINE = 1 << 24
_SMALL = 64
_PAGE = 200
_PIECE = 1 << 20
_FEW = 64


class RecordsError(Exception):
    """Redis did not answer, or its records cannot be read as they should; the text says why."""


class Piece(NamedTuple):
    """A key's value, or a part of it: text, a list, or a mapping (a sorted set's is to scores)."""

    kind: str
    key: str
    value: Any


def connect(url: str, timeout: float = 10.0) -> Redis:
    """A client that speaks in bytes; `timeout` in seconds bounds each answer."""
    return Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout)


def _text(value: Any) -> Any:
    """Bytes as text, also within a mapping or a set; such as are no UTF-8 come back as they were."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, dict):
        return {_text(key): _text(item) for key, item in value.items()}
    return sorted(map(_text, value)) if isinstance(value, set) else value


def _bytes(value: Any) -> Any:
    """The reverse."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, dict):
        return {_bytes(key): _bytes(item) for key, item in value.items()}
    return list(map(_bytes, value)) if isinstance(value, list) else value


def kind_of(key: str) -> str | None:
    """The type that this key of the records has; None for a key that is none of theirs."""
    return next((kind for kind, pattern in _KINDS.items() if pattern.fullmatch(key)), None)


def schema_of(redis: Redis) -> str | None:
    """The schema of the records, None where there are none. Raises RecordsError."""
    try:
        return cast("str | None", _text(redis.get(SCHEMA_KEY)))
    except (RedisError, OSError) as error:
        raise RecordsError(f"Redis: {error}") from error


def dumped(redis: Redis) -> Iterator[bytes]:
    """All records, while others write. Raises RecordsError, also when a caller was erased meanwhile.

    First the indexes, then what they lead to: so every entry of an index has its record. What is written meanwhile is
    there or not.
    """
    try:
        erased = redis.hlen("ccd:erased")
        for kinds in (("zset",), ("string", "hash", "set")):
            for keys in _batches(key for key in _keys(redis) if kind_of(key) in kinds):
                yield from _values(redis, keys)
        if redis.hlen("ccd:erased") != erased:
            raise RecordsError("a caller was erased meanwhile, a part of him may be in the backup: make it again")
    except (RedisError, OSError) as error:
        raise RecordsError(f"Redis: {error}") from error


def _keys(redis: Redis) -> Iterator[str]:
    return (key for key in map(_text, redis.scan_iter("ccd:*", count=1_000)) if kind_of(key))


def _values(redis: Redis, keys: Sequence[str]) -> Iterator[bytes]:
    """Small ones whole and together, big ones in parts."""
    with redis.pipeline(transaction=False) as pipe:
        counts: dict[str | None, Callable[[bytes], Any]] = {"hash": pipe.hlen, "zset": pipe.zcard}
        for key in keys:
            counts.get(kind_of(key), pipe.exists)(_bytes(key))
        sizes = pipe.execute()
    yield from _short(redis, [key for key, size in zip(keys, sizes, strict=True) if size <= _SMALL])
    for key, size in zip(keys, sizes, strict=True):
        if size > _SMALL:
            scan = redis.zscan_iter if kind_of(key) == "zset" else redis.hscan_iter
            yield from _lines(key, scan(_bytes(key), count=_PAGE))


def _short(redis: Redis, keys: Sequence[str]) -> Iterator[bytes]:
    with redis.pipeline(transaction=False) as pipe:
        reads: dict[str | None, Callable[[bytes], Any]] = {
            "string": pipe.get,
            "hash": pipe.hgetall,
            "set": pipe.smembers,
            "zset": lambda key: pipe.zrange(key, 0, -1, withscores=True),
        }
        for key in keys:
            reads[kind_of(key)](_bytes(key))
        values = pipe.execute()
    for key, value in zip(keys, values, strict=True):
        if isinstance(value, dict | list):
            yield from _lines(key, value.items() if isinstance(value, dict) else value)
        elif value:  # gone meanwhile, else
            yield _line(Piece(kind_of(key) or "", key, _text(value)))


def _lines(key: str, items: Iterable[tuple[bytes, Any]]) -> Iterator[bytes]:
    return (_line(Piece(kind_of(key) or "", key, _text(dict(part)))) for part in _parts(items))


def _parts(items: Iterable[tuple[bytes, Any]]) -> Iterator[list[tuple[bytes, Any]]]:
    """Of bounded size."""
    part: list[tuple[bytes, Any]] = []
    size = 0
    for item in items:
        part.append(item)
        size += sum(len(one) for one in item if isinstance(one, bytes))
        if len(part) == _PAGE or size > _PIECE:
            yield part
            part, size = [], 0
    if part:
        yield part


def _line(piece: Piece) -> bytes:
    line = json.dumps(piece, separators=(",", ":")).encode() + b"\n"
    if len(line) > LONGEST_LINE:
        raise RecordsError(f"{piece.key[:80]!r} is too long to be one of ccd's")
    return line


def pieces_of(chunks: Iterable[bytes]) -> Iterator[Piece]:
    """The lines of a dump. Raises ValueError for what is none."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from map(_piece, lines)
        if len(rest) > LONGEST_LINE:
            raise ValueError("a line of the records is too long")
    if rest:
        raise ValueError("the last line of the records is cut short")


def _piece(line: bytes) -> Piece:
    try:
        kind, key, value = json.loads(line)
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"a line of the records is none: {line[:80]!r}") from error
    if not isinstance(key, str) or kind_of(key) != kind or not _FITS[kind](value):
        raise ValueError(f"a line of the records is none: {line[:80]!r}")
    return Piece(kind, key, value)


def _is_text_to(kinds: type | tuple[type, ...]) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(item, kinds) and not isinstance(item, bool) for item in value.values())
    )


_FITS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "hash": _is_text_to(str),
    "zset": _is_text_to((int, float)),
    "set": lambda value: isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value),
}


def has_records(redis: Redis) -> bool:
    """Whether somebody's records are here, be they half restored. Raises RecordsError."""
    try:
        return schema_of(redis) == RESTORING or bool(redis.exists("ccd:callers", "ccd:calls", "ccd:erased"))
    except (RedisError, OSError) as error:
        raise RecordsError(f"Redis: {error}") from error


def is_there(redis: Redis, key: str) -> bool:
    """Whether there is such a key. Raises RecordsError."""
    try:
        return bool(redis.exists(key))
    except (RedisError, OSError) as error:
        raise RecordsError(f"Redis: {error}") from error


def replace_records(redis: Redis, pieces: Iterable[Piece], schema: str) -> None:
    """These records in place of all that are here. Raises RecordsError; then it must be done again from the start.

    Until it has come to its end, no daemon takes the records for its own.
    """
    try:
        redis.set(SCHEMA_KEY, RESTORING)
        for keys in _batches(_keys(redis)):
            redis.unlink(*map(_bytes, keys))
        for batch in _batches(pieces):
            with redis.pipeline(transaction=False) as pipe:
                for piece in batch:
                    _write(pipe, piece)
                pipe.execute()
        for caller, _ in redis.hscan_iter("ccd:erased"):
            redis.eval(ERASE_CALLER, 0, caller)
        redis.set(SCHEMA_KEY, schema)
    except (RedisError, OSError) as error:
        raise RecordsError(f"Redis: {error}") from error


def _write(pipe: Any, piece: Piece) -> None:
    key, value = _bytes(piece.key), _bytes(piece.value)
    match piece.kind:
        case "string":
            pipe.set(key, value)
        case "hash":
            pipe.hset(key, mapping=value)
        case "zset":
            pipe.zadd(key, value)
        case "set":
            pipe.sadd(key, *value)


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    """Few enough for their size: a piece is of bounded size, so this bounds the memory too."""
    batch: list[Any] = []
    for item in items:
        batch.append(item)
        if len(batch) == _FEW:
            yield batch
            batch = []
    if batch:
        yield batch
