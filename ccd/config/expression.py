"""Conditions and values as text to `ccd.core.flow.expression`: Python's own parser behind a strict allow-list."""

import ast
import re
import warnings
from collections.abc import Iterable

from ccd.config.problem import expectation, listed
from ccd.core.flow.expression import (
    FUNCTIONS,
    NUMBER_LIMIT,
    Binary,
    Expression,
    FunctionCall,
    Literal,
    Logic,
    Name,
    Not,
    OneOf,
    Template,
)

SOURCE_LIMIT = 500
DEPTH_LIMIT = 25
CALL_NAMES = ("id", "ani", "ani_name", "dnis", "number")
"""What is known of every call: `call.<name>`."""
CONSTANTS = {"true": True, "false": False, "null": None, "none": None}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
NAME = re.compile(r"[a-z_][a-z0-9_]{0,39}(\.[a-z_][a-z0-9_]{0,39})?\Z", re.ASCII)


class ExpressionError(ValueError):
    """Not an expression; `offset` counts characters from the beginning of the text."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = max(offset, 0)


def parse(source: str) -> Expression:
    """Compile an expression. Raises `ExpressionError`."""
    text = source.lstrip()
    shift = len(source) - len(text)
    if len(source) > SOURCE_LIMIT:
        raise ExpressionError(0, f"longer than {SOURCE_LIMIT} characters")
    if "\n" in text.strip() or "\0" in text:
        raise ExpressionError(0, "more than one line" + expectation("an expression on one line"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        offset = shift + (error.offset or 1) - 1
        raise ExpressionError(offset, f"not an expression: {error.msg}" + hint(text)) from error
    except (ValueError, MemoryError, RecursionError) as error:
        raise ExpressionError(0, "not an expression") from error
    return Compiler(text, shift).compiled(tree.body, 0)


def hint(text: str) -> str:
    """What is written most often where it does not belong."""
    if re.search(r"&&|\|\||(?<![=!<>])=(?!=)|!(?!=)", text):
        return expectation("`and`, `or`, `not`, `==`")
    return ""


def parse_value(source: str) -> Expression:
    """Compile a value: after `=` an expression, else text with `{names}`."""
    if not source.startswith("="):
        return parse_template(source)
    try:
        return parse(source[1:])
    except ExpressionError as error:
        raise ExpressionError(error.offset + 1, str(error)) from error


def parse_template(source: str) -> Expression:
    """Compile text in which `{name}` stands for a value. Raises `ExpressionError`."""
    pieces: list[Expression] = []
    at = 0
    while (begin := source.find("{", at)) >= 0:
        end = source.find("}", begin)
        if end < 0:
            raise ExpressionError(begin, "`{` without `}`" + expectation("`{name}`"))
        pieces += [Literal(source[at:begin])] if begin > at else []
        pieces.append(Name(checked_name(source[begin + 1 : end].strip(), begin + 1)))
        at = end + 1
    pieces += [Literal(source[at:])] if source[at:] else []
    if all(isinstance(piece, Literal) for piece in pieces):
        return Literal(source)
    return Template(tuple(pieces))


def checked_name(name: str, offset: int) -> str:
    """A name that may be read: a variable, `call.<name>`, `caller.<field>`."""
    if not NAME.match(name):
        expected = "a name of lower-case letters, digits and `_`, or call.…, caller.…"
        raise ExpressionError(offset, f"`{name[:40]}` is not a name" + expectation(expected))
    base, _, rest = name.partition(".")
    if rest and base == "call" and rest not in CALL_NAMES:
        expected = listed(f"call.{known}" for known in CALL_NAMES)
        raise ExpressionError(offset, f"unknown value `{name}`" + expectation(expected, rest, CALL_NAMES))
    if (rest and base not in ("call", "caller")) or (not rest and base in ("call", "caller")):
        raise ExpressionError(offset, f"unknown value `{name}`" + expectation("a variable, call.… or caller.…"))
    return name


def dotted(node: ast.expr) -> str:
    """A name with its dots; `?` for what is no name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id if isinstance(node, ast.Name) else "?", *reversed(parts)])


class Compiler:
    """From Python's tree to ours; what is not on the list is an error with its offset."""

    def __init__(self, text: str, shift: int) -> None:
        self.text = text
        self.shift = shift

    def offset(self, node: ast.expr) -> int:
        """Where a node begins; Python counts bytes."""
        return self.shift + len(self.text.encode()[: node.col_offset].decode(errors="ignore"))

    def refuse(self, node: ast.expr, message: str) -> ExpressionError:
        """An error at a node."""
        return ExpressionError(self.offset(node), message)

    def compiled(self, node: ast.expr, depth: int) -> Expression:
        """One node and what is below it."""
        if depth > DEPTH_LIMIT:
            raise self.refuse(node, f"nested deeper than {DEPTH_LIMIT} levels")
        match node:
            case ast.BoolOp():
                operator = "and" if isinstance(node.op, ast.And) else "or"
                return Logic(operator, self.all_compiled(node.values, depth))
            case ast.UnaryOp(op=ast.Not()):
                return Not(self.compiled(node.operand, depth + 1))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))) if not isinstance(value, bool):
                return Literal(-self.bounded(node, value))
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                left, right = self.all_compiled((node.left, node.right), depth)
                return Binary("+" if isinstance(node.op, ast.Add) else "-", left, right)
            case ast.Compare():
                return self.comparison(node, depth)
            case ast.Call():
                return self.function(node, depth)
            case ast.Name() | ast.Attribute():
                return self.name(node)
            case ast.Constant(value=bool() | None | str() as value):
                return Literal(value)
            case ast.Constant(value=int(value)):
                return Literal(self.bounded(node, value))
        expected = "names, texts in quotes, whole numbers, comparisons, and, or, not, in, +, -, functions"
        raise self.refuse(node, "this is not allowed here" + expectation(expected))

    def all_compiled(self, nodes: Iterable[ast.expr], depth: int) -> tuple[Expression, ...]:
        """Several nodes, one level down."""
        return tuple(self.compiled(node, depth + 1) for node in nodes)

    def bounded(self, node: ast.expr, value: int) -> int:
        """A number of bounded size."""
        if abs(value) > NUMBER_LIMIT:
            raise self.refuse(node, f"a number beyond {NUMBER_LIMIT:,}")
        return value

    def name(self, node: ast.Name | ast.Attribute) -> Expression:
        """A name, or a constant that is written like one."""
        name = dotted(node)
        if name in CONSTANTS:
            return Literal(CONSTANTS[name])
        return Name(checked_name(name, self.offset(node)))

    def comparison(self, node: ast.Compare, depth: int) -> Expression:
        """`a < b`, `a in ('x', 'y')`, and chains of them."""
        pairs = []
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            pairs.append(self.compared(node, left, operator, right, depth))
            left = right
        return pairs[0] if len(pairs) == 1 else Logic("and", tuple(pairs))

    def compared(
        self, node: ast.Compare, left: ast.expr, operator: ast.cmpop, right: ast.expr, depth: int
    ) -> Expression:
        """One comparison."""
        word = COMPARISONS.get(type(operator))
        if word is None:
            raise self.refuse(node, "`is` is not allowed here" + expectation("`==`"))
        one = self.compiled(left, depth + 1)
        if word in ("in", "not in") and isinstance(right, ast.Tuple | ast.List):
            found = OneOf(one, self.all_compiled(right.elts, depth))
            return found if word == "in" else Not(found)
        return Binary(word, one, self.compiled(right, depth + 1))

    def function(self, node: ast.Call, depth: int) -> Expression:
        """A function of one operand."""
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in FUNCTIONS:
            message = f"unknown function `{dotted(node.func)[:40]}`"
            raise self.refuse(node, message + expectation(listed(FUNCTIONS), name, FUNCTIONS))
        if len(node.args) != 1 or node.keywords or isinstance(node.args[0], ast.Starred):
            raise self.refuse(node, f"`{name}` takes one value")
        return FunctionCall(name, self.compiled(node.args[0], depth + 1))
