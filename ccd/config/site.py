"""`ccd.yaml`'s sections to the core's values."""

from collections.abc import Callable, Mapping

from ccd.config import phrase
from ccd.config.calendar import compile_calendar
from ccd.config.phone import PhonePromptsSection
from ccd.config.prompt import rendered
from ccd.config.scope import Scope
from ccd.config.section import AgentSection, AnnouncementSection, DialPolicySection, QueueSection
from ccd.config.settings import RouteSection, Settings
from ccd.core.configuration import (
    AgentProfile,
    Announcements,
    Calendar,
    FeatureCodes,
    NumberRoute,
    PhonePrompts,
    Queue,
    RecordingPolicy,
    Site,
)
from ccd.core.dial_policy import DialPolicy, DialRule
from ccd.core.flow.prompt import Prompt, Sound
from ccd.core.network import Network
from ccd.model.ids import AgentId, Endpoint, Moment, QueueId, SwitchName


def compile_site(settings: Settings) -> Site:
    """What holds for the whole centre."""
    site = settings.site
    return Site(
        name=site.name,
        language=site.language,
        missed_offers_limit=site.missed_offers_limit,
        outbound_wrap_up_time=site.outbound_wrap_up_time,
        outbound_recording=site.outbound_recording.policy(),
        outbound_ring_time=site.outbound_ring_time,
        screen_pop_url=site.screen_pop_url,
        caller_lookup_time=site.caller_lookup_time,
        pause_reasons=tuple(site.pause_reasons),
        most_calls=settings.limits.calls,
    )


def compile_queues(settings: Settings, scope: Scope) -> dict[QueueId, Queue]:
    """The queues by id."""
    default = settings.recording.policy()
    return {QueueId(name): compile_queue(name, queue, default, scope) for name, queue in settings.queues.items()}


def compile_queue(name: str, queue: QueueSection, default: RecordingPolicy, scope: Scope) -> Queue:
    """One queue."""
    return Queue(
        id=QueueId(name),
        name=queue.name or name,
        requires=tuple(queue.requires.items()),
        ring_time=queue.ring_time,
        wrap_up_time=queue.wrap_up_time,
        retry_time=queue.retry_time,
        music=queue.music,
        announcements=compile_announcements(queue.announcements, scope) if queue.announcements else None,
        recording=queue.recording.policy() if queue.recording else default,
        service_level_time=queue.service_level_time,
        caller_name=queue.caller_name,
        auto_answer=queue.auto_answer,
    )


def compile_announcements(section: AnnouncementSection, scope: Scope) -> Announcements:
    """What is heard while waiting, in every language that there is a voice and a text for."""
    position = spoken_counts(phrase.POSITION, phrase.POSITIONS, scope) if section.position else {}
    expected_wait = spoken_counts(phrase.EXPECTED_WAIT, phrase.MINUTES, scope) if section.expected_wait else {}
    return Announcements(section.first_after, section.every, position, expected_wait, section.message)


def spoken_counts(texts: dict[str, Callable[[int], str]], count: int, scope: Scope) -> dict[str, tuple[str, ...]]:
    """The sounds for 1, 2, … by language."""
    languages = [language for language in texts if language in scope.known.get("language", texts)]
    return {
        language: tuple(rendered(texts[language](n), language, scope) for n in range(1, count + 1))
        for language in languages
    }


def compile_network(settings: Settings) -> Network:
    """The switches and the trunks between them."""
    return Network(
        {
            SwitchName(name): {SwitchName(to): Endpoint(trunk) for to, trunk in section.trunks.items()}
            for name, section in settings.switches.items()
        }
    )


def compile_agents(agents: dict[str, AgentSection], network: Network) -> dict[AgentId, AgentProfile]:
    """The agents by id."""
    return {
        AgentId(name): AgentProfile(
            id=AgentId(name),
            name=agent.name,
            number=agent.number,
            skills=agent.skills,
            endpoint=network.whole(Endpoint(agent.endpoint)),
            role=agent.role,
            outbound_cli=agent.outbound_cli,
        )
        for name, agent in agents.items()
    }


def compile_dial_policy(section: DialPolicySection, network: Network) -> DialPolicy:
    """Which numbers may be dialled."""
    rules = (
        DialRule(
            name=rule.name,
            pattern=rule.pattern,
            allow=rule.allow,
            roles=tuple(rule.roles),
            trunk=network.whole(Endpoint(rule.trunk)),
            outbound_cli=rule.outbound_cli,
        )
        for rule in section.rules
    )
    return DialPolicy(tuple(rules), tuple(section.emergency))


def compile_calendars(settings: Settings, now: Moment) -> dict[str, Calendar]:
    """The calendars by name."""
    zone = settings.site.time_zone
    return {name: compile_calendar(section.opening_hours(zone), now) for name, section in settings.calendars.items()}


def compile_feature_codes(settings: Settings) -> FeatureCodes:
    """What agents dial and press."""
    return FeatureCodes(**settings.feature_codes.model_dump())


def compile_phone_prompts(section: PhonePromptsSection, scope: Scope) -> PhonePrompts:
    """What the feature codes say: the site's words, else the built-in ones."""
    return PhonePrompts(
        **{name: getattr(section, name) or built_in(name, scope) for name in type(section).model_fields}
    )


def built_in(name: str, scope: Scope) -> Prompt:
    """A phone's prompt in every language that there is a voice and a text for."""
    return in_all_languages({language: words[name] for language, words in phrase.PHONE.items()}, scope)


def in_all_languages(texts: Mapping[str, str], scope: Scope) -> Prompt:
    """A text by language, as far as there are voices."""
    known = scope.known.get("language", tuple(texts))
    spoken = {language: text for language, text in texts.items() if language in known}
    return Prompt({language: (Sound(rendered(text, language, scope)),) for language, text in spoken.items()})


def compile_route(route: RouteSection) -> NumberRoute:
    """What a number leads to."""
    return NumberRoute(route.flow, route.variables)
