"""The OpenAPI document is true: what the app answers to anything generated from it is as it says."""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ccd.web.app import create_app
from ccd.web.document import openapi
from tests.web.centre import SmallCentre
from tests.web.conftest import Asking
from tests.web.test_access import VALUES, routes

ENDLESS = "/v1/stream"
PATHS = {**VALUES, "agent": "carl"}
QUERIES = {"do-not-call": {"number": "+34910000009"}, "contacts": {"number": "+34910000002"}}
QUERIES["{list}"] = QUERIES["do-not-call"]
CONTACT = {"numbers": ["+34 910 000 007"], "fields": {"tier": "gold"}}
BODIES = {
    "login": {"endpoint": "PJSIP/1"},
    "pause": {"reason": ""},
    "{caller}": {"fields": {"tier": "new"}},
    "contacts": {"contacts": [CONTACT]},
    "{contact}": {"priority": 7},
    "call-back": {"at": 2_000_000_000_000_000, "agent": "ana"},
    "disposition": {"disposition": "sold"},
    "{list}": {"numbers": ["+34 910 000 008"], "reason": "asked us"},
    "imports": b"number\n+34910000007\n",
}
schemathesis.serializer.alias("text/csv", "application/octet-stream")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def described(app: FastAPI) -> list[Any]:
    """The operations of the document that an app serves, but for the one that never ends."""
    schema = schemathesis.openapi.from_dict(openapi(app))
    schema.app = app
    results: Iterable[Any] = schema.get_all_operations()
    return [operation for operation in (result.ok() for result in results) if operation.path != ENDLESS]


LABELS = [operation.label for operation in described(create_app(SmallCentre(Path()), []))]


@pytest.mark.parametrize("label", LABELS)
def test_answers_are_as_the_document_says(app: FastAPI, secrets: dict[str, str], label: str) -> None:
    """No 5xx, no undocumented status, type or body; what the document forbids is refused."""
    (operation,) = (one for one in described(app) if one.label == label)
    headers = {"Authorization": f"Bearer {secrets['root']}"}

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy())
    def conforms(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    conforms()


@pytest.mark.parametrize("label", LABELS)
def test_what_succeeds_is_as_the_document_says(app: FastAPI, secrets: dict[str, str], label: str) -> None:
    """Generated ids are mostly unknown ones; these are known."""
    (operation,) = (one for one in described(app) if one.label == label)
    case = operation.Case(
        path_parameters={name: PATHS[name] for name in re.findall(r"{(.*?)}", operation.path)},
        query=QUERIES.get(label.rpartition("/")[2], {}),
        body=BODIES.get(label.rpartition("/")[2], schemathesis.core.NOT_SET),
        media_type="text/csv" if label.endswith("/imports") else "application/json",
    )
    headers = {"Authorization": f"Bearer {secrets['root']}"}
    assert case.call_and_validate(headers=headers, checks=CHECKS).status_code == 200


async def test_the_document_needs_a_token_and_names_every_route(app: FastAPI, asking: Asking) -> None:
    assert (await asking("").get("/v1/openapi.json")).status_code == 401
    document = (await asking("bea").get("/v1/openapi.json")).json()
    assert document == json.loads(json.dumps(openapi(app)))
    ids = [operation["operationId"] for operations in document["paths"].values() for operation in operations.values()]
    assert len(ids) == len(set(ids))
    assert all(operation.get("description") for item in document["paths"].values() for operation in item.values())


def test_every_route_is_described_and_so_tried(app: FastAPI) -> None:
    """Those that are not: the stream, which never ends, and the document itself."""
    tried = {tuple(label.split(" ", 1)) for label in LABELS}
    untried = {route for route in routes(app) if route[0] != "HEAD"} - tried
    assert untried == {("GET", ENDLESS), ("GET", "/v1/openapi.json")}


async def test_only_health_is_described_as_open(app: FastAPI) -> None:
    document = openapi(app)
    is_open: Callable[[dict[str, Any]], bool] = lambda operation: operation.get("security") == []  # noqa: E731
    paths = [path for path, item in document["paths"].items() if all(is_open(one) for one in item.values())]
    assert paths == ["/healthz", "/readyz"]
    assert document["security"] == [{"bearer": []}]
