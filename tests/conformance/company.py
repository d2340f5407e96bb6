"""All scenarios as one site: each with names and numbers of its own, so that they may run beside one another."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from ccd.config.document import read_file
from tests.conformance.scenario import COMMON_SOUNDS, SECTIONS, Person, Scenario
from tests.conformance.switch import SwitchKind

BASE = Path(__file__).parent / "site.yaml"
FIRST_VOICE = {"caller": 500, "phone": 900, "outside": 1300}
FIRST_SOUND, FIRST_COMMON_SOUND, STEP = 1700, 2700, 50
"""Hz. All tones are multiples of 50 Hz, which do not leak into one another."""
SHORTEST = 4
"""Digits: shorter numbers (emergency) are the same for everybody."""
COMMON_SOUND_TIME = 1.2


@dataclass(frozen=True)
class Sound:
    """A prompt: its file's name without extension, its length in seconds, its tone in Hz."""

    name: str
    file: str
    seconds: float
    tone: int


class Names:
    """What the scenario's names and numbers are in the common site, and back."""

    def __init__(self, scenario: Scenario, index: int, today: str) -> None:
        self.suffix = f"_{index:02d}"
        sections = scenario.sections
        skills = {skill for part in ("agents", "queues") for skill in _skills(sections[part])}
        kept = {*scenario.flows, *skills}
        for part in ("queues", "agents", "calendars"):
            kept |= set(sections[part])
        self._words = {word: word + self.suffix for word in sorted(kept)}
        self._numbers = {"TODAY": today, **dict(_numbers(scenario, index))}
        known = "|".join(sorted(map(re.escape, {*self._words, *self._numbers}), key=len, reverse=True))
        self._known = re.compile(rf"(?<![A-Za-z0-9_])({known})(?![A-Za-z0-9_])")
        self._back = {new: old for old, new in self._numbers.items()}
        self._numbers_back = re.compile("|".join(sorted(self._back, key=len, reverse=True)) or r"\Z(?!\Z)")

    def there(self, text: str) -> str:
        """In the common site."""
        return self._known.sub(lambda found: self._words.get(found[1]) or self._numbers[found[1]], text)

    def here(self, text: str) -> str:
        """In the scenario."""
        text = re.sub(rf"([a-z_]+){self.suffix}(?![0-9])", r"\1", text)
        return self._numbers_back.sub(lambda found: self._back[found[0]], text)

    def all_there(self, data: Any) -> Any:
        """The same for all that is text in `data`."""
        if isinstance(data, Mapping):
            return {self.there(key): self.all_there(value) for key, value in data.items()}
        if isinstance(data, list):
            return [self.all_there(value) for value in data]
        return self.there(data) if isinstance(data, str) else data


def _skills(section: Mapping[str, Any]) -> set[str]:
    """Those that agents or queues of the section name."""
    parts = [part.get(key) or {} for part in section.values() for key in ("skills", "requires")]
    return {skill for part in parts for skill in part}


def _numbers(scenario: Scenario, index: int) -> list[tuple[str, str]]:
    """Number of the scenario to the one of the common site."""
    patterns = {"caller": f"6{index:02d}00000", "phone": f"1{index:02d}", "outside": f"911{index:02d}222"}
    made = [(number, f"4930{index:02d}{k}") for k, number in enumerate(scenario.sections["numbers"], 1)]
    for kind, pattern in patterns.items():
        numbers = {person.number: None for person in scenario.people.values() if person.kind == kind}
        made += [(number, f"{pattern}{k}") for k, number in enumerate(numbers, 1) if len(number) >= SHORTEST]
    return made


@dataclass(frozen=True)
class Member:
    """A scenario in the common site. `voices` are the tones of its people, by name."""

    scenario: Scenario
    names: Names
    sounds: Mapping[str, Sound]
    voices: Mapping[str, int]

    def number(self, person: Person) -> str:
        """By which he is reached."""
        return self.names.there(person.number)


@dataclass(frozen=True)
class Company:
    """The common site. `settings` are sections of `ccd.yaml`, `flows` their texts."""

    members: Sequence[Member]
    settings: Mapping[str, Any]
    flows: Mapping[str, str]

    @property
    def sounds(self) -> list[Sound]:
        """All prompts, once."""
        return list({sound.file: sound for member in self.members for sound in member.sounds.values()}.values())


def company(scenarios: Sequence[Scenario], sounds: Path, kind: SwitchKind, today: date) -> Company:
    """The site for a switch of this kind; sound files are in the folder `sounds`."""
    common = {
        name: Sound(name, f"{sounds}/{name}", COMMON_SOUND_TIME, FIRST_COMMON_SOUND + STEP * place)
        for place, name in enumerate(COMMON_SOUNDS)
    }
    settings: dict[str, Any] = dict(read_file(BASE).data)
    names = ("agent_number", "pin", *COMMON_SOUNDS[2:])
    prompts = zip(names, common.values(), strict=True)
    settings["phone_prompts"] = {name: {"sound": sound.file} for name, sound in prompts}
    members, flows = [], {}
    for index, scenario in enumerate(scenarios, 1):
        member = _member(scenario, Names(scenario, index, today.isoformat()), sounds, common)
        members.append(member)
        sections = _with_files(member.names.all_there(dict(scenario.sections)), member.sounds)
        for section in SECTIONS:
            settings.setdefault(section, {}).update(sections[section])
        for name, flow in _with_files(member.names.all_there(dict(scenario.flows)), member.sounds).items():
            flows[name] = yaml.safe_dump({"flow": name, **flow}, sort_keys=False)
    return Company(members, kind.endpoints(settings), flows)


def _member(scenario: Scenario, names: Names, folder: Path, common: Mapping[str, Sound]) -> Member:
    own = {
        name: Sound(name, f"{folder}/{name}{names.suffix}", seconds, FIRST_SOUND + STEP * place)
        for place, (name, seconds) in enumerate(scenario.sounds.items())
    }
    voices: dict[str, int] = {}
    for kind, first in FIRST_VOICE.items():
        people = [person.name for person in scenario.people.values() if person.kind == kind]
        voices |= {name: first + STEP * place for place, name in enumerate(people)}
    return Member(scenario, names, {**common, **own}, voices)


def _with_files(data: Any, sounds: Mapping[str, Sound]) -> Any:
    """`{sound: name}` with the file's path."""
    if isinstance(data, Mapping):
        return {
            key: sounds[value].file if key == "sound" and value in sounds else _with_files(value, sounds)
            for key, value in data.items()
        }
    return [_with_files(value, sounds) for value in data] if isinstance(data, list) else data
