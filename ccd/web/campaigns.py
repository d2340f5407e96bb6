"""`/v1/campaigns`: how they stand, what they are made to do, why they dial as they do, and their report."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path
from fastapi.responses import Response
from msgspec import Meta, Struct
from msgspec.structs import replace

from ccd.model.campaign_view import CampaignReport, CampaignView, CampaignWhy
from ccd.model.event import CampaignRequested, ContactsChanged
from ccd.model.ids import CampaignId
from ccd.web.access import Supervisor, TheCentre
from ccd.web.answer import Campaigns, Contacts, Done
from ccd.web.campaign_desk import AddedContacts, WantedContact
from ccd.web.campaign_why import campaign_why
from ccd.web.centre import Centre
from ccd.web.document import PROBLEMS, answer, body, gives, takes
from ccd.web.parameter import FIELD_NAME, LAST_MOMENT, LINE, ZONE, CampaignPath, MomentQuery, NumberQuery
from ccd.web.problem import ProblemError, unknown
from ccd.web.request import submit

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"], responses=PROBLEMS)
DONE = gives(Done, "Done")
Action = Annotated[Literal["start", "pause", "resume", "stop", "drain"], Path()]
MOST_CONTACTS = 1_000
LONGEST_REPORT = 400 * 86_400 * 1_000_000
FieldName = Annotated[str, Meta(pattern=FIELD_NAME)]
FieldText = Annotated[str, Meta(max_length=1_000, pattern=LINE)]
WrittenNumber = Annotated[str, Meta(min_length=2, max_length=40, pattern=LINE)]
Priority = Annotated[int, Meta(ge=0, le=100)]
Due = Annotated[int, Meta(ge=0, le=LAST_MOMENT)]


class NewContact(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Somebody to reach, at the first of his `numbers` that answers; `key` is your own name for him. `zone` is his time
    zone where the numbers do not tell it, `due_at` when he may be dialled first (0: at once); the larger `priority`
    comes first.
    """

    numbers: Annotated[tuple[WrittenNumber, ...], Meta(min_length=1, max_length=10)]
    key: Annotated[str, Meta(max_length=128, pattern=LINE)] = ""
    name: Annotated[str, Meta(max_length=200, pattern=LINE)] = ""
    fields: Annotated[dict[FieldName, FieldText], Meta(max_length=50)] = {}
    zone: Annotated[str, Meta(max_length=64, pattern=ZONE)] = ""
    priority: Priority = 0
    due_at: Due = 0


class NewContacts(Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 1,000 at a time; for more there are imports."""

    contacts: Annotated[tuple[NewContact, ...], Meta(min_length=1, max_length=MOST_CONTACTS)]


@router.get("", responses=gives(Campaigns, "The campaigns"))
async def campaigns(token: Supervisor, centre: TheCentre) -> Response:
    """All campaigns and how they stand."""
    views = [replace(view, contacts=await centre.desk.counts(view.id)) for view in centre.desk.campaigns()]
    return answer(Campaigns(tuple(views)))


@router.get("/{campaign}", responses=gives(CampaignView, "The campaign"))
async def campaign(campaign: CampaignPath, token: Supervisor, centre: TheCentre) -> Response:
    """One campaign."""
    return answer(replace(known(centre, campaign), contacts=await centre.desk.counts(campaign)))


@router.post("/{campaign}/contacts", responses=gives(AddedContacts, "What was taken"), openapi_extra=takes(NewContacts))
async def add(
    campaign: CampaignPath,
    token: Supervisor,
    centre: TheCentre,
    wanted: Annotated[NewContacts, Depends(body(NewContacts))],
) -> Response:
    """Contacts into the campaign's list. Who is there already, by one of his numbers or his key, is left as he is."""
    known(centre, campaign)
    contacts = [
        WantedContact(one.numbers, one.key, one.name, one.fields, one.zone, one.priority, one.due_at)
        for one in wanted.contacts
    ]
    added = await centre.desk.add(campaign, contacts, token.name)
    if added.added:
        await tell_changed(centre, campaign, token.name)
    return answer(added)


@router.get("/{campaign}/contacts", responses=gives(Contacts, "Those with the number"))
async def find(campaign: CampaignPath, token: Supervisor, centre: TheCentre, number: NumberQuery) -> Response:
    """The campaign's contacts with this number, without their attempts."""
    known(centre, campaign)
    return answer(Contacts(tuple(await centre.desk.find(campaign, number))))


@router.get("/{campaign}/why", responses=gives(CampaignWhy, "What it does and why"))
async def why(campaign: CampaignPath, token: Supervisor, centre: TheCentre) -> Response:
    """Why it dials so many and no more: the last decisions, with their numbers and in words."""
    view = known(centre, campaign)
    return answer(campaign_why(view, centre.desk.placed(campaign), centre.desk.changes(campaign)))


@router.get("/{campaign}/report", responses=gives(CampaignReport, "The report"))
async def report(
    campaign: CampaignPath, token: Supervisor, centre: TheCentre, since: MomentQuery = 0, until: MomentQuery = 0
) -> Response:
    """The regulator's numbers from `since` until before `until`; else from the beginning of the cap's period until now.

    At most 400 days at a time.
    """
    known(centre, campaign)
    if until and not 0 < until - since <= LONGEST_REPORT:
        raise ProblemError(422, "The period must end after it begins, and be of 400 days at most.")
    return answer(await centre.desk.report(campaign, since, until))


@router.post("/{campaign}/{action}", responses=DONE)
async def act(campaign: CampaignPath, action: Action, token: Supervisor, centre: TheCentre) -> Response:
    """Start; pause (no new dials) and resume; drain (no new dials, then stop); stop at once, talks go on."""
    known(centre, campaign)
    return await submit(centre, CampaignRequested(centre.new_request_id(), token.name, campaign, action))


def known(centre: Centre, campaign: CampaignId) -> CampaignView:
    """The campaign, or the 404."""
    view = centre.desk.campaign(campaign)
    if view is None:
        raise unknown("campaign")
    return view


async def tell_changed(centre: Centre, campaign: CampaignId, by: str) -> None:
    """A campaign that had nobody to dial may have now; it finds out by itself, too, but later."""
    await centre.submit(ContactsChanged(centre.new_request_id(), by, campaign))
