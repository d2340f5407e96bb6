"""Numbering plans by country code, compiled from the library's tables: what takes it a hundred microseconds takes five.

Where the tables leave a doubt a plan says so, and the library decides.
"""

import re
from functools import lru_cache

import phonenumbers
from msgspec import Struct
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneNumberType
from phonenumbers.phonenumberutil import is_number_type_geographical

PLACELESS = ("premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail")
"""In the order in which the library looks; only then come lines and mobiles."""
Pattern = tuple[frozenset[int], re.Pattern[str]]


class Region(Struct, frozen=True):
    """One region's numbers. Of several that share a country code, those with `leading` are known by it alone."""

    leading: re.Pattern[str] | None
    general: Pattern
    placeless: tuple[Pattern, ...]
    lines: Pattern | None
    mobiles: Pattern | None
    has_placed_mobiles: bool

    def is_valid(self, national: str) -> bool:
        """Whether there is such a number, of any kind."""
        if not fits(national, self.general):
            return False
        return fits(national, self.lines) or fits(national, self.mobiles) or self._is_placeless(national)

    def is_placed(self, national: str) -> bool:
        """Whether its first digits tell where it is."""
        if not fits(national, self.general) or self._is_placeless(national):
            return False
        return fits(national, self.lines) or (self.has_placed_mobiles and fits(national, self.mobiles))

    def _is_placeless(self, national: str) -> bool:
        return any(fits(national, pattern) for pattern in self.placeless)


class Plan(Struct, frozen=True):
    """A country code's numbers; `regions` begin with the main one, by whose rules numbers are dialled."""

    code: str
    prefix: re.Pattern[str]
    lengths: frozenset[int]
    regions: tuple[Region, ...]

    def is_in_doubt(self, national: str) -> bool:
        """Whether it is of no possible length, or might begin with a prefix for calls within the country."""
        return len(national) not in self.lengths or self.prefix.match(national) is not None

    def is_valid(self, national: str) -> bool:
        """Whether one of the regions has such a number."""
        return self._region(national) is not None

    def is_placed(self, national: str) -> bool:
        """Whether its first digits tell where it is."""
        region = self._region(national)
        return region is not None and region.is_placed(national)

    def _region(self, national: str) -> Region | None:
        for region in self.regions:
            if region.leading is None:
                if region.is_valid(national):
                    return region
            elif region.leading.match(national):
                return region if region.is_valid(national) else None
        return None


def fits(national: str, pattern: Pattern | None) -> bool:
    """Whether length and digits are those of the pattern."""
    if pattern is None:
        return False
    lengths, digits = pattern
    return (not lengths or len(national) in lengths) and digits.fullmatch(national) is not None


def plan_of(number: str) -> tuple[Plan | None, str]:
    """The plan of a number in E.164, and its national part; None where there is none of a country."""
    for end in (2, 3, 4):
        if number[1:end] in _CODES:
            return plan(number[1:end]), number[end:]
    return None, ""


@lru_cache(maxsize=256)
def plan(code: str) -> Plan | None:
    """The plan of a country code."""
    names = COUNTRY_CODE_TO_REGION_CODE[int(code)]
    found = [_region(name, code, len(names) > 1) for name in names if name.isalpha()]
    main = phonenumbers.PhoneMetadata.metadata_for_region(names[0], None) if names[0].isalpha() else None
    if main is None or main.general_desc is None or None in found:
        return None
    prefix = main.national_prefix_for_parsing
    return Plan(
        code,
        re.compile(f"0|{prefix}" if prefix else "0"),
        frozenset(main.general_desc.possible_length),
        tuple(region for region in found if region is not None),
    )


def _region(name: str, code: str, is_shared: bool) -> Region | None:
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(name, None)
    general = _pattern(metadata.general_desc) if metadata else None
    if metadata is None or general is None:
        return None
    return Region(
        re.compile(metadata.leading_digits) if is_shared and metadata.leading_digits else None,
        general,
        tuple(found for kind in PLACELESS if (found := _pattern(getattr(metadata, kind))) is not None),
        _pattern(metadata.fixed_line),
        _pattern(metadata.mobile),
        # one pattern for both: the library calls them lines
        bool(metadata.same_mobile_and_fixed_line_pattern)
        or is_number_type_geographical(PhoneNumberType.MOBILE, int(code)),
    )


def _pattern(kind: phonenumbers.PhoneNumberDesc | None) -> Pattern | None:
    if kind is None or not kind.national_number_pattern:
        return None
    return frozenset(kind.possible_length), re.compile(kind.national_number_pattern)


_CODES = frozenset(str(code) for code in COUNTRY_CODE_TO_REGION_CODE)
