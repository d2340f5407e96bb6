"""The engine's variables in one channel variable, there and back."""

import re

from hypothesis import given
from hypothesis import strategies as st

from ccd.switch.state import ROLE, STATE, VALUE_LIMIT, is_variable, unpacked, written

NAMES = st.from_regex(r"CCD_[A-Z_]{1,12}", fullmatch=True).filter(lambda name: name not in (ROLE, STATE))


@given(st.dictionaries(NAMES, st.text(max_size=20), max_size=5))
def test_what_was_written_is_found(variables: dict[str, str]) -> None:
    readable = {name: value.encode("utf-8", "replace").decode() for name, value in variables.items()}
    assert unpacked(dict(written(readable.items()))) == readable


@given(st.dictionaries(st.text(max_size=10), st.text(max_size=200), max_size=20))
def test_nothing_in_it_means_anything_to_ami_or_the_dialplan(variables: dict[str, str]) -> None:
    for name, value in written(variables.items()):
        assert name in (STATE, ROLE)
        assert re.fullmatch(r"[A-Za-z0-9_.~%&=+/:-]*", value)
        assert len(value) <= VALUE_LIMIT


def test_the_role_stands_apart() -> None:
    assert written([("CCD_CALL", "a1"), ("CCD_ROLE", "agent")]) == [("CCD_STATE", "CALL=a1"), ("CCD_ROLE", "agent")]
    assert unpacked({"CCD_STATE": "CALL=a1", "CCD_ROLE": "agent"}) == {"CCD_CALL": "a1", "CCD_ROLE": "agent"}


def test_what_does_not_fit_is_left_out_at_the_end() -> None:
    (_, value), *_ = written([("CCD_CALL", "a1"), ("CCD_STEP", "s" * 900), ("CCD_QUEUE", "q")])
    assert value == "CALL=a1"


def test_somebody_elses_text_is_no_state() -> None:
    assert unpacked({"CCD_STATE": "nonsense&=x&A(b)=c&QUEUE=q"}) == {"CCD_QUEUE": "q"}


def test_functions_are_no_variables() -> None:
    assert is_variable("CCD_CALL")
    assert not is_variable("TIMEOUT(absolute)")
    assert not is_variable("")
