import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccd.io.contact_add import AddRules
from ccd.io.contact_import import SMALL, Imported, import_contacts, import_numbers
from ccd.io.contact_store import ContactStore
from ccd.io.list_file import ListFileError
from tests.io.contacts import BERLIN, NEW_YORK, NOON, SPRING, rules

LIST = AddRules(("global",))
ROWS = """\
Number;Name;City
030 23125000;Ann;Bonn
+1 (212) 555-0100;Bob;=HYPERLINK("x")
030 23125000;Ann again;-2+3
112;Nobody;@SUM(A1)
"+49 30 23125001;Carl;Köln
0049 30 23125002;Dora
+49 30 23125003;Emil;Ulm
"""


def imported(store: ContactStore, folder: Path, text: str | bytes, small: int = SMALL) -> Imported:
    path = folder / "list.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return import_contacts(store, SPRING, path, folder / "errors.csv", "DE", LIST, small=small)


def errors(folder: Path) -> list[list[str]]:
    with (folder / "errors.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("small", [SMALL, 0])
def test_what_is_right_is_added_and_the_rest_written_down(store: ContactStore, tmp_path: Path, small: int) -> None:
    store.block(["+493023125003"], "global", NOON, "asked for it", "lucia")
    done = imported(store, tmp_path, ROWS, small)
    assert done == Imported("utf-8", ";", 7, 2, 1, 1, 3, str(tmp_path / "errors.csv"))
    assert errors(tmp_path) == [
        ["line", "error", "Number", "Name", "City"],
        ["4", f"the number {BERLIN} is there already", "030 23125000", "Ann again", "'-2+3"],
        ["5", "'112' is no telephone number", "112", "Nobody", "'@SUM(A1)"],
        ["6", "has a quote that is never closed", '"+49 30 23125001;Carl;Köln'],
        ["7", "has 2 columns, the header has 3", "0049 30 23125002", "Dora"],
        ["8", "the number +493023125003 is on the do-not-call list global", "+49 30 23125003", "Emil", "Ulm"],
    ]
    assert (tmp_path / "errors.csv").stat().st_mode & 0o777 == 0o600
    given_out = store.next_contacts(rules(), 9, NOON).contacts
    assert [(contact.number, contact.name, contact.fields) for contact in given_out] == [
        (BERLIN, "Ann", {"City": "Bonn"}),
        (NEW_YORK, "Bob", {"City": '=HYPERLINK("x")'}),
    ]


@pytest.mark.parametrize("small", [SMALL, 0])
def test_a_damaged_row_is_written_down_too(store: ContactStore, tmp_path: Path, small: int) -> None:
    rows = "number,name\n" + "".join(f"030 231250{n:02},José\n" for n in range(20))
    done = imported(store, tmp_path, rows.encode() + b"030 23125020,Jos\xe9\n", small)
    assert (done.encoding, done.added, done.wrong) == ("utf-8", 20, 1)
    assert errors(tmp_path)[1] == ["22", "has bytes that are no utf-8", "030 23125020", "Jos?"]


def test_without_errors_there_is_no_file_not_even_an_old_one(store: ContactStore, tmp_path: Path) -> None:
    (tmp_path / "errors.csv").write_text("of yesterday")
    assert imported(store, tmp_path, "number\n030 23125000\n").errors == ""
    assert not (tmp_path / "errors.csv").exists()


def test_cells_that_a_spreadsheet_would_compute_are_made_harmless(store: ContactStore, tmp_path: Path) -> None:
    odd = ["=1+1", "+1+cmd|' /C calc'!A0", "-1", "@x", "\tx", "+34 912", ""]
    imported(store, tmp_path, "number,a\n" + "".join(f'x,"{cell}"\n' for cell in odd))
    assert [row[3] for row in errors(tmp_path)[1:]] == [
        "'=1+1",
        "'+1+cmd|' /C calc'!A0",
        "-1",
        "'@x",
        "'\tx",
        "+34 912",
        "",
    ]


def test_the_same_file_again_adds_what_is_missing(store: ContactStore, tmp_path: Path) -> None:
    text = "number\n" + "".join(f"030 231250{n:02}\n" for n in range(40))
    assert imported(store, tmp_path, text[: text.index("030 23125021")]).added == 21
    second = imported(store, tmp_path, text)
    assert (second.added, second.duplicates) == (19, 21)
    assert store.counts(SPRING, NOON).waiting == 40


def test_how_far_it_is_is_told(store: ContactStore, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("number\n" + "".join(f"030 2312{n:04}\n" for n in range(9_000)))
    told: list[tuple[int, int]] = []
    done = import_contacts(
        store, SPRING, tmp_path / "list.csv", tmp_path / "e", "DE", LIST, lambda *far: told.append(far), 0
    )
    size = (tmp_path / "list.csv").stat().st_size
    assert done.rows == 9_000
    assert [total for _, total in told] == [size] * 3
    assert sorted(far for far, _ in told)[-1] == size


def test_what_is_no_list_is_told(store: ContactStore, tmp_path: Path) -> None:
    for text in ("", "name,city\nAnn,Bonn\n", "number,name,name\n"):
        with pytest.raises(ListFileError):
            imported(store, tmp_path, text)


def test_numbers_that_are_not_to_be_called(store: ContactStore, tmp_path: Path) -> None:
    path, wrong = tmp_path / "numbers.txt", tmp_path / "errors.csv"
    path.write_text("030 23125000\n\n0049 30 23125000\n112\n+1 212 555 0100\n")
    done = import_numbers(store, "global", path, wrong, "DE", NOON, "marta")
    assert done == Imported("utf-8", ",", 4, 2, 1, 0, 1, str(wrong))
    assert errors(tmp_path) == [["line", "error"], ["4", "has no telephone number", "112"]]
    assert (store.look_up(BERLIN)[0].reason, store.look_up(BERLIN)[0].by) == ("imported", "marta")
    path.write_text("Reason;Phone;Phone2\nasked;030 23125009;030 23125008\n;030 23125007;\nx;;\n")
    done = import_numbers(store, "acme", path, wrong, "DE", NOON, "marta", "from outside")
    assert (done.added, done.wrong) == (3, 1)
    assert store.look_up("+493023125008")[0].reason == "asked"
    assert store.look_up("+493023125007")[0].reason == "from outside"


def test_a_list_s_name_is_looked_at_before_the_file(store: ContactStore, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no name of a list"):
        import_numbers(store, "A b", tmp_path / "none", tmp_path / "e", "DE", NOON, "marta")


@settings(deadline=None, max_examples=60)
@given(st.text('0123456789+"\n;,=\0é ', max_size=300) | st.binary(max_size=200))
def test_whatever_a_list_holds_every_row_is_taken_or_written_down(
    tmp_path_factory: pytest.TempPathFactory, text: str | bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    store = ContactStore(folder / "contacts.db")
    data = text if isinstance(text, bytes) else text.encode()
    try:
        done = imported(store, folder, b"number,name\n030 23125000,Ann\n" + data)
    except ListFileError:  # so many zeros that it is taken for UTF-16
        store.close()
        return
    assert done.rows == done.added + done.duplicates + done.blocked + done.wrong
    assert store.counts(SPRING, NOON).waiting == done.added >= 1
    if done.errors:
        assert len(errors(folder)) == done.rows - done.added + 1
    store.close()
