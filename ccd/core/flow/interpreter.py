"""Walks a call through its flow: enters steps, hands them what they wait for, goes where they say."""

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ccd.core.flow.flow import Flow, Step
from ccd.core.flow.prompt import Prompt, Sound
from ccd.core.timer import QuestionTimer, StepTimer
from ccd.model.command import Answer, HangUp, Play, StopPlay
from ccd.model.event import Answered, PlayEnded
from ccd.model.fact import FlowBroken, StepEntered, StepLeft
from ccd.model.ids import SECOND, Length, QuestionId
from ccd.model.question import AnyQuestion, Render

if TYPE_CHECKING:
    from ccd.core.call import Call, Cursor, Leg
    from ccd.core.floor import Floor

STEPS_PER_CALL = 1_000
STEPS_PER_INPUT = 100
RENDER_TIME: Length = 5 * SECOND
DIGITS_KEPT = 32


class StepTimeout(Struct, frozen=True):
    """A wait begun with `run.wait` is over."""


class QueueEnded(Struct, frozen=True):
    """The stay in a queue ended (`answered` once the agent has left), the call is the flow's again."""

    outcome: str


class TransferEnded(Struct, frozen=True):
    """The outside leg of a transfer is over: `answered`, `busy`, `no_answer`, `failed` or `forbidden`."""

    outcome: str


class MessageEnded(Struct, frozen=True):
    """What a caller said was recorded; `length` in microseconds, 0 for nothing."""

    length: Length


class DigitArrived(Struct, frozen=True):
    """A key was pressed; it stands last in `run.digits`."""

    digit: str


class AnswerArrived(Struct, frozen=True):
    """The answer to the step's question, None if there is none."""

    question: QuestionId
    value: Any


Signal = PlayEnded | StepTimeout | QueueEnded | TransferEnded | MessageEnded | DigitArrived | AnswerArrived
"""What `Step.resume` gets."""


class Run(Struct, gc=False):
    """A call's way through its flow, as a step sees it; `cursor` is the call's."""

    floor: "Floor"
    call: "Call"
    cursor: "Cursor"

    @property
    def leg(self) -> "Leg":
        """The caller's leg."""
        return self.floor.legs[self.call.leg]

    @property
    def state(self) -> Any:
        """What the step must remember of this call; None when it is entered."""
        return self.cursor.state

    @state.setter
    def state(self, value: Any) -> None:
        self.cursor.state = value

    @property
    def digits(self) -> str:
        """Keys pressed and not yet used, oldest first (type-ahead)."""
        return self.call.digits

    @digits.setter
    def digits(self, value: str) -> None:
        self.call.digits = value

    @property
    def language(self) -> str:
        """The call's language, the flow's or the site's."""
        return self.call.language or self.cursor.flow.language or self.floor.configuration.site.language

    # --- values

    def lookup(self, name: str) -> Any:
        """The value of a variable, None where it is not set; `call.*` and `caller.*` are what is known of the call."""
        call = self.call
        if name.startswith("caller."):
            field = name[7:]
            return call.caller_known if field == "known" else call.caller_fields.get(field)
        if name.startswith("call."):
            return CALL_VALUES[name[5:]](call) if name[5:] in CALL_VALUES else None
        if name == "language":
            return self.language
        return call.variables.get(name)

    def assign(self, name: str, value: Any) -> None:
        """Set a variable of the call; `language` and `recording` also change how it is treated."""
        if name == "language":
            self.call.language = str(value)
        elif name == "recording":
            self.call.recording_mode = str(value)
        else:
            self.call.variables[name] = value

    # --- what a step can do

    def play(self, prompt: Prompt, until_digit: bool = False) -> None:
        """Play; `PlayEnded` comes to `resume`. Speech that depends on the call is rendered first."""
        self.cursor.until_digit = until_digit
        pieces = prompt.pieces(self.language, self.floor.configuration.site.language)
        self.cursor.rendering = [
            piece.name if isinstance(piece, Sound) else self.rendered(piece.template) for piece in pieces
        ]
        self.play_rendered()

    def rendered(self, template: str) -> QuestionId | str:
        """Ask for speech of the template filled with the call's values."""
        return self.ask(Render(self.fill(template), self.language), RENDER_TIME)

    def fill(self, template: str) -> str:
        """The template with `{name}` replaced by the call's values; unset ones vanish."""
        out, rest = "", template
        while "{" in rest:
            before, _, tail = rest.partition("{")
            name, closed, rest = tail.partition("}")
            value = self.lookup(name.strip()) if closed else None
            out += before + ("" if value is None else str(value))
        return out + rest

    def play_rendered(self) -> None:
        """Send `Play` once no piece waits for its rendering."""
        sounds = self.cursor.rendering
        if any(sound in self.floor.questions for sound in sounds):
            return
        leg = self.leg
        leg.play_serial += 1
        self.floor.send(Play(leg.id, leg.play_serial, tuple(filter(None, sounds)), self.cursor.until_digit))

    def stop_playing(self) -> None:
        """Stop the prompt; a `PlayEnded` of it that still comes is not handed on."""
        self.leg.play_serial += 1
        self.cursor.rendering = []
        self.floor.send(StopPlay(self.call.leg))

    def wait(self, length: Length) -> None:
        """`StepTimeout` comes after `length`, unless the step waits anew, stops waiting or ends before."""
        self.cursor.serial += 1
        self.floor.at(self.floor.now + length, StepTimer(self.call.id, self.cursor.serial))

    def stop_waiting(self) -> None:
        """The wait that runs does not count any more."""
        self.cursor.serial += 1

    def ask(self, what: AnyQuestion, wait: Length) -> QuestionId:
        """Ask the world; `AnswerArrived` comes, with None when nobody answered in time."""
        question = self.floor.ask(self.call.id, what, wait)
        self.floor.at(self.floor.now + wait, QuestionTimer(question))
        return question

    def hide_digits(self, terminator: str) -> str:
        """What is typed from now on is secret: it reaches nobody but the vault, under the token returned."""
        token = self.floor.new_id()
        self.call.digits = ""
        self.leg.secret = (token, terminator)
        return token

    def show_digits(self) -> None:
        """The secret is complete."""
        self.leg.secret = None
        self.call.digits = ""

    # --- where to go

    def finish(self, result: str, goto: str | None = None) -> None:
        """Leave the step with a result for the record; on to `goto`, else to the step written next."""
        cursor = self.cursor
        self.floor.note(StepLeft(self.call.id, cursor.step, result))
        self.go(goto if goto is not None else cursor.flow.following.get(cursor.step))

    def call_flow(self, flow: Flow, result: str) -> None:
        """Leave the step into another flow; its end comes back to the step written after this one."""
        cursor = self.cursor
        self.floor.note(StepLeft(self.call.id, cursor.step, result))
        cursor.returns.append((cursor.flow, cursor.step))
        cursor.flow = flow
        self.go(flow.start)

    def go(self, step: str | None) -> None:
        """On to a step; with None the flow ends: back to the flow that called it, else the call is hung up."""
        cursor = self.cursor
        while step is None and cursor.returns:
            cursor.flow, caller = cursor.returns.pop()
            step = cursor.flow.following.get(caller)
        cursor.serial += 1
        cursor.state = None
        cursor.rendering = []
        if step is None:
            self.hang_up()
            return
        cursor.step = step
        enter(self)

    def hang_up(self, cause: int = 16) -> None:
        """End the call."""
        self.call.phase = "ending"
        if self.leg.state != "ending":
            self.leg.state = "ending"
            self.floor.send(HangUp(self.call.leg, cause))


CALL_VALUES = {
    "id": lambda call: call.id,
    "ani": lambda call: call.ani,
    "ani_name": lambda call: call.ani_name,
    "dnis": lambda call: call.dnis,
    "number": lambda call: call.number,
}


def run_of(floor: "Floor", call: "Call") -> Run:
    """The way of a call that has a flow."""
    assert call.cursor is not None
    return Run(floor, call, call.cursor)


def begin(floor: "Floor", call: "Call") -> None:
    """Enter the first step of the call's flow."""
    run = run_of(floor, call)
    call.variables.update(run.cursor.flow.variables or {})
    run.go(run.cursor.flow.start)


def enter(run: Run) -> None:
    """Enter the step under the cursor; an unanswered call is answered first where the verb needs it."""
    call, cursor = run.call, run.cursor
    step = cursor.flow.steps.get(cursor.step)
    if step is None or is_running_away(run):
        give_up(run, "no such step" if step is None else "too many steps")
        return
    run.floor.note(StepEntered(call.id, cursor.flow.name, cursor.step, step.verb))
    if step.needs_answer and not call.answered:
        run.floor.send(Answer(call.leg))
    else:
        step.enter(run)


def is_running_away(run: Run) -> bool:
    """Count the step: whether there are more of them than any sane flow takes, at all or without waiting once."""
    cursor = run.cursor
    if cursor.input != run.floor.input:
        cursor.input, cursor.steps_of_input = run.floor.input, 0
    cursor.steps_taken += 1
    cursor.steps_of_input += 1
    return cursor.steps_taken > STEPS_PER_CALL or cursor.steps_of_input > STEPS_PER_INPUT


def give_up(run: Run, reason: str) -> None:
    """A flow that cannot go on ends the call, and says so."""
    run.floor.note(FlowBroken(run.call.id, run.cursor.step, reason))
    run.hang_up(41)


def is_live(call: "Call | None") -> bool:
    """Whether a flow has a say in the call."""
    return call is not None and call.cursor is not None and call.phase != "ending"


def current(run: Run) -> Step:
    """The step under the cursor."""
    return run.cursor.flow.steps[run.cursor.step]


def signal(floor: "Floor", call: "Call", what: Signal) -> None:
    """Hand a step what it waits for."""
    if is_live(call):
        run = run_of(floor, call)
        current(run).resume(run, what)


def on_answered_leg(floor: "Floor", call: "Call") -> None:
    """The caller's leg is answered: on with the step that needed it."""
    call.answered = True
    cursor = call.cursor
    if cursor is not None and call.phase == "flow" and cursor.state is None:
        step = cursor.flow.steps[cursor.step]
        if step.needs_answer:
            step.enter(Run(floor, call, cursor))


def on_play_ended(floor: "Floor", call: "Call", event: PlayEnded) -> None:
    """The end of the prompt that plays; ends of earlier ones are stale. One that was lost is played again."""
    if call.phase != "flow" or event.serial != floor.legs[call.leg].play_serial:
        return
    if event.result == "lost" and is_live(call):
        run_of(floor, call).play_rendered()
    else:
        signal(floor, call, event)


def on_digit(floor: "Floor", call: "Call", digit: str) -> None:
    """A key of the caller: kept for whoever asks next, and told to the step in hand."""
    if call.phase not in ("flow", "waiting"):
        return
    call.digits = (call.digits + digit)[-DIGITS_KEPT:]
    if call.phase == "flow" and is_live(call):
        run = run_of(floor, call)
        step = current(run)
        if call.answered or not step.needs_answer:
            step.resume(run, DigitArrived(digit))


def on_step_timer(floor: "Floor", timer: StepTimer) -> None:
    """A wait is over, if the step still waits for it."""
    call = floor.calls.get(timer.call)
    if call is not None and call.cursor is not None and call.cursor.serial == timer.serial:
        signal(floor, call, StepTimeout())


def on_answer(floor: "Floor", event: Answered) -> None:
    """An answer, for a prompt that is being rendered or for the step; one that nobody waits for is dropped."""
    asker = floor.questions.pop(event.question, None)
    call = floor.calls.get(asker) if asker else None
    if call is None or not is_live(call):
        return
    run = run_of(floor, call)
    rendering = run.cursor.rendering
    if event.question in rendering:
        rendering[rendering.index(event.question)] = event.value if isinstance(event.value, str) else ""
        run.play_rendered()
    else:
        signal(floor, call, AnswerArrived(event.question, event.value))


def on_question_timer(floor: "Floor", timer: QuestionTimer) -> None:
    """Nobody answered in time: on without."""
    if timer.question in floor.questions:
        on_answer(floor, Answered(timer.question, None))
