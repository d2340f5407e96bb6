"""The configuration files of a private Asterisk, rendered from `templates/asterisk`."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ccd.lab import template

TRUNK_HOST = "127.0.0.2"
"""Callers from outside come from this loopback address, phones from another: Asterisk knows the trunk by it."""


@dataclass(frozen=True)
class Endpoint:
    """A phone: it registers with its name and password, or waits at a fixed `contact` (a SIP URI) and needs neither.

    `context` is where its calls go, if not where all phones' do. One at a contact that `is_watched` is asked every
    second whether it is there.
    """

    name: str
    password: str = field(default_factory=lambda: secrets.token_hex(8), repr=False)
    contact: str | None = None
    context: str = ""
    is_watched: bool = False

    def render(self) -> str:
        lines = [f"[{self.name}](phone)", f"aors = {self.name}", f'callerid = "Phone {self.name}" <{self.name}>']
        if self.context:
            lines.append(f"context = {self.context}")
        if self.contact:
            watch = ["qualify_frequency = 1", "qualify_timeout = 1"] if self.is_watched else []
            return "\n".join([*lines, "", f"[{self.name}]", "type = aor", f"contact = {self.contact}", *watch, ""])
        lines += [f"auth = {self.name}", "", f"[{self.name}](registering)", "", f"[{self.name}]", "type = auth"]
        return "\n".join([*lines, "auth_type = userpass", f"username = {self.name}", f"password = {self.password}", ""])


@dataclass(frozen=True)
class AsteriskSettings:
    """What a private Asterisk is to be.

    `dialplan` and `managers` are files to include in extensions.conf and manager.conf; `manager_secrets` sets the
    secret of users defined there; `files` are whole configuration files by name, instead of or beside the lab's own.
    """

    endpoints: Sequence[Endpoint] = ()
    dialplan: Sequence[Path] = ()
    extensions: str = ""
    managers: Sequence[Path] = ()
    manager_secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    extra_modules: Sequence[str] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    trunk_context: str = "from-trunk"
    agent_context: str = "from-agent"
    qualify_seconds: int = 5
    verbose: int = 0
    rtp_port_count: int = 2_000
    tls: bool = False


@dataclass(frozen=True)
class AsteriskPorts:
    """The ports of one private Asterisk; `trunk` is where its outgoing trunk calls, on TRUNK_HOST."""

    sip: int
    ami: int
    ami_tls: int
    trunk: int
    rtp: range


PLAIN = ("amd", "ccss", "cdr", "cel", "features", "queuerules", "res_parking", "stasis", "udptl")
"""Files that Asterisk complains about when they are missing; with an empty `[general]` its defaults hold."""


def render(
    settings: AsteriskSettings, ports: AsteriskPorts, folder: Path, modules: Path, lab_secret: str
) -> dict[str, str]:
    """Every configuration file's text by its name. Raises KeyError if a template names an unknown value."""
    values = {
        "folder": folder,
        "modules": modules,
        "verbose": settings.verbose,
        "ami_port": ports.ami,
        "tls": _manager_tls(folder, ports) if settings.tls else "",
        "lab_secret": lab_secret,
        "users": _users(settings),
        "rtp_start": ports.rtp.start,
        "rtp_end": ports.rtp.stop - 1,
        "sip_port": ports.sip,
        "agent_context": settings.agent_context,
        "trunk_context": settings.trunk_context,
        "trunk_host": TRUNK_HOST,
        "trunk_port": ports.trunk,
        "qualify_seconds": settings.qualify_seconds,
        "phones": "\n".join(endpoint.render() for endpoint in settings.endpoints),
        "dialplan": "\n".join([*(f'#include "{path.absolute()}"' for path in settings.dialplan), settings.extensions]),
        "extra_modules": "\n".join(f"load = {name}" for name in settings.extra_modules),
    }
    rendered = {name: template.fill(text, values) for name, text in template.read("asterisk").items()}
    plain = {f"{name}.conf": "[general]\n" for name in PLAIN}
    return {"acl.conf": "", **plain, **rendered, **settings.files}


def _users(settings: AsteriskSettings) -> str:
    includes = [f'#include "{path.absolute()}"' for path in settings.managers]
    return "\n".join([*includes, *(f"[{name}](+)\nsecret = {key}" for name, key in settings.manager_secrets.items())])


def _manager_tls(folder: Path, ports: AsteriskPorts) -> str:
    return (
        f"tlsenable = yes\ntlsbindaddr = 127.0.0.1:{ports.ami_tls}\n"
        f"tlscertfile = {folder}/data/certificate.pem\ntlsprivatekey = {folder}/data/key.pem"
    )
