"""Server-sent events: over a real socket, since only there a viewer can be slow or go."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from ccd.model.fact import AgentChanged, CallStarted
from ccd.model.ids import CallId, Endpoint, LegId
from ccd.web.port import Port
from ccd.web.server import WebServer
from ccd.web.token import Tokens
from tests.web.centre import ANA, BEA, NOW, SmallCentre

Event = tuple[str, Any]


@pytest.fixture
async def url(app: FastAPI, centre: SmallCentre) -> AsyncIterator[str]:
    port = Port("127.0.0.1", 0)
    port.bind()
    server = WebServer(app, port)
    serving = asyncio.create_task(server.serve())
    yield port.url
    centre.feed.close()
    server.stop()
    async with asyncio.timeout(5):
        await serving


@asynccontextmanager
async def watching(url: str, secret: str, query: str = "") -> AsyncIterator[AsyncIterator[Event]]:
    headers = {"Authorization": f"Bearer {secret}"}
    async with (
        asyncio.timeout(10),
        httpx.AsyncClient(base_url=url, headers=headers) as client,
        client.stream("GET", f"/v1/stream{query}") as response,
    ):
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield events(response.aiter_lines())


async def events(lines: AsyncIterator[str]) -> AsyncIterator[Event]:
    name = ""
    async for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


async def first_event(url: str, secret: str) -> Event | None:
    """What a new viewer sees first; None where there is no place for him."""
    try:
        async with watching(url, secret) as seen:
            return await anext(seen)
    except AssertionError:
        return None


def started(number: int) -> CallStarted:
    return CallStarted(CallId(f"c-{number}"), LegId("pbx/1/x"), "inbound", "1\n2", "", "900", "")


def changed(agent: Any) -> AgentChanged:
    return AgentChanged(agent, "ready", "paused", "tea", Endpoint(""), NOW)


async def test_the_state_first_then_what_happens_then_the_state_again(
    url: str, centre: SmallCentre, secrets: dict[str, str]
) -> None:
    async with watching(url, secrets["sofia"]) as seen:
        name, state = await anext(seen)
        assert (name, state["site"], len(state["agents"])) == ("state", "Shop", 3)
        centre.feed.note(NOW, started(7))
        assert await anext(seen) == (
            "fact",
            {
                "at": NOW,
                "fact": {"type": "CallStarted", "call": "c-7", "leg": "pbx/1/x", "direction": "inbound"}
                | {"ani": "1\n2", "ani_name": "", "dnis": "900", "number": ""},
            },
        )
        assert (await anext(seen))[0] == "state"


async def test_a_viewer_who_was_slow_is_told_how_much_he_missed(
    url: str, centre: SmallCentre, secrets: dict[str, str]
) -> None:
    async with watching(url, secrets["sofia"]) as seen:
        assert (await anext(seen))[0] == "state"
        for number in range(12):
            centre.feed.note(NOW, started(number))
        assert await anext(seen) == ("skipped", 7)
        assert [(await anext(seen))[1]["fact"]["call"] for _ in range(5)] == [f"c-{number}" for number in range(7, 12)]


async def test_an_agent_hears_of_himself_only(url: str, centre: SmallCentre, secrets: dict[str, str]) -> None:
    async with watching(url, secrets["bea"]) as seen:
        _, state = await anext(seen)
        assert [agent["id"] for agent in state["agents"]] == [BEA]
        centre.feed.note(NOW, started(1))
        centre.feed.note(NOW, changed(ANA))
        centre.feed.note(NOW, changed(BEA))
        name, noted = await anext(seen)
        assert (name, noted["fact"]["agent"]) == ("fact", BEA)


async def test_there_is_room_for_so_many_and_a_place_comes_free(
    url: str, centre: SmallCentre, secrets: dict[str, str]
) -> None:
    async with watching(url, secrets["sofia"]) as one, watching(url, secrets["sofia"]) as two:
        async with watching(url, secrets["sofia"]) as three:
            for seen in (one, two, three):
                await anext(seen)
            assert await first_event(url, secrets["sofia"]) is None
        async with asyncio.timeout(5):
            while await first_event(url, secrets["sofia"]) is None:
                assert centre.feed.viewers <= 3


async def test_a_token_taken_away_ends_its_streams(
    url: str, centre: SmallCentre, secrets: dict[str, str], tokens: Tokens
) -> None:
    async with watching(url, secrets["sofia"]) as seen:
        await anext(seen)
        tokens.replace([])
        centre.feed.note(NOW, started(1))
        rest = [event async for event in seen]
        assert len(rest) <= 1


async def test_the_stream_ends_when_the_daemon_does(url: str, centre: SmallCentre, secrets: dict[str, str]) -> None:
    async with watching(url, secrets["sofia"]) as seen:
        await anext(seen)
        centre.feed.close()
        assert [event async for event in seen] == []
