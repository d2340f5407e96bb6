"""How each kind of setting is written: text to value, what was expected, and its JSON Schema."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainValidator, ValidationInfo, WithJsonSchema

from ccd.config.expression import ExpressionError, parse, parse_value
from ccd.config.problem import expectation, shown
from ccd.config.scope import checked, problem
from ccd.core.flow.expression import Expression, Literal
from ccd.model.ids import MILLISECOND, SECOND, Length

DURATION = r"(?=.)(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,7})s)?(?:(\d{1,8})ms)?"
UNITS = (86_400 * SECOND, 3_600 * SECOND, 60 * SECOND, SECOND, MILLISECOND)
UNIT_NAMES = ("d", "h", "m", "s", "ms")
PATTERN = re.compile(r"(?:[0-9*#A-D.?+*|()-]|\\d|\[[0-9*#A-D-]+\]|\{[0-9]{1,2}(?:,[0-9]{0,2})?\})*", re.ASCII)
WHOLE = re.compile(r"[+-]?[0-9]{1,15}", re.ASCII)
DECIMAL = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", re.ASCII)


def duration(value: Any) -> Length:
    """`1h30m`, `5s`, `500ms`, `0` in microseconds."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = re.fullmatch(DURATION, value, re.ASCII) if isinstance(value, str) else None
    if value == "0":
        return 0
    if found is None:
        raise problem(f"{shown(value)} is no length of time" + expectation("as 5s, 2m, 500ms, 1h30m"))
    return sum(unit * int(count) for unit, count in zip(UNITS, found.groups(), strict=True) if count)


def written(length: Length) -> str:
    """A length as it is written."""
    out = ""
    for unit, name in zip(UNITS, UNIT_NAMES, strict=True):
        count, length = divmod(length, unit)
        out += f"{count}{name}" if count else ""
    return out or "0"


def whole_number(value: Any) -> int:
    """A whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or not WHOLE.fullmatch(value):
        raise problem(f"{shown(value)} is no whole number" + expectation("as 3"))
    return int(value)


def decimal(value: Any) -> float:
    """A number of at least 0, perhaps with decimals."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str) or not DECIMAL.fullmatch(value):
        raise problem(f"{shown(value)} is no number" + expectation("as 0.5"))
    return float(value)


def flag(value: Any) -> bool:
    """`true` or `false`."""
    if not isinstance(value, bool):
        raise problem(f"{shown(value)} is neither true nor false" + expectation("true or false"))
    return value


def text(value: Any) -> str:
    """Text of bounded length."""
    if not isinstance(value, str):
        raise problem(f"{shown(value)} is no text" + expectation("text; put it into quotes"))
    if len(value) > 4_000:
        raise problem("the text is longer than 4,000 characters")
    return value


def matching(pattern: str, what: str) -> Callable[[str], str]:
    """A check of how a text looks."""
    compiled = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise problem(f"{shown(value)} does not fit" + expectation(what))
        return value

    return check


def of_kind(kind: str) -> Callable[[str, ValidationInfo], str]:
    """A check that a name is known."""
    return lambda value, info: checked(kind, value, info)


def between(least: float, greatest: float, show: Callable[[Any], str] = str) -> AfterValidator:
    """A check of how much it is."""

    def check(value: float) -> float:
        if not least <= value <= greatest:
            raise problem(f"{show(value)} is out of bounds" + expectation(f"{show(least)} to {show(greatest)}"))
        return value

    return AfterValidator(check)


def expression(value: Any) -> Expression:
    """A condition."""
    return compiled(value, parse)


def value_of(value: Any) -> Expression:
    """Text with `{names}`, or `=` and an expression."""
    return Literal(value) if isinstance(value, bool) else compiled(value, parse_value)


def compiled(value: Any, parser: Callable[[str], Expression]) -> Expression:
    """Text through a parser, its error with the place."""
    if isinstance(value, bool):
        return Literal(value)
    try:
        return parser(text(value))
    except ExpressionError as error:
        raise problem(str(error), error.offset) from error


def digit_pattern(value: str) -> str:
    """A regular expression over keys that cannot run away: few repetitions, none of a group."""
    if len(value) > 200 or not PATTERN.fullmatch(value):
        raise problem(f"{shown(value)} is no pattern" + expectation(r"keys, \d, [1-5], ., |, ( ), ?, *, +, {2,4}"))
    if re.search(r"\)[*+{]", value) or len(re.findall(r"(?<!\[)[*+{]", re.sub(r"\[[^]]*\]", "x", value))) > 3:
        raise problem(f"{shown(value)} repeats too much" + expectation("at most three repetitions, none of a group"))
    try:
        re.compile(value, re.ASCII)
    except re.error as error:
        raise problem(f"{shown(value)} is no pattern: {error.msg}", error.pos or 0) from error
    return value


Text = Annotated[str, BeforeValidator(text)]
WholeNumber = Annotated[int, BeforeValidator(whole_number), WithJsonSchema({"type": "integer"})]
Decimal = Annotated[float, BeforeValidator(decimal), WithJsonSchema({"type": "number"})]
Flag = Annotated[bool, BeforeValidator(flag), WithJsonSchema({"type": "boolean"})]
DURATION_SCHEMA = {"type": "string", "pattern": "^(0|([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$"}
Duration = Annotated[int, BeforeValidator(duration), WithJsonSchema(DURATION_SCHEMA)]
Identifier = Annotated[
    Text, AfterValidator(matching(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", "up to 40 letters, digits, - and _"))
]
VariableName = Annotated[
    Text,
    AfterValidator(
        matching(
            r"(?!(?:call|caller|true|false|none|null|and|or|not|in|if|else|is)\Z)[a-z_][a-z0-9_]{0,39}",
            "a name of lower-case letters, digits and _; fields of the record: see `caller`",
        )
    ),
]
LanguageCode = Annotated[Text, AfterValidator(matching(r"[a-z]{2,3}(-[A-Z]{2})?", "a language as en, es, pt-BR"))]
ValueOf = Annotated[Any, PlainValidator(value_of), WithJsonSchema({"type": ["string", "integer", "boolean"]})]

KINDS: dict[str, Any] = {
    "duration": Duration,
    "condition": Annotated[Any, PlainValidator(expression), WithJsonSchema({"type": ["string", "boolean"]})],
    "value": ValueOf,
    "step": Annotated[Text, AfterValidator(of_kind("step"))],
    "flow": Annotated[Text, AfterValidator(of_kind("flow"))],
    "queue": Annotated[Text, AfterValidator(of_kind("queue"))],
    "calendar": Annotated[Text, AfterValidator(of_kind("calendar"))],
    "list": Annotated[Text, AfterValidator(of_kind("do-not-call list"))],
    "variable": VariableName,
    "mailbox": Identifier,
    "field": Annotated[
        Text,
        AfterValidator(matching(r"(?!known\Z)[a-z_][a-z0-9_]{0,39}", "a name of lower-case letters, digits and _")),
    ],
    "key": Annotated[Text, AfterValidator(matching("[0-9*#A-D]", "one key: 0 to 9, *, #, A to D"))],
    "pattern": Annotated[Text, AfterValidator(digit_pattern)],
    "extension": Annotated[Text, AfterValidator(matching(r"[A-Za-z0-9*#+_-]{1,40}", "an extension of the dialplan"))],
}
"""`ccd.core.flow.setting.Kind.name` to the type that reads it."""
