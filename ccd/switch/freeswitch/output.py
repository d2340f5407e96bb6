"""What the machines of one driver share: the time of the input, what they say, what is asked, what is due.

A FreeSWITCH takes two connections, because whatever is asked on one holds back the events on it until it is answered:
`events`, on which next to nothing is asked, and `commands`, on which no event comes. The driver knows nothing of
sockets: every frame that comes and every command that goes is marked with its side. Whoever has the sockets opens both,
says `connected` when both are up, and takes the loss of one for the loss of both.
"""

from collections.abc import Callable, Hashable
from typing import Literal

from msgspec import Struct

from ccd.model.event import SwitchEvent
from ccd.model.ids import Length, Moment, RecordingId
from ccd.switch.alarm import Alarms
from ccd.switch.base import Reaction
from ccd.switch.freeswitch.question import Questions, Then
from ccd.switch.freeswitch.settings import Settings
from ccd.switch.sight import Sight
from ccd.wire.esl import Api, Command, Execute, Frame, Nudge

Side = Literal["events", "commands"]
SIDES: tuple[Side, Side] = ("events", "commands")


class Heard(Struct, frozen=True):
    """What FreeSWITCH said on one of the connections."""

    side: Side
    frame: Frame


class Said(Struct, frozen=True):
    """What is to be written to one of the connections."""

    side: Side
    command: Command


class Output:
    """Collects one reaction; `now` is the time of the input that causes it."""

    def __init__(self, settings: Settings, last_written: Callable[[RecordingId], Moment]) -> None:
        self.settings = settings
        self.last_written = last_written
        self.now: Moment = 0
        self.sight = Sight()
        """By what comes on the events' side."""
        self.questions: dict[Side, Questions] = {side: Questions() for side in SIDES}
        self.alarms = Alarms()
        self._events: list[SwitchEvent] = []
        self._messages: list[Said] = []
        self._urgent: dict[Hashable, Moment] = {}

    def emit(self, event: SwitchEvent) -> None:
        """Tell the engine."""
        self._events.append(event)

    def ask(self, command: Command, then: Then | None = None, side: Side = "commands") -> None:
        """Ask the switch; `then` gets the answer, unless the connections are lost before."""
        self._messages.append(Said(side, command))
        self.questions[side].ask(then)

    def api(self, command: str, argument: str = "", then: Then | None = None) -> None:
        """Run one of the API commands, which are short: others would hold up those behind them."""
        self.ask(Api(command, argument), then)

    def execute(self, uuid: str, application: str, argument: str, event_id: str, then: Then) -> None:
        """Have the channel execute an application, behind what it executes already (`event-lock`)."""
        self.ask(Execute(uuid, application, argument, event_id), then)

    def alarm(self, key: Hashable, after: Length, call: Callable[[], None]) -> None:
        """Call `call` after so long, instead of what the key had before."""
        self.alarms.set(key, self.now + after, call)

    def hurry(self, key: Hashable, length: Length) -> None:
        """Somebody waits for an event, for so long at most: wake the connection, which else is looked at every 20 ms.

        A bare line feed every 2 ms brings the median from 11 ms to 1.8 (freeswitch.md).
        """
        if not self.settings.nudge_every:
            return
        if not self._urgent:
            self._nudge_soon()
        self._urgent[key] = self.now + length

    def calm(self, key: Hashable) -> None:
        """What was waited for is here."""
        self._urgent.pop(key, None)

    def forget(self) -> None:
        """The connections are lost: no answer will come, and nothing is waited for."""
        self._urgent.clear()
        for questions in self.questions.values():
            questions.forget()

    def take(self) -> Reaction[Said]:
        """The reaction, and begin the next."""
        reaction = Reaction(tuple(self._events), tuple(self._messages))
        self._events, self._messages = [], []
        return reaction

    def _nudge(self) -> None:
        self._urgent = {key: until for key, until in self._urgent.items() if until > self.now}
        if self._urgent:
            self._messages.append(Said("events", Nudge()))
            self._nudge_soon()

    def _nudge_soon(self) -> None:
        self.alarm("nudge", self.settings.nudge_every, self._nudge)
