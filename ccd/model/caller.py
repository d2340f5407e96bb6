"""A caller as the records keep him, and what happened with him besides calls."""

from msgspec import Struct

from ccd.model.cdr import Cdr
from ccd.model.ids import CallerId, Moment


class Caller(Struct, frozen=True):
    """The whole record: `numbers` in E.164, `calls` those that ended, `fields` the site's own text."""

    id: CallerId
    created_at: Moment
    numbers: tuple[str, ...]
    calls: int
    fields: dict[str, str]


class Interaction(Struct, frozen=True, tag=True):
    """Something with a caller that was no call: a note, a mail, a ticket's change. `id` is the writer's, unique."""

    id: str
    caller: CallerId
    at: Moment
    kind: str
    by: str
    text: str


class PastCall(Struct, frozen=True, tag=True):
    """A call in a caller's history."""

    at: Moment
    cdr: Cdr


HistoryEntry = PastCall | Interaction
