"""The one application a leg may have outstanding, and what waits behind it.

FreeSWITCH would queue them, but what is queued there plays inside a bridge that comes before it, and vanishes without a
word when the leg hangs up. So what waits is kept here, and every application is waited for.
"""

from ccd.model.ids import MILLISECOND, SECOND
from ccd.switch.freeswitch.operation import Message, Music, Operation, Playing
from ccd.switch.freeswitch.output import Output
from ccd.switch.freeswitch.question import Answer, is_success
from ccd.wire.esl import Event

RETRY = 60 * MILLISECOND
"""A parked channel looks for what it is to execute every 20 ms: a break that came before is sent again after this."""
RETRIES = 20
RETRIES_UNSEEN = 3
LOOK = 2 * SECOND
"""From one look at what goes on unseen to the next: more than a message's tone takes, before which there is no file."""
APPLICATIONS = ("playback", "record")
GAP = 200 * MILLISECOND
"""How long the next application of an operation is hurried for."""


class Slot:
    """Runs operations on one channel while it is parked (`enter`, `leave`). A break (`uuid_break`) is repeated until
    the application's end is in: one that comes before the beginning is lost.
    """

    def __init__(self, output: Output, uuid: str) -> None:
        self.hung_up = False
        self._output = output
        self._uuid = uuid
        self._ready = False
        self._running: Operation | None = None
        self._waiting: Operation | None = None
        self._event_id = ""
        """Empty where a former driver began what runs: its end is the next that comes."""
        self._stopping = False
        self._stops_left = 0
        self._written: dict[str, str] = {}

    @property
    def current(self) -> Operation | None:
        """What runs and was not stopped, or is next."""
        return self._running if self._running is not None and not self._stopping else self._waiting

    @property
    def is_busy(self) -> bool:
        """Whether the channel executes something of ours, or is about to."""
        return self._running is not None

    def put(self, operation: Operation) -> None:
        """Begin it as soon as the leg is parked and what is current has stopped."""
        self.stop()
        self._waiting = operation
        self._begin_waiting()

    def stop(self) -> None:
        """Drop what waits; end what runs, whose application keeps the slot until its end is in."""
        self.drop_waiting()
        if self._running is not None and not self._stopping:
            self._running.stop()
            self._stop_running(RETRIES)

    def digit(self) -> None:
        """A key of the far end: ends what plays until a key. FreeSWITCH itself ends an application that has begun."""
        operation = self.current
        if operation is None or not operation.until_digit:
            return
        operation.digit()
        if operation is self._waiting:
            self._waiting = None
        else:
            self._stopping, self._stops_left = True, RETRIES
            self._output.alarm((self._uuid, "stop"), RETRY, self._stop_again)

    def enter(self) -> None:
        """The leg is parked."""
        self._ready = True
        self._begin_waiting()

    def leave(self) -> None:
        """The leg is taken out of its park, which ends what has begun. What was only queued would play in the bridge:
        whoever takes it away clears the queue first.
        """
        self._ready = False
        running, self._running = self._running, None
        if running is not None and not self._stopping:
            running.stop()
        if running is not None:
            running.lost()
        self._output.alarms.clear((self._uuid, "stop"))

    def executed(self, event: Event) -> None:
        """CHANNEL_EXECUTE_COMPLETE."""
        is_own = event.get("Application-UUID") == self._event_id or not self._event_id
        if self._running is not None and is_own and event.get("Application") in APPLICATIONS:
            self._ended(event)

    def drop_waiting(self) -> None:
        """What waits does not begin any more."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.stop()
            waiting.lost()

    def close(self) -> None:
        """The leg is over: what has not told its result does so now."""
        self._ready = False
        self._output.alarms.clear((self._uuid, "stop"))
        self._output.calm((self._uuid, "next"))
        running, self._running = self._running, None
        if running is not None:
            running.lost()
        self.drop_waiting()

    def recall(self, message: Message) -> None:
        """A message that a former driver began."""
        self._running, self._event_id = message, message.event_id

    def link_was_away(self, running: str) -> None:
        """Commands and events may have been lost; the channel last executed `running`. What is to go on does; anything
        else is ended, whoever began it, and its end is not waited for long.
        """
        operation = self._running
        if operation is not None and not self._stopping and operation.goes_on_unseen(running):
            if isinstance(operation, Message):
                self._output.alarm((self._uuid, "stop"), LOOK, self._look)
            return
        if operation is None:
            self._running, self._event_id = Operation(), ""
        else:
            self._event_id = ""
            if not self._stopping:
                operation.stop()
        self._stop_running(RETRIES_UNSEEN)

    def adopt(self, music: Music, running: str) -> bool:
        """Whether this music, which a former driver began, plays still. It is kept then."""
        if self._running is None and music.goes_on_unseen(running):
            self._running, self._event_id = music, ""
            return True
        return False

    def _stop_running(self, retries: int) -> None:
        self._stopping, self._stops_left = True, retries
        self._stop_again()

    def _look(self) -> None:
        """Whether a message that nobody saw begin or end still runs."""
        running = self._running
        if running is None:
            return
        fate = running.fate()
        if fate == "over":
            self._stop_running(RETRIES_UNSEEN)
        elif fate == "never began" and self._ready:
            self._begin(running)
        else:
            self._output.alarm((self._uuid, "stop"), LOOK, self._look)

    def _begin_waiting(self) -> None:
        if self._ready and self._running is None and self._waiting is not None:
            operation, self._waiting = self._waiting, None
            self._begin(operation)

    def _begin(self, operation: Operation) -> None:
        self._running, self._stopping = operation, False
        for name, value in operation.variables:
            if self._written.get(name) != value:
                self._written[name] = value
                self._output.api("uuid_setvar", f"{self._uuid} {name} {value}".rstrip())
        argument, self._event_id = operation.begin()
        event_id = self._event_id
        self._output.execute(
            self._uuid, operation.application, argument, event_id, lambda answer: self._queued(event_id, answer)
        )

    def _queued(self, event_id: str, answer: Answer) -> None:
        """Refused: there is no such channel any more. Accepted says no more than that it is queued."""
        if event_id == self._event_id and not is_success(answer) and self._running is not None:
            self._ended(None)

    def _ended(self, event: Event | None) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        self._output.alarms.clear((self._uuid, "stop"))
        goes_on = running.executed(event, self.hung_up)
        if goes_on and not self._stopping and self._ready:
            if isinstance(running, Playing):
                self._output.hurry((self._uuid, "next"), GAP)
            self._begin(running)
            return
        running.lost()
        self._begin_waiting()

    def _stop_again(self) -> None:
        if self._running is None:
            return
        if self._stops_left == 0:  # its end is lost
            running, self._running = self._running, None
            running.lost()
            self._begin_waiting()
            return
        self._stops_left -= 1
        # `all` clears the queue, too, so that what is only queued never ends: only where that is not waited for.
        self._output.api("uuid_break", self._uuid if self._event_id else f"{self._uuid} all")
        self._output.alarm((self._uuid, "stop"), RETRY, self._stop_again)
