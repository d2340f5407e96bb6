"""The kinds of settings that verbs have beside plain text, numbers and choices; `ccd.config` reads and checks them."""

from dataclasses import dataclass
from typing import Annotated

from ccd.core.flow.expression import Expression
from ccd.model.ids import Length


@dataclass(frozen=True)
class Kind:
    """How a setting is written, or what it must name: `duration`, `step`, `queue`, …"""

    name: str


@dataclass(frozen=True)
class Between:
    """The least and the greatest value of a number or a duration."""

    least: int
    greatest: int


Duration = Annotated[Length, Kind("duration")]
"""Microseconds; written `5s`, `2m`, `500ms`, `1h30m`."""

Condition = Annotated[Expression, Kind("condition")]
"""An expression: `caller.known and tries < 3`."""

Value = Annotated[Expression, Kind("value")]
"""Text in which `{name}` is filled in, or after `=` an expression: `= tries + 1`."""

StepName = Annotated[str, Kind("step")]
FlowName = Annotated[str, Kind("flow")]
QueueName = Annotated[str, Kind("queue")]
CalendarName = Annotated[str, Kind("calendar")]
VariableName = Annotated[str, Kind("variable")]
MailboxName = Annotated[str, Kind("mailbox")]
ListName = Annotated[str, Kind("list")]
"""A do-not-call list."""

FieldName = Annotated[str, Kind("field")]
Key = Annotated[str, Kind("key")]
"""One key of a phone: `0` to `9`, `*`, `#`, `A` to `D`."""

Pattern = Annotated[str, Kind("pattern")]
"""A regular expression that the whole input matches."""

Extension = Annotated[str, Kind("extension")]
"""An extension of the switch's dialplan."""
