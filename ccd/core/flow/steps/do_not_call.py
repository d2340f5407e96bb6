"""`do_not_call`: who says so is not called any more."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ccd.core.flow.setting import ListName
from ccd.model.command import BlockNumber

if TYPE_CHECKING:
    from ccd.core.flow.interpreter import Run, Signal


@dataclass(frozen=True)
class DoNotCall:
    """Put the caller's number, of a dialled call the one that was dialled, on a do-not-call list."""

    verb: ClassVar[str] = "do_not_call"
    needs_answer: ClassVar[bool] = False
    short: ClassVar[str] = "list"

    list: ListName = "global"
    """The list's name."""

    def enter(self, run: "Run") -> None:
        number = run.call.number
        if number:
            run.floor.send(BlockNumber(number, self.list, run.call.id))
        run.finish("blocked" if number else "anonymous")

    def resume(self, run: "Run", signal: "Signal") -> None:
        """Nothing is waited for."""
