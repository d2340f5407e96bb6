"""`hangup`: end the call."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from ccd.model.fact import StepLeft

if TYPE_CHECKING:
    from ccd.core.flow.interpreter import Run, Signal

CAUSES = {"normal": 16, "busy": 17, "no_answer": 19, "rejected": 21, "congestion": 42}
"""Q.850."""


@dataclass(frozen=True)
class Hangup:
    """End the call. Before it was answered the cause decides what the caller's network tells him."""

    verb: ClassVar[str] = "hangup"
    needs_answer: ClassVar[bool] = False
    short: ClassVar[str] = "cause"

    cause: Literal["normal", "busy", "no_answer", "rejected", "congestion"] = "normal"
    """Why."""

    def enter(self, run: "Run") -> None:
        run.floor.note(StepLeft(run.call.id, run.cursor.step, self.cause))
        run.hang_up(CAUSES[self.cause])

    def resume(self, run: "Run", signal: "Signal") -> None:
        """Nothing is waited for."""
