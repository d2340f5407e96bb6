"""What may stand in a path or a query: bounded, and of characters that no id of ours goes beyond."""

from typing import Annotated

from fastapi import Path, Query

from ccd.model.ids import AgentId, CallerId, CallId, CampaignId, ContactId, QueueId, RecordingId

ID = r"^[A-Za-z0-9][A-Za-z0-9._:+@-]{0,127}$"
TEXT = r"^[^\x00-\x1f\x7f]*$"
NO_BREAK = r"(?!\n)"
"""After the `$` of a Struct's pattern: Python's, unlike that of a path or query (Rust), lets a line break follow."""
LINE = TEXT + NO_BREAK
ENDPOINT = r"^([A-Za-z0-9_-]{1,64}:)?(PJSIP|user)/[A-Za-z0-9][A-Za-z0-9._-]{0,63}$" + NO_BREAK
"""A phone and nothing more: `Local/…` or `…@trunk` would let whoever logs in ring any number past the dial policy."""
FIELD_NAME = r"^[a-z][a-z0-9_]{0,63}$" + NO_BREAK
NUMBER = r"^\+?[0-9][0-9 ().-]{1,39}$"
"""A telephone number as people write it, in one line and without the slash of some countries."""
ZONE = r"^([A-Za-z][A-Za-z0-9_+/-]{0,63})?$" + NO_BREAK
"""A time zone as the tz database names it, or none."""
LAST_MOMENT = 2**53 - 1
"""JSON numbers are exact up to here, in the year 2255."""

AgentPath = Annotated[AgentId, Path(pattern=ID)]
CallPath = Annotated[CallId, Path(pattern=ID)]
CallerPath = Annotated[CallerId, Path(pattern=ID)]
RecordingPath = Annotated[RecordingId, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
AttemptPath = Annotated[CallId, Path(pattern=ID, description="The call of the attempt")]
CampaignPath = Annotated[CampaignId, Path(pattern=ID)]
ContactPath = Annotated[ContactId, Path(pattern=ID)]
ImportPath = Annotated[str, Path(pattern=ID)]
ListPath = Annotated[str, Path(pattern=ID, description="A do-not-call list")]
NumberQuery = Annotated[str, Query(pattern=NUMBER)]
AgentQuery = Annotated[AgentId | None, Query(pattern=ID)]
QueueQuery = Annotated[QueueId | None, Query(pattern=ID)]
LimitQuery = Annotated[int, Query(ge=1, le=200)]
MomentQuery = Annotated[int, Query(ge=0, le=LAST_MOMENT, description="Microseconds of UTC; 0: none")]
SearchQuery = Annotated[str, Query(max_length=100, pattern=TEXT)]
CursorQuery = Annotated[str, Query(pattern=r"^[0-9]{0,19}$")]
