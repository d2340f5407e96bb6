"""`call`: a flow within a flow."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ccd.core.flow.setting import FlowName

if TYPE_CHECKING:
    from ccd.core.flow.interpreter import Run, Signal

DEEPEST = 16


@dataclass(frozen=True)
class Call:
    """Go through another flow and come back at its end, with all variables; at most 16 flows deep."""

    verb: ClassVar[str] = "call"
    needs_answer: ClassVar[bool] = False
    short: ClassVar[str] = "flow"

    flow: FlowName
    """The flow's name."""

    def enter(self, run: "Run") -> None:
        flow = run.cursor.flows.get(self.flow)
        if flow is None:
            run.finish("no such flow")
        elif len(run.cursor.returns) >= DEEPEST:
            run.finish("too deep")
        else:
            run.call_flow(flow, "called")

    def resume(self, run: "Run", signal: "Signal") -> None:
        """Nothing is waited for."""
