"""Numbers as people and trunks write them, in E.164, by the site's region."""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneNumberFormat, ValidationResult, shortnumberinfo

_WRITTEN = re.compile(r"\+?[0-9 ()./-]{2,}", re.ASCII)
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_KINDS = (
    "fixed_line",
    "mobile",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "personal_number",
    "voip",
    "pager",
    "uan",
    "voicemail",
)
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
    return _plain(text, region) or _thorough(text, region)


def _plain(text: str, region: str) -> str:
    """As most trunks write it, `+` and digits only: checked against the plan's tables alone, which takes a tenth of the
    time while a caller waits. Empty where the tables leave a doubt, for `_thorough` to decide.
    """
    if not _E164.fullmatch(text):
        return ""
    code = next((text[1:end] for end in (2, 3, 4) if int(text[1:end]) in COUNTRY_CODE_TO_REGION_CODE), "")
    plan = _plan(int(code)) if code else None
    national = text[len(code) + 1 :]
    if plan is None or plan.is_in_doubt(national):
        return ""
    is_abroad = int(code) != phonenumbers.country_code_for_region(region)
    return text if is_abroad or plan.is_valid(national) else ""


class _Plan:
    """The numbering plan of a country code that is one region's."""

    def __init__(self, metadata: phonenumbers.PhoneMetadata, general: phonenumbers.PhoneNumberDesc) -> None:
        prefix = metadata.national_prefix_for_parsing
        self._prefix = re.compile(f"0|{prefix}" if prefix else "0")
        self._lengths = frozenset(general.possible_length)
        kinds = [general, *(getattr(metadata, kind) for kind in _KINDS)]
        self._general, *self._kinds = [
            (frozenset(kind.possible_length), re.compile(kind.national_number_pattern))
            for kind in kinds
            if kind is not None and kind.national_number_pattern
        ]

    def is_in_doubt(self, national: str) -> bool:
        """Whether it is of no possible length, or might begin with a prefix for calls within the country."""
        return len(national) not in self._lengths or self._prefix.match(national) is not None

    def is_valid(self, national: str) -> bool:
        """Whether the plan has such a number, of any kind."""
        return _is_of(national, self._general) and any(_is_of(national, kind) for kind in self._kinds)


def _is_of(national: str, kind: tuple[frozenset[int], re.Pattern[str]]) -> bool:
    lengths, pattern = kind
    return (not lengths or len(national) in lengths) and pattern.fullmatch(national) is not None


@lru_cache(maxsize=256)
def _plan(code: int) -> _Plan | None:
    regions = COUNTRY_CODE_TO_REGION_CODE[code]
    if len(regions) != 1 or not regions[0].isalpha():  # shared, or of no country: left to the library
        return None
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(regions[0], None)
    general = metadata.general_desc if metadata else None
    return None if metadata is None or general is None else _Plan(metadata, general)


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
