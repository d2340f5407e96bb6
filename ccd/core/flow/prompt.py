"""What is played: sound files, speech rendered ahead of time, speech rendered in the call."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Sound:
    """A file by its name without extension: the switch's own, or rendered speech."""

    name: str


@dataclass(frozen=True)
class Speech:
    """A text with `{variables}` in it; it is rendered when it is due."""

    template: str


Piece = Sound | Speech


@dataclass(frozen=True)
class Prompt:
    """Pieces to be played one after the other, by language; the site's language serves where one is missing."""

    by_language: Mapping[str, tuple[Piece, ...]]

    def pieces(self, language: str, otherwise: str) -> tuple[Piece, ...]:
        """The pieces for a caller's language, else those of the site's, else of any (the first one given)."""
        table = self.by_language
        return table.get(language) or table.get(otherwise) or next(iter(table.values()), ())


def joined(first: Prompt | None, second: Prompt, language: str, otherwise: str) -> Prompt:
    """Both prompts in one, as a caller of the language hears them."""
    if first is None:
        return second
    return Prompt({language: first.pieces(language, otherwise) + second.pieces(language, otherwise)})
