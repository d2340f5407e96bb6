"""`transfer`: on to an outside number, or back to the switch's dialplan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from ccd.core import transfer
from ccd.core.dial_policy import E164
from ccd.core.flow.expression import as_text
from ccd.core.flow.interpreter import AnswerArrived, TransferEnded
from ccd.core.flow.setting import Between, Duration, Extension, StepName, Value
from ccd.model.command import HandBack
from ccd.model.fact import StepLeft
from ccd.model.ids import SECOND, Length
from ccd.model.question import NormaliseNumber

if TYPE_CHECKING:
    from ccd.core.flow.interpreter import Run, Signal

TransferOutcome = Literal["answered", "busy", "no_answer", "refused", "failed", "forbidden"]
NUMBER_LIMIT = 40
NORMALISE_TIME: Length = 2 * SECOND


@dataclass(frozen=True)
class Transfer:
    """Dial an outside number (`to`) for the caller, as far as the dial policy lets a flow do that; or (`extension`)
    give the call back to the dialplan for good. After the talk the call is over, unless `on: {answered: …}` or
    `next:` names a step.
    """

    verb: ClassVar[str] = "transfer"
    needs_answer: ClassVar[bool] = True
    one_of: ClassVar[tuple[str, ...]] = ("to", "extension")

    to: Value | None = None
    """The number, as people of the site dial it."""
    extension: Extension | None = None
    """The extension of the dialplan, in the context for calls that come back."""
    ring_time: Annotated[Duration, Between(SECOND, 300 * SECOND)] = 60 * SECOND
    """How long the number rings."""
    on: Mapping[TransferOutcome, StepName] = field(default_factory=dict)
    """Where to go: `answered` (the other side has left), `busy`, `no_answer`, `refused`, `failed`, `forbidden` (by the
    dial policy); else to the next step."""

    def enter(self, run: "Run") -> None:
        if self.to is None:
            self.hand_back(run)
            return
        number = as_text(self.to.value(run.lookup))[:NUMBER_LIMIT]
        if E164.match(number):
            self.dial(run, number)
        else:
            run.state = run.ask(NormaliseNumber(number), NORMALISE_TIME)

    def hand_back(self, run: "Run") -> None:
        """The call is the dialplan's."""
        run.floor.note(StepLeft(run.call.id, run.cursor.step, "handed_back"))
        run.call.phase = "ending"
        run.floor.send(HandBack(run.call.leg, self.extension or "s"))

    def dial(self, run: "Run", number: str) -> None:
        """Ring outside."""
        run.state = "dialling"
        transfer.begin(run.floor, run.call, number, role="flow", ring_time=self.ring_time)

    def resume(self, run: "Run", signal: "Signal") -> None:
        if isinstance(signal, TransferEnded):
            self.leave(run, signal.outcome)
        elif isinstance(signal, AnswerArrived) and signal.question == run.state:
            if isinstance(signal.value, str) and signal.value:
                self.dial(run, signal.value)
            else:
                self.leave(run, "failed")

    def leave(self, run: "Run", outcome: str) -> None:
        """On by outcome."""
        goto = next((step for name, step in self.on.items() if name == outcome), None)
        if outcome == "answered" and goto is None:
            run.floor.note(StepLeft(run.call.id, run.cursor.step, outcome))
            run.hang_up()
        else:
            run.finish(outcome, goto)
