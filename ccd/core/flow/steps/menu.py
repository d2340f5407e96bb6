"""`menu`: one key decides where to go."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Struct

from ccd.core.flow.interpreter import StepTimeout
from ccd.core.flow.prompt import Prompt, joined
from ccd.core.flow.setting import Between, Duration, Key, StepName
from ccd.model.event import PlayEnded
from ccd.model.ids import MILLISECOND, SECOND

if TYPE_CHECKING:
    from ccd.core.flow.interpreter import Run, Signal


class Asking(Struct):
    """Mistakes made so far, and whether the prompt still plays."""

    mistakes: int = 0
    playing: bool = False


@dataclass(frozen=True)
class Menu:
    """Play a prompt and go where the key leads. Keys typed ahead answer at once, nothing is played then."""

    verb: ClassVar[str] = "menu"
    needs_answer: ClassVar[bool] = True

    prompt: Prompt
    """The choices."""
    keys: Mapping[Key, StepName]
    """Key to step."""
    timeout: Annotated[Duration, Between(500 * MILLISECOND, 120 * SECOND)] = 5 * SECOND
    """How long a key is waited for after the prompt."""
    retries: Annotated[int, Between(0, 10)] = 2
    """How often the choices are played again after a wrong key or none."""
    invalid: Prompt | None = None
    """Played before the choices after a wrong key."""
    silence: Prompt | None = None
    """Played before the choices after no key."""
    otherwise: StepName | None = None
    """Where to go when the retries are used up; else to the next step."""
    barge_in: bool = True
    """A key counts while the prompt plays; if not, keys pressed before its end are forgotten."""

    def enter(self, run: "Run") -> None:
        run.state = Asking()
        self.ask(run, None)

    def ask(self, run: "Run", excuse: Prompt | None) -> None:
        """Play the choices, unless a key answers already."""
        if self.barge_in and run.digits:
            self.choose(run)
            return
        run.state.playing = True
        run.play(
            joined(excuse, self.prompt, run.language, run.floor.configuration.site.language), until_digit=self.barge_in
        )

    def resume(self, run: "Run", signal: "Signal") -> None:
        asking: Asking | None = run.state
        if asking is None:
            return
        if isinstance(signal, PlayEnded):
            self.listen(run)
        elif run.digits and (self.barge_in or not asking.playing):
            self.choose(run)
        elif not asking.playing and isinstance(signal, StepTimeout):
            self.mistake(run, "timeout", self.silence)

    def listen(self, run: "Run") -> None:
        """The prompt is over."""
        run.state.playing = False
        if not self.barge_in:
            run.digits = ""
        run.wait(self.timeout)

    def choose(self, run: "Run") -> None:
        """Use the first key pressed."""
        if run.state.playing:
            run.state.playing = False
            run.stop_playing()
        run.stop_waiting()
        key, run.digits = run.digits[0], run.digits[1:]
        if key in self.keys:
            run.finish(f"key {key}", self.keys[key])
        else:
            run.digits = ""
            self.mistake(run, "invalid", self.invalid)

    def mistake(self, run: "Run", result: str, excuse: Prompt | None) -> None:
        """Ask again, or give up."""
        run.state.mistakes += 1
        if run.state.mistakes > self.retries:
            run.finish(result, self.otherwise)
        else:
            self.ask(run, excuse)
