"""What is wrong with a configuration, and where."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Literal

PROBLEM_LIMIT = 200
"""More are not told: whoever has these has enough to mend."""

LENGTH_DIFFERENCE = 4
CANDIDATE_LIMIT = 500


@dataclass(frozen=True, order=True)
class Place:
    """Where in a file; line and column count from 1, 0 says that the whole file is meant."""

    file: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake, or with severity `warning` something that is allowed but most probably not meant.

    The message cites what is in the file; what a terminal would obey becomes replacement marks.
    """

    place: Place
    message: str
    severity: Literal["error", "warning"] = "error"

    def __post_init__(self) -> None:
        if not self.message.isprintable():
            plain = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in self.message)
            object.__setattr__(self, "message", plain)

    def __str__(self) -> str:
        where = f"{self.place.file}:{self.place.line}:{self.place.column}" if self.place.line else self.place.file
        return f"{where}: {self.severity}: {self.message}"


class ConfigurationErrors(Exception):  # noqa: N818 - there are always several
    """The configuration cannot be used; `problems` are all that was found, sorted by place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems))[:PROBLEM_LIMIT])
        super().__init__("\n".join(map(str, self.problems)))


def expectation(expected: str, word: object = None, known: Iterable[str] = ()) -> str:
    """The bracket at the end of a message: what was expected, and the nearest right word."""
    near = nearest(word, known)
    return f" (expected {expected}; did you mean {near}?)" if near else f" (expected {expected})"


def nearest(word: object, known: Iterable[str]) -> str:
    """The known word that is most like `word`, empty where none is. Only so many are looked at."""
    sought = str(word)[:60].lower()
    alike = (name for name in sorted(known) if abs(len(name) - len(sought)) <= LENGTH_DIFFERENCE)
    lower = {name.lower(): name for name in islice(alike, CANDIDATE_LIMIT)}
    found = difflib.get_close_matches(sought, lower, 1, 0.6)
    return lower[found[0]] if found else ""


def listed(known: Iterable[str], limit: int = 12) -> str:
    """Names in order, for a message."""
    names = sorted(known)
    return ", ".join(names[:limit]) + (", …" if len(names) > limit else "") or "nothing"


def shown(value: object, limit: int = 60) -> str:
    """A value of the file, for a message."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    text = str(value)
    return "`" + (text if len(text) <= limit else text[: limit - 1] + "…") + "`"
