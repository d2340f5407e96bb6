"""What an Originate is made of. Callers' words come this way (a name on the agent's display, a header for the screen
pop), past two parsers: AMI's lines and the dialplan's variables. Neither may find anything to act on in them.
"""

import re
from collections.abc import Iterable

from ccd.model.command import Dial
from ccd.model.ids import MILLISECOND, unique_of
from ccd.switch.asterisk.settings import Settings
from ccd.switch.state import VALUE_LIMIT
from ccd.wire.ami import IllegalValue

_ENDPOINT = re.compile(r"[A-Za-z0-9]{1,16}/[A-Za-z0-9_.-]{1,64}")
_NUMBER = re.compile(r"[+0-9*#A-D]{1,40}")
_USER = re.compile(r"[A-Za-z0-9_.-]{1,64}")
"""What a phone on another switch is called there: what that one's dialplan for such calls rings."""
_UNIQUE = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
_VARIABLE_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_EVALUATED = re.compile(r"\$+(?=[{\[])")
_SPECIAL = re.compile(r'[\\",()\[\]]')
_IN_NAME = re.compile(r'["\\<>]+')
NAME_LIMIT = 80
HEADER_LIMIT = 120


def originate(dial: Dial, variables: Iterable[tuple[str, str]], settings: Settings) -> list[tuple[str, str]]:
    """The headers of Originate, with the channel's variables; raises IllegalValue for what cannot be dialled."""
    context = settings.dialled_context if dial.number else settings.agent_context
    headers = [
        ("Channel", _channel(dial)),
        ("ChannelId", _matching(_UNIQUE, unique_of(dial.leg))),
        ("Context", context),
        ("Exten", "s"),
        ("Priority", "1"),
        ("Timeout", str(max(dial.ring_time // MILLISECOND, 1))),
        ("Async", "true"),
    ]
    if dial.outbound_cli or dial.cli_name:
        headers.append(("CallerID", caller_id(dial.cli_name, dial.outbound_cli)))
    for name, value in dial.headers:
        headers.append(("Variable", f"PJSIP_HEADER(add,{_matching(_HEADER_NAME, name)})={_quoted(value)}"))
    if dial.through:  # what the far phone's transfer key sends over the trunk comes to ccd, and to nothing else
        headers.append(("Variable", f"TRANSFER_CONTEXT={settings.phone_context}"))
    if dial.machine:
        headers.append(("Variable", f"CCD_AMD={dial.machine}"))
    for name, value in variables:
        headers.append(("Variable", f"{_matching(_VARIABLE_NAME, name)}={_quoted(value)}"))
    if len(headers) > HEADER_LIMIT:
        raise IllegalValue(f"{len(headers)} headers")
    return headers


def caller_id(name: str, number: str) -> str:
    """`"name" <number>` that no name can break out of."""
    number = number if _NUMBER.fullmatch(number) else ""
    name = _IN_NAME.sub("", clean(name))[:NAME_LIMIT]
    return f'"{name}" <{number}>' if name else f"<{number}>"


def clean(text: str, limit: int = VALUE_LIMIT) -> str:
    """One line of valid UTF-8 with nothing that the dialplan would evaluate, of at most `limit` bytes."""
    text = _EVALUATED.sub("", _CONTROL.sub(" ", text)).strip()
    return text.encode()[:limit].decode(errors="ignore")


def _channel(dial: Dial) -> str:
    endpoint, number = _matching(_ENDPOINT, dial.endpoint), dial.number
    if dial.through:
        endpoint, number = _matching(_ENDPOINT, dial.through), _matching(_USER, endpoint.partition("/")[2])
    elif number:
        number = _matching(_NUMBER, number)
    technology, _, trunk = endpoint.partition("/")
    return f"{technology}/{number}@{trunk}" if number else endpoint


def _matching(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise IllegalValue(f"{text[:80]!r} is not {pattern.pattern}")
    return text


def _quoted(value: str) -> str:
    """Originate splits variables at commas; a backslash before what splits, groups or quotes keeps it."""
    quoted = _SPECIAL.sub(r"\\\g<0>", clean(value))
    if len(quoted.encode()) <= VALUE_LIMIT:
        return quoted
    return _SPECIAL.sub(r"\\\g<0>", clean(value, VALUE_LIMIT // 2))
