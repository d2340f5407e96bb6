"""Files of contacts and of numbers not to be called: taken in piece by piece, imported behind it, asked after by id.

The body is the file itself, `text/csv`: the larger part of a form would be in the way of streaming it.
"""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from starlette.requests import ClientDisconnect

from ccd.model.campaign_view import ImportView
from ccd.web.access import Supervisor, TheCentre
from ccd.web.campaign_desk import Upload
from ccd.web.campaigns import known
from ccd.web.do_not_call import holding_for
from ccd.web.document import PROBLEMS, answer, gives
from ccd.web.parameter import CampaignPath, ImportPath, ListPath
from ccd.web.problem import ProblemError, unknown

router = APIRouter(prefix="/v1", tags=["imports"], responses=PROBLEMS)
CSV = "text/csv"
BEGUN = gives(ImportView, "It is being imported; ask after it by its id")
FILE: dict[str, Any] = {
    "requestBody": {"required": True, "content": {CSV: {"schema": {"type": "string", "format": "binary"}}}}
}
ERRORS: dict[int | str, dict[str, Any]] = {
    200: {"description": "line, error, row", "content": {CSV: {"schema": {"type": "string"}}}}
}


@router.post("/campaigns/{campaign}/imports", responses=BEGUN, openapi_extra=FILE)
async def contacts(campaign: CampaignPath, request: Request, token: Supervisor, centre: TheCentre) -> Response:
    """A file of contacts, its columns named in the first row: `number`, `number_2` …, `key`, `name`, `first_name`,
    `last_name`, `priority`, `time_zone`, `due_at`; all others become fields.
    """
    known(centre, campaign)
    _demand_csv(request)
    return await _taken(await centre.desk.upload("contacts", campaign, token.name), request)


@router.post("/do-not-call/{list}/imports", responses=BEGUN, openapi_extra=FILE)
async def numbers(list: ListPath, request: Request, token: Supervisor, centre: TheCentre) -> Response:  # noqa: A002
    """A file of numbers that are not to be called, in the column `number`."""
    holding_for(centre, list)
    _demand_csv(request)
    return await _taken(await centre.desk.upload("do_not_call", list, token.name), request)


@router.get("/imports/{file}", responses=gives(ImportView, "How far it is"))
async def file(file: ImportPath, token: Supervisor, centre: TheCentre) -> Response:
    """An import: how far it is, or what it came to."""
    view = centre.desk.file(file)
    if view is None:
        raise unknown("import")
    return answer(view)


@router.get("/imports/{file}/errors", responses=ERRORS)
async def errors(file: ImportPath, token: Supervisor, centre: TheCentre) -> Response:
    """The rows that could not be taken: line, error, the row as it was read."""
    path = centre.desk.wrong_rows(file)
    if path is None:
        raise unknown("import")
    try:
        stat = await asyncio.to_thread(path.stat)
    except FileNotFoundError:
        raise unknown("file of errors, as long as the import is not done") from None
    return FileResponse(path, media_type=CSV, filename=f"{file}-errors.csv", stat_result=stat)


def _demand_csv(request: Request) -> None:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != CSV:
        raise ProblemError(415, "The body must be text/csv.")


async def _taken(upload: Upload, request: Request) -> Response:
    """The body, as it comes; whatever ends it before its end leaves nothing behind."""
    try:
        async for piece in request.stream():
            await upload.write(piece)
        return answer(await upload.finish())
    except ClientDisconnect:
        raise ProblemError(400, "The file did not come to its end.") from None
    finally:
        await upload.discard()
