"""Call and leg: what the engine knows of them, and their life cycle."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

from ccd.core.display import showable
from ccd.core.flow.flow import Flow
from ccd.model.fact import Direction
from ccd.model.ids import AgentId, CallerId, CallId, CampaignId, Endpoint, LegId, Moment, OfferId, QueueId, RecordingId

LegRole = Literal["customer", "agent", "dialled"]
LegState = Literal["new", "dialling", "up", "bridging", "bridged", "ending"]
Phase = Literal["attempting", "flow", "waiting", "dialling", "talking", "returning", "ending"]


class Leg(Struct, gc=False):
    """One channel of a call. `secret` is set while what it types must not be known (token and terminating key)."""

    id: LegId
    call: CallId
    role: LegRole
    state: LegState
    endpoint: Endpoint = Endpoint("")
    play_serial: int = 0
    typed: str = ""
    secret: tuple[str, str] | None = None


class Cursor(Struct):
    """Where a call stands in its flow. `serial` grows with every step and wait: late timers are known by it."""

    flow: Flow
    step: str = ""
    flows: Mapping[str, Flow] = field(default_factory=dict)
    """All flows as they were when the call began: a reload changes nothing for it."""
    serial: int = 0
    state: Any = None
    returns: list[tuple[Flow, str]] = field(default_factory=list)
    steps_taken: int = 0
    input: int = 0
    steps_of_input: int = 0
    rendering: list[Any] = field(default_factory=list)
    until_digit: bool = False


class Visit(Struct, gc=False):
    """A stay in a queue: from entry to exactly one outcome. `key` orders: waiting_since less the head start."""

    queue: QueueId
    entered: Moment
    key: Moment
    serial: int
    leave_at_no_agent: bool = False
    limit: Moment = 0
    """When the longest wait is reached; 0: never."""
    announcing: bool = False


class Recording(Struct, gc=False):
    """The recording of a call. `paused` is what the switch was told last, `begun` that there is talk in it.

    `stopped`: nothing more is done with it; `ended`: nothing more is told of it.
    """

    id: RecordingId
    paused: bool
    on_demand: bool
    by: str = "policy"
    begun: bool = False
    failure: str = ""
    stopped: bool = False
    ended: bool = False


class Call(Struct):
    """One customer contact. `leg` is the customer's, `other` the one he talks with or that is rung outside.

    `agent` owns the call now, `talked_with` owned the last talk.
    """

    id: CallId
    leg: LegId
    direction: Direction
    ani: str
    ani_name: str
    dnis: str
    number: str
    started: Moment
    phase: Phase
    answered: bool = False
    rings: bool = False
    """Before the answer: the caller was told that it rings."""
    cursor: Cursor | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    language: str = ""
    caller: CallerId | None = None
    caller_fields: dict[str, str] = field(default_factory=dict)
    caller_known: bool = False
    digits: str = ""
    waiting_since: Moment = 0
    visit: Visit | None = None
    visits: int = 0
    visit_is_known: bool = False
    """After a restart: the journal has the entry into the queue that the caller still waits in."""
    offer: OfferId | None = None
    agent: AgentId | None = None
    other: LegId | None = None
    talk_began: Moment = 0
    talked_with: AgentId | None = None
    recording: Recording | None = None
    recording_told: bool = False
    recording_declined: bool = False
    recording_mode: str = ""
    queue: QueueId | None = None
    transferring: Literal["", "step", "refer"] = ""
    dial_serial: int = 0
    legs: list[LegId] = field(default_factory=list)
    ended_by: str = ""
    cause: int = 0
    campaign: CampaignId | None = None
    """Whose attempt it is; `attempting` until somebody answers."""
    own_legs: str = ""
    """How the ids of the legs begin that we dial for this call."""
    shown_name: str = ""
    """The caller's name for a phone's display."""

    def __post_init__(self) -> None:
        switch, boot, _ = self.leg.split("/", 2)
        self.own_legs = f"{switch}/{boot}/ccd-{self.id}-"
        self.shown_name = showable(self.ani_name)

    def identify(self, fields: dict[str, str]) -> None:
        """The fields of the caller's record as they are now; offers show the name in them."""
        self.caller_fields = fields
        self.shown_name = showable(fields.get("name") or self.ani_name)
