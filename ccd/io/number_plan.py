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
"""The kinds that the library looks for before lines and mobiles."""
NOTHING = "(?!)"


class Region(Struct, frozen=True):
    """One region's numbers. Of several that share a country code, those with `leading` are known by it alone. `placed`
    are the kinds whose first digits tell where they are; those of a `placeless` kind are that first of all.
    """

    leading: re.Pattern[str] | None
    general: re.Pattern[str]
    placeless: re.Pattern[str]
    placed: re.Pattern[str]
    others: re.Pattern[str]

    def is_valid(self, national: str) -> bool:
        """Whether there is such a number, of any kind."""
        if not self.general.fullmatch(national):
            return False
        return bool(
            self.placed.fullmatch(national) or self.others.fullmatch(national) or self.placeless.fullmatch(national)
        )

    def is_placed(self, national: str) -> bool:
        """Whether the first digits of such a number, which there is, tell where it is."""
        return not self.placeless.fullmatch(national) and bool(self.placed.fullmatch(national))


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
    if metadata is None or metadata.general_desc is None:
        return None
    # one pattern for lines and mobiles: the library calls them lines
    has_placed_mobiles = metadata.same_mobile_and_fixed_line_pattern or is_number_type_geographical(
        PhoneNumberType.MOBILE, int(code)
    )
    return Region(
        re.compile(metadata.leading_digits) if is_shared and metadata.leading_digits else None,
        _pattern(metadata.general_desc),
        _pattern(*(getattr(metadata, kind) for kind in PLACELESS)),
        _pattern(metadata.fixed_line, metadata.mobile if has_placed_mobiles else None),
        _pattern(None if has_placed_mobiles else metadata.mobile),
    )


def _pattern(*kinds: phonenumbers.PhoneNumberDesc | None) -> re.Pattern[str]:
    """What is of one of the kinds, in length and digits."""
    return re.compile("|".join(_written(kind) for kind in kinds if kind and kind.national_number_pattern) or NOTHING)


def _written(kind: phonenumbers.PhoneNumberDesc) -> str:
    lengths = "|".join(f"[0-9]{{{length}}}" for length in kind.possible_length)
    return (
        f"(?=(?:{lengths})\\Z)(?:{kind.national_number_pattern})" if lengths else f"(?:{kind.national_number_pattern})"
    )


_CODES = frozenset(str(code) for code in COUNTRY_CODE_TO_REGION_CODE)
