"""The time zones that a number may lie in, by its first digits."""

from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from phonenumbers.tzdata import TIMEZONE_DATA

from ccd.io.number_plan import plan_of

Zones = tuple[str, ...]
_SEVERAL = {
    number[: len(code)]
    for number in TIMEZONE_DATA
    for code in (number[:1], number[:2], number[:3])
    if code in TIMEZONE_DATA and code != number
}
"""Country codes whose area codes have zones of their own."""
_LENGTHS = {
    code: sorted({len(number) for number in TIMEZONE_DATA if number.startswith(code)}, reverse=True)
    for code in _SEVERAL
}


def zones_of(number: str) -> Zones:
    """Of a number in E.164: one zone where its area code tells, else all of its country; none where nothing is known.

    A mobile is nowhere in particular, but for countries that give their mobiles area codes.
    """
    plan, national = plan_of(number)
    if plan is None:
        return ()
    if plan.code not in _SEVERAL or not plan.is_placed(national):
        return _known(plan.code)
    digits = number[1:]
    for length in _LENGTHS[plan.code]:
        if digits[:length] in TIMEZONE_DATA:
            return _known(digits[:length])
    return ()


@lru_cache(maxsize=4_096)
def zone(name: str) -> ZoneInfo | None:
    """A time zone by its name; None where there is no such."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a name may be a path, or a folder's
        return None


@lru_cache(maxsize=4_096)
def _known(prefix: str) -> Zones:
    found: Zones = TIMEZONE_DATA.get(prefix, ())
    return tuple(sorted(found)) if all(zone(name) for name in found) else ()
