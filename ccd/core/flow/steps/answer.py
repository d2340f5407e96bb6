"""`answer`: take the call."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from ccd.core.flow.interpreter import Run, Signal


@dataclass(frozen=True)
class Answer:
    """Answer the call. Verbs that speak or listen do so by themselves; before them this one is not needed."""

    verb: ClassVar[str] = "answer"
    needs_answer: ClassVar[bool] = True

    def enter(self, run: "Run") -> None:
        run.finish("answered")

    def resume(self, run: "Run", signal: "Signal") -> None:
        """Nothing is waited for."""
