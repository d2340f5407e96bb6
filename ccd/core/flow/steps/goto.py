"""`goto`: on with another step."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ccd.core.flow.setting import StepName

if TYPE_CHECKING:
    from ccd.core.flow.interpreter import Run, Signal


@dataclass(frozen=True)
class Goto:
    """Go on with a step of this flow."""

    verb: ClassVar[str] = "goto"
    needs_answer: ClassVar[bool] = False
    short: ClassVar[str] = "step"

    step: StepName
    """The step."""

    def enter(self, run: "Run") -> None:
        run.finish("gone", self.step)

    def resume(self, run: "Run", signal: "Signal") -> None:
        """Nothing is waited for."""
