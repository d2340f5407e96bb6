"""`/v1/recordings`: the sound files. A recording is asked for by its id, never by a path; each download is logged."""

import asyncio
import re
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from ccd.web.access import Supervisor, TheCentre
from ccd.web.document import PROBLEMS
from ccd.web.parameter import RecordingPath
from ccd.web.problem import ProblemError, unknown

router = APIRouter(prefix="/v1/recordings", tags=["recordings"], responses=PROBLEMS)
_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")
KINDS = {".wav": "audio/wav", ".flac": "audio/flac", ".ogg": "audio/ogg"}
_AUDIO = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in KINDS.values()}
DOWNLOAD: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole file", "content": _AUDIO},
    206: {"description": "The bytes that Range asked for", "content": _AUDIO},
}


@router.get("/{recording}", responses=DOWNLOAD)
async def download(recording: RecordingPath, request: Request, token: Supervisor, centre: TheCentre) -> Response:
    """The file, customer left and agent right. One range at a time (`Range: bytes=0-999`); several get the whole."""
    path = await asyncio.to_thread(centre.recording, recording)
    try:
        stat = await asyncio.to_thread(path.stat) if path is not None else None
    except FileNotFoundError:
        stat = None
    if path is None or stat is None:
        raise unknown("recording")
    _settle_range(request, stat.st_size)
    media_type = KINDS.get(path.suffix, "application/octet-stream")
    return FileResponse(path, media_type=media_type, filename=f"{recording}{path.suffix}", stat_result=stat)


def _settle_range(request: Request, size: int) -> None:
    """Leave a Range header only where it is one satisfiable range; RFC 9110 lets the others be answered in full."""
    text = request.headers.get("range")
    if text is None:
        return
    match = _RANGE.fullmatch(text)
    if match is not None and (match[1] or match[2]) and not (match[1] and match[2] and int(match[1]) > int(match[2])):
        satisfiable = int(match[1]) < size if match[1] else int(match[2]) > 0 and size > 0
        if satisfiable:
            return
        if "if-range" not in request.headers:
            raise ProblemError(416, f"The file has {size} bytes.", {"Content-Range": f"bytes */{size}"})
    request.scope["headers"] = [(name, value) for name, value in request.scope["headers"] if name != b"range"]
