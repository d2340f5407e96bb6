"""Whether a call that comes in tells the phone to answer by itself: the headers that makers of phones look at."""

import re
from collections.abc import Iterable

CALL_INFO, ALERT_INFO = "Call-Info", "Alert-Info"
EITHER = (CALL_INFO, ALERT_INFO)
ASKING = {
    CALL_INFO: re.compile(r"<[^<>]*>\s*;(.*;)?\s*answer-after\s*=\s*0\s*(;|\Z)", re.IGNORECASE),
    ALERT_INFO: re.compile(r"(\A|;)\s*info\s*=\s*alert-autoanswer\s*(;|\Z)", re.IGNORECASE),
}
"""As phones read them: a parameter of an address, and one that may stand alone."""


def is_asked(headers: Iterable[tuple[str, str]], by: Iterable[str] = EITHER) -> bool:
    """Whether one of these headers asks for it."""
    patterns = {name.lower(): ASKING[name] for name in by}
    return any(name.lower() in patterns and patterns[name.lower()].search(value) for name, value in headers)
