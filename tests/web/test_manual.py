"""docs/api.md names every route, and the role that each needs."""

import re
from pathlib import Path

import pytest
from fastapi import FastAPI

from tests.web.conftest import Asking
from tests.web.test_access import VALUES, routes

MANUAL = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
ROWS = re.findall(r"^\| `(\w+) (/\S+)` \|.*\| (\w+) \|$", MANUAL, re.MULTILINE)
BEA = {**VALUES, "agent": "bea"}


def test_every_route_is_in_the_manual(app: FastAPI) -> None:
    assert sorted((method, path) for method, path, _ in ROWS) == sorted(routes(app))


@pytest.mark.parametrize(("method", "path", "role"), [row for row in ROWS if row[1] != "/v1/stream"])
async def test_the_role_is_the_one_the_manual_tells(asking: Asking, method: str, path: str, role: str) -> None:
    """The lowest token that is let in; a body that is missing is a 4xx of another kind than 403."""
    names = {"agent": "bea", "supervisor": "sofia", "admin": "root"}
    let_in = [
        told
        for told, name in names.items()
        if (await asking(name).request(method, path.format(**BEA))).status_code not in (401, 403)
    ]
    assert let_in == list(names)[0 if role == "open" else list(names).index(role) :]
