"""The last look before a number is dialled: all that must hold, in one place, and each rule that held on record."""

from typing import TYPE_CHECKING

from msgspec import Struct

from ccd.core.dial_policy import decide
from ccd.core.dialer.campaign import Campaign, is_open
from ccd.model.campaign import Contact
from ccd.model.ids import SECOND, CampaignId, Endpoint, Length, Moment, SwitchName

if TYPE_CHECKING:
    from ccd.core.floor import Floor

ROLE = "dialler"
BLOCKED_FOR: Length = 600 * SECOND
"""So long a number that was just blocked is known here; after that the store tells."""
MOST_BLOCKED = 10_000


class Clearance(Struct, frozen=True):
    """Whether a contact may be dialled; `refusal` says why not, `is_final`: nor later. `hindrance`: he may, but nothing
    leaves now.
    """

    refusal: str = ""
    is_final: bool = False
    hindrance: str = ""
    area: SwitchName = SwitchName("")
    trunk: Endpoint = Endpoint("")
    outbound_cli: str = ""
    why: str = ""
    """The dial policy's rule."""
    reasons: tuple[str, ...] = ()


def clear(floor: "Floor", campaign: Campaign, contact: Contact) -> Clearance:
    """Fails closed: what is not known to be allowed is not."""
    rules, now = campaign.rules, floor.now
    if not is_open(campaign, now):
        return Clearance("outside the campaign's hours")
    if contact.callable_until <= now:
        return Clearance("outside the calling hours of the contact")
    if campaign.id in floor.blocked.get(contact.number, (0, ()))[1]:
        return Clearance("on a do-not-call list", is_final=True)
    if contact.attempts >= rules.most_attempts:
        return Clearance(f"{contact.attempts} attempts made", is_final=True)
    if contact.attempts_today >= rules.most_attempts_a_day:
        return Clearance(f"{contact.attempts_today} attempts made today")
    return by_policy(floor, campaign, contact)


def by_policy(floor: "Floor", campaign: Campaign, contact: Contact) -> Clearance:
    """The dial policy, on the first switch that obeys and has a rule for it."""
    decisions = [
        (area, decide(floor.configuration.dial_policy, ROLE, contact.number, area)) for area in floor.network.areas()
    ]
    allowed = [(area, decision) for area, decision in decisions if decision.allowed]
    if not allowed:
        return Clearance(decisions[0][1].why, is_final=True)
    ways = [(area, decision) for area, decision in allowed if is_way(floor, area, decision.trunk)]
    if not ways:
        return Clearance(hindrance=f"{allowed[0][1].trunk} is away")
    area, decision = ways[0]
    cli = outbound_cli(campaign, contact.number) or decision.outbound_cli
    return Clearance("", False, "", area, decision.trunk, cli, decision.why, reasons(campaign, contact, decision.why))


def is_way(floor: "Floor", area: SwitchName, trunk: Endpoint) -> bool:
    """Whether anything leaves through the trunk."""
    return floor.is_up(area) and not floor.is_trunk_away(trunk)


def reasons(campaign: Campaign, contact: Contact, why: str) -> tuple[str, ...]:
    """What was looked at, in words, for the compliance log."""
    rules = campaign.rules
    counts = (
        f"attempt {contact.attempts + 1} of {rules.most_attempts}, "
        f"{contact.attempts_today + 1} of {rules.most_attempts_a_day} today"
    )
    tally = campaign.cap.tally
    abandoned = f"abandoned {tally.abandoned} of {tally.live} live answers, target {rules.cap.target:g}"
    return (*contact.checks, f"dial policy: {why}", counts, abandoned)


def outbound_cli(campaign: Campaign, number: str) -> str:
    """The number to present: one after the other, or the one that has most digits in common with the dialled one."""
    pool = campaign.rules.outbound_clis
    if not pool:
        return ""
    if campaign.rules.is_local_cli:
        return max(pool, key=lambda own: common(own, number))
    campaign.clis_used += 1
    return pool[(campaign.clis_used - 1) % len(pool)]


def common(one: str, other: str) -> int:
    """How many first digits are the same."""
    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    return same


def block(floor: "Floor", number: str, campaigns: tuple[CampaignId, ...]) -> None:
    """Remember for a while that these do not dial it, whatever was given before."""
    blocked = floor.blocked
    _, known = blocked.pop(number, (0, ()))
    blocked[number] = floor.now, tuple(dict.fromkeys((*known, *campaigns)))
    while len(blocked) > MOST_BLOCKED or next(iter(blocked.values()))[0] < floor.now - BLOCKED_FOR:
        del blocked[next(iter(blocked))]


class TrunkLoad(Struct):
    """What one trunk carries of dialled calls: how many now, and when the last ones began."""

    calls: int = 0
    begun: list[Moment] = []

    def room(self, most: int, most_a_second: int, now: Moment) -> int:
        """How many more may begin now; the limits are 0 for none."""
        self.begun = [at for at in self.begun if at > now - SECOND]
        rooms = [most - self.calls] if most else []
        rooms += [most_a_second - len(self.begun)] if most_a_second else []
        return max(0, min(rooms)) if rooms else 1_000_000


NO_LOAD = TrunkLoad()
"""Of a trunk that was never used."""
