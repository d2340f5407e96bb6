"""`ccd run`: read the configuration, tell what is wrong with it, or live."""

import asyncio
import logging
import os
import sys
from pathlib import Path

import structlog
import uvloop

from ccd.config.problem import ConfigurationErrors
from ccd.daemon.clock import Clock
from ccd.daemon.daemon import Daemon
from ccd.daemon.lease import Lease
from ccd.daemon.site import read_site
from ccd.daemon.standby import master
from ccd.io.record_upgrade import WrongSchemaError

WRONG_CONFIGURATION = 78
"""EX_CONFIG of sysexits.h: systemd is told not to try again with it. Also for records that this ccd cannot take."""
SUPERSEDED = 75
"""EX_TEMPFAIL: another daemon has the lease; started again, this one stands by."""


def run(path: Path) -> int:
    """Live until SIGTERM; the exit status."""
    log_json()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_live(path))
    except (ConfigurationErrors, WrongSchemaError) as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_CONFIGURATION


async def _live(path: Path) -> int:
    loaded, speech = read_site(path, Clock().now())
    lease = await master(loaded)
    if lease is None:
        await Daemon(path, loaded, speech).run()
        return 0
    loaded, speech = read_site(path, Clock().now())  # it may have been another one when the waiting began
    watch = asyncio.create_task(_end_when_lost(lease))  # no group: why a daemon ends is to be told as it is
    try:
        lease.begin()
        await Daemon(path, loaded, speech, lease).run()
    finally:
        watch.cancel()
    await lease.close()
    return 0


async def _end_when_lost(lease: Lease) -> None:
    """At once and with nothing more written: whatever this process still holds, somebody else has decided anew."""
    await lease.lost.wait()
    os._exit(SUPERSEDED)


def log_json() -> None:
    """One JSON object a line, to standard error, where journald takes it."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # without the values of local variables: they hold what callers typed and said
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
