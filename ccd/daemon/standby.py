"""A daemon's way to be the master: wait for the lease, then end the former master's session at the switch."""

import asyncio

import structlog

from ccd.config.load import Loaded
from ccd.config.problem import ConfigurationErrors, Place, Problem
from ccd.config.settings import AsteriskSection, FenceSection
from ccd.daemon import fence, site
from ccd.daemon.lease import Lease
from ccd.io.notify import Notify
from ccd.model.ids import SECOND

ALIVE_EVERY = 1.0
log = structlog.get_logger()


async def master(loaded: Loaded) -> Lease | None:
    """The lease, once it is ours; None where the configuration has no standby. Raises ConfigurationErrors."""
    standby = loaded.settings.standby
    if standby is None:
        return None
    accounts = [
        account_of(name, section, section.fence, loaded)
        for name, section in loaded.settings.switches.items()
        if isinstance(section, AsteriskSection) and section.fence is not None
    ]
    lease = Lease(site.redis_url(loaded.settings, loaded.base), standby.lease / SECOND)
    notify = Notify()
    notify.ready()
    notify.status("stands by")
    alive = asyncio.get_running_loop().create_task(_stay_alive(notify))
    try:
        await lease.acquire()
        await asyncio.gather(*map(_fence, accounts))
    finally:
        alive.cancel()
    return lease


def account_of(name: str, section: AsteriskSection, fenced: FenceSection, loaded: Loaded) -> fence.Account:
    """The account of a switch's fence."""
    try:
        secret = fenced.read(loaded.base)
    except (OSError, KeyError) as error:
        problem = Problem(Place(str(loaded.base)), f"switch {name}: the fence's secret cannot be read: {error}")
        raise ConfigurationErrors([problem]) from error
    tls = site.tls_of(section, loaded.base)
    return fence.Account(section.host, section.port, fenced.username, secret, section.username, tls)


async def _fence(account: fence.Account) -> None:
    """Where it cannot be put up, the switch still lets nobody in beside a session that lives."""
    try:
        await fence.put_up(account)
    except fence.FenceError as error:
        log.error("no fence", host=account.host, reason=str(error))


async def _stay_alive(notify: Notify) -> None:
    while True:
        notify.alive()
        await asyncio.sleep(ALIVE_EVERY)
