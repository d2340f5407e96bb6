"""`if`: where to go depends on what is known."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ccd.core.flow.expression import holds
from ccd.core.flow.setting import Condition, StepName

if TYPE_CHECKING:
    from ccd.core.flow.interpreter import Run, Signal


@dataclass(frozen=True)
class If:
    """Go to one step if a condition holds and to another if not."""

    verb: ClassVar[str] = "if"
    needs_answer: ClassVar[bool] = False

    when: Condition
    """The condition."""
    then: StepName | None = None
    """Where to go if it holds; else to the next step."""
    else_: StepName | None = None
    """Where to go if it does not hold; else to the next step."""

    def enter(self, run: "Run") -> None:
        if holds(self.when.value(run.lookup)):
            run.finish("true", self.then)
        else:
            run.finish("false", self.else_)

    def resume(self, run: "Run", signal: "Signal") -> None:
        """Nothing is waited for."""
