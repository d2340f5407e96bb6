"""Text for a phone's display; made when it becomes known, so that no offer waits for it."""

import re

NAME_LENGTH = 40
UNSHOWABLE = re.compile(r'["\\<>]')


def showable(text: str) -> str:
    """The text printable, in one line, without what a SIP name cannot hold, not long."""
    if not text.isprintable() or UNSHOWABLE.search(text):
        text = "".join(filter(str.isprintable, UNSHOWABLE.sub("", text)))
    return text[:NAME_LENGTH]
