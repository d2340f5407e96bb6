"""A scenario: what an admin configured, who takes part, and the script that they follow. Read from one YAML file."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ccd.config.document import Document, read_file
from ccd.config.problem import ConfigurationErrors, Problem, expectation
from tests.conformance.line import Line, parse

FOLDER = Path(__file__).parent / "scenarios"
SECTIONS = ("numbers", "queues", "agents", "calendars")
"""Of `ccd.yaml`, as an admin writes them; the rest is the same for all scenarios (`site.yaml`)."""
KEYS = ("reason", *SECTIONS, "flows", "sounds", "callers", "phones", "outside", "alone", "either", "not_on", "script")
LENGTH = re.compile(r"([0-9]+)(ms|s)")
PERSON = re.compile(r"[a-z]+")
HEARD = ("music", "ringing", "beep", "speech")
"""What is heard besides sounds and people."""

Kind = Literal["caller", "phone", "outside"]


@dataclass(frozen=True)
class Person:
    """Somebody with a phone: a caller or somebody outside by his number, an agent by that of his usual phone."""

    name: str
    kind: Kind
    number: str
    shown: str = ""
    is_agent: bool = False


@dataclass(frozen=True)
class Scenario:
    """`sounds` are prompts by name, with their lengths in seconds. One that is `alone` harms daemon, link or switch, so
    nobody else may be in a call. `either` are words of which chance decides: the transcript has them all.
    `not_on` names switches that it cannot run on, with the reason.
    """

    name: str
    reason: str
    sections: Mapping[str, Mapping[str, Any]]
    flows: Mapping[str, Mapping[str, Any]]
    sounds: Mapping[str, float]
    people: Mapping[str, Person]
    script: Sequence[Line]
    alone: bool = False
    either: Sequence[str] = ()
    not_on: Mapping[str, str] = field(default_factory=dict)

    @property
    def golden(self) -> Path:
        """Where its transcript stands."""
        return FOLDER / f"{self.name}.txt"


def read_all() -> tuple[Scenario, ...]:
    """All scenarios, by name. Raises ConfigurationErrors with every mistake."""
    problems: list[Problem] = []
    made = []
    for path in sorted(FOLDER.glob("*.yaml")):
        try:
            made.append(read(path))
        except ConfigurationErrors as error:
            problems += error.problems
    if problems:
        raise ConfigurationErrors(problems)
    return tuple(made)


def read(path: Path) -> Scenario:
    """One scenario. Raises ConfigurationErrors with all mistakes, each with its place."""
    document = read_file(path)
    data = document.data if isinstance(document.data, dict) else {}
    check_keys(document, data)
    people = {person.name: person for person in people_of(document, data)}
    script = tuple(lines_of(document, data, people))
    sounds = dict(sounds_of(document, data))
    check_heard(document, script, {*people, *sounds, *HEARD})
    if document.problems:
        raise ConfigurationErrors(document.problems)
    return Scenario(
        name=path.stem,
        reason=data["reason"],
        sections={name: data.get(name) or {} for name in SECTIONS},
        flows=data.get("flows") or {},
        sounds=sounds,
        people=people,
        script=script,
        alone=data.get("alone") is True,
        either=tuple(data.get("either") or ()),
        not_on=data.get("not_on") or {},
    )


def check_keys(document: Document, data: Mapping[str, Any]) -> None:
    """Every key is known, and what must be there is."""
    for key in data:
        if key not in KEYS:
            document.error(document.place((key,), of_key=True), f"unknown key `{key}`" + expectation("one", key, KEYS))
    for key in ("reason", "script"):
        if not data.get(key):
            document.error(document.place(), f"`{key}` is missing")
    for key in (*SECTIONS, "flows", "sounds", "callers", "phones", "outside", "not_on"):
        if not isinstance(data.get(key, {}), dict):
            document.error(document.place((key,)), f"`{key}` is no mapping" + expectation("names to values"))


def people_of(document: Document, data: Mapping[str, Any]) -> Iterator[Person]:
    """Callers, agents, other phones, people outside."""
    for name, caller in mapping(data, "callers").items():
        parts = caller if isinstance(caller, dict) else {"number": caller}
        yield Person(name_of(document, "callers", name), "caller", str(parts.get("number", "")), parts.get("name", ""))
    for name, agent in mapping(data, "agents").items():
        endpoint = str(agent.get("endpoint", "")) if isinstance(agent, dict) else ""
        yield Person(name_of(document, "agents", name), "phone", endpoint.removeprefix("PJSIP/"), is_agent=True)
    for name, number in mapping(data, "phones").items():
        yield Person(name_of(document, "phones", name), "phone", str(number))
    for name, number in mapping(data, "outside").items():
        yield Person(name_of(document, "outside", name), "outside", str(number))


def mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The section, empty where it is none."""
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def name_of(document: Document, section: str, name: str) -> str:
    """A name that a script can use."""
    if not PERSON.fullmatch(name):
        place = document.place((section, name), of_key=True)
        document.error(place, f"`{name}` is no name" + expectation("small letters"))
    return name


def lines_of(document: Document, data: Mapping[str, Any], people: Mapping[str, Person]) -> Iterator[Line]:
    """The script."""
    script = data.get("script")
    if not isinstance(script, list):
        document.error(document.place(("script",)), "a script is a list of lines")
        return
    for number, text in enumerate(script):
        made = parse(str(text), document.place(("script", number)), people)
        if isinstance(made, Line):
            yield made
        else:
            document.problems.append(made)


def sounds_of(document: Document, data: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Sounds and their lengths."""
    for name, length in mapping(data, "sounds").items():
        found = LENGTH.fullmatch(str(length))
        if found is None:
            place = document.place(("sounds", name))
            document.error(place, f"`{length}` is no length" + expectation("as 2s, 400ms"))
        else:
            yield name, int(found[1]) / (1_000 if found[2] == "ms" else 1)


def check_heard(document: Document, script: Sequence[Line], known: set[str]) -> None:
    """Whatever is waited for is something that can be heard."""
    known |= set(COMMON_SOUNDS)
    for line in script:
        what = line.words.get("what")
        if line.what == "hears" and what not in known:
            document.error(line.place, f"nothing is called `{what}`" + expectation("a sound or a person", what, known))


COMMON_SOUNDS = ("ask_number", "ask_pin", "logged_in", "logged_out", "paused", "unpaused", "refused")
"""What the feature codes say, in all scenarios alike."""
