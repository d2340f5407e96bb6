"""Numbers as people and trunks write them, in E.164, by the site's region."""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberFormat, ValidationResult, shortnumberinfo

_WRITTEN = re.compile(r"\+?[0-9 ()./-]{2,}", re.ASCII)
_LONGEST = 40
_SHORTEST = len("+6834000")  # Niue's
_MOST = len("+") + 15  # ITU-T E.164: at most fifteen digits, whatever a country's own plan allows


def normalise(text: str, region: str) -> str:
    """The number in E.164; empty where there is none: anonymous, internal and short numbers, letters, anything odd.

    `region` is ISO 3166 (`DE`): it gives the prefixes that are dialled before a number, and the country of a number
    without. Written without `+`, a number must be one of the region's plan; with it (or the region's prefix for
    abroad) one of possible length is enough, since other countries' plans change faster than our tables.
    """
    return _normalised(text, region) if len(text) <= _LONGEST else ""


def is_emergency(text: str, region: str) -> bool:
    """Whether somebody who dials this wants the emergency services; such a call never passes ccd."""
    return len(text) <= _LONGEST and _is_emergency(text, region)


@lru_cache(maxsize=65_536)
def _normalised(text: str, region: str) -> str:
    number = _parsed(text, region)
    if number is None:
        return ""
    written = str(phonenumbers.format_number(number, PhoneNumberFormat.E164))
    if not _SHORTEST <= len(written) <= _MOST:
        return ""
    if phonenumbers.is_valid_number(number):
        return written
    is_possible = phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    is_abroad = number.country_code != phonenumbers.country_code_for_region(region)
    return written if is_possible and is_abroad else ""


@lru_cache(maxsize=4_096)
def _is_emergency(text: str, region: str) -> bool:
    if not _WRITTEN.fullmatch(text):
        return False
    digits = re.sub(r"[^0-9]", "", text)
    return bool(shortnumberinfo.connects_to_emergency_number(digits, region))


def _parsed(text: str, region: str) -> phonenumbers.PhoneNumber | None:
    if not _WRITTEN.fullmatch(text):
        return None
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
