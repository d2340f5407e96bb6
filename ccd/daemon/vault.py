"""Secrets that callers and agents type. They stay here: engine, journal and records see only a token."""

import re
from collections import OrderedDict

from ccd.model.event import DigitPressed

MOST_SECRETS = 10_000
LONGEST = 64
HIDDEN = "?"


class Vault:
    """Digits by token, in memory only; the oldest go when there are too many."""

    def __init__(self) -> None:
        self._digits: OrderedDict[str, str] = OrderedDict()

    def take(self, event: DigitPressed, token: str, terminator: str) -> DigitPressed:
        """Keep the digit; the event as the engine may see it. The terminating key is no secret."""
        if event.digit == terminator:
            return event
        self._digits[token] = (self._digits.get(token, "") + event.digit)[:LONGEST]
        while len(self._digits) > MOST_SECRETS:
            self._digits.popitem(last=False)
        return DigitPressed(event.leg, HIDDEN)

    def reveal(self, token: str) -> str:
        """The secret under a token, `secret:` in front or not; empty if nothing was typed."""
        return self._digits.get(token.removeprefix("secret:"), "")

    def matches(self, token: str, pattern: str) -> bool:
        """Whether the whole secret matches."""
        return re.fullmatch(pattern, self.reveal(token), re.ASCII) is not None

    def forget(self, token: str) -> None:
        """The secret is used up."""
        self._digits.pop(token.removeprefix("secret:"), None)
