"""What went wrong, as RFC 9457 problem documents: one shape for every error of the API."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from msgspec import Struct
from starlette.exceptions import HTTPException

from ccd.web.campaign_desk import BusyError
from ccd.web.centre import UnavailableError

MEDIA_TYPE = "application/problem+json"


class Problem(Struct, frozen=True):
    """`title` is the status in words, `detail` what was wrong this time, `errors` one text a wrong field."""

    title: str
    status: int
    detail: str
    request: str = ""
    errors: tuple[str, ...] = ()


class ProblemError(Exception):
    """Ends a request with a problem document."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


def unknown(what: str) -> ProblemError:
    """404; the same words whether it does not exist or is none of the asker's business."""
    return ProblemError(404, f"There is no such {what}.")


def response(
    request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None, errors: tuple[str, ...] = ()
) -> Response:
    """The document as a response."""
    problem = Problem(HTTPStatus(status).phrase, status, detail, getattr(request.state, "request_id", ""), errors)
    return Response(msgspec.json.encode(problem), status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Every error that a request can meet becomes a problem document (faults of ours: `ccd.web.door`)."""

    @app.exception_handler(ProblemError)
    async def problem(request: Request, error: ProblemError) -> Response:
        return response(request, error.status, error.detail, error.headers)

    @app.exception_handler(UnavailableError)
    async def unavailable(request: Request, error: UnavailableError) -> Response:
        return response(request, 503, str(error), {"Retry-After": "5"})

    @app.exception_handler(BusyError)
    async def busy(request: Request, error: BusyError) -> Response:
        return response(request, 409, str(error), {"Connection": "close"})

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        detail = "There is nothing here." if error.status_code == 404 else str(error.detail)
        return response(request, error.status_code, detail, error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        found = tuple(f"{'.'.join(map(str, entry['loc']))}: {entry['msg']}" for entry in error.errors()[:20])
        return response(request, 422, "The request is not as described.", errors=found)
