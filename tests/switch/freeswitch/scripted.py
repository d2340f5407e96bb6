"""A FreeSWITCH that says what the test lets it say, and a driver that is watched by the grammar."""

from collections.abc import Callable

from ccd.model.command import SwitchCommand
from ccd.model.event import Event
from ccd.model.ids import SECOND, LegId, Moment, RecordingId, SwitchName, leg_id
from ccd.switch.base import Reaction
from ccd.switch.freeswitch.driver import FreeSwitchDriver
from ccd.switch.freeswitch.output import Heard, Said, Side
from ccd.switch.freeswitch.settings import Settings
from ccd.switch.grammar import Grammar
from ccd.wire import esl

BOOT = "edba35db-6ee6-4669-890d-37596cfeedeb"
CALLER = "62c82612-dea8-4c92-a48c-8d376141d11c"
SECOND_CALLER = "93bd6eac-3396-41b6-b572-1041810b2241"
AGENT = "a-1"
SETTINGS = Settings(name=SwitchName("pbx"), secret="s3cret", recordings="/var/spool/ccd", nudge_every=0)
PHONES = ("1001",)
DOMAIN = "pbx.example"


def leg(uuid: str) -> LegId:
    return leg_id(SwitchName("pbx"), BOOT, uuid)


def headers_of(values: dict[str, str]) -> dict[str, str]:
    """`Answer_State` is Answer-State, `v_CCD_ROLE` the variable CCD_ROLE."""
    return {
        f"variable_{name[2:]}" if name.startswith("v_") else name.replace("_", "-"): value
        for name, value in values.items()
    }


class Scripted:
    """`says` is an event of the switch, `do` a command of the engine, `wait` lets time pass, all with what came of it
    left in `events` and `sent`. Every question is answered at once, by `replies` or with +OK, unless `is_silent`.
    """

    def __init__(self, settings: Settings = SETTINGS) -> None:
        self.written: dict[RecordingId, Moment] = {}
        """When the switch last wrote to a recording."""
        self.driver = FreeSwitchDriver(settings, last_written=lambda recording: self.written.get(recording, 0))
        self.grammar = Grammar()
        self.now: Moment = 1_795_344_000 * SECOND
        self.events: list[Event] = []
        self.sent: list[str] = []
        """What was asked on the commands' connection, as one line each."""
        self.nudges = 0
        self.is_silent = False
        self.pending: list[Said] = []
        """What was asked and not answered."""
        self.refusals: dict[str, str] = {}
        """By the beginning of a question: its answer, instead of +OK."""
        self.channels: dict[str, str] = {}
        """What `uuid_dump` says."""
        self.phones: tuple[str, ...] = PHONES
        self.boot = BOOT

    # --- what happens

    def connect(self) -> None:
        self._take(self.driver.connected(self.now))

    def lose(self, reason: str = "reset") -> None:
        self.pending.clear()
        self._take(self.driver.lost(reason, self.now))

    def says(self, name: str, uuid: str = "", body: str = "", **values: str) -> None:
        """An event."""
        first = {"Event-Name": name, **({"Unique-ID": uuid} if uuid else {}), **headers_of(values)}
        self.receive("events", esl.Event(first, body))

    def receive(self, side: Side, frame: esl.Frame) -> None:
        self._take(self.driver.receive(Heard(side, frame), self.now))

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

    def answer(self, index: int = 0, text: str = "+OK") -> None:
        """Answer the oldest question of the side on which the given one was asked."""
        side = self.pending[index].side
        oldest = next(place for place, said in enumerate(self.pending) if said.side == side)
        said = self.pending.pop(oldest)
        frame: esl.Frame = esl.Reply(text, {})
        if isinstance(said.command, esl.Api):
            frame = esl.ApiResponse(text)
        self.receive(side, frame)

    def _take(self, reaction: Reaction[Said]) -> None:
        for event in reaction.events:
            self.grammar.happened(event)
        self.events += reaction.events
        for said in reaction.messages:
            assert said.command.render()
            if isinstance(said.command, esl.Nudge):
                assert said.side == "events"
                self.nudges += 1
                continue
            if said.side == "commands":
                self.sent.append(line(said.command))
            self.pending.append(said)
        while self.pending and not self.is_silent:
            self.answer(0, self._reply(line(self.pending[0].command)))

    def _reply(self, asked: str) -> str:
        for beginning, text in self.refusals.items():
            if asked.startswith(beginning):
                return text
        command, _, argument = asked.partition(" ")
        answers: dict[str, Callable[[], str]] = {
            "global_getvar": lambda: self.boot if argument == "core_uuid" else "",
            "show": lambda: self._list(argument),
            "uuid_dump": lambda: self.channels.get(argument, "-ERR No such channel!\n"),
            "uuid_exists": lambda: "true" if argument in self.channels else "false",
        }
        return answers.get(command, lambda: "+OK")()

    def _list(self, what: str) -> str:
        if what == "registrations":
            rows = [f"{phone},{DOMAIN},token,sofia/x,1795,127.0.0.1,5060,udp,vm," for phone in self.phones]
            return "\n".join(["reg_user,realm,token,url,expires,network_ip", *rows, "", f"{len(rows)} total.", ""])
        rows = [f"{uuid},inbound,2026-11-22,1795,sofia/x,CS_EXECUTE" for uuid in self.channels]
        return "\n".join(["uuid,direction,created,created_epoch,name,state", *rows, "", f"{len(rows)} total.", ""])

    # --- what came of it

    def told(self) -> list[Event]:
        """The events since the last time."""
        events, self.events = self.events, []
        return events

    def asked(self) -> list[str]:
        """The questions since the last time, without the pings and the list of channels."""
        sent, self.sent = self.sent, []
        return [text for text in sent if text not in ("global_getvar core_uuid", "show channels")]

    # --- whole passages

    def log_in(self) -> None:
        """From the connections to the switch that is up."""
        self.connect()
        self.receive("events", esl.AuthRequest())
        self.receive("commands", esl.AuthRequest())

    def arrive(self, uuid: str = CALLER, role: str = "caller", **values: str) -> LegId:
        """A channel in park for the first time."""
        said = {
            "Answer_State": "ringing",
            "Call_Direction": "inbound",
            "Caller_Caller_ID_Number": "4930111",
            "v_CCD_ROLE": role,
            "v_CCD_DNIS": "4930901820",
        }
        self.says("CHANNEL_PARK", uuid, **{**said, **values})
        return leg(uuid)

    def returns(self, uuid: str, way: str = "returned", **values: str) -> None:
        """A channel is back in park."""
        self.says("CHANNEL_PARK", uuid, Answer_State="answered", v_CCD_WAY=way, v_CCD_ROLE="talked", **values)

    def bridges(self, one: str = CALLER, other: str = AGENT) -> None:
        self.says("CHANNEL_BRIDGE", one, Bridge_A_Unique_ID=one, Bridge_B_Unique_ID=other)

    def completes(self, uuid: str, event_id: str, response: str = "FILE PLAYED", **values: str) -> None:
        """The end of an application."""
        said = {"Application": "playback", "Application_UUID": event_id, "Application_Response": response}
        self.says("CHANNEL_EXECUTE_COMPLETE", uuid, **{**said, **values})

    def hang_up(self, uuid: str, cause: str = "NORMAL_CLEARING", by: str = "recv_bye", **values: str) -> None:
        """Both events of a channel's end."""
        for name in ("CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE"):
            self.says(name, uuid, Hangup_Cause=cause, v_sip_hangup_disposition=by, **values)

    def shows(self, uuid: str, **values: str) -> None:
        """A channel that the switch has: by default one that is answered and parked."""
        said = {
            "Event_Name": "CHANNEL_DATA",
            "Unique_ID": uuid,
            "Channel_State": "CS_EXECUTE",
            "Answer_State": "answered",
            "Call_Direction": "inbound",
            "v_CCD_ROLE": "caller",
        }
        told = headers_of({**said, **values})
        self.channels[uuid] = "".join(f"{name}: {value.replace('%', '%25')}\n" for name, value in told.items())


def line(command: esl.Command) -> str:
    """A command as one line: an Api's is its own, an Execute's the application, Event-UUID and argument."""
    match command:
        case esl.Api(command=name, argument=argument):
            return f"{name} {argument}".rstrip()
        case esl.BgApi(command=name, argument=argument):
            return f"bgapi {name} {argument}"
        case esl.Execute(uuid=uuid, application=application, argument=argument, event_id=event_id):
            assert command.is_locked, "event-lock on every one"
            return f"execute {uuid} {application} {event_id} {argument}"
    return type(command).__name__
