"""The engine's variables of a channel, packed into one: to set one is a command, an event and a wake-up of the switch.

`CCD_STATE` reads `CALL=6612f95b031ed&QUEUE=sales&SINCE=1795706862977916`, values percent-encoded, so that nothing in it
means anything to a protocol or a dialplan. CCD_ROLE stands apart: the dialplan chooses its fallback by it.
"""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote

STATE = "CCD_STATE"
ROLE = "CCD_ROLE"
PREFIX = "CCD_"
VALUE_LIMIT = 880
"""Bytes: with its name a value fits into one line of AMI, which has the shortest."""
_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
NOT_OURS = (ROLE, "CCD_DNIS", "CCD_RECORDING", "CCD_RECORDING_STATE", "CCD_MONITOR_ID")
"""What the dialplan and the driver write, and so must not be written again from what was known before."""


def written(variables: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The channel variables to set for these of the engine's; what is no variable's name is left out.

    What does not fit into one line any more is left out at the end: the call and its place come first.
    """
    pairs, apart, length = [], [], 0
    for name, value in variables:
        if not is_variable(name):
            continue
        if name == ROLE:
            apart.append((ROLE, value if value.isascii() and value.isalnum() else ""))
            continue
        pair = name.removeprefix(PREFIX) + "=" + quote(value, safe="+/:", errors="replace")
        length += len(pair) + 1
        if length > VALUE_LIMIT:
            break
        pairs.append(pair)
    return [(STATE, "&".join(pairs)), *apart] if pairs else apart


def engines(variables: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Those that the engine wrote."""
    return {name: value for name, value in variables if name not in NOT_OURS}


def unpacked(found: Mapping[str, str]) -> dict[str, str]:
    """The variables found on a channel, those in CCD_STATE each by its name."""
    variables = {name: value for name, value in found.items() if name != STATE}
    for pair in found.get(STATE, "").split("&"):
        name, is_pair, value = pair.partition("=")
        if is_pair and is_variable(name):
            variables[PREFIX + name] = unquote(value)
    return variables


def is_variable(name: str) -> bool:
    """Whether it is the name of a channel variable and nothing more, as a function."""
    return _NAME.fullmatch(name) is not None
