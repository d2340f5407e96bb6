"""What the routes do with the centre, and how refusals and unknown things read."""

import pytest

from ccd.model.event import HangUpRequested, LogInRequested, PauseRequested, RecordingRequested
from ccd.model.ids import Endpoint, RequestId
from tests.web.centre import ANA, BEA, CARL, KNOWN, PAST, TALK, SmallCentre
from tests.web.conftest import Asking


async def test_health_is_open_and_says_little(asking: Asking, centre: SmallCentre) -> None:
    stranger = asking("")
    assert (await stranger.get("/healthz")).json() == {"alive": True}
    assert (await stranger.get("/readyz")).json() == {"ready": True, "failing": []}
    centre.ready = False
    answer = await stranger.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "failing": ["switch pbx"]})
    assert "10.0.0.1" not in answer.text


async def test_logging_in_is_a_request_to_the_engine(asking: Asking, centre: SmallCentre) -> None:
    answer = await asking("sofia").post(f"/v1/agents/{CARL}/login", json={"endpoint": "PJSIP/1003"})
    assert answer.json() == {"request": "r-0"}
    assert centre.requests == [LogInRequested(RequestId("r-0"), "sofia", CARL, Endpoint("PJSIP/1003"))]


async def test_what_the_engine_refuses_is_a_conflict_with_its_reason(asking: Asking) -> None:
    answer = await asking("sofia").post(f"/v1/agents/{ANA}/login", json={"endpoint": "PJSIP/1"})
    problem = answer.json()
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem == {
        "title": "Conflict",
        "status": 409,
        "detail": "already logged in",
        "request": answer.headers["x-request-id"],
        "errors": [],
    }


async def test_pausing_shows_in_the_agent(asking: Asking, centre: SmallCentre) -> None:
    sofia = asking("sofia")
    await sofia.post(f"/v1/agents/{ANA}/pause", json={"reason": "tea"})
    assert centre.requests == [PauseRequested(RequestId("r-0"), "sofia", ANA, "tea")]
    agent = (await sofia.get(f"/v1/agents/{ANA}")).json()
    assert (agent["state"], agent["reason"]) == ("paused", "tea")


@pytest.mark.parametrize("action", ["start", "pause", "resume", "stop"])
async def test_recording_by_request(asking: Asking, centre: SmallCentre, action: str) -> None:
    assert (await asking("bea").post(f"/v1/calls/{TALK}/recording/{action}")).status_code == 200
    (request,) = centre.requests
    assert isinstance(request, RecordingRequested)
    assert (request.call, request.action, request.by) == (TALK, action, "bea")


async def test_hanging_up(asking: Asking, centre: SmallCentre) -> None:
    assert (await asking("sofia").post(f"/v1/calls/{TALK}/hangup")).status_code == 200
    assert centre.requests == [HangUpRequested(RequestId("r-0"), "sofia", TALK)]
    assert (await asking("sofia").post(f"/v1/calls/{PAST}/hangup")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/agents/nobody"),
        ("POST", "/v1/agents/nobody/logout"),
        ("GET", "/v1/calls/c-9"),
        ("GET", "/v1/calls/c-9/why"),
        ("GET", "/v1/callers/k-9"),
        ("GET", "/v1/callers/k-9/history"),
        ("GET", "/v1/recordings/rec-9"),
        ("GET", "/v1/nothing"),
    ],
)
async def test_what_is_not_there_is_a_404(asking: Asking, method: str, path: str) -> None:
    answer = await asking("root").request(method, path)
    assert answer.status_code == 404
    assert answer.json()["title"] == "Not Found"


async def test_a_call_explains_itself(asking: Asking) -> None:
    story = (await asking("sofia").get(f"/v1/calls/{PAST}/why")).json()
    (offer,) = story["offers"]
    assert offer["reason"].endswith("bea has the higher level in english: 3 against 2 of ana.")
    assert offer["skills"] == ["sales", "english"]
    assert [candidate["agent"] for candidate in offer["candidates"]] == ["bea", "ana", "carl"]
    assert story["call"]["way"][0]["result"] == "key 1"


async def test_past_calls_come_in_pages(asking: Asking) -> None:
    page = (await asking("sofia").get("/v1/calls/past", params={"limit": 1, "queue": "sales"})).json()
    assert [call["call"] for call in page["calls"]] == [PAST]


async def test_an_agent_and_a_queue_together(asking: Asking) -> None:
    sofia = asking("sofia")
    for queue, found in (("sales", 1), ("repairs", 0)):
        page = (await sofia.get("/v1/calls/past", params={"agent": "bea", "queue": queue})).json()
        assert len(page["calls"]) == found


async def test_an_agent_asks_for_his_own_past_whomever_he_names(asking: Asking, centre: SmallCentre) -> None:
    await asking("bea").get("/v1/calls/past", params={"agent": ANA})
    assert [selection.agent for selection in centre.selections] == [BEA]


async def test_fields_of_a_caller_are_written_and_the_others_stay(asking: Asking, centre: SmallCentre) -> None:
    answer = await asking("sofia").patch(f"/v1/callers/{KNOWN}", json={"fields": {"language": "es"}})
    assert answer.json()["fields"] == {"tier": "gold", "language": "es"}
    assert centre.records[KNOWN].fields == {"tier": "gold", "language": "es"}


async def test_a_caller_is_erased_and_erased_again(asking: Asking, centre: SmallCentre) -> None:
    root = asking("root")
    for _ in range(2):
        answer = await root.delete(f"/v1/callers/{KNOWN}")
        assert (answer.status_code, answer.json()) == (200, {"calls": 1, "recordings": 1, "left": []})
    assert KNOWN not in centre.records
    assert (await root.delete("/v1/callers/k-9")).status_code == 404


@pytest.mark.parametrize("name", ["bea", "sofia"])
async def test_only_an_admin_erases(asking: Asking, centre: SmallCentre, name: str) -> None:
    assert (await asking(name).delete(f"/v1/callers/{KNOWN}")).status_code == 403
    assert centre.erased == []


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"fields": {}}',
        b'{"fields": {"Tier": "x"}}',
        b'{"fields": {"tier": 3}}',
        b'{"fields": {"tier": "a\\u0000b"}}',
        b'{"fields": {"tier": "x\\n"}}',
        b'{"fields": {"tier\\n": "x"}}',
        b'{"fields": {"tier": "x"}, "id": "k-2"}',
        b'{"fields": {"\xff": "x"}}',
        b"[" * 20_000,
        b'{"fields": ' + b'{"a":' * 5_000,
    ],
)
async def test_a_body_that_is_not_as_described_changes_nothing(
    asking: Asking, centre: SmallCentre, body: bytes
) -> None:
    before = dict(centre.records)
    headers = {"Content-Type": "application/json"}
    answer = await asking("root").patch(f"/v1/callers/{KNOWN}", content=body, headers=headers)
    assert answer.status_code == 422
    assert centre.records == before


async def test_a_body_of_another_type_is_refused(asking: Asking) -> None:
    answer = await asking("root").post(f"/v1/agents/{ANA}/pause", content=b"{}", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "PJSIP",
        "PJSIP/",
        "PJSIP/1&PJSIP/2",
        "PJSIP/1\n",
        "Local/900",
        "Local/x@y,1",
        "PJSIP/900@trunk",
        "annex:PJSIP/900@trunk",
        "annex:",
        ":PJSIP/900",
        "a:b:PJSIP/900",
        "PJSIP/${X}",
        "PJSIP/" + "1" * 99,
    ],
)
async def test_an_endpoint_cannot_carry_more_than_a_name(asking: Asking, centre: SmallCentre, endpoint: str) -> None:
    answer = await asking("root").post(f"/v1/agents/{CARL}/login", json={"endpoint": endpoint})
    assert (answer.status_code, centre.requests) == (422, [])


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "before=-1", "before=9e99", "agent=a%00", "queue=../x"]
)
async def test_queries_are_bounded(asking: Asking, query: str) -> None:
    answer = await asking("root").get(f"/v1/calls/past?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_records_that_are_away_are_a_503_and_the_rest_goes_on(asking: Asking, centre: SmallCentre) -> None:
    centre.records_up = False
    root = asking("root")
    answer = await root.get(f"/v1/callers/{KNOWN}")
    assert (answer.status_code, answer.json()["detail"]) == (503, "The records are away.")
    assert answer.headers["retry-after"]
    assert (await root.get("/v1/state")).status_code == 200


async def test_a_reload_tells_every_error(asking: Asking, centre: SmallCentre) -> None:
    root = asking("root")
    assert (await root.post("/v1/reload")).json() == {"taken": True, "errors": []}
    centre.errors = ["ccd.yaml:3:5: no such queue"]
    answer = await root.post("/v1/reload")
    assert (answer.status_code, answer.json()) == (409, {"taken": False, "errors": ["ccd.yaml:3:5: no such queue"]})
