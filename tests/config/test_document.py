"""YAML as it is read here."""

from pathlib import Path

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from ccd.config.document import NODE_LIMIT, SIZE_LIMIT, read, read_file
from ccd.config.problem import ConfigurationErrors, Place


def refused(raw: bytes) -> str:
    """What is said about bytes that are no document."""
    with pytest.raises(ConfigurationErrors) as error:
        read(raw, "f.yaml")
    (problem,) = error.value.problems
    return str(problem)


def test_what_is_written_stays_as_it_is() -> None:
    raw = b"a: +34912345678\nb: 0100\nc: 22:30\nd: on\ne: no\nf: 1.50\ng: 2026-01-02\nh: 0x10\ni: 1_000\nj: =\n"
    assert list(read(raw, "f").data.values()) == [
        *("+34912345678", "0100", "22:30", "on", "no", "1.50", "2026-01-02", "0x10", "1_000", "=")
    ]


def test_only_null_true_and_false_are_more_than_text() -> None:
    raw = b"a: null\nb: ~\nc:\nd: true\ne: false\nf: 'true'\ng: \"\"\nh: True\n"
    assert list(read(raw, "f").data.values()) == [None, None, None, True, False, "true", "", "True"]


def test_every_value_has_its_place() -> None:
    document = read(b"a:\n  - b: 1\n    c: [x, y]\n", "f")
    assert document.place(("a", 0, "c", 1)) == Place("f", 3, 12)
    assert document.place(("a", 0, "c"), of_key=True) == Place("f", 3, 5)
    assert document.place(("a", 0, "<tag>", "c", "missing")) == Place("f", 3, 8)


def test_keys_are_text() -> None:
    document = read(b"1: a\ntrue: b\n? [x]\n: c\n", "f")
    assert document.data == {"1": "a", "true": "b"}
    assert [str(problem) for problem in document.problems] == ["f:3:3: error: a key must be text (expected a name)"]


def test_a_key_twice_is_an_error() -> None:
    document = read(b"a: 1\nb: 2\na: 3\n", "f")
    assert [str(problem) for problem in document.problems] == ["f:3:1: error: the key `a` is there already, in line 1"]


def test_aliases_are_followed() -> None:
    assert read(b"a: &x {b: 1}\nc: *x\n", "f").data == {"a": {"b": "1"}, "c": {"b": "1"}}


def test_a_billion_laughs_are_not_heard() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert f"more than {NODE_LIMIT:,} values" in refused("\n".join(lines).encode())


def test_a_snake_does_not_bite_its_tail() -> None:
    assert "levels" in refused(b"a: &a [*a]\n")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "f.yaml: error: the file is empty"),
        (b"# nothing\n", "f.yaml: error: the file is empty"),
        (b"a: [", "f.yaml:2:1: error: not YAML"),
        (b"a: 1\n b: 2\n", "f.yaml:2:3: error: not YAML"),
        (b"a: *x\n", "f.yaml:1:4: error: not YAML"),
        (b"a: 1\n---\nb: 2\n", "f.yaml:2:1: error: a second document begins"),
        (b"a: !!python/object:os.system x\n", "f.yaml:1:4: error: the tag"),
        (b"a: !x {b: 1}\n", "f.yaml:1:4: error: the tag !x"),
        (b"ab: \xff\n", "f.yaml:1:5: error: not UTF-8"),
        (b"a: \x00\n", "error: not YAML"),
        (b"[" * 100_000, "nested deeper than 30 levels"),
        (b"{a: " * 100_000, "nested deeper than 30 levels"),
        (b"- x\n" * 110_000, "the file holds more than"),
        (b"x" * (SIZE_LIMIT + 1), "the file is longer than"),
    ],
)
def test_what_is_refused(raw: bytes, message: str) -> None:
    assert message in refused(raw)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationErrors, match="cannot be read: No such file"):
        read_file(tmp_path / "no.yaml")


PIECES = st.sampled_from(
    [b"a", b": ", b"\n", b"  ", b"- ", b"[", b"]", b"{", b"}", b"&x ", b"*x", b"!", b"'", b'"', b"|"]
)


@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=30).map(b"".join)))
def test_any_bytes_give_a_document_or_configuration_errors(raw: bytes) -> None:
    try:
        read(raw, "f")
    except ConfigurationErrors as error:
        count = len(error.problems)
        event(f"{count} problems")
