"""The records' schema: older ones are brought up to this ccd's, step by step; newer ones are left alone.

A step leads from one schema to the next. It must bear being done twice, and being cut off anywhere and done again: the
schema is written when it is through. Whoever changes the layout adds a step here and one to `SCHEMA`.
"""

from collections.abc import Awaitable, Callable, Mapping

import structlog
from redis.asyncio import Redis

SCHEMA = 1
SCHEMA_KEY = "ccd:schema"
RESTORING = "restoring"
"""The schema while a restore is at work: no daemon takes such records."""
Step = Callable[[Redis], Awaitable[None]]
STEPS: Mapping[int, Step] = {}
"""Schema to the step that leads from it to the next one."""
_ADVANCE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) end"
log = structlog.get_logger("records")


class WrongSchemaError(Exception):
    """The records in this Redis are of a schema that this ccd cannot take; the text says what to do."""


async def settle(redis: Redis, steps: Mapping[int, Step] = STEPS, schema: int = SCHEMA) -> None:
    """Bring the records to `schema`; new ones begin with it. Raises WrongSchemaError, RedisError."""
    await redis.set(SCHEMA_KEY, str(schema), nx=True)
    while (found := await _found(redis)) != schema:
        step = steps.get(found)
        if step is None:
            raise WrongSchemaError(_refusal(found, schema))
        log.info("records upgrade", of=found, to=found + 1)
        await step(redis)
        await redis.eval(_ADVANCE, 1, SCHEMA_KEY, str(found), str(found + 1))  # another daemon may have been first


def can_take(schema: str, steps: Mapping[int, Step] = STEPS, wanted: int = SCHEMA) -> bool:
    """Whether records of this schema are those of this ccd, or can be brought to it."""
    if not (schema.isascii() and schema.isdecimal() and len(schema) < 10):
        return False
    return int(schema) <= wanted and all(number in steps for number in range(int(schema), wanted))


async def _found(redis: Redis) -> int:
    text = str(await redis.get(SCHEMA_KEY))
    if text.isascii() and text.isdecimal():
        return int(text)
    if text == RESTORING:
        raise WrongSchemaError("the records are half restored: let `ccd restore` come to its end, or do it again")
    raise WrongSchemaError(f"the records are of schema {text[:40]!r}, which is none of ccd's")


def _refusal(found: int, schema: int) -> str:
    if found > schema:
        return f"the records are of schema {found}, written by a newer ccd; this one knows schema {schema}: upgrade it"
    return f"the records are of schema {found}, and this ccd knows no way from there to schema {schema}"
