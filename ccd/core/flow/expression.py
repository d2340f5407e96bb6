"""Conditions and values of a flow, compiled. Evaluation is bounded and never raises on what a caller says or types.

A value is text, a whole number, true or false, or None (not set, or an operation that makes no sense: `'a' - 1`).
Variables and the caller's fields are text mostly, so in a comparison with a number text that is a whole number counts
as that number, and with true or false the texts `true` and `false` do. What cannot be compared is unequal and neither
less nor greater.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

LookUp = Callable[[str], Any]
"""The value of a name, None where it is not set."""

TEXT_LIMIT = 1_000
NUMBER_LIMIT = 10**15
WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,15}\Z", re.ASCII)
NOT_A_DIGIT = re.compile(r"[^0-9]", re.ASCII)


class Expression(Protocol):
    """A compiled expression."""

    def value(self, look_up: LookUp) -> Any:
        """What it is worth now."""

    def parts(self) -> tuple["Expression", ...]:
        """What it is made of."""


@dataclass(frozen=True)
class Literal:
    """A constant."""

    constant: str | int | bool | None

    def value(self, look_up: LookUp) -> Any:
        return self.constant

    def parts(self) -> tuple[Expression, ...]:
        return ()


@dataclass(frozen=True)
class Name:
    """A variable, or what is known of the call (`call.dnis`) and of the caller (`caller.tier`)."""

    name: str

    def value(self, look_up: LookUp) -> Any:
        return look_up(self.name)

    def parts(self) -> tuple[Expression, ...]:
        return ()


@dataclass(frozen=True)
class Template:
    """Text with values in it; those that are not set vanish."""

    pieces: tuple[Expression, ...]

    def value(self, look_up: LookUp) -> Any:
        return bounded("".join(as_text(piece.value(look_up)) for piece in self.pieces))

    def parts(self) -> tuple[Expression, ...]:
        return self.pieces


@dataclass(frozen=True)
class Not:
    """True if the operand does not hold."""

    operand: Expression

    def value(self, look_up: LookUp) -> Any:
        return not holds(self.operand.value(look_up))

    def parts(self) -> tuple[Expression, ...]:
        return (self.operand,)


@dataclass(frozen=True)
class Logic:
    """`and`, `or`: true or false; the operands are looked at from the left as far as needed."""

    operator: str
    operands: tuple[Expression, ...]

    def value(self, look_up: LookUp) -> Any:
        results = (holds(operand.value(look_up)) for operand in self.operands)
        return all(results) if self.operator == "and" else any(results)

    def parts(self) -> tuple[Expression, ...]:
        return self.operands


@dataclass(frozen=True)
class Binary:
    """A comparison, `in` (part of a text), `+` (sum of numbers, else texts joined) or `-`."""

    operator: str
    left: Expression
    right: Expression

    def value(self, look_up: LookUp) -> Any:
        return OPERATORS[self.operator](self.left.value(look_up), self.right.value(look_up))

    def parts(self) -> tuple[Expression, ...]:
        return (self.left, self.right)


@dataclass(frozen=True)
class OneOf:
    """`x in ('a', 'b')`: equal to one of the list."""

    left: Expression
    choices: tuple[Expression, ...]

    def value(self, look_up: LookUp) -> Any:
        left = self.left.value(look_up)
        return any(is_equal(left, choice.value(look_up)) for choice in self.choices)

    def parts(self) -> tuple[Expression, ...]:
        return (self.left, *self.choices)


@dataclass(frozen=True)
class FunctionCall:
    """One of `FUNCTIONS` of one operand."""

    function: str
    operand: Expression

    def value(self, look_up: LookUp) -> Any:
        return FUNCTIONS[self.function](self.operand.value(look_up))

    def parts(self) -> tuple[Expression, ...]:
        return (self.operand,)


def names(expression: Expression) -> Iterator[str]:
    """The names that an expression reads."""
    if isinstance(expression, Name):
        yield expression.name
    for part in expression.parts():
        yield from names(part)


def holds(value: Any) -> bool:
    """Whether a value counts as true: not None, false, 0, empty or the text `false`."""
    return bool(value) and value != "false"


def as_text(value: Any) -> str:
    """A value as it is spoken and stored."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def as_number(value: Any) -> int | None:
    """A whole number, also one written as text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and WHOLE_NUMBER.match(value) else None


def bounded(value: str | int) -> str | int | None:
    """Text cut at `TEXT_LIMIT`, a number beyond `NUMBER_LIMIT` as None."""
    if isinstance(value, str):
        return value[:TEXT_LIMIT]
    return value if abs(value) <= NUMBER_LIMIT else None


def comparable(left: Any, right: Any) -> tuple[Any, Any] | None:
    """Both sides in one type, None where there is none."""
    if isinstance(left, bool) or isinstance(right, bool):
        return as_text(left), as_text(right)
    if isinstance(left, int) or isinstance(right, int):
        numbers = as_number(left), as_number(right)
        return None if None in numbers else numbers
    return (left, right) if isinstance(left, str) and isinstance(right, str) else None


def is_equal(left: Any, right: Any) -> bool:
    """Equal after `comparable`; None equals None only."""
    if left is None or right is None:
        return left is right
    pair = comparable(left, right)
    return pair is not None and pair[0] == pair[1]


def is_less(left: Any, right: Any) -> bool:
    """Less after `comparable`: numbers by size, texts by alphabet; true and false are not ordered."""
    if isinstance(left, bool) or isinstance(right, bool):
        return False
    pair = comparable(left, right)
    return pair is not None and bool(pair[0] < pair[1])


def is_less_or_equal(left: Any, right: Any) -> bool:
    """Less or equal, where the two can be ordered."""
    return is_less(left, right) or (is_equal(left, right) and left is not None and not isinstance(left, bool))


def is_in(left: Any, right: Any) -> bool:
    """Whether the text `right` contains the text `left`."""
    return isinstance(left, str) and isinstance(right, str) and left in right


def plus(left: Any, right: Any) -> Any:
    """The sum of two numbers (text counts as one beside a number), else both as text, joined."""
    if isinstance(left, int) or isinstance(right, int):
        a, b = as_number(left), as_number(right)
        if a is not None and b is not None:
            return bounded(a + b)
    return None if left is None or right is None else bounded(as_text(left) + as_text(right))


def minus(left: Any, right: Any) -> Any:
    """The difference of two numbers, else None."""
    a, b = as_number(left), as_number(right)
    return None if a is None or b is None else bounded(a - b)


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": is_equal,
    "!=": lambda left, right: not is_equal(left, right),
    "<": is_less,
    "<=": is_less_or_equal,
    ">": lambda left, right: is_less(right, left),
    ">=": lambda left, right: is_less_or_equal(right, left),
    "in": is_in,
    "not in": lambda left, right: not is_in(left, right),
    "+": plus,
    "-": minus,
}

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "len": lambda value: len(as_text(value)),
    "number": as_number,
    "text": as_text,
    "lower": lambda value: as_text(value).lower()[:TEXT_LIMIT],
    "digits": lambda value: NOT_A_DIGIT.sub("", as_text(value)),
}
"""`len` of a text, `number` or None, `text`, `lower` case, only the `digits` of a text."""
