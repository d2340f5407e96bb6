import pytest

from ccd.io.contact_add import NewContact
from ccd.io.contact_row import RowError, columns, contact_of, is_header
from tests.io.contacts import BERLIN, NEW_YORK, moment

HEADER = ["Phone", "First Name", "last-name", "KEY", "Priority", "Time Zone", "due_at", "Phone 2", "City"]


def contact(*cells: str, header: list[str] | None = None) -> NewContact:
    """Of a row whose numbers are in E.164 already; `x` is none."""
    where = columns(header or HEADER)
    return contact_of(cells, where, [cells[place] if cells[place] != "x" else "" for place, _ in where.numbers])


def test_a_row_with_all_there_is() -> None:
    assert contact(
        BERLIN, " Ann ", "Lee", "a1", "7", "Europe/Madrid", "2026-12-01T09:30", NEW_YORK, "Bonn"
    ) == NewContact(
        (BERLIN, NEW_YORK),
        "a1",
        "Ann Lee",
        {"City": "Bonn", "first_name": "Ann", "last_name": "Lee"},
        7,
        "Europe/Madrid",
        moment("2026-12-01T09:30+01:00"),
        ("phone", "phone"),
    )


def test_empty_cells_are_as_columns_that_are_not_there() -> None:
    assert contact(BERLIN, "", "", "", "", "", "", "", "") == NewContact(
        (BERLIN,), kinds=("phone",), zones=("Europe/Berlin",)
    )


def test_numbers_come_in_the_order_of_their_names() -> None:
    made = contact("+342", "+341", "+343", "", header=["number3", "mobile", "number2", "number4"])
    assert (made.numbers, made.kinds) == (("+341", "+343", "+342"), ("mobile", "number", "number"))


def test_one_number_in_two_columns_is_one() -> None:
    assert contact(BERLIN, BERLIN, header=["number", "number2"]).numbers == (BERLIN,)


def test_a_name_is_one_line() -> None:
    assert contact(BERLIN, "Ann\n  \tLee" + "x" * 500, header=["number", "name"]).name == ("Ann Lee" + "x" * 500)[:200]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-12-01", "2026-12-01T00:00-05:00"),
        ("2026-12-01T09:30", "2026-12-01T09:30-05:00"),
        ("2026-12-01 09:30", "2026-12-01T09:30-05:00"),
        ("2026-12-01T09:30Z", "2026-12-01T09:30+00:00"),
        ("2026-12-01T09:30+02:00", "2026-12-01T09:30+02:00"),
    ],
)
def test_a_time_is_the_contact_s_own(text: str, at: str) -> None:
    assert contact(NEW_YORK, text, header=["number", "due_at"]).due_at == moment(at)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("priority", "-1", "priority is a whole number"),
        ("priority", "101", "priority is a whole number"),
        ("priority", "9" * 5_000, "priority is a whole number"),
        ("priority", "٣", "priority is a whole number"),
        ("time_zone", "Mars/Olympus", "is no time zone"),
        ("time_zone", "../../etc/passwd", "is no time zone"),
        ("due_at", "tomorrow", "due_at is a date"),
        ("due_at", "0001-01-01", "due_at is a date"),
        ("due_at", "9999-12-31T23:59", "due_at is a date"),
        ("key", "x" * 201, "the key is longer"),
        ("city", "x" * 1_001, "city is longer"),
        ("number2", "x", "'x' is no telephone number"),
    ],
)
def test_what_is_wrong_is_said(name: str, text: str, said: str) -> None:
    with pytest.raises(RowError, match=said):
        contact(BERLIN, text, header=["number", name])


def test_without_a_number_it_is_nobody() -> None:
    with pytest.raises(RowError, match="has no number"):
        contact("", "Ann", header=["number", "name"])


@pytest.mark.parametrize(
    "header",
    [
        ["name"],
        ["number", "name", "Name"],
        ["number", "city", "city"],
        ["number", "x" * 65],
        [f"phone{n}" for n in range(1, 10)] + ["mobile"],
    ],
)
def test_a_header_that_is_none(header: list[str]) -> None:
    with pytest.raises(RowError):
        columns(header)


def test_columns_without_a_name_are_left_out() -> None:
    assert contact(BERLIN, "x", header=["number", ""]).fields == {}


def test_a_header_is_known_by_its_names() -> None:
    assert is_header(HEADER) == 8
    assert is_header(["name", "city"]) == 0
    assert is_header([]) == 0
