"""The engine's variables of a channel, packed into one: each Setvar is an action, an event and a wake-up of Asterisk.

`CCD_STATE` reads `CALL=6612f95b031ed&QUEUE=sales&SINCE=1795706862977916`, values percent-encoded, so that nothing in it
means anything to AMI or the dialplan. CCD_ROLE stands apart: the dialplan chooses its fallback by it.
"""

from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote

from ccd.switch.asterisk.originate import VALUE_LIMIT, is_variable

STATE = "CCD_STATE"
ROLE = "CCD_ROLE"
PREFIX = "CCD_"
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
