"""Prompts: `say:` and `sound:` to what is played; text that is known now becomes a sound rendered ahead."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Tag, ValidationInfo, model_validator

from ccd.config.expression import ExpressionError, parse_template
from ccd.config.kind import LanguageCode, Text, matching
from ccd.config.problem import shown
from ccd.config.scope import Scope, checked, note_keys, problem, scope_of
from ccd.core.flow.expression import Literal
from ccd.core.flow.prompt import Piece, Prompt, Sound, Speech

ANY = ""
"""The language of what was given without one: the scope's own."""

SPOKEN_LIMIT = 1_000


class Strict(BaseModel):
    """A mapping with these keys and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def remember_keys(cls, value: Any, info: ValidationInfo) -> Any:
        """For the message about a key that is not one of them."""
        note_keys(value, [field.alias or name for name, field in cls.model_fields.items()], info)
        return value


class Documented(Strict):
    """The same, where the docstring under a key goes into the schema."""

    model_config = ConfigDict(use_attribute_docstrings=True)


def spoken(value: str) -> str:
    """Text that can be spoken."""
    if not value.strip():
        raise problem("there is nothing to say")
    if len(value) > SPOKEN_LIMIT:
        raise problem(f"the text is longer than {SPOKEN_LIMIT:,} characters")
    try:
        parse_template(value)
    except ExpressionError as error:
        raise problem(str(error), error.offset) from error
    return " ".join(value.split())


def known_language(value: str, info: ValidationInfo) -> str:
    """A language that there is a voice for."""
    return checked("language", value, info)


Spoken = Annotated[Text, AfterValidator(spoken)]
SoundFile = Annotated[
    Text, AfterValidator(matching(r"/?[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*", "a sound's name"))
]
Language = Annotated[LanguageCode, AfterValidator(known_language)]


def form(value: Any) -> str:
    """Whether something is given for each language."""
    return "<many>" if isinstance(value, dict | list) else "<one>"


class PieceDocument(Documented):
    """Something to be played: exactly one of `say` and `sound`."""

    say: (
        Annotated[
            Annotated[Spoken, Tag("<one>")] | Annotated[dict[Language, Spoken], Tag("<many>")], Discriminator(form)
        ]
        | None
    ) = None
    """Text, or a mapping of language to text; `{name}` is filled in with a value of the call."""
    sound: (
        Annotated[
            Annotated[SoundFile, Tag("<one>")] | Annotated[dict[Language, SoundFile], Tag("<many>")],
            Discriminator(form),
        ]
        | None
    ) = None
    """A sound file without extension, or a mapping of language to one."""

    @model_validator(mode="after")
    def has_one(self) -> "PieceDocument":
        """Exactly one of the two."""
        if (self.say is None) == (self.sound is None):
            raise problem("a prompt has either `say` or `sound`")
        if self.say == {} or self.sound == {}:
            raise problem("no language is given")
        return self

    def by_language(self) -> dict[str, str]:
        """What is said or played; under `ANY` what is given for all languages."""
        given = self.say if self.say is not None else self.sound
        return given if isinstance(given, dict) else {ANY: given or ""}

    def piece(self, language: str, scope: Scope) -> Piece | None:
        """What is played in a language, None where nothing is given for it. What is given in one language only is
        played to everybody, in that language.
        """
        given = self.by_language()
        if len(given) == 1 and ANY not in given:
            language = next(iter(given))
        value = given.get(language, given.get(ANY))
        if value is None:
            return None
        if self.sound is not None:
            scope.sounds[(value, language)] = None
            return Sound(value)
        if not isinstance(parse_template(value), Literal):
            return Speech(value)
        return Sound(rendered(value, language if language in given else scope.language, scope))


def rendered(text: str, language: str, scope: Scope) -> str:
    """The sound of a text that does not change, to be rendered ahead."""
    scope.texts[(text, language)] = None
    return scope.sound_name(text, language)


def compile_prompt(pieces: PieceDocument | list[PieceDocument], info: ValidationInfo) -> Prompt:
    """By language, the document's own first; a piece without the language falls back to what is given first."""
    listed = pieces if isinstance(pieces, list) else [pieces]
    scope = scope_of(info)
    if not listed:
        raise problem("there is nothing to play")
    given = dict.fromkeys(language or scope.language for piece in listed for language in piece.by_language())
    own_first = sorted(given, key=lambda language: language != scope.language)
    for piece in listed:
        missing = [language for language in own_first if piece.piece(language, scope) is None]
        if missing:
            raise problem(f"nothing is given for the language {shown(missing[0])}, which other parts have")
    return Prompt(
        {
            language: tuple(found for piece in listed if (found := piece.piece(language, scope)) is not None)
            for language in own_first
        }
    )


if TYPE_CHECKING:
    PromptSetting = Prompt
else:
    PromptSetting = Annotated[
        Annotated[PieceDocument, Tag("<one>")] | Annotated[list[PieceDocument], Tag("<many>")],
        Discriminator(lambda value: "<many>" if isinstance(value, list) else "<one>"),
        AfterValidator(compile_prompt),
    ]
"""A prompt in a document: one piece or a list of them."""
