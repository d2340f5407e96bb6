"""A copy of the contact store as it stands at one moment, though a daemon writes to it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

PAGES = 4_096
LOCK_SECONDS = 10.0
COMPANIONS = ("-wal", "-shm")
"""What SQLite has beside the file while it is open, and after a crash: it belongs to that very file."""


def copy_store(store: Path, target: Path) -> None:
    """Into a file that is not there yet. Raises sqlite3.Error."""
    with (
        closing(sqlite3.connect(f"file:{quote(str(store))}?mode=rw", uri=True, timeout=LOCK_SECONDS)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        copy.execute("PRAGMA synchronous = OFF")  # it is read at once, and then it goes
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()  # this is the moment
        source.backup(copy, pages=PAGES)


def drop_companions(store: Path) -> None:
    """Of a file that is about to be replaced: they would be taken for the new one's."""
    for ending in COMPANIONS:
        store.with_name(store.name + ending).unlink(missing_ok=True)
