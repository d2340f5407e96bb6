"""What the machines of one driver share: the time of the input, what they say, what is outstanding, what is due."""

from collections.abc import Callable, Hashable, Sequence

from ccd.model.event import SwitchEvent
from ccd.model.ids import Length, Moment, RecordingId
from ccd.switch.alarm import Alarms
from ccd.switch.asterisk.action import Actions, Then
from ccd.switch.asterisk.settings import Settings
from ccd.switch.base import Reaction
from ccd.switch.sight import Sight
from ccd.wire.ami import Action

"""What is found so soon after a login was done before it."""


class Output:
    """Collects one reaction; `now` is the time of the input that causes it."""

    def __init__(self, settings: Settings, last_written: Callable[[RecordingId], Moment]) -> None:
        self.settings = settings
        self.last_written = last_written
        self.now: Moment = 0
        self.sight = Sight()
        self.actions = Actions(settings.id_prefix, settings.action_time)
        self.alarms = Alarms()
        self._events: list[SwitchEvent] = []
        self._messages: list[Action] = []
        self._commands = 0

    def emit(self, event: SwitchEvent) -> None:
        """Tell the engine."""
        self._events.append(event)

    def act(self, name: str, headers: Sequence[tuple[str, str]] = (), then: Then | None = None) -> None:
        """Ask the switch; `then` gets the answer, or None when there is none in time."""
        self._messages.append(Action(name, headers, self.actions.begin(self.now, then)))

    def command_id(self) -> str:
        """A fresh CommandID for AGI."""
        self._commands += 1
        return f"{self.settings.id_prefix}c{self._commands}"

    def alarm(self, key: Hashable, after: Length, call: Callable[[], None]) -> None:
        """Call `call` after so long, instead of what the key had before."""
        self.alarms.set(key, self.now + after, call)

    def take(self) -> Reaction[Action]:
        """The reaction, and begin the next."""
        reaction = Reaction(tuple(self._events), tuple(self._messages))
        self._events, self._messages = [], []
        return reaction
