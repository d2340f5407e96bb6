from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ccd.io.contact_row import is_header
from ccd.io.list_file import MOST_LINE, MOST_LINES_A_ROW, ListFile, ListFileError, RawRow, encoding_of

TEXT = "number;name\n+34912345678;José Núñez\n"


def read(path: Path, data: bytes | str, needs_header: bool = True) -> tuple[ListFile, list[RawRow]]:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    file = ListFile(path, is_header, needs_header)
    rows = list(file.rows())
    file.close()
    return file, rows


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list.csv"


@pytest.mark.parametrize(
    ("codec", "said"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_the_encoding_is_found(path: Path, codec: str, said: str) -> None:
    file, rows = read(path, TEXT.encode(codec))
    assert file.encoding == said
    assert file.header == ["number", "name"]
    assert rows == [RawRow(2, ("+34912345678", "José Núñez"))]


def test_bytes_that_windows_has_not_are_latin_1(path: Path) -> None:
    file, rows = read(path, b"number\n+34912345678\n\xe9\x81\n")
    assert (file.encoding, rows[1].cells) == ("latin-1", ("\xe9\x81",))


def test_one_damaged_row_does_not_make_another_encoding_of_all(path: Path) -> None:
    file, rows = read(path, (TEXT * 20).encode() + b"+34912345679;Jos\xe9\n")
    assert file.encoding == "utf-8"
    assert rows[-1].error == "has bytes that are no utf-8"
    assert not rows[-3].error


def test_a_file_of_utf_16_that_ends_within_a_character(path: Path) -> None:
    _, rows = read(path, TEXT.encode("utf-16") + b"x")
    assert [row.error for row in rows] == ["", "has bytes that are no utf-16"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(path: Path, delimiter: str) -> None:
    file, rows = read(
        path,
        f"name{delimiter}phone\n\n   \nAnn, B; C{delimiter * 0}{delimiter}1\n{delimiter}\n".replace("Ann, B; C", "Ann"),
    )
    assert file.delimiter == delimiter
    assert rows == [RawRow(4, ("Ann", "1"))]


def test_quoted_cells_hold_anything(path: Path) -> None:
    _, rows = read(path, 'number,name,note\n1,"Ann ""A"", B","two\nlines"\n2,x,"y"\n')
    assert rows == [RawRow(2, ("1", 'Ann "A", B', "two\nlines")), RawRow(4, ("2", "x", "y"))]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_end_in_all_the_ways(path: Path, ending: str) -> None:
    _, rows = read(path, ending.join(["number,name", "1,a", "2,b"]))
    assert [row.cells for row in rows] == [("1", "a"), ("2", "b")]


def test_a_quote_that_is_never_closed_spoils_its_line_alone(path: Path) -> None:
    lines = [f"{n},x" for n in range(50)]
    lines[3] = '3,"x'
    _, rows = read(path, "number,name\n" + "\n".join(lines))
    assert len(rows) == 50
    assert [(row.line, row.error) for row in rows if row.error] == [(5, "has a quote that is never closed")]
    assert rows[3].cells == ('3,"x',)
    lines[49] = '49,"x'
    _, rows = read(path, "number,name\n" + "\n".join(lines))
    assert [row.line for row in rows if row.error] == [5, 51]


def test_a_row_may_go_on_for_some_lines_and_no_more(path: Path) -> None:
    within = "\n".join(["x"] * MOST_LINES_A_ROW)
    _, rows = read(path, f'number,name\n1,"{within}"\n')
    assert (len(rows), rows[0].error) == (1, "")
    _, rows = read(path, f'number,name\n1,"{within}\nx"\n')
    assert rows[0].error == "has a quote that is never closed"


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("1", "has 1 columns, the header has 2"),
        ("1,2,3", "has 3 columns, the header has 2"),
        ("1,a\0b", "has a byte that is zero"),
        ('1,"a\0b"', "has a byte that is zero"),
        ('1,"a"b', "',' expected after '\"'"),
        ("1," + "x" * (2 * MOST_LINE), f"is longer than {MOST_LINE} characters"),
        ('1,"' + "x" * (2 * MOST_LINE) + '"', f"is longer than {MOST_LINE} characters"),
    ],
)
def test_what_is_wrong_with_a_row_is_said_and_the_next_one_is_right(path: Path, row: str, error: str) -> None:
    _, rows = read(path, f"number,name\n{row}\n2,b\n")
    assert [found.error for found in rows] == [error, ""]
    assert rows[1] == RawRow(3, ("2", "b"))


@pytest.mark.parametrize("data", ["", "\n\n  \n", "x,y\n1,2\n", "\0\0\0\0", '"number\n', ",".join(["number"] * 300)])
def test_what_is_no_list_is_told(path: Path, data: str) -> None:
    with pytest.raises(ListFileError):
        read(path, data)


def test_without_a_header_every_line_is_a_row(path: Path) -> None:
    file, rows = read(path, "+34912345678;\n\n+34912345679;x\n", needs_header=False)
    assert file.header == []
    assert [row.cells for row in rows] == [("+34912345678", ""), ("+34912345679", "x")]
    assert read(path, "", needs_header=False)[1] == []


def test_how_far_it_is(path: Path) -> None:
    file, _ = read(path, TEXT)
    assert file.size == len(TEXT.encode())


@settings(deadline=None)
@given(st.binary(max_size=400) | st.text('ab"\n\r,;\0é\ufeff', max_size=200).map(str.encode), st.booleans())
@example(b'number,a\n"', False)
@example(b"\xff\xfe", True)
def test_whatever_a_file_holds_it_is_rows_or_told(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, has_header: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(b"number,name\n" * has_header + data)
    assert encoding_of(path)
    try:
        file = ListFile(path, is_header, needs_header=has_header)
    except ListFileError:
        return
    rows = list(file.rows())
    file.close()
    assert all(rows[n].line < rows[n + 1].line for n in range(len(rows) - 1))
    assert all(row.error or len(row.cells) == len(file.header) for row in rows if file.header)
