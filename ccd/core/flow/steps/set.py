"""`set`: give variables values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, get_args

from ccd.core.configuration import RecordingMode
from ccd.core.flow.setting import Value, VariableName

if TYPE_CHECKING:
    from ccd.core.flow.interpreter import Run, Signal

RECORDING_MODES: tuple[str, ...] = get_args(RecordingMode)


@dataclass(frozen=True)
class Set:
    """Set variables of the call, in order. `language` is the language that prompts are played in, `recording` how the
    call is recorded (`always`, `never`, `share`, `on_demand`) instead of what the queue says.
    """

    verb: ClassVar[str] = "set"
    needs_answer: ClassVar[bool] = False
    short: ClassVar[str] = "variables"

    variables: Mapping[VariableName, Value]
    """Name to value."""

    def enter(self, run: "Run") -> None:
        for name, expression in self.variables.items():
            value = expression.value(run.lookup)
            if name != "recording" or value in RECORDING_MODES:
                run.assign(name, value)
        run.finish("set")

    def resume(self, run: "Run", signal: "Signal") -> None:
        """Nothing is waited for."""
