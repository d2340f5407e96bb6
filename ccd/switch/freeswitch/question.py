"""What is asked on one connection: FreeSWITCH answers in order, so nothing but the order tells what an answer is to."""

from collections import deque
from collections.abc import Callable

from ccd.wire.esl import ApiResponse, Reply

Answer = Reply | ApiResponse
Then = Callable[[Answer], None]
"""What to do with the answer."""


class Questions:
    """The outstanding ones, the oldest first. None is given up by itself, which would put every later answer in a wrong
    place: a connection without answers is left (`Session`).
    """

    def __init__(self) -> None:
        self._outstanding: deque[Then | None] = deque()

    def __len__(self) -> int:
        return len(self._outstanding)

    def ask(self, then: Then | None) -> None:
        """One more."""
        self._outstanding.append(then)

    def answered(self, answer: Answer) -> bool:
        """The oldest has its answer; False where nothing was asked."""
        if not self._outstanding:
            return False
        then = self._outstanding.popleft()
        if then is not None:
            then(answer)
        return True

    def forget(self) -> None:
        """No answer will come."""
        self._outstanding.clear()


def is_success(answer: Answer) -> bool:
    """Whether the switch did it, as far as it says. It refuses with -ERR, -ERROR or -USAGE, and answers an Api that is
    not permitted with a Reply.
    """
    return not answer.text.startswith("-")


def said(answer: Answer) -> str:
    """The words of the answer, for a reason."""
    return answer.text.strip()[:200]
