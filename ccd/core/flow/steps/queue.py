"""`queue`: wait for an agent and talk with him."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from ccd.core import configuration
from ccd.core.acd import waiting
from ccd.core.configuration import RecordingPolicy
from ccd.core.flow.interpreter import QueueEnded
from ccd.core.flow.setting import Between, Duration, QueueName, StepName
from ccd.model.event import PlayEnded
from ccd.model.fact import RecordingDeclined, StepLeft
from ccd.model.ids import SECOND, QueueId

if TYPE_CHECKING:
    from ccd.core.call import Call
    from ccd.core.flow.interpreter import Run, Signal

QueueOutcome = Literal["answered", "overflowed", "no_agent"]


@dataclass(frozen=True)
class Queue:
    """Wait in a queue until an agent takes the call. A caller who is to be recorded is told so first.

    After the talk the call is over, unless `on: {answered: …}` or `next:` names a step.
    """

    verb: ClassVar[str] = "queue"
    short: ClassVar[str] = "queue"

    queue: QueueName
    """The queue's name."""
    priority: Annotated[Duration, Between(0, 86_400 * SECOND)] = 0
    """A head start: the caller counts as waiting that much longer."""
    max_wait: Annotated[Duration, Between(0, 86_400 * SECOND)] = 0
    """The longest wait; 0: no limit."""
    on: Mapping[QueueOutcome, StepName] = field(default_factory=dict)
    """Where to go: `answered` (the agent has left), `overflowed` (the longest wait is over), `no_agent` (nobody with
    the skills is logged in; without it the caller waits)."""
    answer: bool = True
    """Answer the call first; if not, the caller hears his own phone's ringing until an agent answers."""

    @property
    def needs_answer(self) -> bool:
        """As set."""
        return self.answer

    def enter(self, run: "Run") -> None:
        call = run.call
        rules = run.floor.configuration.queues.get(QueueId(self.queue))
        if rules is None:
            run.finish("no such queue", self.on.get("no_agent"))
            return
        announcement = rules.recording.announcement
        if announcement is not None and must_be_told(call, rules.recording) and not self.is_deserted(run):
            call.recording_told = True
            run.state = rules.recording.opt_out_key or "told"
            run.play(announcement)
        else:
            self.wait_in(run, rules)

    def is_deserted(self, run: "Run") -> bool:
        """Whether nobody with the skills is logged in and the flow has a way for that."""
        return "no_agent" in self.on and not run.floor.staffed.get(QueueId(self.queue))

    def wait(self, run: "Run") -> None:
        """Into the queue."""
        self.wait_in(run, run.floor.queue(QueueId(self.queue)))

    def wait_in(self, run: "Run", rules: configuration.Queue) -> None:
        """Into the queue with these rules."""
        run.cursor.state = "waiting"
        waiting.enter(run.floor, run.call, rules, self.priority, self.max_wait, "no_agent" in self.on)

    def resume(self, run: "Run", signal: "Signal") -> None:
        if isinstance(signal, QueueEnded):
            self.leave(run, signal.outcome)
        elif run.state in (None, "waiting"):
            return
        elif isinstance(signal, PlayEnded):
            self.wait(run)
        elif run.state in run.digits:
            run.digits = ""
            run.call.recording_declined = True
            run.floor.note(RecordingDeclined(run.call.id, "caller declined"))
            run.stop_playing()
            self.wait(run)

    def leave(self, run: "Run", outcome: str) -> None:
        """On by outcome."""
        goto = next((step for name, step in self.on.items() if name == outcome), None)
        if outcome == "answered" and goto is None:
            run.floor.note(StepLeft(run.call.id, run.cursor.step, outcome))
            run.hang_up()
        else:
            run.finish(outcome, goto)


def must_be_told(call: "Call", policy: RecordingPolicy) -> bool:
    """Whether the announcement is due: the call may be recorded and has not heard it."""
    never = (call.recording_mode or policy.mode) == "never"
    return not (never or call.recording_told or call.recording_declined)
