"""A flow's document to the core's `Flow`."""

import hashlib
import json
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, TypeAdapter

from ccd.config.document import Document
from ccd.config.kind import Identifier, VariableName, text
from ccd.config.prompt import Documented, Language
from ccd.config.scope import Scope
from ccd.config.validation import validate
from ccd.config.verb import StepBase, StepDocument, StepReference
from ccd.core.flow.expression import as_text
from ccd.core.flow.flow import Flow
from ccd.core.flow.steps.queue import Queue
from ccd.core.flow.steps.transfer import Transfer

Scalar = Annotated[str, BeforeValidator(lambda value: as_text(value) if isinstance(value, bool) else text(value))]
"""A variable's first value: text, also `true` and `3`."""


class FlowDocument(Documented):
    """What a caller goes through, step by step."""

    flow: Identifier
    """The flow's name."""
    language: Language | None = None
    """The language of the texts that are given without one, and of callers that have none; else the site's."""
    variables: dict[VariableName, Scalar] = Field(default_factory=dict)
    """Variables and their first values."""
    start: StepReference | None = None
    """The first step; else the one written first."""
    steps: dict[Identifier, StepDocument] = Field(min_length=1)  # type: ignore[valid-type] # made at run time
    """Name to step. Where a step names no other, the one written next follows."""


ADAPTER: TypeAdapter[FlowDocument] = TypeAdapter(FlowDocument)


@dataclass(frozen=True)
class FlowFile:
    """A flow and the document it was written in."""

    flow: Flow
    document: Document
    nexts: frozenset[str]
    """Steps with a `next` of their own."""


def flow_name(document: Document) -> str | None:
    """The name of a document that is a flow, None for any other."""
    data = document.data
    return str(data["flow"])[:80] if isinstance(data, dict) and "flow" in data else None


def compile_flow(document: Document, scope: Scope) -> FlowFile | None:
    """The flow, None where the document has errors; they are noted there."""
    data = document.data if isinstance(document.data, dict) else {}
    steps = data.get("steps")
    inner = scope.within("step", steps if isinstance(steps, dict) else ())
    language = data.get("language")
    inner.language = language if isinstance(language, str) else scope.language
    written: FlowDocument | None = validate(ADAPTER, document, inner)
    if written is None:
        return None
    steps_written: dict[str, StepBase] = written.steps
    order = list(steps_written)
    following = dict(pairwise(order))
    following |= {name: step.next for name, step in steps_written.items() if step.next}
    flow = Flow(
        name=written.flow,
        version=version_of(data, scope.language),
        start=written.start or order[0],
        steps={name: with_next(step.step(), step.next) for name, step in steps_written.items()},
        following=following,
        language=written.language or "",
        variables=written.variables,
    )
    return FlowFile(flow, document, frozenset(name for name, step in steps_written.items() if step.next))


def with_next(step: Any, follower: str | None) -> Any:
    """After a talk the call is over, unless the document says where to go."""
    if follower and isinstance(step, Queue) and "answered" not in step.on:
        return replace(step, on={**step.on, "answered": follower})
    if follower and isinstance(step, Transfer) and "answered" not in step.on:
        return replace(step, on={**step.on, "answered": follower})
    return step


def version_of(data: Any, language: str) -> str:
    """A short hash of the content."""
    return hashlib.sha256(json.dumps([data, language]).encode()).hexdigest()[:12]
