"""The ways through a flow, as far as they can be told without a caller."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any, get_args, get_type_hints

from ccd.config.verb import VERBS
from ccd.core.flow.flow import Flow
from ccd.core.flow.setting import Kind
from ccd.core.flow.steps.caller import CallerOutcome
from ccd.core.flow.steps.collect import Collect
from ccd.core.flow.steps.menu import Menu
from ccd.core.flow.steps.transfer import TransferOutcome

END = ""
"""Where the flow ends, or the call leaves it (a queue, a transfer)."""


def has_kind(hint: Any, kind: str) -> bool:
    """Whether a type mentions a kind of setting."""
    return hint == Kind(kind) or any(has_kind(part, kind) for part in (*get_args(hint), *metadata(hint)))


def metadata(hint: Any) -> tuple[Any, ...]:
    """What `Annotated` adds."""
    return getattr(hint, "__metadata__", ())


def fields_naming_steps(verb: type) -> tuple[str, ...]:
    """The settings of a verb that name steps."""
    hints = get_type_hints(verb, include_extras=True)
    return tuple(field.name for field in fields(verb) if has_kind(hints[field.name], "step"))


STEP_FIELDS = {name: fields_naming_steps(verb) for name, verb in VERBS.items()}


def named_steps(step: Any) -> Iterator[str]:
    """The steps that a step names."""
    for name in STEP_FIELDS[step.verb]:
        value = getattr(step, name)
        if isinstance(value, Mapping):
            yield from value.values()
        elif value is not None:
            yield value


FALLS_ON: dict[str, Callable[[Any], bool]] = {
    "goto": lambda step: False,
    "hangup": lambda step: False,
    "menu": lambda step: step.otherwise is None,
    "if": lambda step: step.then is None or step.else_ is None,
    "hours": lambda step: step.open is None or step.closed is None,
    "caller": lambda step: len(step.on) < len(get_args(CallerOutcome)),
    "queue": lambda step: "overflowed" not in step.on and step.max_wait > 0,
    "transfer": lambda step: step.to is not None and len({*step.on, "answered"}) < len(get_args(TransferOutcome)),
}
"""Whether a step can lead to the one that follows without naming it; verbs that are not here always do."""

LEAVES = ("queue", "transfer", "hangup", "voicemail")
"""Verbs after which the call need not go on, or not for ever."""


def onward(flow: Flow, name: str) -> Iterator[str]:
    """Where a step can lead."""
    step = flow.steps[name]
    yield from named_steps(step)
    if step.verb in LEAVES:
        yield END
    if FALLS_ON.get(step.verb, lambda step: True)(step):
        yield flow.following.get(name, END)


def onward_in_silence(flow: Flow, name: str) -> Iterator[str]:
    """Where a step leads a caller who presses no key."""
    step = flow.steps[name]
    if isinstance(step, Menu | Collect):
        yield step.otherwise or flow.following.get(name, END)
    else:
        yield from onward(flow, name)


def reachable(flow: Flow) -> frozenset[str]:
    """The steps that a call can come to."""
    return closure([flow.start], lambda name: onward(flow, name) if name in flow.steps else ())


def endless(flow: Flow, way: Callable[[Flow, str], Iterator[str]]) -> list[str]:
    """The steps from which no way leads to an end."""
    before: dict[str, list[str]] = {}
    for name in flow.steps:
        for target in way(flow, name):
            before.setdefault(target, []).append(name)
    ending = closure([END], lambda name: before.get(name, ()))
    return [name for name in flow.steps if name not in ending]


def closure(begin: Iterable[str], onward_from: Callable[[str], Iterable[str]]) -> frozenset[str]:
    """Everything that can be come to from the beginnings."""
    seen: dict[str, None] = {}
    ahead = list(begin)
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen[name] = None
            ahead += onward_from(name)
    return frozenset(seen)
