"""A line of a script: who does what, or what must have happened before the next line is done."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ccd.config.problem import Place, Problem, expectation

SOMEBODY = "somebody"
"""Anybody whom the scenario names."""

GRAMMAR: tuple[tuple[str, str, str, str], ...] = (
    (SOMEBODY, "calls", r"calls (?P<number>[0-9*#+]+)(?: as (?P<shown>[a-z0-9]+))?", "calls 4930001"),
    (SOMEBODY, "presses", r"presses (?P<keys>[0-9*#]+)", "presses 12#"),
    (SOMEBODY, "hears", r"hears (?P<what>[a-z_]+)(?: for (?P<seconds>[0-9.]+) s)?", "hears welcome for 1 s"),
    (SOMEBODY, "rings", r"rings", "rings"),
    (SOMEBODY, "answers", r"answers", "answers"),
    (SOMEBODY, "refuses", r"refuses(?: with (?P<code>[3-6][0-9]{2}))?", "refuses with 486"),
    (SOMEBODY, "hangs_up", r"hangs up", "hangs up"),
    (SOMEBODY, "is_over", r"is done", "is done"),
    (SOMEBODY, "refers", r"sends the caller to (?P<number>[0-9+]+)", "sends the caller to 1002"),
    (SOMEBODY, "holds", r"(?P<change>holds|takes back) the caller", "holds the caller"),
    (SOMEBODY, "phase", r"(?P<phase>waits|talks|is dialled for)", "waits"),
    (SOMEBODY, "position", r"is number (?P<position>[0-9]+) in line", "is number 2 in line"),
    (SOMEBODY, "at_step", r"is at step (?P<step>[a-z_]+)", "is at step mail"),
    (SOMEBODY, "recording", r"is (?P<state>recorded|paused in the recording|not recorded any more)", "is recorded"),
    (SOMEBODY, "logs_in", r"logs in", "logs in"),
    (SOMEBODY, "logs_out", r"logs out", "logs out"),
    (SOMEBODY, "pauses", r"pauses(?: for (?P<reason>[a-z]+))?", "pauses for lunch"),
    (SOMEBODY, "unpauses", r"comes back", "comes back"),
    (SOMEBODY, "ends_wrap_up", r"ends wrap-up", "ends wrap-up"),
    (SOMEBODY, "state", r"is (?P<state>logged out|ready|offered|talking|in wrap-up|paused)", "is ready"),
    (SOMEBODY, "phone", r"(?P<change>loses|finds) the phone", "loses the phone"),
    ("supervisor", "supervises", r"hangs up the call of (?P<caller>[a-z]+)", "hangs up the call of lucia"),
    ("supervisor", "records", r"(?P<action>pause|resume|stop)s the recording of (?P<caller>[a-z]+)", "stops the …"),
    ("daemon", "dies", r"dies", "dies"),
    ("daemon", "returns", r"is back", "is back"),
    ("link", "cut", r"is cut", "is cut"),
    ("link", "joined", r"is back", "is back"),
    ("records", "lost", r"go away", "go away"),
    ("records", "found", r"are back", "are back"),
    ("switch", "restarts", r"is restarted", "is restarted"),
    ("time", "passes", r"passes(?P<rest>)", "passes"),
)
"""(whose line, what it is called, how it is written, an example)."""
TIME = re.compile(r"(?P<seconds>[0-9.]+) s pass(?:es)?")


@dataclass(frozen=True)
class Line:
    """`what` is the second column of the grammar; `words` what the line says besides."""

    place: Place
    text: str
    who: str
    what: str
    words: Mapping[str, str]


def parse(text: str, place: Place, people: Mapping[str, object]) -> Line | Problem:
    """The line, or what is wrong with it."""
    if passed := TIME.fullmatch(text):
        return Line(place, text, "time", "passes", passed.groupdict())
    who, _, rest = text.partition(" ")
    others = {row[0] for row in GRAMMAR} - {SOMEBODY, "time"}
    if who not in people and who not in others:
        return Problem(place, f"nobody is called `{who}`" + expectation("one of the scenario's people", who, people))
    kind = SOMEBODY if who in people else who
    for whose, what, pattern, _ in GRAMMAR:
        found = re.fullmatch(pattern, rest) if whose == kind else None
        if found is not None:
            return Line(place, text, who, what, {key: word or "" for key, word in found.groupdict().items()})
    examples = ", ".join(f"`{example}`" for whose, _, _, example in GRAMMAR if whose == kind)
    return Problem(place, f"`{rest}` is nothing that `{who}` can do" + expectation(examples))
