"""The campaigns of `ccd.yaml` to values: the core's, and those by which contacts are chosen."""

from collections.abc import Mapping
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from ccd.config.calendar import DAYS_AFTER, DAYS_BEFORE, EPOCH, moment
from ccd.config.campaign import (
    DAILY,
    AbandonSection,
    CallingHoursSection,
    CampaignSection,
    DispositionSection,
    TrunkLimitSection,
)
from ccd.config.campaign_flow import MACHINE, campaign_flow
from ccd.config.scope import Scope
from ccd.config.section import weekly
from ccd.config.settings import Settings
from ccd.core.configuration import Calendar, Campaign, Disposition, RetryRule, TrunkLimit
from ccd.core.dialer.abandon import DAY, Law, Period, Rules
from ccd.core.network import Network
from ccd.model.campaign import AttemptOutcome, CallingHours, ContactRules
from ccd.model.ids import SECOND, CampaignId, Endpoint, Length, Moment, QueueId

MINUTE, HOUR = 60 * SECOND, 3_600 * SECOND
LEAST_FLIGHT: Length = 90 * SECOND
MARGIN: Length = 30 * SECOND
"""From the end of the ringing to the moment when it is known what became of a line."""
RETRY: Mapping[AttemptOutcome, RetryRule] = {
    "busy": RetryRule(5 * MINUTE),
    "no_answer": RetryRule(2 * HOUR, next_number=True),
    "machine": RetryRule(4 * HOUR, next_number=True),
    "refused": RetryRule(DAY, next_number=True),
    "unreachable": RetryRule(0, next_number=True),
    "congested": RetryRule(15 * MINUTE),
    "cancelled": RetryRule(HOUR),
    "hung_up": RetryRule(DAY),
    "abandoned": RetryRule(3 * DAY),
    "lost": RetryRule(DAY),
}
"""Where the site says nothing else. Who has talked is not dialled again."""
EVERYBODY = (CallingHours("everybody", ("+",), (((8 * 60, 21 * 60),),) * 7),)
"""Where the site says nothing else (US: 8 to 21 at the callee)."""


def compile_campaigns(
    settings: Settings, calendars: Mapping[str, Calendar], scope: Scope, now: Moment
) -> dict[CampaignId, Campaign]:
    """The campaigns by id."""
    return {
        CampaignId(name): compile_campaign(
            name,
            section,
            calendars[section.calendar] if section.calendar else None,
            compile_cap(section, settings.site.time_zone, now),
            scope,
        )
        for name, section in settings.campaigns.items()
    }


def compile_campaign(name: str, section: CampaignSection, hours: Calendar | None, cap: Rules, scope: Scope) -> Campaign:
    """One campaign."""
    retry = {outcome: RetryRule(rule.after, rule.next_number) for outcome, rule in section.retry.items()}
    return Campaign(
        id=CampaignId(name),
        name=section.name or name,
        queue=QueueId(section.queue),
        flow=campaign_flow(name, section, scope),
        algorithm=section.pacing.algorithm,
        power_ratio=section.pacing.ratio,
        preview_time=section.pacing.preview_time,
        cap=cap,
        ring_time=section.ring_time,
        outbound_clis=tuple(section.outbound_cli),
        is_local_cli=section.cli_choice == "local",
        most_attempts=section.attempts.all,
        most_attempts_a_day=section.attempts.a_day,
        retry={**RETRY, **retry},
        dispositions=compile_dispositions(section),
        hours=hours,
        rank=section.rank,
        detects_machines=section.machines.detect,
        machine_step=MACHINE if section.machines.message is not None else "",
        has_inbound_first=section.inbound_first,
    )


def compile_dispositions(section: CampaignSection) -> dict[str, Disposition]:
    """The site's own, else four that do for most."""
    if section.dispositions:
        return {code: compile_disposition(code, one) for code, one in section.dispositions.items()}
    return {
        "done": Disposition("Done", is_done=True),
        "again": Disposition("Try again", after=DAY),
        "call_back": Disposition("Call back", is_call_back=True),
        "do_not_call": Disposition("Do not call", is_done=True, blocks=section.own_list()),
    }


def compile_disposition(code: str, section: DispositionSection) -> Disposition:
    """One; whoever is not to be called any more is done with."""
    blocks = section.do_not_call or ""
    return Disposition(section.name or code, section.done or bool(blocks), section.after, section.call_back, blocks)


def compile_cap(section: CampaignSection, zone: str, now: Moment) -> Rules:
    """The cap on abandoned calls."""
    abandon = section.abandon
    return Rules(
        target=abandon.target,
        period=compile_period(abandon, zone, now),
        law=Law(abandon.law, abandon.patience),
        is_hard=abandon.hard,
        spare=abandon.spare,
        longest_flight=max(LEAST_FLIGHT, section.ring_time + MARGIN),
    )


def compile_period(section: AbandonSection, zone: str, now: Moment) -> Period:
    """By the law, where nobody says: 30 days (US), a day (UK)."""
    length: Length | str = section.period or (DAILY if section.law == "uk" else 30 * DAY)
    place = ZoneInfo(zone)
    if not isinstance(length, str):
        return Period(moment(place, section.since or date(1970, 1, 1), 0), length)
    today = (EPOCH + timedelta(microseconds=now)).astimezone(place).date()
    days = (today + timedelta(days=n) for n in range(-DAYS_BEFORE, DAYS_AFTER))
    return Period(length=DAY, bounds=tuple(moment(place, day, 0) for day in days))


def compile_contact_rules(settings: Settings) -> dict[CampaignId, ContactRules]:
    """By what each campaign's contacts are chosen."""
    hours = {name: compile_calling_hours(name, section) for name, section in settings.calling_hours.items()}
    return {
        CampaignId(name): ContactRules(
            campaign=CampaignId(name),
            hours=tuple(hours[one] for one in dict.fromkeys(section.calling_hours)) or EVERYBODY,
            lists=section.lists(),
            most_attempts=section.attempts.all,
            most_attempts_a_day=section.attempts.a_day,
        )
        for name, section in settings.campaigns.items()
    }


def compile_calling_hours(name: str, section: CallingHoursSection) -> CallingHours:
    """One entry; the `*` of its numbers goes."""
    prefixes = tuple(dict.fromkeys(number.removesuffix("*") for number in section.numbers))
    return CallingHours(name, prefixes, weekly(section.hours), section.holidays.country, section.holidays.region)


def compile_trunk_limits(limits: Mapping[str, TrunkLimitSection], network: Network) -> dict[Endpoint, TrunkLimit]:
    """By the trunks' whole names."""
    return {
        network.whole(Endpoint(name)): TrunkLimit(limit.calls, limit.calls_per_second) for name, limit in limits.items()
    }
