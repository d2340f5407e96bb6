"""The table of rooms: who may import whom, what a pure room may use, and what it may not do. Read from the source."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1] / "ccd"

ROOMS = {"cli", "config", "core", "daemon", "io", "lab", "model", "simulation", "switch", "web", "wire"}
MAY_IMPORT: dict[str, set[str]] = {
    "model": {"model"},
    "core": {"core", "model"},
    "wire": {"wire"},
    "switch": {"switch", "model", "wire"},
    "config": {"config", "core", "model"},
    "io": {"io", "model"},
    "web": {"web", "model"},
    "lab": {"lab", "model"},
    "cli": ROOMS - {"io"},
    "daemon": ROOMS,
    "simulation": {"simulation", "core", "switch", "model"},
}
"""Of our own rooms."""

PURE = ("model", "core", "wire", "switch")
ALLOWED = {
    "bisect",
    "collections",
    "copy",
    "collections.abc",
    "dataclasses",
    "functools",
    "hashlib",
    "heapq",
    "itertools",
    "math",
    "operator",
    "re",
    "typing",
    "urllib.parse",
}
"""Of the standard library, for pure rooms; besides it msgspec."""
THIRD_PARTIES_IN = ("config", "io", "daemon", "web", "lab", "cli")

EXCEPTIONS: dict[tuple[str, str], str] = {
    ("wire/esl.py", "json"): "msgspec refuses bytes that are not UTF-8, and tells no name twice; FreeSWITCH sends both",
}
"""(file, import): why it may."""

IMPURE_CALLS = {"print", "open", "input", "exec", "eval", "compile", "breakpoint", "hash", "id", "__import__"}
"""`hash` of text and `id` differ from run to run."""

FILES = sorted(HOUSE.rglob("*.py"))
PURE_FILES = [path for path in FILES if path.relative_to(HOUSE).parts[0] in PURE]


def name_of(path: Path) -> str:
    """How the test's output calls a file."""
    return str(path.relative_to(HOUSE))


def room_of(path: Path) -> str:
    """The room a file stands in; the package's own `__init__` is in none."""
    parts = path.relative_to(HOUSE).parts
    return parts[0] if len(parts) > 1 else ""


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported, wherever in the file; for types, too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide what is imported"
            assert node.module is not None
            if node.module == "ccd":
                yield from (f"ccd.{alias.name}" for alias in node.names)
            else:
                yield node.module


def offences(path: Path) -> Iterator[str]:
    """What a file imports and may not."""
    room = room_of(path)
    for name in imports(tree_of(path)):
        top = name.partition(".")[0]
        if top == "ccd":
            if "." in name and name.split(".")[1] not in MAY_IMPORT[room]:
                yield name
        elif top == "msgspec":
            continue
        elif top in sys.stdlib_module_names:
            if room in PURE and name not in ALLOWED:
                yield name
        elif room not in THIRD_PARTIES_IN:
            yield name


@pytest.mark.parametrize("path", [path for path in FILES if room_of(path)], ids=name_of)
def test_imports_what_its_room_may(path: Path) -> None:
    found = {name for name in offences(path) if (name_of(path), name) not in EXCEPTIONS}
    assert not found, f"{name_of(path)} may not import {', '.join(sorted(found))}"


def test_every_room_is_in_the_table() -> None:
    assert {room_of(path) for path in FILES} - {""} <= set(MAY_IMPORT)


def test_no_exception_outlives_its_reason() -> None:
    for name, imported in EXCEPTIONS:
        assert imported in set(offences(HOUSE / name))


class Impurities(ast.NodeVisitor):
    """What a pure room may not do, as far as the source tells: async, effects, an order that varies."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._sets: list[set[str]] = [set()]

    def note(self, node: ast.AST, what: str) -> None:
        self.found.append(f"line {getattr(node, 'lineno', 0)}: {what}")

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.note(node, "async")

    def visit_Await(self, node: ast.Await) -> None:
        self.note(node, "await")

    def visit_Global(self, node: ast.Global) -> None:
        self.note(node, "global")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._sets.append(set())
        self.generic_visit(node)
        self._sets.pop()

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        for target in node.targets:
            self._remember(target, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.generic_visit(node)
        if node.value is not None:
            self._remember(node.target, node.value)

    def visit_For(self, node: ast.For) -> None:
        self._iterates(node.iter)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self._iterates(node.iter)
        self.generic_visit(node)

    def visit_Starred(self, node: ast.Starred) -> None:
        self._iterates(node.value)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name):
            if node.func.id in IMPURE_CALLS:
                self.note(node, f"{node.func.id}()")
            elif node.func.id in ("list", "tuple", "iter", "next", "enumerate", "dict", "map", "filter", "zip"):
                for argument in node.args:
                    self._iterates(argument)
        elif isinstance(node.func, ast.Attribute) and node.func.attr == "join":
            for argument in node.args:
                self._iterates(argument)
        self.generic_visit(node)

    def _remember(self, target: ast.expr, value: ast.expr) -> None:
        name = ast.unparse(target)
        if self._is_set(value):
            self._sets[-1].add(name)
        else:
            self._sets[-1].discard(name)

    def _iterates(self, node: ast.expr) -> None:
        if self._is_set(node):
            self.note(node, f"iterates over the set {ast.unparse(node)}")

    def _is_set(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Set | ast.SetComp):
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return node.func.id in ("set", "frozenset")
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub | ast.BitXor):
            return self._is_set(node.left) or self._is_set(node.right)
        if isinstance(node, ast.Name | ast.Attribute):
            return any(ast.unparse(node) in known for known in self._sets)
        return False


def impurities(source: str) -> list[str]:
    """Those of a piece of source."""
    visitor = Impurities()
    visitor.visit(ast.parse(source))
    return visitor.found


@pytest.mark.parametrize("path", PURE_FILES, ids=name_of)
def test_pure_room_is_pure(path: Path) -> None:
    assert impurities(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "async def f(): ...",
        "print(1)",
        "for x in {1, 2}: ...",
        "for x in set(y): ...",
        "def f(y):\n    seen = {a for a in y}\n    return [b for b in seen]",
        "def f(y):\n    seen: set[int] = set()\n    return list(seen | y)",
        "', '.join({'a'})",
        "x = (*{1, 2},)",
        "key = hash('a')",
    ],
)
def test_impurity_is_found(source: str) -> None:
    assert impurities(source)


@pytest.mark.parametrize(
    "source", ["for x in sorted({1, 2}): ...", "y = 1 in {1, 2}", "for x in {1: 2}: ...", "len(set('a'))"]
)
def test_what_has_an_order_is_no_impurity(source: str) -> None:
    assert not impurities(source)
