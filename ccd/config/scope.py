"""What a document may name, and what was found while it was read."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from ccd.config.problem import expectation, listed

SoundName = Callable[[str, str], str]
"""The file name, without extension, of a text's speech in a language."""

Text = tuple[str, str]
"""A text to be rendered, and its language."""


@dataclass
class Scope:
    """The context of a validation.

    `known` maps a kind (`queue`, `step`, …) to the names there are; a kind that is missing is not checked. `keys`
    remembers by the identity of a mapping which keys it may have.
    """

    sound_name: SoundName
    known: dict[str, Collection[str]] = field(default_factory=dict)
    language: str = "en"
    texts: dict[Text, None] = field(default_factory=dict)
    sounds: dict[Text, None] = field(default_factory=dict)
    keys: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def within(self, kind: str, names: Iterable[str]) -> "Scope":
        """The same scope where also these are known."""
        known = self.known | {kind: dict.fromkeys(names)}
        return Scope(self.sound_name, known, self.language, self.texts, self.sounds, self.keys)


def scope_of(info: ValidationInfo) -> Scope:
    """The scope of a validation; a bare one where none was given."""
    return info.context if isinstance(info.context, Scope) else Scope(lambda text, language: text)


def problem(message: str, offset: int = -1) -> PydanticCustomError:
    """A mistake, as pydantic collects them; `offset` is the character of the text that is meant."""
    return PydanticCustomError("problem", "{text}", {"text": message, "offset": offset})


def checked(kind: str, name: str, info: ValidationInfo) -> str:
    """A name that must be known."""
    known = scope_of(info).known.get(kind)
    if known is not None and name not in known:
        expected = f"one of {listed(known)}" if known else f"a {kind}, but there is none"
        raise problem(f"there is no {kind} `{name[:60]}`" + expectation(expected, name, known))
    return name


def note_keys(value: Any, keys: Iterable[str], info: ValidationInfo) -> None:
    """Remember what a mapping may hold, for the message about a key that it may not."""
    if isinstance(value, dict):
        scope_of(info).keys[id(value)] = tuple(keys)
