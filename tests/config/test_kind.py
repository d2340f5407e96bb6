"""How each kind of setting is written."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ccd.config import phrase
from ccd.config.kind import KINDS, Decimal, Duration, Flag, WholeNumber, written
from ccd.model.ids import MILLISECOND, SECOND


def read(kind: Any, value: Any) -> Any:
    """A value through a kind; what is wrong with it as text."""
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        return str(error.errors()[0]["msg"])


@pytest.mark.parametrize(
    ("text", "length"),
    [("5s", 5 * SECOND), ("1h30m", 5400 * SECOND), ("500ms", 500 * MILLISECOND), ("0", 0), ("1d", 86_400 * SECOND)],
)
def test_durations(text: str, length: int) -> None:
    assert read(Duration, text) == length


@pytest.mark.parametrize("text", ["", "5", "-5s", "5 s", "s", "1.5s", "30m1h", "\u0665s", "5s\n", True, None, ["5s"]])
def test_what_is_no_duration(text: Any) -> None:
    assert "is no length of time" in read(Duration, text)


@given(st.integers(0, 10**9))
def test_a_duration_is_read_as_it_is_written(milliseconds: int) -> None:
    length = milliseconds * MILLISECOND
    assert read(Duration, written(length)) == length


@pytest.mark.parametrize("value", ["", "1.0", "1e3", "0x10", "1_0", " 1", "\u0663", "9" * 16, True, None])
def test_what_is_no_whole_number(value: Any) -> None:
    assert "is no whole number" in read(WholeNumber, value)


def test_numbers_and_flags() -> None:
    assert [read(WholeNumber, text) for text in ("3", "-3", "0100")] == [3, -3, 100]
    assert [read(Decimal, text) for text in ("0.25", "1")] == [0.25, 1.0]
    assert "is no number" in read(Decimal, "nan")
    assert [read(Flag, flag) for flag in (True, False)] == [True, False]
    assert "is neither true nor false" in read(Flag, "yes")


@pytest.mark.parametrize("pattern", ["", "[0-9]*", r"\d{4,6}", "4[0-9]{11}|5[1-5]+", "(1|2)?", "[1-8*#]+"])
def test_patterns(pattern: str) -> None:
    assert read(KINDS["pattern"], pattern) == pattern


@pytest.mark.parametrize(
    "pattern", ["([0-9]+)+", "(1|1)*x", "a", "[", "(", "[a-z]+", "1**", "(?:1)", r"\w", "1*1*1*1*", r"(1)\1", "x" * 300]
)
def test_patterns_that_are_none_or_run_away(pattern: str) -> None:
    assert read(KINDS["pattern"], pattern) != pattern


@given(st.text("0123456789[]{}(),|*+?.-\\d#", max_size=20))
def test_a_pattern_that_is_let_through_is_one(pattern: str) -> None:
    if read(KINDS["pattern"], pattern) == pattern:
        re.fullmatch(pattern, "1234567890" * 3, re.ASCII)


@pytest.mark.parametrize("name", ["caller", "call", "true", "and", "Name", "a.b", "a-b", "1a", "", "a" * 41, "ñ"])
def test_what_is_no_variable(name: str) -> None:
    assert read(KINDS["variable"], name) != name


def test_the_built_in_texts_are_there_in_every_language() -> None:
    assert set(phrase.POSITION) == set(phrase.EXPECTED_WAIT) == set(phrase.PHONE)
    assert len({frozenset(texts) for texts in phrase.PHONE.values()}) == 1
    for language in phrase.POSITION:
        assert len({phrase.POSITION[language](n) for n in range(1, 21)}) == 20
        assert len({phrase.EXPECTED_WAIT[language](n) for n in range(1, 31)}) == 30
