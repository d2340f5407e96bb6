"""`ccd` as a shell runs it, against a served API over a small centre."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, NamedTuple

import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from ccd.cli.main import main
from ccd.web.port import Port
from ccd.web.server import WebServer
from tests.web.centre import SmallCentre
from tests.web.conftest import app, centre, secrets, tokens

__all__ = ["app", "centre", "secrets", "tokens"]


class Outcome(NamedTuple):
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Coroutine[Any, Any, Outcome]]


@pytest.fixture
async def url(app: FastAPI, centre: SmallCentre) -> AsyncIterator[str]:
    port = Port("127.0.0.1", 0)
    port.bind()
    server = WebServer(app, port)
    serving = asyncio.create_task(server.serve())
    with capture_logs():
        yield port.url
    centre.feed.close()
    server.stop()
    await serving


@pytest.fixture
def ccd(
    url: str, secrets: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    """`await ccd("agents", "--json", by="sofia")`."""
    monkeypatch.setenv("COLUMNS", "200")

    async def command(*arguments: str, by: str = "root", at: str = url) -> Outcome:
        monkeypatch.setenv("CCD_URL", at)
        monkeypatch.setenv("CCD_TOKEN", secrets.get(by, by))
        code = await asyncio.to_thread(ended, *arguments)
        return Outcome(code, *capsys.readouterr())

    return command


def ended(*arguments: str) -> int:
    """The exit code of a command run in this process."""
    try:
        main(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0
