"""What the driver must know of one Asterisk and of how the daemon uses it."""

import re

from msgspec import Struct

from ccd.model.ids import SECOND, Length, SwitchName

VARIABLES = ("CCD_STATE", "CCD_ROLE", "CCD_DNIS", "CCD_RECORDING", "CCD_RECORDING_STATE", "CCD_MONITOR_ID")
_FOLDER = re.compile(r"(/[A-Za-z0-9._-]+)+")


class Settings(Struct, frozen=True, kw_only=True):
    """One Asterisk. The contexts are those of `dialplans/asterisk/ccd.conf`.

    `id_prefix` goes in front of every ActionID and CommandID: one that callers cannot guess, another at every start,
    keeps forged and late answers apart. `recordings` is an absolute folder as Asterisk sees it.
    """

    name: SwitchName
    username: str
    secret: str
    recordings: str
    id_prefix: str = "ccd"
    plain_login: bool = False
    """Send the secret itself instead of the answer to an MD5 challenge: only over TLS or loopback."""
    inbound_context: str = "ccd-inbound"
    loop_context: str = "ccd-loop"
    answer_context: str = "ccd-answer"
    ring_context: str = "ccd-ring"
    bridge_context: str = "ccd-bridge"
    agent_context: str = "ccd-agent"
    dialled_context: str = "ccd-dialled"
    handback_context: str = "ccd-handback"
    phone_context: str = "ccd-phone"
    """Where a customer comes from an agent's transfer key."""
    variables: tuple[str, ...] = VARIABLES
    """Asked of every channel after a login: what the dialplan, the driver and (CCD_STATE) the engine wrote."""
    action_time: Length = 5 * SECOND
    login_time: Length = 10 * SECOND
    boot_time: Length = 120 * SECOND
    ping_every: Length = SECOND
    silence_limit: Length = 5 * SECOND
    """Nothing at all from the switch for so long, though pinged: the link is half open."""
    hold_off: Length = 60 * SECOND
    """How long a refused login is not tried again, the first time; doubles up to sixteen times that."""
    lease: Length = 60 * SECOND
    """How long a leg outlives the daemon in AsyncAGI; renewed at half of it."""
    leg_limit: int = 10_000
    endpoint_limit: int = 20_000

    @property
    def ways(self) -> tuple[str, ...]:
        """Contexts that a leg goes through and comes back from, which its AsyncAGIStart then tells."""
        return (self.answer_context, self.ring_context, self.bridge_context)

    def __post_init__(self) -> None:
        if not _FOLDER.fullmatch(self.recordings) or "/.." in self.recordings:
            raise ValueError(f"recordings folder {self.recordings!r}: absolute, of letters, digits, '.', '_' and '-'")
