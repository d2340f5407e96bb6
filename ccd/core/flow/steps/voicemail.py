"""`voicemail`: a message left."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Struct

from ccd.core.flow.interpreter import DigitArrived, MessageEnded
from ccd.core.flow.prompt import Prompt
from ccd.core.flow.setting import Between, Duration, MailboxName
from ccd.model.command import RecordMessage
from ccd.model.event import PlayEnded
from ccd.model.fact import MessageLeft
from ccd.model.ids import SECOND

if TYPE_CHECKING:
    from ccd.core.flow.interpreter import Run, Signal


class Taking(Struct):
    """`stage` is what is heard or done; `name` the message's file."""

    stage: str
    name: str = ""


@dataclass(frozen=True)
class Voicemail:
    """Take a message. A key skips the greeting; another ends the message."""

    verb: ClassVar[str] = "voicemail"
    needs_answer: ClassVar[bool] = True

    mailbox: MailboxName
    """Whose message it is."""
    greeting: Prompt | None = None
    """Played first."""
    max_time: Annotated[Duration, Between(SECOND, 1800 * SECOND)] = 180 * SECOND
    """The longest message."""
    silence_time: Annotated[Duration, Between(SECOND, 60 * SECOND)] = 8 * SECOND
    """So much silence ends it."""
    beep: bool = True
    """A tone before the recording begins."""

    def enter(self, run: "Run") -> None:
        run.digits = ""
        run.state = Taking("greeting")
        if self.greeting is None:
            self.record(run)
        else:
            run.play(self.greeting, until_digit=True)

    def resume(self, run: "Run", signal: "Signal") -> None:
        state: Taking | None = run.state
        if state is None:
            return
        if isinstance(signal, MessageEnded):
            self.keep(run, signal)
        elif state.stage == "greeting" and isinstance(signal, PlayEnded | DigitArrived):
            if isinstance(signal, DigitArrived):
                run.stop_playing()
            self.record(run)

    def record(self, run: "Run") -> None:
        """Have the switch sound the tone and record; the file's name is an id of ours."""
        run.state = Taking("recording", f"{run.call.id}-{run.floor.new_id()}")
        run.cursor.rendering = []  # a greeting that is not spoken yet would be played over the message
        leg = run.leg
        leg.play_serial += 1
        message = RecordMessage(leg.id, leg.play_serial, run.state.name, self.max_time, self.silence_time, self.beep)
        run.floor.send(message)

    def keep(self, run: "Run", signal: MessageEnded) -> None:
        """Note the message, if anything was said."""
        run.digits = ""
        if signal.length > 0:
            run.floor.note(MessageLeft(run.call.id, self.mailbox, run.state.name, signal.length))
        run.finish("left" if signal.length > 0 else "empty")
