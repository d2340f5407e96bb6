"""What the engine wants to be woken for. A timer whose serial is no longer its owner's does nothing."""

from typing import Literal

from msgspec import Struct

from ccd.model.ids import AgentId, CallId, CampaignId, Moment, OfferId, QuestionId, SwitchName


class StepTimer(Struct, frozen=True, tag=True, gc=False):
    """A step's own wait is over."""

    call: CallId
    serial: int


class QuestionTimer(Struct, frozen=True, tag=True, gc=False):
    """Nobody answered in time."""

    question: QuestionId


class OfferTimer(Struct, frozen=True, tag=True, gc=False):
    """The agent's phone has rung long enough, or the bridge did not come."""

    offer: OfferId
    stage: Literal["ringing", "bridging"]


class VisitTimer(Struct, frozen=True, tag=True, gc=False):
    """A waiting caller: the longest wait is reached, or an announcement is due."""

    call: CallId
    serial: int
    what: Literal["max_wait", "announcement"]


class AgentTimer(Struct, frozen=True, tag=True, gc=False):
    """The wrap-up that began at `since` is over."""

    agent: AgentId
    since: Moment


class BackOffTimer(Struct, frozen=True, tag=True, gc=False):
    """The rest after a missed offer is over, whatever the agent did meanwhile."""

    agent: AgentId


class LegTimer(Struct, frozen=True, tag=True, gc=False):
    """A leg of a transfer or of an agent's own call did not come up in time."""

    call: CallId
    serial: int


class RecallTimer(Struct, frozen=True, tag=True):
    """The channels of a former daemon's calls on a switch have had time to arrive."""

    area: SwitchName = SwitchName("")


class CampaignTimer(Struct, frozen=True, tag=True, gc=False):
    """A campaign wants to be looked at; `due` says whether it is still the one that counts."""

    campaign: CampaignId
    due: Moment


class AttemptTimer(Struct, frozen=True, tag=True, gc=False):
    """A line that is not wanted any more has rung as long as the law wants."""

    call: CallId


Timer = (
    StepTimer
    | QuestionTimer
    | OfferTimer
    | VisitTimer
    | AgentTimer
    | BackOffTimer
    | LegTimer
    | RecallTimer
    | CampaignTimer
    | AttemptTimer
)
