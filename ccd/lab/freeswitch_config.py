"""The configuration files of a private FreeSWITCH, rendered from `templates/freeswitch`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ccd.lab import template
from ccd.lab.asterisk_config import TRUNK_HOST, Endpoint

DOMAIN = "127.0.0.1"
"""Phones register here, as `1001@127.0.0.1`."""


@dataclass(frozen=True)
class FreeSwitchSettings:
    """What a private FreeSWITCH is to be.

    `endpoints` are its phones: all register. `files` are configuration files by their path, beside or instead of the
    lab's own; in them, too, `@{event_port}` and the other names of the templates are filled in.
    """

    endpoints: Sequence[Endpoint] = ()
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    extra_modules: Sequence[str] = ()
    agent_context: str = "from-agent"
    log_level: str = "warning"
    rtp_port_count: int = 8_000


@dataclass(frozen=True)
class FreeSwitchPorts:
    """The ports of one private FreeSWITCH; `trunk` is where its outgoing trunk calls, on TRUNK_HOST."""

    sip: int
    event: int
    trunk: int
    rtp: range


def render(settings: FreeSwitchSettings, ports: FreeSwitchPorts, folder: Path, lab_secret: str) -> dict[str, str]:
    """Every configuration file's text by its path. Raises KeyError if one names an unknown value."""
    values = {
        "folder": folder,
        "domain": DOMAIN,
        "trunk_host": TRUNK_HOST,
        "trunk_port": ports.trunk,
        "sip_port": ports.sip,
        "event_port": ports.event,
        "rtp_start": ports.rtp.start,
        "rtp_end": ports.rtp.stop - 2,
        "lab_secret": lab_secret,
        "log_level": settings.log_level,
        "extra_modules": "\n".join(f'    <load module="{name}"/>' for name in settings.extra_modules),
    }
    texts = {**template.read("freeswitch"), **settings.files}
    phones = "\n".join(_phone(endpoint, settings.agent_context) for endpoint in settings.endpoints)
    texts["directory/default/phones.xml"] = f"<include>\n{phones}\n</include>\n"
    return {path: template.fill(text, values) for path, text in texts.items()}


def _phone(endpoint: Endpoint, context: str) -> str:
    return f"""  <user id="{endpoint.name}">
    <params><param name="password" value="{endpoint.password}"/></params>
    <variables>
      <variable name="user_context" value="{endpoint.context or context}"/>
      <variable name="effective_caller_id_number" value="{endpoint.name}"/>
    </variables>
  </user>"""
