"""`/v1/do-not-call`: the lists of numbers that are not to be called."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from msgspec import Meta, Struct

from ccd.model.event import NumberBlocked
from ccd.model.ids import CampaignId
from ccd.web.access import Admin, Supervisor, TheCentre
from ccd.web.answer import Blocks, Removed
from ccd.web.campaign_desk import NewlyBlocked
from ccd.web.campaigns import WrittenNumber
from ccd.web.centre import Centre
from ccd.web.document import PROBLEMS, answer, body, gives, takes
from ccd.web.parameter import LINE, ListPath, NumberQuery
from ccd.web.problem import ProblemError, unknown

router = APIRouter(prefix="/v1/do-not-call", tags=["do_not_call"], responses=PROBLEMS)
MOST_NUMBERS = 1_000


class NewBlocks(Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 1,000 numbers at a time, and why; for more there are imports."""

    numbers: Annotated[tuple[WrittenNumber, ...], Meta(min_length=1, max_length=MOST_NUMBERS)]
    reason: Annotated[str, Meta(max_length=200, pattern=LINE)] = ""


@router.get("", responses=gives(Blocks, "The lists that it is on"))
async def look_up(token: Supervisor, centre: TheCentre, number: NumberQuery) -> Response:
    """Whether a number is on a list, on which, since when and why."""
    written, lists = await centre.desk.blocks(number)
    if not written:
        raise ProblemError(422, "That is no telephone number.")
    return answer(Blocks(written, lists))


@router.post("/{list}", responses=gives(NewlyBlocked, "Those that are new"), openapi_extra=takes(NewBlocks))
async def block(
    list: ListPath,  # noqa: A002  # what the path calls it
    token: Supervisor,
    centre: TheCentre,
    wanted: Annotated[NewBlocks, Depends(body(NewBlocks))],
) -> Response:
    """Numbers that are not to be called any more, at once: contacts at hand are dropped, lines that ring given up."""
    campaigns = holding_for(centre, list)
    blocked = await centre.desk.block(list, wanted.numbers, wanted.reason, token.name)
    for number in blocked.added:
        await centre.submit(NumberBlocked(centre.new_request_id(), token.name, number, campaigns))
    return answer(blocked)


@router.delete("/{list}", responses=gives(Removed, "Whether it was on it"))
async def unblock(list: ListPath, number: NumberQuery, token: Admin, centre: TheCentre) -> Response:  # noqa: A002
    """Off the list, as its owner must have asked for. The log has who did it, and not the number."""
    holding_for(centre, list)
    return answer(Removed(await centre.desk.unblock(list, number, token.name)))


def holding_for(centre: Centre, name: str) -> tuple[CampaignId, ...]:
    """The campaigns that a list holds for, or the 404."""
    campaigns = centre.desk.lists().get(name)
    if campaigns is None:
        raise unknown("do-not-call list")
    return campaigns
