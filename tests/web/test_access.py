"""Who may come in, and what an agent sees."""

import pytest
from fastapi import FastAPI

from ccd.web.token import Tokens
from tests.web.centre import ANA, BEA, KNOWN, OTHER, PAST, TALK, WAIT, SmallCentre
from tests.web.conftest import Asking

OPEN = {"/healthz", "/readyz"}
VALUES = {
    "agent": "ana",
    "call": "c-1",
    "caller": "k-1",
    "recording": "rec-1",
    "action": "pause",
    "campaign": "winter",
    "contact": "2",
    "attempt": "c-0",
    "list": "own",
    "file": "i-1",
}


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Every method and path of the app; taken from the routes, not from the document."""
    contexts = [context for included in app.routes for context in included.effective_route_contexts()]  # type: ignore[attr-defined]  # FastAPI's own wrapper of an included router
    return [(method, context.path_format) for context in contexts for method in context.methods]


async def test_nothing_is_open_without_a_token_but_health(app: FastAPI, asking: Asking) -> None:
    stranger = asking("")
    tried = routes(app)
    assert len(tried) > 20
    for method, template in tried:
        path = template.format(**VALUES)
        status = (await stranger.request(method, path)).status_code
        assert (status == 200) if path in OPEN else status in (401, 429), (method, path, status)


async def test_a_token_of_another_shape_is_not_one(asking: Asking, secrets: dict[str, str]) -> None:
    client = asking("")
    right = secrets["root"]
    for wrong in ("", "Bearer", f"Basic {right}", f"Bearer {right}x", f"Bearer {right[:-1]}", f"bearer {right[4:]}"):
        answer = await client.get("/v1/state", headers={"Authorization": wrong})
        assert answer.status_code == 401, wrong
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (await client.get("/v1/state", headers={"Authorization": f"bearer {right}"})).status_code == 200


async def test_an_agent_acts_for_himself_only(asking: Asking, centre: SmallCentre) -> None:
    bea = asking("bea")
    assert (await bea.post(f"/v1/agents/{BEA}/pause", json={"reason": "tea"})).status_code == 200
    for action in ("pause", "unpause", "login", "logout", "end-wrap-up"):
        body = {"endpoint": "PJSIP/1"} if action == "login" else {}
        assert (await bea.post(f"/v1/agents/{ANA}/{action}", json=body)).status_code == 403
    assert len(centre.requests) == 1


async def test_an_agent_sees_himself_and_his_call(asking: Asking) -> None:
    bea = asking("bea")
    state = (await bea.get("/v1/state")).json()
    assert [agent["id"] for agent in state["agents"]] == [BEA]
    assert [call["id"] for call in state["calls"]] == [TALK]
    assert (await bea.get(f"/v1/agents/{ANA}")).status_code == 403
    assert (await bea.get(f"/v1/calls/{TALK}")).status_code == 200
    assert (await bea.get(f"/v1/calls/{WAIT}")).status_code == 404
    assert (await bea.post(f"/v1/calls/{WAIT}/hangup")).status_code == 404
    assert (await bea.get(f"/v1/calls/{PAST}")).status_code == 200


async def test_an_agent_sees_the_caller_on_his_line_and_no_other(asking: Asking, centre: SmallCentre) -> None:
    bea = asking("bea")
    assert (await bea.get(f"/v1/callers/{KNOWN}")).json()["fields"] == {"tier": "gold"}
    for method, path in (("GET", ""), ("PATCH", ""), ("GET", "/history")):
        body = {"fields": {"tier": "x"}} if method == "PATCH" else None
        assert (await bea.request(method, f"/v1/callers/{OTHER}{path}", json=body)).status_code == 404
    assert centre.records[OTHER].fields == {}
    assert (await asking("sofia").get(f"/v1/callers/{OTHER}")).status_code == 200
    assert (await bea.get("/v1/callers")).status_code == 403
    assert (await bea.get("/v1/recordings/rec-1")).status_code == 403
    del centre.running_calls[TALK]
    assert (await bea.get(f"/v1/callers/{KNOWN}")).status_code == 404


@pytest.mark.parametrize(("name", "status"), [("bea", 403), ("sofia", 403), ("root", 200)])
async def test_only_an_admin_reloads(asking: Asking, name: str, status: int) -> None:
    assert (await asking(name).post("/v1/reload")).status_code == status


async def test_a_token_taken_away_is_refused_at_once(asking: Asking, tokens: Tokens) -> None:
    sofia = asking("sofia")
    assert (await sofia.get("/v1/queues")).status_code == 200
    tokens.replace([])
    assert (await sofia.get("/v1/queues")).status_code == 401


async def test_trying_tokens_ends_in_429_and_right_ones_still_pass(asking: Asking) -> None:
    client = asking("")
    statuses = [
        (await client.get("/v1/state", headers={"Authorization": f"Bearer {n}"})).status_code for n in range(12)
    ]
    assert statuses == [401] * 10 + [429] * 2
    last = await client.get("/v1/state")
    assert 0 < int(last.headers["retry-after"]) <= 61
    assert (await asking("root").get("/v1/state")).status_code == 200
