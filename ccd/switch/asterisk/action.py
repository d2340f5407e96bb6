"""The actions whose answers are outstanding: by ActionID, with a time-out. None is ever sent twice."""

from collections.abc import Callable

from ccd.model.ids import Length, Moment
from ccd.wire.ami import EventList, Message

Then = Callable[[EventList | None], None]
"""What to do with the answer: a list whose `response` is the answer, or None when the time was over."""


class Actions:
    """The table of outstanding actions. All wait equally long, so the order of sending is the order of time-outs."""

    def __init__(self, prefix: str, timeout: Length) -> None:
        self._prefix = prefix
        self._timeout = timeout
        self._count = 0
        self._outstanding: dict[str, tuple[Moment, EventList, Then | None]] = {}

    def begin(self, now: Moment, then: Then | None) -> str:
        """The ActionID for one more action."""
        self._count += 1
        action_id = f"{self._prefix}{self._count}"
        self._outstanding[action_id] = (now + self._timeout, EventList(action_id), then)
        return action_id

    def receive(self, message: Message, now: Moment) -> bool:
        """Whether the message was an answer, or part of one. OriginateResponse bears an ActionID and is not."""
        found = self._outstanding.get(message.action_id)
        if found is None:
            return False
        _, answer, then = found
        if answer.response is None and message.event:
            return False
        answer.receive(message)
        del self._outstanding[answer.action_id]
        if not answer.is_complete:
            self._outstanding[answer.action_id] = (now + self._timeout, answer, then)
        elif then is not None:
            then(answer)
        return True

    def deadline(self) -> Moment | None:
        """When the oldest is over its time."""
        return next((due for due, _, _ in self._outstanding.values()), None)

    def expire(self, now: Moment) -> None:
        """Tell those that are over their time."""
        while (due := self.deadline()) is not None and due <= now:
            _, _, then = self._outstanding.pop(next(iter(self._outstanding)))
            if then is not None:
                then(None)

    def forget(self) -> None:
        """The link is lost: no answer will come."""
        self._outstanding.clear()


def is_success(answer: EventList | None) -> bool:
    """Whether the switch did it, as far as it says."""
    return answer is not None and answer.response is not None and answer.response.response in ("Success", "Goodbye")


def said(answer: EventList | None) -> str:
    """The words of the answer, for a reason."""
    if answer is None or answer.response is None:
        return "no answer in time"
    return answer.response.get("Message").strip() or answer.response.response
