import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneNumberType

from ccd.io.number_plan import plan, plan_of

CODES = sorted(str(code) for code in COUNTRY_CODE_TO_REGION_CODE)


def library_number(code: str, national: str) -> phonenumbers.PhoneNumber:
    zeros = len(national) - len(national.lstrip("0"))
    return phonenumbers.PhoneNumber(
        country_code=int(code),
        national_number=int(national),
        italian_leading_zero=True if zeros else None,
        number_of_leading_zeros=zeros if zeros > 1 else None,
    )


@given(st.sampled_from(["1", "7", "39", "44", "49", "61", "262", "599"]) | st.sampled_from(CODES), st.data())
def test_what_a_plan_says_is_what_the_library_says(code: str, data: st.DataObject) -> None:
    found = plan(code)
    if found is None:
        return
    national = data.draw(st.text("0123456789", min_size=4, max_size=12).filter(lambda text: text.strip("0") != ""))
    number = library_number(code, national)
    assert found.is_valid(national) == phonenumbers.is_valid_number(number)
    assert found.is_placed(national) == phonenumbers.is_number_geographical(number)


def test_examples_of_all_regions_and_kinds_are_right() -> None:
    kinds = sorted(PhoneNumberType.values())
    seen = 0
    for code in CODES:
        found = plan(code)
        for region in COUNTRY_CODE_TO_REGION_CODE[int(code)] if found else ():
            for kind in kinds:
                number = phonenumbers.example_number_for_type(region, kind)
                if number is None or found is None:
                    continue
                national = phonenumbers.national_significant_number(number)
                assert found.is_valid(national) == phonenumbers.is_valid_number(number), (region, national)
                assert found.is_placed(national) == phonenumbers.is_number_geographical(number), (region, national)
                seen += 1
    assert seen > 1_000


@given(st.text("+0123456789", max_size=18) | st.text(max_size=20))
@example("+")
@example("")
def test_any_text_has_a_plan_or_none(text: str) -> None:
    found, national = plan_of(text)
    assert found is None or text == f"{text[0]}{found.code}{national}"


@pytest.mark.parametrize(
    ("number", "code", "national"),
    [("+12125550100", "1", "2125550100"), ("+493023125000", "49", "3023125000"), ("+35312345678", "353", "12345678")],
)
def test_country_codes_have_one_to_three_digits(number: str, code: str, national: str) -> None:
    found, rest = plan_of(number)
    assert found is not None
    assert (found.code, rest) == (code, national)


def test_what_is_of_no_country_has_no_plan() -> None:
    assert plan_of("+870123456789") == (None, "123456789")
    assert plan_of("+999123456789") == (None, "")
