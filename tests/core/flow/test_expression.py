"""What an expression is worth, value by value; how it is written is `ccd.config`'s."""

from typing import Any

import pytest

from ccd.core.flow.expression import (
    NUMBER_LIMIT,
    TEXT_LIMIT,
    Literal,
    Logic,
    Name,
    Not,
    OneOf,
    Template,
    as_number,
    as_text,
    bounded,
    holds,
    is_equal,
    is_in,
    is_less,
    is_less_or_equal,
    minus,
    plus,
)

KNOWN: dict[str, Any] = {"yes": True, "no": False, "tier": "gold", "five": 5}


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, False), (False, False), (0, False), ("", False), ("false", False), (True, True), (1, True), ("0", True)],
)
def test_what_holds(value: Any, expected: bool) -> None:
    assert holds(value) is expected
    assert Not(Literal(value)).value(KNOWN.get) is not expected


@pytest.mark.parametrize(
    ("operator", "operands", "value"),
    [
        ("and", ("yes", "tier"), True),
        ("and", ("yes", "no"), False),
        ("or", ("yes", "no"), True),
        ("or", ("no", "missing"), False),
    ],
)
def test_and_and_or(operator: str, operands: tuple[str, ...], value: bool) -> None:
    assert Logic(operator, tuple(map(Name, operands))).value(KNOWN.get) is value


def test_one_of_a_list_with_names_in_it() -> None:
    choices = (Literal("silver"), Name("tier"))
    assert OneOf(Literal("gold"), choices).value(KNOWN.get)
    assert not OneOf(Literal("bronze"), choices).value(KNOWN.get)
    assert not Not(Name("tier")).value(KNOWN.get)


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (False, "false"), (None, ""), (5, "5"), ("x", "x"), (0, "0")]
)
def test_as_text(value: Any, text: str) -> None:
    assert as_text(value) == text
    assert Template((Literal("<"), Literal(value), Literal(">"))).value(KNOWN.get) == f"<{text}>"


@pytest.mark.parametrize(
    ("value", "number"), [(True, None), (5, 5), ("-5", -5), ("+007", 7), ("5.0", None), ("1" * 16, None), (None, None)]
)
def test_as_number(value: Any, number: int | None) -> None:
    assert as_number(value) == number


def test_bounds() -> None:
    for sign in (1, -1):
        assert bounded(sign * NUMBER_LIMIT) == sign * NUMBER_LIMIT
        assert bounded(sign * (NUMBER_LIMIT + 1)) is None
    assert bounded("x" * (TEXT_LIMIT + 1)) == "x" * TEXT_LIMIT


@pytest.mark.parametrize(
    ("left", "right", "equal", "less", "less_or_equal"),
    [
        (1, 2, False, True, True),
        (2, 2, True, False, True),
        (3, 2, False, False, False),
        ("2", 2, True, False, True),
        ("1", 2, False, True, True),
        ("x", 2, False, False, False),
        ("a", "b", False, True, True),
        ("b", "b", True, False, True),
        ("b", "a", False, False, False),
        (None, None, True, False, False),
        (None, 0, False, False, False),
        ("", None, False, False, False),
        (True, "true", True, False, False),
        ("a", True, False, False, False),
        (False, True, False, False, False),
        (True, True, True, False, False),
        (1, None, False, False, False),
    ],
)
def test_comparisons(left: Any, right: Any, equal: bool, less: bool, less_or_equal: bool) -> None:
    assert is_equal(left, right) is equal
    assert is_equal(right, left) is equal
    assert is_less(left, right) is less
    assert is_less_or_equal(left, right) is less_or_equal


@pytest.mark.parametrize(
    ("left", "right", "inside"),
    [("n", "Ana", True), ("x", "Ana", False), ("1", 12, False), (1, "12", False), (None, "x", False), ("", "x", True)],
)
def test_part_of_a_text(left: Any, right: Any, inside: bool) -> None:
    assert is_in(left, right) is inside


@pytest.mark.parametrize(
    ("left", "right", "total", "difference"),
    [
        (5, 3, 8, 2),
        ("5", 3, 8, 2),
        ("5", "3", "53", 2),
        ("a", 3, "a3", None),
        (None, 3, None, None),
        (True, "x", "truex", None),
        (NUMBER_LIMIT, 1, None, NUMBER_LIMIT - 1),
    ],
)
def test_sums(left: Any, right: Any, total: Any, difference: Any) -> None:
    assert plus(left, right) == total
    assert minus(left, right) == difference
