"""Callers' names, which AMI sends escaped as C writes strings: in events and Status, not in AsyncAGI's environment."""

import re

_ESCAPE = re.compile(r"\\([abfnrtv\\'\"?])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def caller_name(text: str) -> str:
    """The name as the caller showed it, without control characters: the escaped ones, and any that came as they are.

    A backslash before anything else is one that AMI did not write, and stays.
    """
    if "\\" in text:
        text = _ESCAPE.sub(lambda found: "" if found[1].isalpha() else found[1], text)
    return _CONTROL.sub("", text)
