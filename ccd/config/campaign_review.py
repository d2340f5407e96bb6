"""Mistakes between a campaign and the rest of the site, and what is allowed but harms whoever is called."""

from collections.abc import Iterator, Mapping
from itertools import chain

from ccd.config import phrase
from ccd.config.campaign import CampaignSection
from ccd.config.document import Document
from ccd.config.kind import written
from ccd.config.problem import Place, expectation, listed, nearest, shown
from ccd.config.section import QueueSection, RecordingSection
from ccd.config.settings import Settings
from ccd.config.switch import check_kind, switch_of
from ccd.core.dialer.pacing.base import LEAST_RING_TIME
from ccd.model.ids import SECOND, Length

LAWFUL_PATIENCE: Length = 2 * SECOND
Oddity = tuple[Place, str]


def check_campaigns(document: Document, settings: Settings) -> None:
    """Mistakes."""
    for name, campaign in settings.campaigns.items():
        check_lists(document, name, campaign)
        check_prefixes(document, settings, name, campaign)
    known: dict[str, str] = {}
    for trunk in settings.trunk_limits:
        place = document.place(("trunk_limits", trunk), of_key=True)
        check_kind(document, settings, place, trunk, is_phone=False)
        same = known.setdefault(whole_name(settings, trunk), trunk)
        if same != trunk:
            document.error(place, f"{shown(trunk)} is {shown(same)}, which is there already")


def whole_name(settings: Settings, trunk: str) -> str:
    """The trunk with its switch, however it was written."""
    return f"{switch_of(settings, trunk)}:{trunk.rpartition(':')[2]}"


def check_lists(document: Document, name: str, campaign: CampaignSection) -> None:
    """Who wants to be left alone is left alone by this campaign, too: his list is one that it heeds."""
    lists = campaign.lists()
    named: list[tuple[tuple[str, ...], str | None]] = [(("opt_out_list",), campaign.opt_out_list)]
    named += [
        (("dispositions", code, "do_not_call"), disposition.do_not_call)
        for code, disposition in campaign.dispositions.items()
    ]
    for path, listed_in in named:
        if listed_in is not None and listed_in not in lists:
            told = f"campaign `{name}` does not heed the do-not-call list `{listed_in}`"
            expected = f"one of {listed(lists)}, or `{listed_in}` in its `do_not_call`"
            document.error(document.place(("campaigns", name, *path)), told + expectation(expected))


def check_prefixes(document: Document, settings: Settings, name: str, campaign: CampaignSection) -> None:
    """Of two calling hours for the same numbers nobody could say which hold."""
    known: dict[str, str] = {}
    for index, hours in enumerate(campaign.calling_hours):
        for prefix in settings.calling_hours[hours].numbers:
            other = known.setdefault(prefix, hours)
            if other != hours:
                place = document.place(("campaigns", name, "calling_hours", index))
                document.error(place, f"calling hours `{other}` and `{hours}` are both for {prefix}")


# --- warnings


def review_campaigns(document: Document, settings: Settings) -> Iterator[Oddity]:
    """What is odd."""
    for name, campaign in settings.campaigns.items():
        here = ("campaigns", name)
        for path, message in chain(
            slow_agents(name, campaign, settings),
            unlawful(name, campaign),
            undetected(campaign, settings),
            unspoken(campaign, settings),
        ):
            yield document.place((*here, *path), of_key=not path), message
    yield from review_trunks(document, settings)


def slow_agents(name: str, campaign: CampaignSection, settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
    """What keeps the agent from whoever answered."""
    queue, patience = settings.queues[campaign.queue], written(campaign.abandon.patience)
    if not queue.auto_answer and campaign.pacing.algorithm != "preview":
        told = f"agents of queue `{campaign.queue}` must pick up within {patience}; "
        yield ("queue",), told + "give it `auto_answer: true`, or the campaign `pacing: {algorithm: preview}`"
    if announces(queue, settings.recording):
        told = f"the recording announcement of queue `{campaign.queue}` keeps the agent away for as long as it lasts"
        yield ("queue",), f"{told}; `patience` is {patience}"


def announces(queue: QueueSection, default: RecordingSection) -> bool:
    """Whether something is played before the queue."""
    recording = queue.recording or default
    return recording.announcement is not None and recording.mode != "never"


def unlawful(name: str, campaign: CampaignSection) -> Iterator[tuple[tuple[str, ...], str]]:
    """What the law of most places does not allow."""
    if campaign.ring_time < LEAST_RING_TIME:
        least = written(LEAST_RING_TIME)
        yield ("ring_time",), f"a number that rings for less than {least} was not called, by law (expected {least})"
    if campaign.abandon.patience > LAWFUL_PATIENCE:
        told = f"whoever waits longer than {written(LAWFUL_PATIENCE)} was abandoned, by law"
        yield ("abandon", "patience"), told
    if campaign.pacing.algorithm == "power" and not campaign.abandon.hard:
        yield ("pacing", "algorithm"), "`power` with `hard: false`: nothing holds the share of abandoned calls down"
    if campaign.message is None:
        yield (), f"campaign `{name}` has no `message`: who answers when no agent comes hears nothing"


def undetected(campaign: CampaignSection, settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
    """Switches that cannot do what is wanted."""
    others = [name for name, switch in settings.switches.items() if switch.kind == "freeswitch"]
    if campaign.machines.detect and others:
        yield ("machines", "detect"), f"on FreeSWITCH machines count as people: {listed(others)}"


def unspoken(campaign: CampaignSection, settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
    """Texts that are built in in other languages only."""
    language = settings.site.language
    is_said = campaign.message is not None and campaign.opt_out_key
    if is_said and campaign.opt_out_message is None and language not in phrase.OPTED_OUT:
        yield (), f"there is no built-in `opt_out_message` in {language}"


def review_trunks(document: Document, settings: Settings) -> Iterator[Oddity]:
    """Whether campaigns can dial at all, and limits of trunks that nothing is dialled through."""
    rules = settings.dial_policy.rules
    if settings.campaigns and not any(rule.allow and "dialler" in rule.roles for rule in rules):
        told = "no rule of the dial policy lets campaigns dial: one must have `roles: [dialler]`"
        yield document.place(("campaigns",), of_key=True), told
    used: Mapping[str, None] = dict.fromkeys(rule.trunk for rule in rules if rule.trunk)
    whole = {whole_name(settings, trunk) for trunk in used}
    for trunk in settings.trunk_limits:
        if whole_name(settings, trunk) not in whole:
            near = nearest(trunk, used)
            hint = f" (did you mean {near}?)" if near else ""
            yield document.place(("trunk_limits", trunk), of_key=True), f"no dial rule uses trunk {trunk}{hint}"
