"""Campaigns by API: what the routes do with centre and desk, and who may."""

from collections.abc import AsyncIterator

import pytest

from ccd.model.event import (
    CampaignRequested,
    ContactsChanged,
    DispositionRequested,
    NumberBlocked,
    PreviewRequested,
)
from ccd.model.ids import SECOND, RequestId
from ccd.web.campaign_desk import WantedContact
from tests.web.centre import ANA, BEA, NOW, TALK, SmallCentre
from tests.web.conftest import Asking
from tests.web.desk import ATTEMPT, BLOCKED, PEP, PIA, TALKED, TRIED, WINTER

CSV = {"Content-Type": "text/csv"}
FIRST = RequestId("r-0")
LATER = NOW + 3_600 * SECOND


async def test_campaigns_are_shown_with_their_contacts(asking: Asking) -> None:
    (winter,) = (await asking("sofia").get("/v1/campaigns")).json()["campaigns"]
    assert (winter["id"], winter["cap"]["share"], winter["contacts"]["due"]) == (WINTER, 0.025, 5)
    assert (await asking("sofia").get(f"/v1/campaigns/{WINTER}")).json() == winter


async def test_an_agent_sees_no_campaigns(asking: Asking) -> None:
    assert (await asking("bea").get("/v1/state")).json()["campaigns"] == []
    assert (await asking("sofia").get("/v1/state")).json()["campaigns"][0]["id"] == WINTER


@pytest.mark.parametrize("action", ["start", "pause", "resume", "drain", "stop"])
async def test_a_campaign_is_made_to_do_something(asking: Asking, centre: SmallCentre, action: str) -> None:
    answer = await asking("sofia").post(f"/v1/campaigns/{WINTER}/{action}")
    assert answer.json() == {"request": "r-0"}
    (request,) = centre.requests
    assert isinstance(request, CampaignRequested)
    assert (request.request, request.by, request.campaign, request.action) == (FIRST, "sofia", WINTER, action)


async def test_contacts_are_added_and_the_campaign_hears_of_it(asking: Asking, centre: SmallCentre) -> None:
    body = {
        "contacts": [
            {"numbers": ["+34910000005", "+34910000006"], "key": "c5", "name": "Eva", "priority": 3, "due_at": LATER},
            {"numbers": ["+34910000001"]},
            {"numbers": ["nonsense"]},
        ]
    }
    answer = await asking("sofia").post(f"/v1/campaigns/{WINTER}/contacts", json=body)
    assert answer.json() == {
        "added": 1,
        "duplicates": 1,
        "blocked": 0,
        "wrong": [{"index": 2, "reason": "no number"}],
    }
    assert centre.desk.added == [WantedContact(("+34910000005", "+34910000006"), "c5", "Eva", {}, "", 3, LATER)]
    assert centre.requests == [ContactsChanged(FIRST, "sofia", WINTER)]


async def test_a_thousand_contacts_fit_into_one_request_and_no_more(asking: Asking, centre: SmallCentre) -> None:
    one = {"numbers": ["+34911000000"], "fields": {"note": "x" * 200}}
    answer = await asking("sofia").post(f"/v1/campaigns/{WINTER}/contacts", json={"contacts": [one] * 1_000})
    assert (answer.status_code, len(centre.desk.added)) == (200, 1_000)
    answer = await asking("sofia").post(f"/v1/campaigns/{WINTER}/contacts", json={"contacts": [one] * 1_001})
    assert answer.status_code == 422
    big = {"contacts": [{"numbers": ["+34911000000"], "fields": {"note": "x" * 1_000}}] * 1_000}
    assert (await asking("sofia").post(f"/v1/campaigns/{WINTER}/contacts", json=big)).status_code == 413


@pytest.mark.parametrize(
    "contact",
    [
        {},
        {"numbers": []},
        {"numbers": ["1"]},
        {"numbers": ["+34911\n"]},
        {"numbers": ["+34911000000"] * 11},
        {"numbers": ["+34911000000"], "name": "a\u0000"},
        {"numbers": ["+34911000000"], "priority": 101},
        {"numbers": ["+34911000000"], "zone": "../../etc/passwd"},
        {"numbers": ["+34911000000"], "fields": {"Tier": "x"}},
        {"numbers": ["+34911000000"], "due_at": -1},
        {"numbers": ["+34911000000"], "id": "7"},
    ],
)
async def test_a_contact_that_is_none_changes_nothing(
    asking: Asking, centre: SmallCentre, contact: dict[str, object]
) -> None:
    answer = await asking("sofia").post(f"/v1/campaigns/{WINTER}/contacts", json={"contacts": [contact]})
    assert (answer.status_code, centre.desk.added, centre.requests) == (422, [], [])


async def test_a_contact_is_found_by_number_and_shown_with_its_attempts(asking: Asking) -> None:
    sofia = asking("sofia")
    query = {"number": "+34910000001"}
    (found,) = (await sofia.get(f"/v1/campaigns/{WINTER}/contacts", params=query)).json()["contacts"]
    assert (found["id"], found["attempts"]) == (PEP, [])
    (attempt,) = (await sofia.get(f"/v1/contacts/{PEP}")).json()["attempts"]
    assert attempt["reasons"] == list(ATTEMPT.reasons)
    assert (await sofia.get(f"/v1/campaigns/{WINTER}/contacts", params={"number": "x"})).status_code == 422


async def test_a_contact_is_changed_called_back_and_removed(asking: Asking, centre: SmallCentre) -> None:
    sofia, path = asking("sofia"), f"/v1/contacts/{PIA}"
    changed = (await sofia.patch(path, json={"priority": 9, "due_at": LATER})).json()
    assert (changed["priority"], changed["due_at"], changed["state"]) == (9, LATER, "waiting")
    assert centre.requests == [ContactsChanged(FIRST, "sofia", WINTER)]
    assert (await sofia.patch(path, json={"done": True})).json()["state"] == "done"
    assert len(centre.requests) == 1
    promised = (await sofia.post(f"{path}/call-back", json={"at": LATER + 1, "agent": ANA})).json()
    assert (promised["due_at"], promised["agent"], promised["state"]) == (LATER + 1, ANA, "waiting")
    assert (await sofia.post(f"{path}/call-back", json={"at": LATER, "agent": "nobody"})).status_code == 422
    assert (await sofia.delete(path)).json() == {"removed": True}
    assert (await sofia.delete(path)).json() == {"removed": False}


async def test_why_a_campaign_dials_so_many(asking: Asking) -> None:
    story = (await asking("sofia").get(f"/v1/campaigns/{WINTER}/why")).json()
    assert story["now"][0] == "Nothing keeps it from dialling."
    assert "3 of 120 live answers of this period were abandoned, by the US definition 2.5 %" in story["now"][1]
    (placed,) = story["placed"]
    assert placed["said"].endswith("So 5 calls: chance over the limit. The cap left 3 of them.")
    assert story["changes"][0]["by"] == "sofia"


async def test_a_report_of_a_period(asking: Asking, centre: SmallCentre) -> None:
    sofia, path = asking("sofia"), f"/v1/campaigns/{WINTER}/report"
    report = (await sofia.get(path, params={"since": NOW, "until": LATER})).json()
    assert (report["total"]["abandoned"], report["largest_us"]["share"]) == (3, 0.0275)
    assert (await sofia.get(path)).status_code == 200
    assert centre.desk.periods == [(NOW, LATER), (0, 0)]
    for since, until in ((LATER, NOW), (NOW, NOW), (0, LATER)):
        assert (await sofia.get(path, params={"since": since, "until": until})).status_code == 422


async def test_numbers_are_put_on_a_list_and_not_dialled_from_then_on(asking: Asking, centre: SmallCentre) -> None:
    sofia = asking("sofia")
    body = {"numbers": ["+34910000008", BLOCKED, "x9"], "reason": "asked us"}
    answer = await sofia.post("/v1/do-not-call/own", json=body)
    assert answer.json() == {"added": ["+34910000008"], "wrong": [{"index": 2, "reason": "no number"}]}
    assert centre.requests == [NumberBlocked(FIRST, "sofia", "+34910000008", (WINTER,))]
    found = (await sofia.get("/v1/do-not-call", params={"number": "+34910000008"})).json()
    assert [(one["list"], one["reason"], one["by"]) for one in found["lists"]] == [("own", "asked us", "sofia")]
    assert (await sofia.get("/v1/do-not-call", params={"number": "112"})).status_code == 422


async def test_only_an_admin_takes_a_number_off_a_list(asking: Asking, centre: SmallCentre) -> None:
    query = {"number": BLOCKED}
    assert (await asking("sofia").delete("/v1/do-not-call/own", params=query)).status_code == 403
    assert BLOCKED in centre.desk.on_list
    assert (await asking("root").delete("/v1/do-not-call/own", params=query)).json() == {"removed": True}
    assert (await asking("root").delete("/v1/do-not-call/own", params=query)).json() == {"removed": False}


async def pieces(count: int) -> AsyncIterator[bytes]:
    yield b"number\n"
    for n in range(count):
        yield b"+3491%07d\n" % n * 10


@pytest.mark.parametrize(("path", "target"), [(f"campaigns/{WINTER}", WINTER), ("do-not-call/own", "own")])
async def test_a_file_is_taken_in_piece_by_piece(asking: Asking, centre: SmallCentre, path: str, target: str) -> None:
    sofia = asking("sofia")
    view = (await sofia.post(f"/v1/{path}/imports", content=pieces(500), headers=CSV)).json()
    assert (view["target"], view["rows"], view["added"], view["by"]) == (target, 5_000, 5_000, "sofia")
    assert (await sofia.get(f"/v1/imports/{view['id']}")).json() == view
    assert len(centre.desk.files[view["id"]]) == view["size"]


async def test_wrong_rows_come_as_a_file(asking: Asking) -> None:
    sofia = asking("sofia")
    view = (await sofia.post(f"/v1/campaigns/{WINTER}/imports", content=b"number\nx\n", headers=CSV)).json()
    answer = await sofia.get(f"/v1/imports/{view['id']}/errors")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text == "line,reason,row\n2,no number,x\n"


async def test_a_file_that_is_not_taken_leaves_nothing(asking: Asking, centre: SmallCentre) -> None:
    sofia, path = asking("sofia"), f"/v1/campaigns/{WINTER}/imports"
    before = dict(centre.desk.imports)
    assert (await sofia.post(path, content=b"number\n", headers={"Content-Type": "text/plain"})).status_code == 415
    answer = await sofia.post(path, content=pieces(2_000), headers=CSV)
    assert (answer.status_code, answer.json()["detail"]) == (409, "The file is larger than is taken.")
    assert centre.desk.discarded == 1
    centre.desk.is_busy = True
    assert (await sofia.post(path, content=b"number\n", headers=CSV)).status_code == 409
    assert (await sofia.post(path, content=b"", headers={**CSV, "Content-Length": "999999999"})).status_code == 413
    assert centre.desk.imports == before


async def test_an_agent_says_what_came_of_his_own_attempts_only(asking: Asking, centre: SmallCentre) -> None:
    bea = asking("bea")
    body = {"disposition": "later", "call_back_at": LATER, "is_personal": True, "note": "after six"}
    assert (await bea.post(f"/v1/attempts/{TALKED}/disposition", json=body)).status_code == 200
    assert centre.requests == [DispositionRequested(FIRST, "bea", TALKED, "later", LATER, True, "after six")]
    assert (await bea.get(f"/v1/attempts/{TALKED}")).json()["outcome"] == "talked"
    shown = (await bea.get(f"/v1/attempts/{TALKED}/contact")).json()
    assert (shown["contact"]["id"], shown["dispositions"]) == (PEP, ["sold", "later"])
    for path in ("", "/contact"):
        assert (await bea.get(f"/v1/attempts/{TRIED}{path}")).status_code == 404
    assert (await bea.post(f"/v1/attempts/{TRIED}/disposition", json=body)).status_code == 404
    assert len(centre.requests) == 1
    assert (await asking("sofia").get(f"/v1/attempts/{TRIED}")).status_code == 200


async def test_an_agent_sees_the_attempt_that_runs_with_him(asking: Asking, centre: SmallCentre) -> None:
    """Before anybody has written down that he talks in it."""
    centre.desk.attempts[TALK] = centre.desk.attempts[TRIED]
    assert (await asking("bea").get(f"/v1/attempts/{TALK}")).status_code == 200


async def test_an_agent_looks_at_his_contact_and_says_what_is_to_be_done(asking: Asking, centre: SmallCentre) -> None:
    bea = asking("bea")
    shown = (await bea.get(f"/v1/agents/{BEA}/preview")).json()
    assert (shown["contact"], shown["fields"]) == (PIA, {"tier": "gold"})
    for action in ("accept", "skip"):
        assert (await bea.post(f"/v1/agents/{BEA}/preview/{action}")).status_code == 200
        assert (await bea.post(f"/v1/agents/{ANA}/preview/{action}")).status_code == 403
    assert centre.requests == [
        PreviewRequested(FIRST, "bea", BEA, "accept"),
        PreviewRequested(RequestId("r-1"), "bea", BEA, "skip"),
    ]
    assert (await bea.get(f"/v1/agents/{ANA}/preview")).status_code == 403
    assert (await asking("sofia").get(f"/v1/agents/{ANA}/preview")).json()["contact"] is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/campaigns/none"),
        ("POST", "/v1/campaigns/none/start"),
        ("POST", f"/v1/campaigns/{WINTER}/explode"),
        ("GET", "/v1/campaigns/none/contacts?number=%2B34910000001"),
        ("GET", "/v1/campaigns/none/report"),
        ("GET", "/v1/campaigns/none/why"),
        ("POST", "/v1/campaigns/none/imports"),
        ("GET", "/v1/contacts/99"),
        ("GET", "/v1/attempts/a-99"),
        ("DELETE", "/v1/do-not-call/none?number=%2B34910000001"),
        ("POST", "/v1/do-not-call/none/imports"),
        ("GET", "/v1/imports/i-99"),
        ("GET", "/v1/imports/i-99/errors"),
        ("GET", "/v1/agents/nobody/preview"),
        ("POST", "/v1/agents/nobody/preview/skip"),
    ],
)
async def test_what_is_not_there_is_refused(asking: Asking, centre: SmallCentre, method: str, path: str) -> None:
    answer = await asking("root").request(method, path)
    assert answer.status_code in (404, 422)
    assert (answer.status_code == 422) == path.endswith("explode")
    assert centre.requests == []


async def test_a_store_that_is_away_is_a_503(asking: Asking, centre: SmallCentre) -> None:
    centre.desk.store_up = False
    for path in ("campaigns", f"contacts/{PEP}", f"attempts/{TALKED}", f"campaigns/{WINTER}/report"):
        answer = await asking("root").get(f"/v1/{path}")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert (await asking("root").post(f"/v1/campaigns/{WINTER}/pause")).status_code == 200
