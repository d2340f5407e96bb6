"""The one AGI command a leg may have outstanding, and what waits behind it.

Asterisk would queue commands, but its queue survives moves and bridges, and a stale command would then run at a wrong
moment. So what waits is kept here, and every command is waited for.
"""

from collections.abc import Callable

from ccd.model.ids import MILLISECOND, SECOND
from ccd.switch.asterisk.action import is_success
from ccd.switch.asterisk.agi import Result, parse_result
from ccd.switch.asterisk.operation import Operation
from ccd.switch.asterisk.output import Output
from ccd.wire.ami import EventList

RETRY = 120 * MILLISECOND
"""An idle AGI session wakes after at most 100 ms: a command stopped before it began is stopped again after this."""
RETRIES = 10
RETRIES_AFTER_MOVE = 3
LOOK = 2 * SECOND
"""From one look at what goes on unseen to the next: more than a message's tone takes, before which there is no file."""


class Slot:
    """`interrupt` asks the switch to end the running command; it is repeated until the command's result is in."""

    def __init__(self, output: Output, unique: str, interrupt: Callable[[Operation], None]) -> None:
        self.hung_up = False
        self._output = output
        self._unique = unique
        self._interrupt = interrupt
        self._ready = False
        self._running: Operation | None = None
        self._waiting: Operation | None = None
        self._command_id = ""
        self._stopping = False
        self._stops_left = 0
        self.is_foreign = False
        """What runs was begun by a former driver."""

    @property
    def current(self) -> Operation | None:
        """What runs and was not stopped, or is next."""
        return self._running if self._running is not None and not self._stopping else self._waiting

    def put(self, operation: Operation) -> None:
        """Begin it as soon as the leg is in AGI and what is current has stopped."""
        self.stop()
        self._waiting = operation
        self._begin_waiting()

    def stop(self) -> None:
        """Drop what waits; end what runs, whose command keeps the slot until its result is in."""
        self._drop_waiting()
        if self._running is not None and not self._stopping:
            self._running.stop()
            self._stopping, self._stops_left = True, RETRIES
            if self._ready:
                self._stop_again()

    def digit(self) -> None:
        """A key of the far end: ends what plays until a key. AGI itself ends a command that has begun."""
        operation = self.current
        if operation is None or not operation.until_digit:
            return
        operation.digit()
        if operation is self._waiting:
            self._waiting = None
        else:
            self._stopping, self._stops_left = True, RETRIES
            self._output.alarm((self._unique, "stop"), RETRY // 3, self._stop_again)

    def enter(self) -> None:
        """The leg is in AGI."""
        self._ready = True
        if self._running is not None and self._stopping:
            # Either it had begun and its result is lost with the old session, or it waited there and begins now.
            self._stops_left = RETRIES_AFTER_MOVE
            self._output.alarm((self._unique, "stop"), RETRY, self._stop_again)
        self._begin_waiting()

    def leave(self) -> None:
        """The leg is being moved out of AGI, which ends what has begun."""
        self._ready = self.is_foreign = False
        if self._running is not None and not self._stopping:
            self._running.stop()
            self._stopping = True
        self._output.alarms.clear((self._unique, "stop"))

    def executed(self, command_id: str, text: str) -> None:
        """AsyncAGIExec."""
        if command_id == self._command_id or self.is_foreign:
            self.is_foreign = False
            self._ended(parse_result(text))

    def close(self) -> None:
        """The leg is over: what has not told its result does so now."""
        self._ready = False
        self._output.alarms.clear((self._unique, "stop"))
        running, self._running = self._running, None
        if running is not None:
            running.lost()
        self._drop_waiting()

    def recall(self, operation: Operation) -> None:
        """What a former driver began, under a CommandID that nobody knows any more."""
        self._running = operation

    def link_was_away(self) -> None:
        """Commands and results may have been lost. What is to go on does: the next result of the leg is its own.
        Everything else is over.
        """
        running = self._running
        if running is None or self._stopping or not running.goes_on_unseen():
            self.leave()
            return
        self.is_foreign = True
        self._output.alarm((self._unique, "stop"), LOOK, self._look)

    def _look(self) -> None:
        """Whether it still runs."""
        running = self._running
        if running is None:
            return
        fate = running.fate()
        if fate == "over":
            self._stopping, self._stops_left = True, RETRIES_AFTER_MOVE
            self._stop_again()
        elif fate == "never began" and self._ready:
            self.is_foreign = False
            self._begin(running)
        else:
            self._output.alarm((self._unique, "stop"), LOOK, self._look)

    def _drop_waiting(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.stop()
            waiting.lost()

    def _begin_waiting(self) -> None:
        if self._ready and self._running is None and self._waiting is not None:
            operation, self._waiting = self._waiting, None
            self._begin(operation)

    def _begin(self, operation: Operation) -> None:
        self._running, self._stopping = operation, False
        self._command_id = command_id = self._output.command_id()
        headers = [("Channel", self._unique), ("Command", operation.command()), ("CommandID", command_id)]
        self._output.act("AGI", headers, lambda answer: self._queued(command_id, answer))

    def _queued(self, command_id: str, answer: EventList | None) -> None:
        if answer is not None and command_id == self._command_id and not is_success(answer):
            self._ended(Result(-1))

    def _ended(self, result: Result) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        self._output.alarms.clear((self._unique, "stop"))
        goes_on = running.executed(result, self.hung_up)
        if goes_on and not self._stopping and self._ready:
            self._begin(running)
            return
        running.lost()
        self._begin_waiting()

    def _stop_again(self) -> None:
        if self._running is None:
            return
        if self._stops_left == 0:  # its result is lost
            running, self._running = self._running, None
            running.lost()
            self._begin_waiting()
            return
        self._stops_left -= 1
        self._interrupt(self._running)
        self._output.alarm((self._unique, "stop"), RETRY, self._stop_again)
