import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers.timezone import time_zones_for_number

from ccd.io.number_zone import zone, zones_of


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+12125550100", ("America/New_York",)),
        ("+13125550100", ("America/Chicago",)),
        ("+18502005010", ("America/Chicago",)),
        ("+493023125000", ("Europe/Berlin",)),
        ("+4915112345678", ("Europe/Berlin",)),
        ("+34922123456", ("Atlantic/Canary",)),
        ("+34912345678", ("Europe/Madrid",)),
        ("+34612345678", ("Atlantic/Canary", "Europe/Madrid")),
        ("+870773123456", ()),
        ("+999123456789", ()),
        ("", ()),
    ],
)
def test_zones_of_numbers(number: str, zones: tuple[str, ...]) -> None:
    assert zones_of(number) == zones


def test_a_number_without_a_place_may_be_anywhere_in_its_country() -> None:
    assert len(zones_of("+18005550100")) > 20
    assert len(zones_of("+79161234567")) > 10


@given(
    st.sampled_from(["+1", "+34", "+7", "+61", "+49", "+55", "+52", "+39", "+44"]),
    st.text("0123456789", min_size=7, max_size=10),
)
def test_they_are_the_library_s_where_it_knows_the_number(code: str, national: str) -> None:
    try:
        number = phonenumbers.parse(code + national)
    except phonenumbers.NumberParseException:
        return
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if phonenumbers.is_valid_number(number):
        assert zones_of(written) == tuple(sorted(time_zones_for_number(number)))


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "/etc/passwd", "../etc", "America", "Europe/Berlin\0", "x" * 5_000]
)
def test_what_is_no_zone(name: str) -> None:
    assert zone(name) is None
