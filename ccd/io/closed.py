"""uvloop's word for a connection that is gone, in the words of redis-py.

Where asyncio's transports take a write after their end in silence, uvloop's raise a RuntimeError, which redis-py does
not know for what it is: a connection that Redis closed.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import ConnectionError as RedisConnectionError

SAID = "the handler is closed"


@contextmanager
def told_as_lost() -> Iterator[None]:
    """A write to a closed transport is a RedisConnectionError."""
    try:
        yield
    except RuntimeError as error:
        if SAID not in str(error):
            raise
        raise RedisConnectionError(str(error)) from error
