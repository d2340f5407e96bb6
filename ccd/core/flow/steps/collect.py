"""`collect`: digits typed into a variable, in secret where that is asked for."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Struct

from ccd.core.flow.interpreter import AnswerArrived, StepTimeout
from ccd.core.flow.prompt import Prompt, joined
from ccd.core.flow.setting import Between, Duration, Key, Pattern, StepName, VariableName
from ccd.model.event import PlayEnded
from ccd.model.ids import MILLISECOND, SECOND, Length, QuestionId
from ccd.model.question import MatchSecret

if TYPE_CHECKING:
    from ccd.core.flow.interpreter import Run, Signal

LONGEST = 32
MATCH_TIME: Length = 2 * SECOND


class Collecting(Struct):
    """What was typed so far. `token` names what is typed in secret, `question` asks whether that fits the pattern."""

    mistakes: int = 0
    typed: str = ""
    playing: bool = False
    token: str = ""
    question: QuestionId | None = None


@dataclass(frozen=True)
class Collect:
    """Ask for digits. Keys typed ahead count, except for a secret."""

    verb: ClassVar[str] = "collect"
    needs_answer: ClassVar[bool] = True

    prompt: Prompt
    """What is asked."""
    into: VariableName
    """The variable for the digits; of a secret it only holds a token."""
    min_length: Annotated[int, Between(0, LONGEST)] = 1
    """Fewer digits are a mistake."""
    max_length: Annotated[int, Between(1, LONGEST)] = LONGEST
    """With so many digits the input is complete."""
    terminator: Key = "#"
    """The key that ends the input."""
    first_digit: Annotated[Duration, Between(500 * MILLISECOND, 120 * SECOND)] = 7 * SECOND
    """How long the first digit is waited for after the prompt."""
    next_digit: Annotated[Duration, Between(500 * MILLISECOND, 60 * SECOND)] = 4 * SECOND
    """How long each further digit is waited for; then the input counts as complete."""
    pattern: Pattern = "[0-9]*"
    """What the digits must look like, as a regular expression."""
    retries: Annotated[int, Between(0, 10)] = 2
    """How often it is asked again."""
    invalid: Prompt | None = None
    """Played before the question is asked again after a wrong input."""
    silence: Prompt | None = None
    """Played before the question is asked again after no input."""
    otherwise: StepName | None = None
    """Where to go when the retries are used up; else to the next step."""
    secret: bool = False
    """The digits reach no log, journal or record: PIN, card number."""

    def enter(self, run: "Run") -> None:
        run.state = Collecting()
        self.ask(run, None)

    def ask(self, run: "Run", excuse: Prompt | None) -> None:
        """Play the question, unless input is there already."""
        state: Collecting = run.state
        state.typed = ""
        if self.secret:
            state.token = run.hide_digits(self.terminator)
        if run.digits:
            self.take(run)
        else:
            state.playing = True
            run.play(joined(excuse, self.prompt, run.language, run.floor.configuration.site.language), until_digit=True)

    def resume(self, run: "Run", signal: "Signal") -> None:
        state: Collecting | None = run.state
        if state is None:
            return
        if isinstance(signal, AnswerArrived):
            if signal.question == state.question:
                self.matched(run, signal.value is True)
        elif state.question is not None:
            run.digits = ""
        elif isinstance(signal, PlayEnded):
            state.playing = False
            run.wait(self.first_digit)
        elif isinstance(signal, StepTimeout):
            self.complete(run)
        elif run.digits:
            self.take(run)

    def take(self, run: "Run") -> None:
        """Use the keys pressed, up to the end of the input."""
        state: Collecting = run.state
        if state.playing:
            state.playing = False
            run.stop_playing()
        while run.digits:
            key, run.digits = run.digits[0], run.digits[1:]
            if key != self.terminator:
                state.typed += key
            if key == self.terminator or len(state.typed) >= self.max_length:
                run.stop_waiting()
                self.complete(run, ended=True)
                return
        run.wait(self.next_digit)

    def complete(self, run: "Run", ended: bool = False) -> None:
        """No more comes: judge what was typed. Silence is no input, even where none may be typed."""
        state: Collecting = run.state
        if not state.typed and not ended:
            self.mistake(run, "timeout", self.silence)
        elif len(state.typed) < self.min_length:
            self.mistake(run, "invalid", self.invalid)
        elif not self.secret:
            self.matched(run, re.fullmatch(self.pattern, state.typed, re.ASCII) is not None)
        else:
            run.show_digits()
            state.question = run.ask(MatchSecret(state.token, self.pattern), MATCH_TIME)

    def matched(self, run: "Run", fits: bool) -> None:
        """The input fits the pattern, or not (an answer that did not come is a no)."""
        state: Collecting = run.state
        state.question = None
        if not fits:
            self.mistake(run, "invalid", self.invalid)
            return
        run.assign(self.into, f"secret:{state.token}" if self.secret else state.typed)
        run.finish("collected")

    def mistake(self, run: "Run", result: str, excuse: Prompt | None) -> None:
        """Ask again, or give up."""
        state: Collecting = run.state
        state.mistakes += 1
        run.digits = ""
        if state.mistakes <= self.retries:
            self.ask(run, excuse)
            return
        if self.secret:
            run.show_digits()
        run.finish(result, self.otherwise)
