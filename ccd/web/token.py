"""Bearer tokens: who may come in, and as what.

A token reads `ccd_<name>_<43 characters>`: 256 random bits that `make_token` draws. Because nobody can guess or search
them, one SHA-256 is enough to store them by: a slow hash protects what people choose, as PINs are, and would cost every
request 50 ms of the loop that routes calls. The hash covers the name too, so that a line of the configuration cannot be
moved to another name.
"""

import hmac
import re
import secrets
from collections.abc import Iterable
from hashlib import sha256
from typing import Literal

from msgspec import Struct

from ccd.model.ids import AgentId

Role = Literal["agent", "supervisor", "admin"]
ROLES: tuple[Role, ...] = ("agent", "supervisor", "admin")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_TOKEN = re.compile(r"ccd_([a-z0-9][a-z0-9-]{0,62})_[A-Za-z0-9_-]{43}")
_HASH = re.compile(r"sha256:[0-9a-f]{64}")


class Token(Struct, frozen=True):
    """A token as the configuration keeps it; `hash` is of `hash_token`. `agent` is whose it is, with role agent."""

    name: str
    role: Role
    hash: str
    agent: AgentId | None = None

    def __post_init__(self) -> None:
        """Raises ValueError where the line makes no sense."""
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"token name {self.name!r}: expected up to 63 of a-z, 0-9 and -")
        if self.role not in ROLES:
            raise ValueError(f"token {self.name}: role {self.role!r}: expected one of {', '.join(ROLES)}")
        if not _HASH.fullmatch(self.hash):
            raise ValueError(f"token {self.name}: expected a hash as `ccd token` prints it, sha256:…")
        if (self.role == "agent") != (self.agent is not None):
            raise ValueError(f"token {self.name}: a token of role agent, and no other, belongs to an agent")

    def is_at_least(self, role: Role) -> bool:
        """agent < supervisor < admin."""
        return ROLES.index(self.role) >= ROLES.index(role)


def make_token(name: str) -> str:
    """A new token's text, to be shown once; ValueError for a name that none can have."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"token name {name!r}: expected up to 63 of a-z, 0-9 and -")
    return f"ccd_{name}_{secrets.token_urlsafe(32)}"


def hash_token(text: str) -> str:
    """What the configuration keeps of a token."""
    return "sha256:" + sha256(text.encode()).hexdigest()


class Tokens:
    """The tokens that hold now; a reload replaces them in place."""

    def __init__(self, tokens: Iterable[Token] = ()) -> None:
        self._by_name: dict[str, Token] = {}
        self.replace(tokens)

    def replace(self, tokens: Iterable[Token]) -> None:
        """From now on these and no others; ValueError, and nothing changed, when two have one name."""
        by_name: dict[str, Token] = {}
        for token in tokens:
            if by_name.setdefault(token.name, token) is not token:
                raise ValueError(f"two tokens have the name {token.name}")
        self._by_name = by_name

    def identify(self, text: str) -> Token | None:
        """The token that this text is, in a time that does not tell how much of it was right."""
        match = _TOKEN.fullmatch(text)
        token = self._by_name.get(match[1]) if match else None
        expected = token.hash if token else _NOBODY
        return token if hmac.compare_digest(hash_token(text), expected) and token else None

    def holds(self, token: Token) -> bool:
        """Whether this very token is still let in."""
        return self._by_name.get(token.name) == token


_NOBODY = hash_token("")
