"""Names that get into commands, and texts that came from callers.

Whoever may execute applications may run programs, so a command is built of nothing but our own words and names that
were checked here.
"""

import re

UUID = re.compile(r"[A-Za-z0-9_.-]{1,128}")
OURS = "ccd-"
KEYS = "0123456789*#ABCD"
TEXT_LIMIT = 256
_PART = r"(?!\.\.?(?:/|\Z))[A-Za-z0-9_.-]+"
_FILE = re.compile(rf"/?{_PART}(/{_PART})*")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
UNDEFINED = "_undef_"
"""What FreeSWITCH says for a variable that a channel does not have, here and there also in an event."""


class UnsafeText(ValueError):  # noqa: N818 - reads as what it is: the text is at fault
    """A name that must not get into a command."""


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


def uuid_of(unique: str) -> str:
    """The channel's uuid for the unique part of a leg's id: FreeSWITCH's own, or one made of the engine's. That may be
    all digits, which some commands take for a number; what FreeSWITCH makes has hyphens.
    """
    return unique if "-" in unique else f"{OURS}{unique}"


def unique_for(uuid: str) -> str:
    """And back."""
    ours = uuid.removeprefix(OURS)
    return uuid if "-" in ours else ours


def is_uuid(text: str) -> bool:
    """Whether it can be a channel's: not all digits, which `sched_del` would take for a task."""
    return UUID.fullmatch(text) is not None and not text.isdigit()


def shown(text: str) -> str:
    """What a caller shows of himself, as he wrote it: without control characters and outer blanks, and not endless."""
    return "" if text == UNDEFINED else _CONTROL.sub("", text)[:TEXT_LIMIT].strip()


def number(text: str) -> int:
    """A small number, 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
