"""What the driver must know of one FreeSWITCH and of how the daemon uses it."""

import re

from msgspec import Struct

from ccd.model.ids import MILLISECOND, SECOND, Length, SwitchName

_FOLDER = re.compile(r"(/[A-Za-z0-9._-]+)+")
_CONTEXT = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Settings(Struct, frozen=True, kw_only=True):
    """One FreeSWITCH. The contexts and extensions are those of `dialplans/freeswitch/ccd.xml`.

    `recordings` is an absolute folder as FreeSWITCH sees it. `id_prefix` goes in front of every Job-UUID: another at
    every start keeps late results of a former daemon apart.
    """

    name: SwitchName
    secret: str
    recordings: str
    username: str = ""
    """A directory user, `name@domain`, with his own rights; empty for the event socket's own password."""
    domain: str = ""
    """The phones' domain: `user/1001` is 1001 of this one. Empty: whatever domain a phone is registered at."""
    epoch: int = 0
    """Who may command: of several daemons the one with the highest. 0 where there is no other (see `Session`)."""
    id_prefix: str = "ccd"
    context: str = "ccd"
    """Holds the extensions below."""
    handback_context: str = "ccd-handback"
    returned: str = "ccd-returned"
    """The extension where a leg waits again after a bridge."""
    fallback: str = "ccd-fallback"
    """The extension of those whom no daemon took, or took and left."""
    action_time: Length = 5 * SECOND
    login_time: Length = 10 * SECOND
    boot_time: Length = 120 * SECOND
    ping_every: Length = SECOND
    silence_limit: Length = 5 * SECOND
    """Nothing at all on a connection for so long, though asked: it is half open."""
    hold_off: Length = 60 * SECOND
    """How long a refused login is not tried again, the first time; doubles up to sixteen times that."""
    nudge_every: Length = 2 * MILLISECOND
    """How often the events' connection is woken while somebody waits for one; else it is looked at every 20 ms."""
    lease: Length = 60 * SECOND
    """How long a parked leg outlives the daemon; renewed at half of it."""
    job_limit: int = 500
    """Phones that may be rung at once: each holds a thread of FreeSWITCH, and 2,000 at once collapse it."""
    leg_limit: int = 10_000
    endpoint_limit: int = 20_000

    def __post_init__(self) -> None:
        if not _FOLDER.fullmatch(self.recordings) or "/.." in self.recordings:
            raise ValueError(f"recordings folder {self.recordings!r}: absolute, of letters, digits, '.', '_' and '-'")
        for name in (self.context, self.handback_context, self.returned, self.fallback):
            if not _CONTEXT.fullmatch(name):
                raise ValueError(f"context or extension {name!r}: of letters, digits, '_' and '-'")
