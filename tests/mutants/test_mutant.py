"""A mutant acts wherever its function is held, and is known again by its lines."""

import sys
from types import ModuleType
from typing import Any

import pytest

from tests.mutants.mutant import Explained, Mutant, plant

HOME = "tests.mutants.home"
SOURCE = """
def limit(most=3):
    return most

class Gate:
    @staticmethod
    def is_open(count):
        return count < limit()

def gate(least):
    def is_open(count):
        return count > least
    return is_open
"""
LIMIT = Mutant(HOME, "limit", "def limit(most=3):\n    return most", "def limit(most=4):\n    return most")
IS_OPEN = Mutant(
    HOME,
    "Gate.is_open",
    "@staticmethod\ndef is_open(count):\n    return count < limit()",
    "@staticmethod\ndef is_open(count):\n    return count <= limit()",
)
GATE = Mutant(
    HOME,
    "gate",
    "def gate(least):\n    def is_open(count):\n        return count > least\n    return is_open",
    "def gate(least):\n    def is_open(count):\n        return count < least\n    return is_open",
)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of its own."""
    made = ModuleType(HOME)
    exec(SOURCE, vars(made))
    monkeypatch.setitem(sys.modules, HOME, made)
    return made


def test_a_default_changes_for_who_holds_the_function(home: Any) -> None:
    held = home.limit
    plant(LIMIT)
    assert held() == 4
    assert home.Gate.is_open(3)


def test_a_method_changes(home: Any) -> None:
    held = home.Gate.is_open
    assert not held(3)
    plant(IS_OPEN)
    assert held(3)


def test_a_function_that_was_made_before_changes_too(home: Any) -> None:
    made = home.gate(2)
    assert made(3)
    plant(GATE)
    assert not made(3)


def test_an_explanation_is_of_one_change_of_one_function() -> None:
    before, after = "return count < limit()", "    return count <= limit()\n"
    assert Explained(f"{HOME}.Gate.is_open", before, after, "").is_of(IS_OPEN)
    assert not Explained(f"{HOME}.is_open", before, after, "").is_of(IS_OPEN)
    assert not Explained(f"{HOME}.Gate.is_open", after, before, "").is_of(IS_OPEN)
