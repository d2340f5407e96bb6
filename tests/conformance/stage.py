"""Where a scenario is played: the simulated switch and a real one are the same to whoever follows the script."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ccd.model.cdr import Cdr
from ccd.model.fact import AgentChanged
from ccd.model.view import AgentView, CallView
from tests.conformance.scenario import Person

Disturbance = Literal[
    "daemon dies", "daemon returns", "link cut", "link joined", "switch restarts", "records lost", "records found"
]


class ScriptError(Exception):
    """The script could not be followed: what a line waits for did not happen."""


@dataclass(frozen=True)
class Heard:
    """A stretch of sound, in seconds of the call that it was heard in."""

    what: str
    start: float
    seconds: float


class Side(Protocol):
    """One call as the one person at its end has it."""

    is_incoming: bool
    shown: str
    """What the phone that rings shows."""

    @property
    def rang_at(self) -> float | None:
        """When one who called heard that it rings."""

    @property
    def answered_at(self) -> float | None: ...

    @property
    def is_over(self) -> bool: ...

    @property
    def code(self) -> int:
        """The final SIP code of one who was not answered."""

    def at(self) -> float:
        """How far the call is, in seconds."""

    def heard(self, since: float = 0.0) -> Sequence[Heard]:
        """All that was heard from then on, in order."""

    def press(self, keys: str) -> None: ...

    def hang_up(self) -> None: ...

    def answer(self) -> None: ...

    def refuse(self, code: int) -> None: ...

    def hold(self, *, held: bool) -> None:
        """Put the other one on hold, or take him back."""

    def refer(self, number: str) -> None:
        """Ask the switch to send the other one on, and leave."""


@dataclass(frozen=True)
class Files:
    """What was found in a file of sound, stretch by stretch: `sound`, `silence`, or what is wrong."""

    recordings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By the recording's id."""
    messages: Mapping[str, str] = field(default_factory=dict)
    """By the message's name."""


@dataclass(frozen=True)
class Result:
    """What the centre made of it: records in order of the calls' begin, agents' changes, callers' fields."""

    calls: Sequence[Cdr]
    changes: Sequence[AgentChanged]
    records: Mapping[str, Mapping[str, str]]
    """By the caller's number in E.164."""
    files: Files


class Stage(Protocol):
    """One scenario's part of a centre."""

    def place(self, person: Person, number: str, shown: Person | None) -> Side:
        """He calls, showing his own number or that of `shown`; without one, none."""

    def incoming(self, person: Person) -> Sequence[Side]:
        """All calls that his phone got, oldest first."""

    async def until(self, ask: Callable[[], Awaitable[bool]], what: str, within: float = 20.0) -> None:
        """Once it is so. Raises ScriptError if it does not become so."""

    async def passes(self, seconds: float) -> None:
        """Nothing is done for so long."""

    async def agent(self, person: Person) -> AgentView: ...

    async def call(self, person: Person) -> CallView | None:
        """His running call."""

    async def request(self, person: Person, action: str, reason: str = "") -> None:
        """What an agent asks for on his screen; of a caller's call, what a supervisor does."""

    async def phone(self, person: Person, *, is_there: bool) -> None:
        """His phone loses the network, or has it again; returns when the centre knows."""

    async def disturb(self, what: Disturbance) -> None:
        """Something happens to the centre."""

    async def end(self) -> Result:
        """When all calls are over."""
