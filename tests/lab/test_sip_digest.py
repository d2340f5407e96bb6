"""The worked example of RFC 2617 3.5, without and with `qop`."""

import hashlib
import re

from ccd.lab.sip_digest import proof

REALM, NONCE = "testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093"
USER, PASSWORD, URI = "Mufasa", "Circle Of Life", "/dir/index.html"


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def test_without_qop() -> None:
    answer = proof(f'Digest realm="{REALM}", nonce="{NONCE}"', "GET", URI, USER, PASSWORD)
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in answer
    assert "qop" not in answer
    assert "opaque" not in answer


def test_with_qop_and_what_is_opaque() -> None:
    challenge = f'Digest realm="{REALM}", qop="auth,auth-int", nonce="{NONCE}", opaque="5ccc069c", algorithm=MD5'
    answer = proof(challenge, "GET", URI, USER, PASSWORD)
    told = dict(re.findall(r'(\w+)="?([^",]*)"?', answer))
    assert (told["opaque"], told["nc"], told["qop"]) == ("5ccc069c", "00000001", "auth")
    secret = "939e7578ed9e3c518a452acee763bce9"  # A1 of the example
    request = "39aff3a2bab6126f332b942af96d3366"
    assert told["response"] == md5(f"{secret}:{NONCE}:00000001:{told['cnonce']}:auth:{request}")
