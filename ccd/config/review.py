"""Warnings: what is allowed, and most probably not meant."""

import os.path
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields
from itertools import chain
from pathlib import Path
from typing import Any

from ccd.config import phrase
from ccd.config.campaign_review import review_campaigns
from ccd.config.document import Document
from ccd.config.flow import FlowFile
from ccd.config.problem import Place, Problem, nearest
from ccd.config.scope import Scope
from ccd.config.settings import Settings
from ccd.config.switch import far_apart, is_qualified
from ccd.config.verb import key_of
from ccd.config.way import closure, endless, onward, onward_in_silence, reachable
from ccd.core.flow.expression import names
from ccd.core.flow.prompt import Prompt, Speech
from ccd.core.flow.steps.call import Call
from ccd.core.flow.steps.collect import Collect
from ccd.core.flow.steps.menu import Menu
from ccd.core.flow.steps.set import Set

RESERVED = ("language", "recording")
SOUND_ENDINGS = (
    ".wav",
    ".wav16",
    ".gsm",
    ".ulaw",
    ".alaw",
    ".g722",
    ".sln",
    ".sln16",
    ".g729",
    ".opus",
    ".ogg",
    ".mp3",
)


def warning(place: Place, message: str) -> Problem:
    """A problem that does not stop anything."""
    return Problem(place, message, "warning")


def review_flows(files: Iterable[FlowFile], settings: Settings | None, scope: Scope, base: Path) -> Iterator[Problem]:
    """What is odd about the flows."""
    files = tuple(files)
    known = variables_set(files, settings)
    calls = {file.flow.name: called_flows(file) for file in files}
    folders = [base / folder for folder in settings.folders.sounds] if settings else []
    for file in files:
        yield from review_ways(file)
        yield from review_variables(file, known)
        yield from review_sounds(file, scope, folders)
        if file.flow.name in closure(calls[file.flow.name], lambda name: calls.get(name, ())):
            yield warning(file.document.place(("flow",)), f"flow `{file.flow.name}` comes back to itself by `call`")


def review_ways(file: FlowFile) -> Iterator[Problem]:
    """Steps that nobody comes to, and ways without an end."""
    flow, document = file.flow, file.document
    reached = reachable(flow)
    for name in flow.steps:
        if name not in reached:
            yield warning(document.place(("steps", name), of_key=True), f"no way leads to step `{name}`")
    no_way_out = frozenset(endless(flow, onward))
    no_silent_way_out = frozenset(endless(flow, onward_in_silence))
    for name in flow.steps:
        step, place = flow.steps[name], document.place(("steps", name), of_key=True)
        if name in no_way_out and name in reached:
            yield warning(place, f"no way out: from step `{name}` on the flow never ends")
        elif name in no_silent_way_out and name in reached and isinstance(step, Menu | Collect):
            yield warning(place, f"no way out of step `{name}` for a caller who presses no key")
    for name in file.nexts:
        if flow.steps[name].verb in ("goto", "hangup"):
            place = document.place(("steps", name, "next"))
            yield warning(place, f"`next` has no effect after `{flow.steps[name].verb}`")


def called_flows(file: FlowFile) -> tuple[str, ...]:
    """The flows that a flow calls."""
    return tuple(step.flow for step in file.flow.steps.values() if isinstance(step, Call))


def variables_set(files: Iterable[FlowFile], settings: Settings | None) -> frozenset[str]:
    """Every variable that any flow or number sets: flows call one another."""
    found = {*RESERVED}
    for file in files:
        found.update(file.flow.variables or ())
        for step in file.flow.steps.values():
            found.update(step.variables if isinstance(step, Set) else ())
            found.update((step.into,) if isinstance(step, Collect) else ())
    routes = [*settings.numbers.values(), *filter(None, [settings.default_route])] if settings else []
    return frozenset(found.union(*(route.variables for route in routes)))


def review_variables(file: FlowFile, known: Collection[str]) -> Iterator[Problem]:
    """Variables that are read and never set."""
    for name, step in file.flow.steps.items():
        for field in fields(step):  # type: ignore[arg-type] # every verb is a dataclass
            for variable in sorted(set(variables_read(getattr(step, field.name)))):
                if "." not in variable and variable not in known:
                    near = nearest(variable, known)
                    place = file.document.place(("steps", name, step.verb, key_of(field.name)))
                    hint = f" (did you mean {near}?)" if near else ""
                    yield warning(place, f"the variable `{variable}` is never set{hint}")


def variables_read(value: Any) -> Iterator[str]:
    """The names that a setting reads."""
    if isinstance(value, Prompt):
        for pieces in value.by_language.values():
            for piece in pieces:
                if isinstance(piece, Speech):
                    yield from (found.strip() for found in re.findall(r"{([^}]*)}", piece.template))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from variables_read(inner)
    elif hasattr(value, "parts"):
        yield from names(value)


def review_sounds(file: FlowFile, scope: Scope, folders: list[Path]) -> Iterator[Problem]:
    """Sounds that are in none of the switch's folders; with no folders given nobody can tell."""
    data = file.document.data
    for path, name in written_sounds(data, ()) if folders else ():
        if not any(is_sound(folder, name, scope) for folder in folders):
            yield warning(file.document.place(path), f"there is no sound `{name}` in the folders of sounds")


def written_sounds(data: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The names behind `sound:` and where they stand."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        below = (*path, key)
        if key == "sound" and isinstance(value, str):
            yield below, value
        elif key == "sound" and isinstance(value, dict):
            yield from (((*below, language), name) for language, name in value.items())
        else:
            yield from written_sounds(value, below)


def is_sound(folder: Path, name: str, scope: Scope) -> bool:
    """Whether a sound is in a folder, or in one of its languages' folders. A name that no file can have is none."""
    places = [folder / name, *(folder / language / name for language in scope.known.get("language", ()))]
    return any(os.path.isfile(f"{place}{ending}") for place in places for ending in SOUND_ENDINGS)


def review_site(document: Document, settings: Settings) -> Iterator[Problem]:
    """What is odd about the site."""
    for name, queue in settings.queues.items():
        if not any(is_qualified(agent, queue) for agent in settings.agents.values()):
            place = document.place(("queues", name), of_key=True)
            yield warning(place, f"no agent has the skills of queue `{name}`")
        if queue.announcements and settings.site.language not in phrase.POSITION:
            place = document.place(("queues", name, "announcements"))
            yield warning(place, f"there are no built-in announcements in {settings.site.language}; give a `message`")
    if settings.site.language not in phrase.PHONE:
        for prompt in phrase.PHONE["en"]:
            if getattr(settings.phone_prompts, prompt) is None:
                place = document.place(("phone_prompts",), of_key=True)
                yield warning(place, f"phone prompt `{prompt}` has no built-in text in {settings.site.language}")
    for place, message in chain(far_apart(document, settings), review_campaigns(document, settings)):
        yield warning(place, message)
    if not settings.numbers and settings.default_route is None:
        yield warning(document.place(), "no number leads to a flow (`numbers`, `default_route`)")
