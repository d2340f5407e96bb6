"""The verbs: each dataclass of `ccd.core.flow.steps` as a pydantic type that reads it from a document."""

import ast
import inspect
import textwrap
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import AfterValidator, BeforeValidator, Discriminator, Tag, create_model, model_validator
from pydantic import Field as Setting

from ccd.config.kind import KINDS, Flag, Text, WholeNumber, between, of_kind, written
from ccd.config.problem import expectation, listed
from ccd.config.prompt import PromptSetting, Strict
from ccd.config.scope import problem
from ccd.core.flow.prompt import Prompt
from ccd.core.flow.setting import Between, Kind
from ccd.core.flow.steps.answer import Answer
from ccd.core.flow.steps.call import Call
from ccd.core.flow.steps.caller import Caller
from ccd.core.flow.steps.collect import Collect
from ccd.core.flow.steps.do_not_call import DoNotCall
from ccd.core.flow.steps.goto import Goto
from ccd.core.flow.steps.hangup import Hangup
from ccd.core.flow.steps.hours import Hours
from ccd.core.flow.steps.if_ import If
from ccd.core.flow.steps.menu import Menu
from ccd.core.flow.steps.play import Play
from ccd.core.flow.steps.queue import Queue
from ccd.core.flow.steps.set import Set
from ccd.core.flow.steps.transfer import Transfer
from ccd.core.flow.steps.voicemail import Voicemail

VERBS: dict[str, Any] = {
    verb.verb: verb
    for verb in (
        *(Answer, Play, Menu, Collect, If, Set, Caller, Hours),
        *(Queue, Voicemail, Transfer, DoNotCall, Hangup, Goto, Call),
    )
}
"""Every verb of a flow, by the word for it."""

PLAIN: dict[Any, Any] = {Prompt: PromptSetting, bool: Flag, int: WholeNumber, str: Text}


def key_of(name: str) -> str:
    """A field's name in a document: `else_` is `else`."""
    return name.rstrip("_")


def annotated(base: Any, *marks: Any) -> Any:
    """`Annotated` of a type made at run time."""
    special: Any = Annotated
    return special[(base, *marks)]


def reading(hint: Any) -> Any:
    """The pydantic type that reads what a dataclass field holds."""
    if get_origin(hint) is Annotated:
        return reading_annotated(hint)
    if get_origin(hint) in (Union, UnionType):
        return Union[tuple(reading(part) for part in get_args(hint))]  # noqa: UP007 - made at run time
    if get_origin(hint) is Mapping:
        key, value = get_args(hint)
        return dict[reading(key), reading(value)]  # type: ignore[misc] # made at run time
    return PLAIN.get(hint, hint)


def reading_annotated(hint: Any) -> Any:
    """The same where kind and bounds are given."""
    base, *marks = get_args(hint)
    kind = next((mark.name for mark in marks if isinstance(mark, Kind)), None)
    bounds = next((mark for mark in marks if isinstance(mark, Between)), None)
    inner = KINDS[kind] if kind else reading(base)
    if bounds is None:
        return inner
    show = written if kind == "duration" else str
    return annotated(inner, between(bounds.least, bounds.greatest, show))


def documented(verb: type) -> dict[str, str]:
    """The docstrings under a class's fields."""
    body = ast.parse(textwrap.dedent(inspect.getsource(verb))).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for statement, below in zip(body.body, body.body[1:], strict=False):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            match below:
                case ast.Expr(value=ast.Constant(value=str(words))):
                    found[statement.target.id] = " ".join(words.split())
    return found


def setting_of(field: Field[Any], words: str | None) -> Any:
    """A field's default and description."""
    shown: dict[str, Any] = {"alias": key_of(field.name), "description": words}
    if field.default is not MISSING:
        return Setting(default=field.default, **shown)
    if field.default_factory is not MISSING:
        return Setting(default_factory=field.default_factory, **shown)
    return Setting(**shown)


def model_of(verb: Any) -> type[Strict]:
    """The mapping that holds a verb's settings."""
    hints = get_type_hints(verb, include_extras=True)
    words = documented(verb)
    settings: dict[str, Any] = {
        field.name: (reading(hints[field.name]), setting_of(field, words.get(field.name))) for field in fields(verb)
    }
    model: type[Strict] = create_model(verb.__name__, __base__=Strict, __doc__=verb.__doc__, **settings)
    return model


def step_of(verb: Any, model: Strict) -> Any:
    """The step from its settings."""
    values = {name: getattr(model, name) for name in type(model).model_fields}
    alternatives = getattr(verb, "one_of", ())
    if alternatives and sum(values[name] is not None for name in alternatives) != 1:
        raise problem(f"`{verb.verb}` needs either " + " or ".join(f"`{name}`" for name in alternatives))
    return verb(**values)


def type_of(verb: Any) -> Any:
    """What stands behind a verb: a mapping of its settings or, where it has a short form, the main one alone."""
    model = model_of(verb)
    whole = annotated(model, AfterValidator(lambda value: step_of(verb, value)))
    empty_is_default = BeforeValidator(lambda value: {} if value is None else value)
    short: str | None = getattr(verb, "short", None)
    if short is None:
        return annotated(whole, empty_is_default)
    keys = {key_of(field.name) for field in fields(verb)}
    hints = get_type_hints(verb, include_extras=True)
    brief = annotated(reading(hints[short]), AfterValidator(lambda value: verb(**{short: value})))

    def form(value: Any) -> str:
        if isinstance(value, verb):
            return "<whole>"
        is_whole = isinstance(value, dict) and (not value or bool(keys & value.keys()))
        return "<whole>" if is_whole else "<brief>"

    union: Any = Union
    forms = union[annotated(brief, Tag("<brief>")), annotated(whole, Tag("<whole>"))]
    return annotated(forms, Discriminator(form), empty_is_default)


StepReference = Annotated[Text, AfterValidator(of_kind("step"))]


class StepBase(Strict):
    """A step: exactly one verb, and perhaps where to go on."""

    next: StepReference | None = None
    """The step that follows; else the one written next."""

    @model_validator(mode="after")
    def has_one_verb(self) -> "StepBase":
        """Exactly one verb."""
        given = sorted(key_of(name) for name in self.model_fields_set - {"next"})
        if len(given) != 1:
            message = f"a step has one verb, not {len(given)}" + (f": {', '.join(given)}" if given else "")
            raise problem(message + expectation(f"one of {listed(VERBS, len(VERBS))}"))
        return self

    def step(self) -> Any:
        """The step itself."""
        return next(getattr(self, name) for name in self.model_fields_set - {"next"})


SETTINGS: dict[str, Any] = {
    f"{name}_": (type_of(verb), Setting(default=None, alias=name, description=(verb.__doc__ or "").split("\n")[0]))
    for name, verb in VERBS.items()
}
StepDocument = create_model("StepDocument", __base__=StepBase, __doc__=StepBase.__doc__, **SETTINGS)
