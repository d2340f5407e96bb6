"""What an originate is made of. Callers' words come this way (a name on the agent's display, a header for the screen
pop), into a list of variables in one line. Nothing in them may mean anything to that line, or be evaluated later.
"""

import re
from collections.abc import Iterable

from ccd.model.command import Dial
from ccd.model.ids import SECOND, unique_of
from ccd.switch.freeswitch.settings import Settings
from ccd.switch.freeswitch.text import UnsafeText, is_uuid, uuid_of
from ccd.switch.state import VALUE_LIMIT
from ccd.wire.esl import BgApi, quote_variables

GATEWAY = "gateway/"
FALLBACK_TIME = 6
"""Seconds in which a daemon takes a leg that was answered."""
NAME_LIMIT = 80
VARIABLE_LIMIT = 120
_ENDPOINT = re.compile(r"[A-Za-z0-9]{1,16}/[A-Za-z0-9_.-]{1,64}(@[A-Za-z0-9_.-]{1,128})?")
_USER = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_NUMBER = re.compile(r"[+0-9*#A-D]{1,40}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
_VARIABLE_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
_NO_ADDRESS = str.maketrans({":": " -", "/": "-", "@": " "})
"""FreeSWITCH takes even a name for an address, and keeps what stands behind `/` and `:` and before `@`."""
_MARKS = r"\x00-\x1f\x7f-\x9f\ud800-\udfff'\"\\`{}\[\]$^|"
_WORDS = ":_:|array::|mod_event_socket"
_MEANS_SOMETHING = re.compile(rf"[{_MARKS}<>]+|{_WORDS}", re.IGNORECASE)
"""Between two dial strings, in front of a list, and what anywhere beside `reload` has the event socket reloaded."""
_MEANS_SOMETHING_IN_HEADER = re.compile(rf"[{_MARKS}]+|{_WORDS}", re.IGNORECASE)
"""A header may hold an address: `<` is looked for in front of a dial string, and this is inside of its braces."""


def originate(dial: Dial, variables: Iterable[tuple[str, str]], settings: Settings) -> str:
    """The argument of `originate`; raises UnsafeText or IllegalValue for what cannot be dialled."""
    uuid = uuid_of(unique_of(dial.leg))
    if not is_uuid(uuid):
        raise UnsafeText(f"uuid {uuid[:80]!r}")
    values = {
        "origination_uuid": uuid,
        # It compares whole seconds of the clock: a limit of 1 is over with the second that runs, perhaps at once.
        "originate_timeout": str(max(1, -(-dial.ring_time // SECOND)) + 1),
        "ignore_early_media": "true",  # 183 would count as the answer
        "playback_terminators": "none",
        "transfer_after_bridge": f"{settings.returned}:XML:{settings.context}",
        "force_transfer_context": settings.context,
        "force_transfer_dialplan": "XML",
        # If it ends in the very moment of a bridge, the other leg is moved there, where it would else be hung up, too.
        "rdnis": settings.returned,
        "execute_on_answer": f"sched_transfer +{FALLBACK_TIME} {settings.fallback} XML {settings.context}",
    }
    if _NUMBER.fullmatch(dial.outbound_cli):
        values["origination_caller_id_number"] = dial.outbound_cli
    if name := clean(dial.cli_name.translate(_NO_ADDRESS))[:NAME_LIMIT].strip():
        values["origination_caller_id_name"] = name
    for name, value in dial.headers:
        values[f"sip_h_{_matching(_HEADER_NAME, name)}"] = clean(value, means=_MEANS_SOMETHING_IN_HEADER)
    for name, value in variables:
        values[_matching(_VARIABLE_NAME, name)] = clean(value)
    if len(values) > VARIABLE_LIMIT:
        raise UnsafeText(f"{len(values)} variables")
    told = {name: value for name, value in values.items() if value}
    argument = f"{quote_variables(told)}{_dialled(dial)} &park()"
    BgApi("originate", argument).render()  # what it refuses is to cost this one call, not the connection
    return argument


def clean(text: str, limit: int = VALUE_LIMIT, means: re.Pattern[str] = _MEANS_SOMETHING) -> str:
    """One line of valid UTF-8 with nothing that FreeSWITCH would act on, of at most `limit` bytes."""
    while means.search(text):
        text = means.sub(" ", text)
    text = text.strip()
    return text.encode()[:limit].decode(errors="ignore")


def _dialled(dial: Dial) -> str:
    """`user/1001` is dialled as it is, a number through a gateway: `gateway/trunk` is sofia's of that name."""
    endpoint, number = _matching(_ENDPOINT, dial.endpoint), dial.number
    if dial.through:  # to another switch, which rings its phone of that name
        endpoint, number = _matching(_ENDPOINT, dial.through), _matching(_USER, endpoint.partition("/")[2])
    elif number:
        number = _matching(_NUMBER, number)
    if endpoint.startswith(GATEWAY):
        endpoint = f"sofia/{endpoint}"
    elif number:
        raise UnsafeText(f"a number through {endpoint}, which is no gateway")
    return f"{endpoint}/{number}" if number else endpoint


def _matching(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise UnsafeText(f"{text[:80]!r} is not {pattern.pattern}")
    return text
