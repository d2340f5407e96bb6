"""PINs are kept hashed."""

import pytest

from ccd.config.secret import hash_secret, verify_secret


def test_a_hash_is_of_its_secret_alone() -> None:
    hashed = hash_secret("4711")
    assert "4711" not in hashed
    assert verify_secret("4711", hashed)
    assert not verify_secret("4712", hashed)


def test_two_hashes_of_one_secret_differ() -> None:
    assert hash_secret("4711") != hash_secret("4711")


def test_a_hash_made_elsewhere() -> None:
    """Computed with `openssl kdf`: N 16384, r 8, p 1, 32 bytes, salt of 16 zero bytes."""
    assert hash_secret("4711", bytes(16)) == VECTOR
    assert verify_secret("4711", VECTOR)


VECTOR = "scrypt:AAAAAAAAAAAAAAAAAAAAAA==:p8EXOA/nZsOJWF6xGJw7Dw7uVFtCtbWBApqvGxv54J8="


@pytest.mark.parametrize("hashed", ["", "4711", "scrypt:", "scrypt:AAAA:AAAA", VECTOR + "\n", "sha256:" + "0" * 64])
def test_what_is_no_hash_fits_nothing(hashed: str) -> None:
    assert not verify_secret("4711", hashed)
