"""What agents dial on their phones: log in, log out, pause, unpause; built-in flows of one step each."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from msgspec import Struct

from ccd.core.acd import agent as agents
from ccd.core.call import Call, Cursor, Leg
from ccd.core.flow.flow import Flow
from ccd.core.flow.interpreter import AnswerArrived, DigitArrived, Run, Signal, StepTimeout, begin
from ccd.core.flow.prompt import Prompt
from ccd.model.event import LegArrived, PlayEnded
from ccd.model.fact import CallStarted
from ccd.model.ids import SECOND, CallId, Length, QuestionId
from ccd.model.question import CheckPin

if TYPE_CHECKING:
    from ccd.core.floor import Floor

TYPING_TIME: Length = 10 * SECOND
CHECK_TIME: Length = 5 * SECOND
LONGEST = 16
END = "#"


class LogInState(Struct):
    """Which of the two numbers is typed, and what was typed so far."""

    stage: Literal["number", "pin", "check", "farewell"] = "number"
    number: str = ""
    token: str = ""
    typed: int = 0
    question: QuestionId | None = None


@dataclass(frozen=True)
class LogIn:
    """Ask for agent number and PIN, each ended by `#`; bind the agent to the phone that called."""

    verb: ClassVar[str] = "log_in"
    needs_answer: ClassVar[bool] = True

    def enter(self, run: Run) -> None:
        """Begin with the agent's number."""
        run.state = LogInState()
        run.play(run.floor.configuration.phone_prompts.agent_number, until_digit=True)
        self.take_number(run)

    def resume(self, run: Run, signal: Signal) -> None:
        """Keys, silence, the answer about the PIN, the end of what we said."""
        state: LogInState = run.state
        match signal:
            case PlayEnded() if state.stage == "farewell":
                run.finish(state.number or "refused")
            case PlayEnded():
                run.wait(TYPING_TIME)
            case StepTimeout():
                self.refuse(run)
            case DigitArrived(digit) if state.stage == "pin":
                self.on_pin_key(run, digit)
            case DigitArrived() if state.stage == "number":
                run.wait(TYPING_TIME)
                self.take_number(run)
            case AnswerArrived(question, value) if question == state.question:
                self.checked(run, value is True)
            case _:
                pass

    def take_number(self, run: Run) -> None:
        """The agent's number is complete with `#`; the PIN is next, in secret."""
        number, ended, _ = run.digits.partition(END)
        if ended:
            run.state.stage, run.state.number = "pin", number
            run.state.token = run.hide_digits(END)
            run.play(run.floor.configuration.phone_prompts.pin, until_digit=True)
        elif len(run.digits) > LONGEST:
            self.refuse(run)

    def on_pin_key(self, run: Run, digit: str) -> None:
        """Count the secret's keys; `#` ends it, and the vault is asked whether it is the PIN."""
        state: LogInState = run.state
        state.typed += 1
        if digit != END:
            run.wait(TYPING_TIME)
            if state.typed > LONGEST:
                self.refuse(run)
            return
        run.show_digits()
        run.stop_waiting()
        profile = next((p for p in run.floor.configuration.agents.values() if p.number == state.number), None)
        if profile is None or not state.number:
            self.refuse(run)
            return
        state.stage = "check"
        state.question = run.ask(CheckPin(profile.id, state.token), CHECK_TIME)

    def checked(self, run: Run, is_right: bool) -> None:
        """Log in, if the PIN is right and nothing else forbids it."""
        number = run.state.number
        profile = next((p for p in run.floor.configuration.agents.values() if p.number == number), None)
        if not is_right or profile is None or agents.log_in(run.floor, profile.id, run.leg.endpoint):
            self.refuse(run)
        else:
            farewell(run, run.floor.configuration.phone_prompts.logged_in)

    def refuse(self, run: Run) -> None:
        """Say that it did not work, not why."""
        run.show_digits()
        run.state.number = ""
        farewell(run, run.floor.configuration.phone_prompts.refused)


def farewell(run: Run, prompt: Prompt) -> None:
    """The last thing said; the step ends with it."""
    run.stop_waiting()
    run.state.stage = "farewell"
    run.play(prompt)


@dataclass(frozen=True)
class ChangeState:
    """Log out, pause or unpause the agent who is logged in at the phone that called."""

    what: Literal["log_out", "pause", "unpause"]
    reason: str = ""
    verb: ClassVar[str] = "change_state"
    needs_answer: ClassVar[bool] = True

    def enter(self, run: Run) -> None:
        """Do it, and say so."""
        floor = run.floor
        prompts = floor.configuration.phone_prompts
        agent = floor.agent_at.get(run.leg.endpoint)
        if agent is None:
            refusal = "nobody is logged in here"
        elif self.what == "pause":
            refusal = agents.pause(floor, agent, self.reason)
        else:
            refusal = (agents.log_out if self.what == "log_out" else agents.unpause)(floor, agent)
        done = {"log_out": prompts.logged_out, "pause": prompts.paused, "unpause": prompts.unpaused}[self.what]
        run.state = refusal or self.what
        run.play(prompts.refused if refusal else done)

    def resume(self, run: Run, signal: Signal) -> None:
        """Said: the call ends."""
        if isinstance(signal, PlayEnded):
            run.finish(run.state)


def step_of(floor: "Floor", dialled: str) -> LogIn | ChangeState | None:
    """What a dialled feature code asks for; `pause` may be followed by the number of a reason, counted from 1."""
    codes = floor.configuration.feature_codes
    if codes.log_in and dialled == codes.log_in:
        return LogIn()
    if codes.log_out and dialled == codes.log_out:
        return ChangeState("log_out")
    if codes.unpause and dialled == codes.unpause:
        return ChangeState("unpause")
    if codes.pause and dialled.startswith(codes.pause):
        reasons = floor.configuration.site.pause_reasons
        rest = dialled.removeprefix(codes.pause)
        if not rest:
            return ChangeState("pause")
        if rest.isascii() and rest.isdigit() and 1 <= int(rest) <= len(reasons):
            return ChangeState("pause", reasons[int(rest) - 1])
    return None


def begin_code(floor: "Floor", event: LegArrived, step: LogIn | ChangeState) -> None:
    """Run the code as a flow of one step on the phone's leg."""
    flow = Flow(event.dnis, "built-in", step.verb, {step.verb: step}, {})
    call_id = CallId(floor.new_id())
    call = Call(call_id, event.leg, "internal", event.ani, event.ani_name, event.dnis, "", floor.now, "flow")
    call.cursor = Cursor(flow)
    call.legs.append(event.leg)
    floor.calls[call_id] = call
    floor.legs[event.leg] = Leg(event.leg, call_id, "agent", "up", event.endpoint)
    started = CallStarted(call_id, event.leg, "internal", event.ani, event.ani_name, event.dnis, "", flow.name)
    floor.note(started)
    floor.mark(event.leg, CCD_CALL=call_id)
    begin(floor, call)
