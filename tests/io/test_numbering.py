import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ccd.io.numbering import _at_home, _plain, _thorough, is_emergency, normalise, normalise_many


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("030 23125001", "DE", "+493023125001"),
        ("+49 (30) 231-25.001", "DE", "+493023125001"),
        ("0049 30 23125001", "DE", "+493023125001"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("011 49 30 23125001", "US", "+493023125001"),
        ("06 698 12345", "IT", "+3906698 12345".replace(" ", "")),
        ("912 345 678", "ES", "+34912345678"),
        ("+34912345678", "DE", "+34912345678"),
        ("0034 912 345 678", "DE", "+34912345678"),
    ],
)
def test_a_number_in_the_ways_it_is_written(text: str, region: str, number: str) -> None:
    assert normalise(text, region) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anonymous",
        "1001",
        "112",
        "+112",
        "110",
        "0",
        "00",
        "+",
        "++493023125001",
        "030 23125001x12",
        "0800 FLOWERS",
        "+49" + "1" * 40,
        "0" * 200_000,
        "٠٣٠٢٣١٢٥٠٠١",
        "".join(chr(0xFF10 + digit) for digit in (0, 3, 0, 2, 3, 1, 2, 5, 0, 0, 1)),  # full-width
        "030 23125001\r\nAction: Originate",
        "${SHELL(id)}",
        "+999 123456789",
        "\udc80",
        "030 23125001\0",
    ],
)
def test_what_is_no_number(text: str) -> None:
    assert normalise(text, "DE") == ""


def test_an_unknown_region_knows_only_full_numbers() -> None:
    assert normalise("03023125001", "") == ""
    assert normalise("+493023125001", "") == "+493023125001"


@given(st.text(max_size=50) | st.text("+0123456789 ()./-", max_size=45), st.sampled_from(["DE", "US", "IT", "", "ZZ"]))
@example("+49 30 23125001", "DE")
def test_whatever_comes_in_e164_or_nothing_goes_out(text: str, region: str) -> None:
    number = normalise(text, region)
    assert number == "" or re.fullmatch(r"\+[0-9]{7,15}", number, re.ASCII)
    assert number == "" or normalise(number, region) == number
    assert is_emergency(text, region) in (True, False)


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("112", "DE", True),
        ("110", "DE", True),
        ("1-1-2", "DE", True),
        ("+112", "DE", True),
        ("911", "US", True),
        ("9-1-1", "US", True),
        ("999", "GB", True),
        ("911", "DE", False),
        ("030 23125001", "DE", False),
        ("1001", "DE", False),
        ("", "DE", False),
        ("call 112", "DE", False),
    ],
)
def test_emergency_numbers(text: str, region: str, expected: bool) -> None:
    assert is_emergency(text, region) is expected


def test_a_number_seen_before_costs_a_look_into_the_cache() -> None:
    def cost(texts: list[str]) -> float:
        started = time.perf_counter()
        for text in texts:
            normalise(text, "DE")
        return time.perf_counter() - started

    texts = [f"030 2312{number}" for number in range(5_000, 7_000)]
    assert cost(texts) > 5 * cost(texts)


def test_number_of_sixteen_digits_is_none() -> None:
    assert normalise("+4930000000000000", "DE") == ""


@given(
    st.sampled_from(["+49", "+49", "+49", "+34", "+39", "+44", "+33", "+1", "+7", "+52", "+54", "+61", "+852", "+"]),
    st.text("0123456789", min_size=4, max_size=13),
    st.sampled_from(["DE", "ES", "IT", "GB", "US", "MX", ""]),
)
@example("+49", "15112345678", "DE")
@example("+39", "0669812345", "IT")
@example("+34", "912345678", "ES")
def test_the_short_way_says_nothing_else_than_the_thorough_one(code: str, national: str, region: str) -> None:
    text = code + national
    assert _plain(text, region) in ("", _thorough(text, region))


def test_the_short_way_is_gone_by_numbers_of_the_region_and_from_abroad() -> None:
    assert _plain("+493023125001", "DE") == "+493023125001"
    assert _plain("+34912345678", "DE") == "+34912345678"
    assert _plain("+4915112345678", "DE") == "+4915112345678"
    assert _plain("+12125550123", "DE") == _plain("+12125550123", "US") == "+12125550123"


@given(
    st.sampled_from(["", "0", "00", "011", "0011", "1", "8", "810", "06", "0049", "+49 (0)", "1831", "011 49", "00 1"]),
    st.text("0123456789 -", min_size=5, max_size=12),
    st.sampled_from(["DE", "ES", "IT", "GB", "US", "CA", "AG", "MX", "AU", "RU", "HU", "BR", "AR", ""]),
)
@example("0", "30 23125001", "DE")
@example("1", "212-555-0123", "US")
@example("8", "912 345 67 89", "RU")
@example("", "812 345 67 89", "RU")
@example("", "49 30 23125001", "DE")
@example("0", "20 7946 0958", "GB")
def test_the_short_way_at_home_says_nothing_else_either(prefix: str, digits: str, region: str) -> None:
    text = prefix + digits
    assert _at_home(text, region) in ("", _thorough(text, region))


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("030 23125001", "DE"),
        ("0049 30 23125001", "DE"),
        ("+49 (30) 231-25.001", "DE"),
        ("(212) 555-0123", "US"),
        ("1 212 555 0123", "US"),
        ("011 49 30 23125001", "US"),
        ("912 345 678", "ES"),
        ("020 7946 0958", "GB"),
        ("(02) 9374 4000", "AU"),
    ],
)
def test_the_short_way_at_home_is_gone_by_what_people_write(text: str, region: str) -> None:
    assert _at_home(text, region) == _thorough(text, region) != ""


def test_many_are_as_each() -> None:
    texts = ["030 23125001", "x", "", "+34912345678", "0" * 50]
    assert normalise_many(texts, "DE") == [normalise(text, "DE") for text in texts]
