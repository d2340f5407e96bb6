"""Mistakes between a site's switches, and who could not be reached."""

from collections.abc import Iterator

from ccd.config.document import Document
from ccd.config.problem import Place, expectation
from ccd.config.section import AgentSection, QueueSection
from ccd.config.settings import Settings

NAMES = {
    "asterisk": ("an Asterisk", "PJSIP/1001", "PJSIP/trunk"),
    "freeswitch": ("a FreeSWITCH", "user/1001", "gateway/trunk"),
}
FOREIGN = {"asterisk": ("user/", "gateway/"), "freeswitch": ("PJSIP/", "SIP/")}


def switch_of(settings: Settings, endpoint: str) -> str:
    """The switch that a phone or trunk is on."""
    switch, colon, _ = endpoint.partition(":")
    return switch if colon else next(iter(settings.switches))


def check_switches(document: Document, settings: Settings) -> None:
    """Trunks that lead nowhere, phones and trunks that their switch cannot have."""
    for name, section in settings.switches.items():
        if name in section.trunks:
            place = document.place(("switches", name, "trunks", name), of_key=True)
            document.error(place, f"a trunk from switch `{name}` to itself" + expectation("another switch"))
    for name, agent in settings.agents.items():
        check_kind(document, settings, document.place(("agents", name, "endpoint")), agent.endpoint, is_phone=True)
    for index, rule in enumerate(settings.dial_policy.rules):
        place = document.place(("dial_policy", "rules", index, "trunk"))
        check_kind(document, settings, place, rule.trunk, is_phone=False)


def check_kind(document: Document, settings: Settings, place: Place, endpoint: str, *, is_phone: bool) -> None:
    """Nothing on an Asterisk is called as it would be on a FreeSWITCH, and the other way round."""
    if not endpoint:
        return
    switch = switch_of(settings, endpoint)
    kind = settings.switches[switch].kind
    if endpoint.rpartition(":")[2].startswith(FOREIGN[kind]):
        what, phone, trunk = NAMES[kind]
        told = f"switch `{switch}` is {what}, which has no `{endpoint.rpartition(':')[2]}`"
        document.error(place, told + expectation(f"as {phone if is_phone else trunk}"))


def far_apart(document: Document, settings: Settings) -> Iterator[tuple[Place, str]]:
    """Queues whose agents the callers of some switch would never get, and switches where nobody can call out."""
    if len(settings.switches) < 2:
        return
    for name, queue in settings.queues.items():
        fit = [agent for agent in settings.agents.values() if is_qualified(agent, queue)]
        for switch, section in settings.switches.items():
            reached = {switch, *section.trunks}
            if fit and all(agent.endpoint and switch_of(settings, agent.endpoint) not in reached for agent in fit):
                place = document.place(("queues", name), of_key=True)
                yield (
                    place,
                    f"callers on switch `{switch}` reach no agent of queue `{name}`: it has no trunk to their phones",
                )
    for switch in settings.switches:
        trunks = [rule.trunk for rule in settings.dial_policy.rules if rule.allow]
        if trunks and all(switch_of(settings, trunk) != switch for trunk in trunks):
            place = document.place(("switches", switch), of_key=True)
            yield place, f"nobody on switch `{switch}` can call out: no rule of the dial policy has a trunk of it"


def is_qualified(agent: AgentSection, queue: QueueSection) -> bool:
    """Whether the agent may serve the queue."""
    return all(agent.skills.get(skill, -1) >= level for skill, level in queue.requires.items())
