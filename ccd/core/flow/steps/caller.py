"""`caller`: who calls, from the records; what is learned goes back into them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec

from ccd.core.flow.expression import as_text
from ccd.core.flow.interpreter import AnswerArrived
from ccd.core.flow.setting import FieldName, StepName, Value
from ccd.model.command import UpdateCaller
from ccd.model.fact import CallerIdentified
from ccd.model.question import CallerRecord, LookUpCaller

if TYPE_CHECKING:
    from ccd.core.flow.interpreter import Run, Signal

CallerOutcome = Literal["known", "new", "anonymous", "unavailable"]
NAME_LIMIT = 80


@dataclass(frozen=True)
class Caller:
    """Look up the caller's record by his number, or make one; once a call. Afterwards its fields are there as
    `caller.<field>`, and `caller.known` says whether there was a record before. With `fields`, write to it.
    """

    verb: ClassVar[str] = "caller"
    needs_answer: ClassVar[bool] = False

    fields: Mapping[FieldName, Value] = field(default_factory=dict)
    """Field to what is written there."""
    on: Mapping[CallerOutcome, StepName] = field(default_factory=dict)
    """Where to go: `known`, `new`, `anonymous` (no number), `unavailable` (no answer in time); else the next step."""

    def enter(self, run: "Run") -> None:
        call = run.call
        if call.caller is not None:
            self.leave(run, "known" if call.caller_known else "new")
        elif not call.number:
            self.leave(run, "anonymous")
        else:
            question = LookUpCaller(call.number, True, call.ani_name[:NAME_LIMIT])
            run.state = run.ask(question, run.floor.configuration.site.caller_lookup_time)

    def resume(self, run: "Run", signal: "Signal") -> None:
        if isinstance(signal, AnswerArrived) and signal.question == run.state:
            record = as_record(signal.value)
            if record is None:
                self.leave(run, "unavailable")
            else:
                identify(run, record)
                self.leave(run, "new" if record.created else "known")

    def leave(self, run: "Run", outcome: CallerOutcome) -> None:
        """Write what is to be written and go on."""
        call = run.call
        values = {name: expression.value(run.lookup) for name, expression in self.fields.items()}
        fields = {name: as_text(value) for name, value in values.items() if value is not None}
        if fields and call.caller is not None:
            call.identify(call.caller_fields | fields)
            run.floor.send(UpdateCaller(call.caller, fields))
        run.finish(outcome, self.on.get(outcome))


def as_record(value: object) -> CallerRecord | None:
    """The answer, which in a replay comes as plain values."""
    try:
        return msgspec.convert(value, CallerRecord)
    except msgspec.ValidationError:
        return None


def identify(run: "Run", record: CallerRecord) -> None:
    """The call is this caller's."""
    call = run.call
    call.caller = record.id
    call.identify(dict(record.fields))
    call.caller_known = not record.created
    run.floor.note(CallerIdentified(call.id, record.id, record.created))
