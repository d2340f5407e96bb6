"""Numbers as people and trunks write them, in E.164, by the site's region."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneNumberFormat, ValidationResult, shortnumberinfo

from ccd.io.number_plan import plan_of

_WRITTEN = re.compile(r"\+?[0-9 ()./-]{2,}", re.ASCII)
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SEPARATORS = str.maketrans("", "", " ()./-")
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
    return _plain(text, region) or _at_home(text, region) or _thorough(text, region)


def normalise_many(texts: Sequence[str], region: str) -> list[str]:
    """As `normalise`, for those of a file: none comes twice soon, and what calls need stays in the cache."""
    short = _normalised.__wrapped__
    return [short(text, region) if len(text) <= _LONGEST else "" for text in texts]


def _plain(text: str, region: str) -> str:
    """As most trunks write it, `+` and digits only: checked against the plan's tables alone, which takes a tenth of the
    time while a caller waits. Empty where the tables leave a doubt, for `_thorough` to decide.
    """
    if not _E164.fullmatch(text):
        return ""
    found, national = plan_of(text)
    if found is None or found.is_in_doubt(national):
        return ""
    return text if found.code != _home(region).code or found.is_valid(national) else ""


def _at_home(text: str, region: str) -> str:
    """As people of the region write it, with or without the prefixes that are dialled there; by the same tables."""
    if not _WRITTEN.fullmatch(text):
        return ""
    home, digits = _home(region), text.translate(_SEPARATORS)
    if digits.startswith("+"):
        return _plain(digits, region)
    if home.abroad and digits.startswith(home.abroad):
        return _plain(f"+{digits[len(home.abroad) :]}", region)
    if not home.code:
        return ""
    if home.prefix and (found := home.prefix.match(digits)):
        if any(found.groups()):  # a carrier's code, or digits to be put in their place
            return ""
        digits = digits[found.end() :]
    return _plain(f"+{home.code}{digits}", region)


class _Home(NamedTuple):
    """How one dials in a region; nothing where the library's rule for abroad is more than a prefix."""

    code: str = ""
    abroad: str = ""
    prefix: re.Pattern[str] | None = None


@lru_cache(maxsize=256)
def _home(region: str) -> _Home:
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    if metadata is None:
        return _Home()
    abroad, prefix = metadata.international_prefix or "", metadata.national_prefix_for_parsing
    return _Home(
        str(metadata.country_code), abroad if abroad.isdecimal() else "", re.compile(prefix) if prefix else None
    )


def _thorough(text: str, region: str) -> str:
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
