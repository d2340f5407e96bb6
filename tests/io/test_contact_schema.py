import sqlite3
from pathlib import Path

import pytest

from ccd.io.contact_schema import SCHEMA, TABLES, WrongStoreError, opened


def test_a_new_file_has_the_schema_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    path = tmp_path / "state" / "contacts.db"
    db = opened(path)
    assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA,)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)
    db.execute("INSERT INTO campaigns (name) VALUES ('spring')")
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700
    db.close()
    again = opened(path)
    assert again.execute("SELECT name FROM campaigns").fetchall() == [("spring",)]
    again.close()


def test_an_older_schema_is_brought_up_step_by_step(tmp_path: Path) -> None:
    path = tmp_path / "contacts.db"
    opened(path).close()
    steps = {1: "ALTER TABLE campaigns ADD COLUMN colour TEXT;", 2: "UPDATE campaigns SET colour = 'red';"}
    db = opened(path, steps, 3)
    assert db.execute("PRAGMA user_version").fetchone() == (3,)
    assert db.execute("SELECT colour FROM campaigns").fetchall() == []
    db.close()


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "contacts.db"
    opened(path).close()
    with pytest.raises(sqlite3.OperationalError):
        opened(path, {1: "CREATE TABLE half (x); SELECT * FROM nowhere;"}, 2)
    db = opened(path)
    assert db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)
    db.close()


def test_a_newer_schema_and_one_without_a_way_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "contacts.db"
    opened(path, {1: "SELECT 1;"}, 2).close()
    with pytest.raises(WrongStoreError, match="written by a newer ccd"):
        opened(path)
    with pytest.raises(WrongStoreError, match="knows no way"):
        opened(path, {}, 3)


def test_another_database_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE things (x)")
    other.commit()
    other.close()
    with pytest.raises(WrongStoreError):
        opened(path)


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "contacts.db"
    path.write_bytes(b"number;name\n" * 1_000)
    with pytest.raises(sqlite3.DatabaseError):
        opened(path)


def test_the_tables_are_one_schema() -> None:
    db = sqlite3.connect(":memory:")
    db.executescript(TABLES)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
