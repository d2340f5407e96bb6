"""An Asterisk that says what the test lets it say, and a driver that is watched by the grammar."""

from collections.abc import Iterator
from urllib.parse import quote

from ccd.model.command import SwitchCommand
from ccd.model.event import Event
from ccd.model.ids import SECOND, LegId, Moment, RecordingId, SwitchName, leg_id
from ccd.switch.asterisk.driver import AsteriskDriver
from ccd.switch.asterisk.settings import Settings
from ccd.switch.base import Reaction
from ccd.switch.grammar import Grammar
from ccd.wire.ami import Action, Banner, Message, render

BOOT = "2026-11-22T19:00:00"
CALLER = "1795344299.0"
AGENT = "a1"
SETTINGS = Settings(name=SwitchName("pbx"), username="ccd", secret="s3cret", recordings="/var/spool/ccd")


def leg(unique: str) -> LegId:
    return leg_id(SwitchName("pbx"), BOOT, unique)


def environment(*arguments: str, name: str = "unknown") -> str:
    """The Env of an AsyncAGIStart."""
    lines = ["agi_request: async", f"agi_calleridname: {name}"]
    lines += [f"agi_arg_{place}: {argument}" for place, argument in enumerate(arguments, 1)]
    return quote("\n".join(lines) + "\n\n")


class Scripted:
    """`says` is a message of the switch, `do` a command of the engine, `wait` lets time pass, all with what came of it
    left in `events` and `sent`.
    """

    def __init__(self, settings: Settings = SETTINGS) -> None:
        self.written: dict[RecordingId, Moment] = {}
        """When the switch last wrote to a recording."""
        self.driver = AsteriskDriver(settings, last_written=lambda recording: self.written.get(recording, 0))
        self.grammar = Grammar()
        self.now: Moment = 1_795_344_000 * SECOND
        self.events: list[Event] = []
        self.sent: list[Action] = []

    # --- what happens

    def connect(self) -> None:
        self._take(self.driver.connected(self.now))

    def lose(self, reason: str = "reset") -> None:
        self._take(self.driver.lost(reason, self.now))

    def says(self, event: str, **headers: str) -> None:
        """An event; `_` in a header's name stands for `-`."""
        self.receive(Message({"Event": event, **{name.replace("_", "-"): value for name, value in headers.items()}}))

    def answers(self, action: Action, response: str = "Success", **headers: str) -> None:
        """The response to an action."""
        self.receive(Message({"Response": response, "ActionID": action.action_id, **headers}))

    def lists(self, action: Action, *events: Message) -> None:
        """The answer to a list action."""
        self.answers(action, EventList="start")
        for event in events:
            first = {**event.first, "ActionID": action.action_id}
            self.receive(Message(first, event.every))
        self.receive(Message({"Event": "ListComplete", "ActionID": action.action_id, "EventList": "Complete"}))

    def receive(self, message: Message) -> None:
        self._take(self.driver.receive(message, self.now))

    def do(self, command: SwitchCommand) -> None:
        self.grammar.performed(command)
        self._take(self.driver.perform(command, self.now))

    def wait(self, length: int) -> None:
        """Let time pass, stopping at every deadline."""
        end = self.now + length
        while (due := self.driver.deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self._take(self.driver.tick(self.now))
        self.now = end

    def _take(self, reaction: Reaction[Action]) -> None:
        for action in reaction.messages:
            render(action)
        for event in reaction.events:
            self.grammar.happened(event)
        self.sent += reaction.messages
        self.events += reaction.events

    # --- what came of it

    def told(self) -> list[Event]:
        """The events since the last time."""
        events, self.events = self.events, []
        return events

    def asked(self, name: str) -> Action:
        """The only action of the name since the last time; all others of before are forgotten."""
        (action,) = self.all_asked(name)
        return action

    def all_asked(self, name: str) -> list[Action]:
        found = [action for action in self.sent if action.name == name]
        self.sent = []
        return found

    # --- whole passages

    def log_in(self, *rows: Message, devices: dict[str, str] | None = None, boot: str = BOOT) -> None:
        """From the connection to the switch that is up."""
        self.connect()
        self.receive(Banner({"Asterisk Call Manager": "11.0.0"}))
        self.answers(self.asked("Challenge"), Challenge="106231582")
        self.answers(self.asked("Login"))
        self.says("FullyBooted")
        day, _, time = boot.partition("T")
        self.answers(self.asked("CoreStatus"), CoreStartupDate=day, CoreStartupTime=time)
        status = next(action for action in self.sent if action.name == "Status")
        listed = [
            Message({"Event": "DeviceStateChange", "Device": device, "State": state})
            for device, state in (devices or {"PJSIP/1001": "NOT_INUSE"}).items()
        ]
        self.lists(self.asked("DeviceStateList"), *listed)
        self.lists(status, *rows)

    def arrive(self, unique: str = CALLER, role: str = "caller", **headers: str) -> LegId:
        """A leg in AGI for the first time."""
        self.agi(unique, role, "4930901820", **headers)
        return leg(unique)

    def agi(self, unique: str, *arguments: str, **headers: str) -> None:
        said = {"Channel": "PJSIP/trunk-00000001", "ChannelState": "4", "CallerIDNum": "4930111", **headers}
        self.says("AsyncAGIStart", Context="ccd-loop", Uniqueid=unique, Env=environment(*arguments), **said)

    def result(self, text: str, command: Action | None = None) -> None:
        """The result of the AGI command that was sent last, or of this one."""
        command = command or self.asked("AGI")
        values = dict(command.headers)
        self.says("AsyncAGIExec", Uniqueid=values["Channel"], CommandId=values["CommandID"], Result=quote(text))

    def hang_up(self, unique: str, cause: str = "16", **headers: str) -> None:
        self.says("Hangup", Uniqueid=unique, Cause=cause, **headers)


def commands(actions: list[Action]) -> Iterator[str]:
    """The AGI texts among the actions."""
    return (dict(action.headers)["Command"] for action in actions if action.name == "AGI")
