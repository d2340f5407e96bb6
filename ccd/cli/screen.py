"""What the commands print. Names and numbers come from callers: they can neither colour, move nor fake anything."""

import time
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ccd.model.ids import SECOND, Length, Moment

PIPE_WIDTH = 200
STYLES = {
    "ready": "green",
    "talking": "cyan",
    "offered": "yellow",
    "wrap_up": "magenta",
    "paused": "yellow",
    "logged_out": "dim",
    "waiting": "yellow",
    "running": "green",
    "draining": "yellow",
    "stopped": "dim",
    "up": "green",
    "ok": "green",
    "down": "bold red",
    "failing": "bold red",
    "unreachable": "red",
}
NONE = "-"
Cell = str | Text | int


def console() -> Console:
    """Where to print: as wide as the terminal, or wide enough for a pipe."""
    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def plain(text: str) -> str:
    """The text without anything a terminal would obey."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def word(text: str) -> Text:
    """A state, in its colour."""
    return Text(plain(text), STYLES.get(text, ""))


def table(title: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Table:
    """A table; a head that ends in `>` has its column to the right."""
    made = Table(title=Text(plain(title), "bold"), title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in heads:
        made.add_column(head.rstrip(">"), justify="right" if head.endswith(">") else "left", header_style="dim")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(plain(str(cell))) for cell in row))
    return made


def clock(moment: Moment) -> str:
    """The time of day here, to the millisecond; a dash for a moment that has not come."""
    return datetime.fromtimestamp(moment / SECOND).astimezone().strftime("%H:%M:%S.%f")[:-3] if moment else NONE


def day(moment: Moment) -> str:
    """Date and time here, to the second."""
    return datetime.fromtimestamp(moment / SECOND).astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else NONE


def lasting(length: Length) -> str:
    """A length: `0:07`, `12:45`, `1:02:03`, `3 d 4 h`."""
    minutes, seconds = divmod(max(length, 0) // SECOND, 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 24:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def percent(share: float) -> str:
    """A fraction, as `2.75 %`."""
    return f"{100 * share:.2f} %"


def since(moment: Moment, now: Moment) -> str:
    """How long ago; a dash for what has not come."""
    return lasting(now - moment) if moment else NONE


def now() -> Moment:
    """For lengths shown beside what the daemon told without a time of its own."""
    return time.time_ns() // 1_000


def print_json(value: object) -> None:
    """For scripts: one line of JSON in ASCII, which a terminal cannot misread either."""
    text = msgspec.json.encode(value).decode()
    print("".join(letter if " " <= letter <= "~" else _escaped(letter) for letter in text))


def _escaped(letter: str) -> str:
    units = letter.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
