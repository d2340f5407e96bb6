"""One master: of several daemons on one switch the one that holds the lease in Redis; the others wait for it.

The lease is a key that runs out unless its holder renews it. Who finds it gone for longer than a renewal takes it. That
the former holder is silenced is not the lease's business: the successor ends his session at the switch (`fence`), and
he himself writes nothing after a standstill before he has looked at the lease again (`is_sure`).

Redis away demotes nobody: a holder goes on, and nobody else can take what he cannot see.
"""

import asyncio
import os
import secrets
import socket
import time
from collections.abc import Callable
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from ccd.io.closed import told_as_lost

KEY = "ccd:lease"
EPOCH = "ccd:lease:epoch"
RENEW = """
local holder = redis.call('get', KEYS[1])
if holder == ARGV[1] or not holder then
    redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
    return ARGV[1]
end
return holder
"""
"""Ours, or lost by a Redis that failed over: ours again. Somebody else's: his name."""
GIVE_BACK = "if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end"
log = structlog.get_logger()


class Lease:
    """`length` in seconds is how long a holder may be silent. All is bounded by a quarter of it."""

    def __init__(self, url: str, length: float) -> None:
        self.name = f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"
        self.epoch = 0
        self.lost = asyncio.Event()
        """Somebody else has it."""
        self._length = length
        self._step = length / 4
        self._looked_at = 0.0
        self._redis = Redis.from_url(
            url,
            decode_responses=True,
            protocol=3,
            socket_timeout=self._step,
            socket_connect_timeout=self._step,
            retry=Retry(NoBackoff(), 0),
        )
        self._task: asyncio.Task[None] | None = None
        self.renewed: Callable[[], None] = lambda: None
        """Called after every look: what was withheld may leave."""

    def is_sure(self) -> bool:
        """Whether this process has been awake: its last look at the lease is younger than the lease."""
        return time.monotonic() - self._looked_at < self._length

    async def acquire(self) -> None:
        """Wait until nobody has held it for longer than a renewal takes, and take it."""
        gone_since: float | None = None
        told = ""
        while True:
            holder = await self._ask(self._redis.get(KEY), failed="?")
            now = time.monotonic()
            if holder is not None:
                gone_since = None
                if holder != told:
                    log.info("waits for the lease", holder=holder)
                    told = holder
            elif not told or (gone_since is not None and now - gone_since > self._step):
                if await self._ask(self._redis.set(KEY, self.name, nx=True, px=self._milliseconds), failed=None):
                    break
            else:
                gone_since = gone_since or now
            await asyncio.sleep(self._step / 2)
        self.epoch = int(await self._ask(self._redis.incr(EPOCH), failed=0))
        self._looked_at = time.monotonic()
        log.info("holds the lease", name=self.name, epoch=self.epoch)

    def begin(self) -> None:
        """Renew it from now on."""
        self._task = asyncio.get_running_loop().create_task(self._renew(), name="lease")

    async def close(self) -> None:
        """Give it back at once, so that nobody need wait for it to run out."""
        if self._task is not None:
            self._task.cancel()
        await self._ask(self._redis.eval(GIVE_BACK, 1, KEY, self.name), failed=None)
        await self._redis.aclose()

    async def _renew(self) -> None:
        while True:
            # Whoever has slept must look before anything else counts as looked at.
            holder = await self._ask(self._redis.eval(RENEW, 1, KEY, self.name, self._milliseconds), failed=self.name)
            if holder != self.name:
                log.critical("the lease is somebody else's", holder=holder)
                self.lost.set()
                return
            self._looked_at = time.monotonic()
            self.renewed()
            await asyncio.sleep(self._step)

    @property
    def _milliseconds(self) -> int:
        return int(self._length * 1_000)

    async def _ask(self, question: Any, failed: Any) -> Any:
        """The answer of Redis, or `failed` where it is away."""
        try:
            with told_as_lost():
                async with asyncio.timeout(self._step):
                    return await question
        except (RedisError, OSError, TimeoutError) as error:
            log.debug("no answer about the lease", error=repr(error))
            return failed
