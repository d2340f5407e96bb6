"""How a command ends badly: one line to people, a number to scripts."""

REFUSED = 1
"""The daemon would not, or could not."""
NO_DAEMON = 3
NOT_ALLOWED = 4
"""No token, a wrong one, or one of too low a role."""
UNKNOWN = 5
"""No such agent, call, recording."""


class Failure(Exception):  # noqa: N818  # read aloud, `raise Failure` says what happens
    """Ends the command with this text on stderr and this exit code."""

    def __init__(self, text: str, code: int = REFUSED) -> None:
        super().__init__(text)
        self.code = code
