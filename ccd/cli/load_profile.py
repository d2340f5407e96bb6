"""The load profile of `ccd simulate`: YAML to the values of a simulated day."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from pydantic_core import PydanticCustomError

from ccd.config.document import Document, read_file
from ccd.config.kind import decimal, duration
from ccd.config.problem import ConfigurationErrors, expectation, nearest
from ccd.core.configuration import Configuration
from ccd.simulation.distribution import Distribution
from ccd.simulation.profile import HOUR, Agents, Callers, Profile
from ccd.simulation.scenario import DAY_SHAPE

FULL = 0.8
"""Without a profile so many calls come that the agents are busy for this share of the busiest hour."""
SECTIONS: dict[str, type] = {"callers": Callers, "agents": Agents}
KEYS = ("calls", "shifts", *SECTIONS)


def default_profile(configuration: Configuration) -> Profile:
    """Every number alike, an office's day."""
    handling = Callers().talk_time.mean + max((q.wrap_up_time for q in configuration.queues.values()), default=0)
    busiest = FULL * len(configuration.agents) * HOUR / handling / max(len(configuration.numbers), 1)
    return Profile({number: tuple(busiest * hour / 100 for hour in DAY_SHAPE) for number in configuration.numbers})


def read_profile(path: Path, configuration: Configuration) -> Profile:
    """Raises `ConfigurationErrors` with all mistakes, each with its line."""
    document = read_file(path)
    data = document.data if isinstance(document.data, dict) else {}
    for key in data:
        if key not in KEYS:
            error(document, (key,), f"no setting `{key}`" + expectation(", ".join(KEYS), key, KEYS))
    calls = {number: rates(document, configuration, number, value) for number, value in entries(data, "calls")}
    sections: dict[str, Any] = {name: section(document, name, kind, data.get(name)) for name, kind in SECTIONS.items()}
    shifts = {agent: shift(document, configuration, agent, value) for agent, value in entries(data, "shifts")}
    if not calls:
        error(document, ("calls",), "nobody calls" + expectation("`calls: {number: calls an hour}`"))
    if document.problems:
        raise ConfigurationErrors(document.problems)
    return Profile(calls=calls, shifts=shifts, **sections)  # type: ignore[arg-type]  # names are AgentIds


def entries(data: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
    """The pairs of a section that is a mapping."""
    found = data.get(name)
    return list(found.items()) if isinstance(found, dict) else []


def error(document: Document, path: tuple[str, ...], message: str) -> None:
    """Note a mistake at its place."""
    document.error(document.place(path), message)


def rates(document: Document, configuration: Configuration, number: str, value: Any) -> tuple[float, ...]:
    """Calls an hour: one number for all day, or one for each hour from midnight."""
    if number not in configuration.numbers and configuration.default_route is None:
        near = nearest(number, configuration.numbers)
        error(document, ("calls", number), f"{number} leads to no flow" + (f" (did you mean {near}?)" if near else ""))
    values = value if isinstance(value, list) else [value]
    return tuple(checked(document, ("calls", number), decimal, one) for one in values)


def shift(document: Document, configuration: Configuration, agent: str, value: Any) -> tuple[float, float]:
    """First and last hour of work, `[8, 16.5]`."""
    if agent not in configuration.agents:
        error(
            document,
            ("shifts", agent),
            f"no agent `{agent}`" + expectation("one of `agents`", agent, configuration.agents),
        )
    if not isinstance(value, list) or len(value) != 2:
        error(document, ("shifts", agent), "this is no shift" + expectation("[8, 16.5], hours of the day"))
        return (0.0, 0.0)
    begin, end = (checked(document, ("shifts", agent), decimal, one) for one in value)
    return begin, end


def section(document: Document, name: str, kind: type, data: Any) -> Any:
    """The settings of callers or of agents."""
    if data is None:
        return kind()
    if not isinstance(data, dict):
        error(document, (name,), "this is no mapping")
        return kind()
    hints = get_type_hints(kind)
    values = {}
    for key, value in data.items():
        if key not in hints:
            error(document, (name, key), f"no setting `{key}`" + expectation(", ".join(hints), key, hints))
        else:
            values[key] = checked(document, (name, key), lambda value, hint=hints[key]: convert(hint, value), value)
    return kind(**{key: value for key, value in values.items() if value is not None})


def convert(hint: Any, value: Any) -> Any:
    """A value of the kind: lengths as `5s`, times as `3m` or `{kind: lognormal, mean: 3m, cv: 0.8}`."""
    if hint is Distribution:
        return distribution(value)
    if get_origin(hint) is Mapping:
        key_kind, inner_kind = get_args(hint)
        return {key_kind(key): convert(inner_kind, inner) for key, inner in dict(value).items()}
    return decimal(value) if hint is float else duration(value)


def distribution(value: Any) -> Distribution:
    """A bare length is the mean of an exponential one."""
    if not isinstance(value, dict):
        return Distribution("exponential", duration(value))
    plain = {**value, "mean": duration(value.get("mean")), "cv": decimal(value.get("cv", "1"))}
    return msgspec.convert(plain, Distribution, strict=False)


def checked(document: Document, path: tuple[str, ...], read: Any, value: Any) -> Any:
    """The value, or a note of the mistake and 0."""
    try:
        return read(value)
    except PydanticCustomError as mistake:
        error(document, path, mistake.message())
    except (msgspec.ValidationError, ValueError, TypeError) as mistake:
        error(document, path, str(mistake))
    return 0
