"""The sections of `ccd.yaml` on what is spoken, and on what agents dial and press."""

from typing import Literal

from pydantic import Field

from ccd.config.kind import Identifier, LanguageCode
from ccd.config.prompt import Documented, PromptSetting
from ccd.config.section import Code


class VoiceSection(Documented):
    """A voice."""

    program: Literal["flite", "espeak-ng"] = "flite"
    """The program that speaks."""
    voice: Identifier = "slt"
    """Its name there."""


class SpeechSection(Documented):
    """How texts are spoken."""

    voices: dict[LanguageCode, VoiceSection] = Field(default_factory=lambda: {"en": VoiceSection()})
    """Language to voice; texts in other languages are refused."""


class FeatureCodesSection(Documented):
    """What agents dial or press; empty: not available."""

    log_in: Code = "*71"
    """Log in at this phone."""
    log_out: Code = "*72"
    """Log out."""
    pause: Code = "*73"
    """Pause; a reason's number may follow."""
    unpause: Code = "*74"
    """Ready again."""
    record: Code = "*1"
    """In a talk: start or stop recording."""
    pause_recording: Code = "*2"
    """In a talk: pause or resume it."""


class PhonePromptsSection(Documented):
    """What the feature codes say, instead of the texts built in."""

    agent_number: PromptSetting | None = None
    """Asks for the agent's number."""
    pin: PromptSetting | None = None
    """Asks for the PIN."""
    logged_in: PromptSetting | None = None
    """Says that it worked."""
    logged_out: PromptSetting | None = None
    """Says that it worked."""
    paused: PromptSetting | None = None
    """Says that it worked."""
    unpaused: PromptSetting | None = None
    """Says that it worked."""
    refused: PromptSetting | None = None
    """Says that it did not."""
