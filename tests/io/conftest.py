from collections.abc import Iterator
from pathlib import Path

import pytest

from ccd.io.contact_store import ContactStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ContactStore]:
    """A contact store with nothing in it."""
    made = ContactStore(tmp_path / "contacts.db")
    yield made
    made.close()
