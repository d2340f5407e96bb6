"""PINs as the configuration keeps them: hashed by scrypt (RFC 7914) with a salt of their own."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets

COST, BLOCK, PARALLEL = 2**14, 8, 1
HASH = re.compile(r"scrypt:([A-Za-z0-9+/]{22}==):([A-Za-z0-9+/]{43}=)\Z", re.ASCII)


def hash_secret(secret: str, salt: bytes | None = None) -> str:
    """`scrypt:<salt>:<hash>`, both base64; some 50 ms of work, so that a stolen file does not give the PINs at once."""
    salt = secrets.token_bytes(16) if salt is None else salt
    return ":".join(("scrypt", base64.b64encode(salt).decode(), base64.b64encode(derived(secret, salt)).decode()))


def verify_secret(secret: str, hashed: str) -> bool:
    """Whether the hash is of this secret; takes the same time wherever they differ. False for what is no hash."""
    match = HASH.match(hashed)
    if match is None:
        return False
    try:
        salt, expected = (base64.b64decode(part, validate=True) for part in match.groups())
    except binascii.Error:
        return False
    return hmac.compare_digest(derived(secret, salt), expected)


def derived(secret: str, salt: bytes) -> bytes:
    """The 32 bytes that are kept."""
    return hashlib.scrypt(secret.encode("utf-8", "surrogatepass"), salt=salt, n=COST, r=BLOCK, p=PARALLEL, dklen=32)
