"""What if: a configuration with more agents, or with one value changed."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from ccd.core.configuration import AgentProfile, Configuration
from ccd.model.ids import AgentId, Endpoint, QueueId


class WhatIfError(Exception):
    """There is no such thing to change, or not to this."""


def with_more_agents(configuration: Configuration, queue: QueueId, count: int) -> Configuration:
    """So many more, each with the least levels that the queue asks for, at work all the time."""
    rules = configuration.queues.get(queue)
    if rules is None:
        raise WhatIfError(f"no queue {queue}; there are {', '.join(configuration.queues)}")
    more = {}
    for number in range(1, count + 1):
        name = AgentId(f"more-{queue}-{number}")
        more[name] = AgentProfile(name, name, name, dict(rules.requires), Endpoint(f"SIM/{name}"))
    return replace(configuration, hash=f"{configuration.hash}+{queue}", agents={**configuration.agents, **more})


def with_setting(configuration: Configuration, path: str, text: str, length: Callable[[str], int]) -> Configuration:
    """One value changed: `queues.sales.ring_time` to `10s`. `length` reads a length of time."""
    made: Configuration = _put(configuration, path.split("."), text, length, path)
    return replace(made, hash=f"{configuration.hash}+{path}")


def _put(value: Any, parts: list[str], text: str, length: Callable[[str], int], path: str) -> Any:
    """A copy of the value with what lies at the path replaced."""
    if not parts:
        return _read(value, text, length, path)
    name, *rest = parts
    if isinstance(value, Mapping):
        known = {str(key): key for key in value}
        if name in known:
            return {**value, known[name]: _put(value[known[name]], rest, text, length, path)}
    elif is_dataclass(value) and not isinstance(value, type):
        known = {field.name: field.name for field in fields(value)}
        if name in known:
            return replace(value, **{name: _put(getattr(value, name), rest, text, length, path)})
    else:
        raise WhatIfError(f"{path}: there is nothing below {parts[0]} to be set")
    raise WhatIfError(f"{path}: no {name}; there are {', '.join(known)}")


def _read(old: Any, text: str, length: Callable[[str], int], path: str) -> Any:
    """The text as a value of the kind that was there."""
    try:
        if isinstance(old, bool):
            return {"true": True, "false": False}[text]
        if isinstance(old, int):
            return int(text) if text.isascii() and text.isdigit() else length(text)
        if isinstance(old, float):
            return float(text)
    except (KeyError, ValueError) as error:
        raise WhatIfError(f"{path}: {text} is not like {old}, which is there now") from error
    if isinstance(old, str):
        return text
    raise WhatIfError(f"{path}: this cannot be set from a word")
