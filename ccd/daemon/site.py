"""The site's files to what the daemon is made of: configuration, voices, lines' settings."""

import secrets
import shutil
import ssl
from pathlib import Path
from urllib.parse import quote

from ccd.config.load import Loaded, load
from ccd.config.problem import ConfigurationErrors, Place, Problem
from ccd.config.settings import AsteriskSection, FreeSwitchSection, Settings, SwitchSection
from ccd.io.speech import Speech, SpeechError, Voice, espeak, flite
from ccd.model.ids import AgentId, Moment, SwitchName
from ccd.switch.asterisk import settings as asterisk
from ccd.switch.freeswitch import settings as freeswitch
from ccd.web.token import Token


def read_site(path: Path, now: Moment) -> tuple[Loaded, Speech]:
    """Load the configuration, its texts named as its voices will render them. Raises ConfigurationErrors.

    Twice: the voices stand in the same files as the texts.
    """
    first = load(path, now, lambda text, language: f"{language}/{text}")
    try:
        speech = speech_of(first.settings, first.base)
        return load(path, now, speech.sound_name), speech
    except SpeechError as error:
        raise ConfigurationErrors([Problem(Place(str(path)), f"speech: {error}")]) from error


def speech_of(settings: Settings, base: Path) -> Speech:
    """The voices by language. Raises SpeechError."""
    voices = {language: voice_of(voice.program, voice.voice) for language, voice in settings.speech.voices.items()}
    return Speech((base / settings.folders.speech).resolve(), voices)


def voice_of(program: str, voice: str) -> Voice:
    """A voice of a program that is on the PATH; one that is not is found out when it should speak."""
    command = [shutil.which(program) or program]
    return flite(command, voice) if program == "flite" else espeak(command, voice)


def secret_of(name: str, section: SwitchSection, base: Path) -> str:
    """A switch's secret. Raises ConfigurationErrors where it cannot be read."""
    try:
        return section.read(base)
    except (OSError, KeyError) as error:
        problem = Problem(Place(str(base)), f"switch {name}: the secret cannot be read: {error}")
        raise ConfigurationErrors([problem]) from error


def freeswitch_settings(name: str, section: FreeSwitchSection, base: Path, epoch: int) -> freeswitch.Settings:
    """What the FreeSWITCH driver must know. Raises ConfigurationErrors where the secret cannot be read."""
    return freeswitch.Settings(
        name=SwitchName(name),
        username=section.username,
        secret=secret_of(name, section, base),
        recordings=f"{section.recordings}/incoming",
        domain=section.domain,
        epoch=epoch,
        id_prefix=secrets.token_hex(8),
    )


def asterisk_settings(name: str, section: AsteriskSection, base: Path) -> asterisk.Settings:
    """What the Asterisk driver must know. Raises ConfigurationErrors where the secret cannot be read."""
    contexts = section.contexts
    return asterisk.Settings(
        name=SwitchName(name),
        username=section.username,
        secret=secret_of(name, section, base),
        recordings=f"{section.recordings}/incoming",
        id_prefix=secrets.token_hex(8),
        inbound_context=contexts.inbound,
        loop_context=contexts.loop,
        answer_context=contexts.answer,
        ring_context=contexts.ring,
        bridge_context=contexts.bridge,
        agent_context=contexts.agent,
        dialled_context=contexts.dialled,
        handback_context=contexts.handback,
    )


def tls_of(section: AsteriskSection, base: Path) -> ssl.SSLContext | None:
    """Certificates are checked, always."""
    if section.tls is None:
        return None
    return ssl.create_default_context(cafile=str(base / section.tls.ca_file) if section.tls.ca_file else None)


def tokens_of(settings: Settings) -> list[Token]:
    """Who may use the API."""
    return [
        Token(token.name, token.role, token.hash, AgentId(token.agent) if token.agent else None)
        for token in settings.http.tokens
    ]


def redis_url(settings: Settings, base: Path) -> str:
    """Where Redis is, with its password if there is one."""
    password = settings.redis.read(base)
    if not password:
        return settings.redis.url
    scheme, _, rest = settings.redis.url.partition("://")
    secret = quote(password, safe="")
    if scheme == "unix":
        return f"{scheme}://{rest}{'&' if '?' in rest else '?'}password={secret}"
    return f"{scheme}://:{secret}@{rest}"
