"""AsyncAGI: command texts and what comes back.

`EXEC` can run any program, so an AGI text is built of nothing but our own words and names that were checked here.
"""

import re
from urllib.parse import unquote

from msgspec import Struct

from ccd.model.ids import MILLISECOND, SECOND, Length

SAMPLE_RATE = 8000
"""`endpos` counts samples of this rate."""
KEYS = "0123456789*#ABCD"

_PART = r"(?!\.\.?(?:/|\Z))[A-Za-z0-9_.-]+"
_FILE = re.compile(rf"/?{_PART}(/{_PART})*")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_RESULT = re.compile(r"200 result=(-?\d+)(?: \(([^)]*)\))?(?: endpos=(\d+))?")


class UnsafeText(ValueError):  # noqa: N818 - reads as what it is: the text is at fault
    """A name that must not get into a command."""


class Result(Struct, frozen=True):
    """What an AGI command came to: `code` -1 for a hang-up, an interruption or a missing file, else by command."""

    code: int
    word: str = ""
    length: Length = 0


class Environment(Struct, frozen=True):
    """What the dialplan says in `AGI(agi:async,role,number,way,dialled)`; `role` is empty where it is not ours.

    `way` tells how the leg came into AGI: `answered` by ccd-answer, `returned` by ccd-bridge, `referred` by a phone's
    transfer to `dialled`, `machine` where AMD heard one; else empty.
    """

    role: str = ""
    number: str = ""
    way: str = ""
    dialled: str = ""


def stream_file(sound: str, until_digit: bool) -> str:
    """Play a sound; result code 0, or the digit's ASCII code."""
    return f'STREAM FILE {safe_file(sound)} "{KEYS if until_digit else ""}"'


def music_on(music: str) -> str:
    """Music on hold; does not block."""
    return f"SET MUSIC ON {safe_name(music)}"


def record_file(path: str, max_time: Length, silence_time: Length, *, beep: bool) -> str:
    """Record to `path`.wav until any key, silence or the longest time; `beep` comes first."""
    tone, seconds = " BEEP" if beep else "", max(1, round(silence_time / SECOND))
    return f'RECORD FILE {safe_file(path)} wav "{KEYS}" {max_time // MILLISECOND}{tone} s={seconds}'


def safe_file(path: str) -> str:
    """A file's name without extension, of letters, digits, `_`, `-`, `.` and `/`; none of its parts is `.` or `..`.

    Raises UnsafeText.
    """
    if len(path) > 250 or not _FILE.fullmatch(path):
        raise UnsafeText(f"sound or file name {path[:80]!r}")
    return path


def safe_name(name: str) -> str:
    """A name of letters, digits, `_`, `-` and `.`, not beginning with the latter two. Raises UnsafeText."""
    if not is_safe_name(name):
        raise UnsafeText(f"name {name[:80]!r}")
    return name


def is_safe_name(name: str) -> bool:
    """Whether `safe_name` takes it."""
    return _NAME.fullmatch(name) is not None


def parse_result(text: str) -> Result:
    """The URI-encoded `Result` of AsyncAGIExec; anything else than a 200 counts as code -1."""
    found = _RESULT.match(unquote(text))
    if found is None:
        return Result(-1)
    code, word, endpos = found.groups()
    return Result(int(code), word or "", int(endpos or 0) * SECOND // SAMPLE_RATE)


def parse_environment(text: str) -> Environment:
    """The URI-encoded `Env` of AsyncAGIStart. The last of a name counts: ours come after the caller's own words."""
    values = {}
    begin = max(text.rfind("agi_arg_1"), len(text) - 400)  # to decode all of it takes four times as long
    for line in unquote(text[begin:]).split("\n"):
        name, _, value = line.partition(": ")
        values[name] = value
    return Environment(*[values.get(f"agi_arg_{place}", "") for place in (1, 2, 3, 4)])
