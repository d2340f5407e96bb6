"""A flow: named steps, each one verb; where a step names nothing else, the next in order follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from ccd.core.flow.interpreter import Run


class Step(Protocol):
    """A verb: a frozen dataclass of its settings, and what it does with a call.

    `enter` begins; unless it finished, waited-for events (see `interpreter.Signal`) come to `resume` until the step
    calls `run.finish`. A step keeps nothing of a call in itself: what it must remember goes to `run.state`.
    """

    verb: ClassVar[str]

    @property
    def needs_answer(self) -> bool:
        """The interpreter answers the call before it enters the step."""

    def enter(self, run: "Run") -> None: ...

    def resume(self, run: "Run", signal: Any) -> None: ...


@dataclass(frozen=True)
class Flow:
    """One document. `following` maps a step to the one written after it; a call keeps the version it began with."""

    name: str
    version: str
    start: str
    steps: Mapping[str, Step]
    following: Mapping[str, str]
    language: str = ""
    variables: Mapping[str, str] | None = None
