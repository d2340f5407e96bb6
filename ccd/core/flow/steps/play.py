"""`play`: say something."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ccd.core.flow.prompt import Prompt
from ccd.model.event import PlayEnded

if TYPE_CHECKING:
    from ccd.core.flow.interpreter import Run, Signal


@dataclass(frozen=True)
class Play:
    """Play a prompt, then go on. A prompt that cannot be played is passed over."""

    verb: ClassVar[str] = "play"
    needs_answer: ClassVar[bool] = True
    short: ClassVar[str] = "prompt"

    prompt: Prompt
    """What is played."""
    barge_in: bool = False
    """A key ends it, and is kept for the next menu."""

    def enter(self, run: "Run") -> None:
        if self.barge_in and run.digits:
            run.finish("digit")
            return
        run.state = "playing"
        run.play(self.prompt, until_digit=self.barge_in)

    def resume(self, run: "Run", signal: "Signal") -> None:
        if run.state is None:
            return
        if isinstance(signal, PlayEnded):
            run.finish(signal.result)
        elif self.barge_in and run.digits:
            run.stop_playing()
            run.finish("digit")
