"""Text for terminals."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccd.cli.screen import lasting, plain, print_json, since
from ccd.model.ids import SECOND


@given(st.text())
def test_nothing_a_terminal_obeys_comes_through(text: str) -> None:
    shown = plain(text)
    assert shown.isprintable()
    assert len(shown) == len(text)


@pytest.mark.parametrize("text", ["a\x1b[2Jb", "\u202egnp.exe", "a\rb", "\u2028", "\x9b31m", "\ud800"])
def test_what_moves_colours_or_turns_round_is_replaced(text: str) -> None:
    assert "\N{REPLACEMENT CHARACTER}" in plain(text)


def test_names_of_people_are_left_as_they_are() -> None:
    assert plain("Zoë Núñez-Çelik 王") == "Zoë Núñez-Çelik 王"


@pytest.mark.parametrize(
    ("seconds", "told"), [(-5, "0:00"), (7, "0:07"), (765, "12:45"), (3723, "1:02:03"), (273_600, "3 d 4 h")]
)
def test_lengths(seconds: int, told: str) -> None:
    assert lasting(seconds * SECOND) == told
    assert since(SECOND, (seconds + 1) * SECOND) == told


def test_what_has_not_come_is_a_dash() -> None:
    assert since(0, SECOND) == "-"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_is_ascii_and_says_the_same(text: str) -> None:
    from contextlib import redirect_stdout
    from io import StringIO

    out = StringIO()
    with redirect_stdout(out):
        print_json({"text": text})
    said = out.getvalue()
    assert said.isascii()
    assert said.rstrip("\n").isprintable()
    assert json.loads(said) == {"text": text}
