"""Where a leg stands by what its driver was told and has told: what a driver that begins anew must know of it."""

from msgspec import Struct

from ccd.model.command import SwitchCommand
from ccd.model.ids import Endpoint, LegId, RecordingId


class LegStanding(Struct, frozen=True, kw_only=True):
    """One leg that had not ended. `due` are the commands whose result has not come, in order.

    `bridged_with` is the leg it was said to be joined with (None where that is not known), `music` what was last asked
    for as music on hold and not replaced since, `recording` what it was told to record (`muted` as told last),
    `variables` what was written onto it.
    """

    leg: LegId
    is_dialled: bool
    is_answered: bool
    endpoint: Endpoint = Endpoint("")
    is_joined: bool = False
    bridged_with: LegId | None = None
    music: str = ""
    rings: bool = False
    has_rung: bool = False
    """Its far end was said to ring."""
    recording: RecordingId | None = None
    muted: bool = False
    has_talked: bool = False
    """A bridge of it was told, now or earlier: what is recorded has begun."""
    variables: dict[str, str] = {}
    due: tuple[SwitchCommand, ...] = ()
