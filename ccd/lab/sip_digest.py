"""How a phone proves that it knows its password: digest authentication (RFC 3261 22, RFC 2617) with MD5."""

import hashlib
import re
from secrets import token_hex

CHALLENGES = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}
"""The header that asks, and the one that answers, by the code of the response."""
_FIELD = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^",\s]+))')


def proof(challenge: str, method: str, uri: str, user: str, password: str) -> str:
    """The header's value that answers `challenge`, of `qop=auth` or none."""
    asked = {name.lower(): quoted or plain for name, quoted, plain in _FIELD.findall(challenge)}
    realm, nonce = asked.get("realm", ""), asked.get("nonce", "")
    secret = _md5(f"{user}:{realm}:{password}")
    request = _md5(f"{method}:{uri}")
    told = f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", algorithm=MD5'
    if "opaque" in asked:
        told += f', opaque="{asked["opaque"]}"'
    if "auth" not in asked.get("qop", "").split(","):
        return f'{told}, response="{_md5(f"{secret}:{nonce}:{request}")}"'
    ours = token_hex(8)
    response = _md5(f"{secret}:{nonce}:00000001:{ours}:auth:{request}")
    return f'{told}, qop=auth, nc=00000001, cnonce="{ours}", response="{response}"'


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
