"""What mutmut makes of `ccd/core`, and which of it is explained."""

import difflib
import gc
import inspect
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from mutmut.mutation.file_mutation import mutate_file_contents

CORE = Path("ccd/core")
EXPLAINED = Path("tests/mutants/explained.toml")


@dataclass(frozen=True)
class Mutant:
    """A function, changed in one place."""

    module: str
    function: str
    original: str
    changed: str

    @property
    def name(self) -> str:
        """The function's, with its module."""
        return f"{self.module}.{self.function}"

    def lines(self, sign: str) -> str:
        """What the change takes away (`-`) or puts in (`+`)."""
        found = difflib.ndiff(self.original.splitlines(), self.changed.splitlines())
        return stripped("\n".join(line[2:] for line in found if line.startswith(sign)))

    def diff(self) -> str:
        """As `diff -u` shows it, without the head."""
        found = difflib.unified_diff(self.original.splitlines(), self.changed.splitlines(), lineterm="", n=2)
        return "\n".join(f"    {line}" for line in list(found)[2:])


@dataclass(frozen=True)
class Explained:
    """A change of a function that no test can notice, or that none needs to."""

    function: str
    before: str
    after: str
    reason: str

    def is_of(self, mutant: Mutant) -> bool:
        """Whether the mutant is this change."""
        texts = (stripped(self.before), stripped(self.after))
        return mutant.name == self.function and (mutant.lines("-"), mutant.lines("+")) == texts


def stripped(text: str) -> str:
    """Lines without their indentation."""
    return "\n".join(line.strip() for line in text.strip().splitlines())


def explanations() -> list[Explained]:
    """All that are written down."""
    return [Explained(**entry) for entry in tomllib.loads(EXPLAINED.read_text())["mutant"]]


def mutants() -> Iterator[Mutant]:
    """All mutants of `ccd/core`, file by file."""
    for path in sorted(CORE.rglob("*.py")):
        made = mutate_file_contents(str(path), path.read_text())
        lines = made.code.splitlines()
        module = ".".join(path.with_suffix("").parts)
        texts = {
            name: textwrap.dedent("\n".join(lines[span.start - 1 : span.end])).strip()
            for name, span in made.line_span_by_function_name.items()
        }
        for name in made.mutant_names:
            # mutmut's name of `Call.identify` is `xǁCallǁidentify__mutmut_7`, that of `take` is `x_take__mutmut_7`
            mangled = name.rpartition("__mutmut_")[0]
            function = mangled[2:].replace("ǁ", ".")
            plain = function.rpartition(".")[2]
            original = f"{mangled}__mutmut_orig"
            yield Mutant(
                module, function, texts[original].replace(original, plain, 1), texts[name].replace(name, plain, 1)
            )


def function_of(mutant: Mutant) -> FunctionType:
    """The function as it is loaded; a method's is the one behind it."""
    found: Any = sys.modules[mutant.module]
    for part in mutant.function.split("."):
        found = inspect.getattr_static(found, part)
    return bare(found)


def bare(found: Any) -> FunctionType:
    """The function in a static or class method."""
    function = getattr(found, "__func__", found)
    assert isinstance(function, FunctionType)
    return function


def plant(mutant: Mutant) -> None:
    """From now on the function does what the mutant says, whoever holds it."""
    function = function_of(mutant)
    names = dict(function.__globals__)
    exec(compile(mutant.changed, mutant.name, "exec"), names)
    changed = bare(names[function.__name__])
    replace_code(function.__code__, changed.__code__)
    function.__defaults__ = changed.__defaults__
    function.__kwdefaults__ = changed.__kwdefaults__


def replace_code(old: CodeType, new: CodeType) -> None:
    """Whoever runs the old code runs the new one: the function itself, and functions that it made before."""
    inner = [[part for part in code.co_consts if isinstance(part, CodeType)] for code in (old, new)]
    for one, other in zip(*inner, strict=False):
        if (one.co_name, one.co_freevars) == (other.co_name, other.co_freevars):
            replace_code(one, other)
    for holder in gc.get_referrers(old):
        if isinstance(holder, FunctionType):
            holder.__code__ = new
