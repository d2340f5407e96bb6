"""Ids and the two kinds of time. All ids are text; none is ever built from what a caller says."""

from typing import TYPE_CHECKING, NewType

Moment = int
"""Microseconds of UTC since 1970."""

Length = int
"""Microseconds."""

SECOND: Length = 1_000_000
MILLISECOND: Length = 1_000

if TYPE_CHECKING:
    SwitchName = NewType("SwitchName", str)
    LegId = NewType("LegId", str)
    """`switch/boot/unique`: the switch's name, the boot of it, its own unique id of the channel."""
    CallId = NewType("CallId", str)
    AgentId = NewType("AgentId", str)
    QueueId = NewType("QueueId", str)
    OfferId = NewType("OfferId", str)
    RecordingId = NewType("RecordingId", str)
    CallerId = NewType("CallerId", str)
    QuestionId = NewType("QuestionId", str)
    RequestId = NewType("RequestId", str)
    CampaignId = NewType("CampaignId", str)
    ContactId = NewType("ContactId", str)
    Endpoint = NewType("Endpoint", str)
    """A phone as the switch dials it, `PJSIP/1001`; on another switch than the first with its name, `b:PJSIP/1001`."""
else:  # text as it is: calling a NewType costs as much as making a fact
    SwitchName = LegId = CallId = AgentId = QueueId = OfferId = str
    RecordingId = CallerId = QuestionId = RequestId = Endpoint = CampaignId = ContactId = str


def leg_id(switch: SwitchName, boot: str, unique: str) -> LegId:
    """The id of a leg; `unique` may hold slashes, switch and boot may not."""
    return LegId(f"{switch}/{boot}/{unique}")


def switch_of(leg: LegId) -> SwitchName:
    """The switch that a leg lives on."""
    return SwitchName(leg.partition("/")[0])


def unique_of(leg: LegId) -> str:
    """The switch's own unique id of the channel."""
    return leg.split("/", 2)[2]
