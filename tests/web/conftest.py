"""The API over a small centre, and one who asks by role."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from ccd.web.app import create_app
from ccd.web.token import Token, Tokens, hash_token, make_token
from tests.web.centre import BEA, SmallCentre

Asking = Callable[[str], httpx.AsyncClient]


@pytest.fixture
def centre(tmp_path: Path) -> SmallCentre:
    (tmp_path / "rec-1.wav").write_bytes(bytes(range(200)) * 500)
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "i-1.errors").write_bytes(b"line,error\n")
    return SmallCentre(tmp_path)


@pytest.fixture
def secrets() -> dict[str, str]:
    return {name: make_token(name) for name in ("bea", "sofia", "root")}


@pytest.fixture
def tokens(secrets: dict[str, str]) -> Tokens:
    return Tokens(
        [
            Token("bea", "agent", hash_token(secrets["bea"]), BEA),
            Token("sofia", "supervisor", hash_token(secrets["sofia"])),
            Token("root", "admin", hash_token(secrets["root"])),
        ]
    )


@pytest.fixture
def app(centre: SmallCentre, tokens: Tokens) -> FastAPI:
    return create_app(centre, tokens)


@pytest.fixture
async def asking(app: FastAPI, secrets: dict[str, str]) -> AsyncIterator[Asking]:
    """`asking("sofia")` is a client with her token, `asking("")` one without any."""
    async with AsyncExitStack() as stack:

        def client(name: str) -> httpx.AsyncClient:
            headers = {"Authorization": f"Bearer {secrets[name]}"} if name else {}
            transport = httpx.ASGITransport(app)
            return httpx.AsyncClient(transport=transport, base_url="http://ccd", headers=headers)

        def opened(name: str) -> httpx.AsyncClient:
            one = client(name)
            stack.push_async_callback(one.aclose)
            return one

        yield opened
