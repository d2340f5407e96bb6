"""JSON in, JSON out, and the OpenAPI document of both, all from the same Structs: so the document is true.

msgspec writes JSON Schema 2020-12, which is what OpenAPI 3.1 asks for; nothing is described a second time by hand.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from msgspec import Struct

from ccd.web.problem import MEDIA_TYPE, Problem, ProblemError

JSON = "application/json"
S = TypeVar("S", bound=Struct)
_REF = "#/components/schemas/{name}"
_described: dict[str, type[Struct]] = {Problem.__name__: Problem}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "Not done, and why",
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(name="Problem")}}},
    },
    "5XX": {
        "description": "Not possible now",
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(name="Problem")}}},
    },
}


def answer(value: Struct, status: int = 200) -> Response:
    """A Struct as the JSON response."""
    return Response(msgspec.json.encode(value), status, media_type=JSON)


def gives(kind: type[Struct], description: str, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that answers with this Struct."""
    return {status: {"description": description, "content": {JSON: {"schema": _reference(kind)}}}}


def takes(kind: type[Struct]) -> dict[str, Any]:
    """The `openapi_extra` of a route whose body is this Struct."""
    return {"requestBody": {"required": True, "content": {JSON: {"schema": _reference(kind)}}}}


def body(kind: type[S]) -> Callable[[Request], Awaitable[S]]:
    """The dependency that reads such a body; anything else is a 415 or 422."""
    decoder = msgspec.json.Decoder(kind)

    async def decoded(request: Request) -> S:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            raise ProblemError(415, "The body must be application/json.")
        text = await request.body()
        try:
            return decoder.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ProblemError(422, f"The body is not as described: {error}") from None

    return decoded


def _reference(kind: type[Struct]) -> dict[str, str]:
    if _described.setdefault(kind.__name__, kind) is not kind:
        raise ValueError(f"two Structs of the API are called {kind.__name__}")
    return {"$ref": _REF.format(name=kind.__name__)}


def openapi(app: FastAPI) -> dict[str, Any]:
    """The app's OpenAPI document."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes, tags=app.openapi_tags
        )
        components = document.setdefault("components", {})
        _, schemas = msgspec.json.schema_components(_described.values(), ref_template=_REF)
        components.setdefault("schemas", {}).update(schemas)
        components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"bearer": []}]
        for path, operations in document["paths"].items():
            if not path.startswith("/v1/") and path != "/metrics":
                for operation in operations.values():
                    operation["security"] = []
        app.openapi_schema = document
    return app.openapi_schema
