"""Around every request: bounds, ids, headers, and faults that tell the client nothing."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Message, Scope
from structlog.testing import capture_logs

from ccd.web.door import Bounds, Door
from tests.web.centre import ANA, SmallCentre
from tests.web.conftest import Asking

JSON = {"Content-Type": "application/json"}


async def pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b" " * 10_000


async def test_a_body_beyond_the_bound_is_refused(asking: Asking, centre: SmallCentre) -> None:
    answer = await asking("root").post(f"/v1/agents/{ANA}/pause", content=pieces(7), headers=JSON)
    assert (answer.status_code, answer.json()["status"]) == (413, 413)
    assert centre.requests == []


async def test_a_body_that_does_not_come_is_not_waited_for(
    app: FastAPI, centre: SmallCentre, secrets: dict[str, str]
) -> None:
    sent: list[Message] = []

    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"authorization", f"Bearer {secrets['root']}".encode()), (b"content-type", b"application/json")]
    path = f"/v1/agents/{ANA}/pause"
    scope: Scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    await Door(app, Bounds(patience=0.0))(scope, never, send)
    assert sent[0]["status"] == 408
    assert centre.requests == []


async def test_every_answer_has_its_headers(asking: Asking) -> None:
    for name, path in (("", "/healthz"), ("", "/v1/state"), ("root", "/v1/state"), ("", "/nothing")):
        headers = (await asking(name).get(path)).headers
        assert len(headers["x-request-id"]) == 16
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]


async def test_a_fault_of_ours_says_nothing_of_the_inside(
    asking: Asking, centre: SmallCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(centre, "view", broken)
    answer = await asking("root").get("/v1/state")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert answer.json()["request"] == answer.headers["x-request-id"]


async def test_the_log_tells_who_changed_or_took_what_and_not_who_looked(asking: Asking) -> None:
    root = asking("root")
    with capture_logs() as logs:
        await root.get("/v1/state")
        await root.get("/readyz")
        await root.post(f"/v1/agents/{ANA}/pause", json={})
        await root.get("/v1/recordings/rec-1")
    told = [(entry["by"], entry["method"], entry["path"], entry["status"]) for entry in logs]
    assert told == [("root", "POST", "/v1/agents/ana/pause", 200), ("root", "GET", "/v1/recordings/rec-1", 200)]


async def test_paths_with_anything_in_them_are_answered(asking: Asking) -> None:
    root: httpx.AsyncClient = asking("root")
    for path in ("/v1/agents/%00", "/v1/agents/a%0d%0ab", "/v1/agents/" + "a" * 9_000, "/v1/calls/%ff", "//v1/state"):
        assert (await root.get(path)).status_code in (404, 422), path


async def test_a_long_body_that_nobody_read_ends_the_connection(asking: Asking) -> None:
    """Else all of a file would still come in, after the answer that it is not taken."""
    text = b"number\n" * 20_000
    wrong = await asking("root").post("/v1/campaigns/none/imports", content=text, headers={"Content-Type": "text/csv"})
    assert (wrong.status_code, wrong.headers["connection"]) == (404, "close")
    right = await asking("root").post(
        "/v1/campaigns/winter/imports", content=text[:70_000], headers={"Content-Type": "text/csv"}
    )
    assert (right.status_code, right.headers.get("connection")) == (200, None)
