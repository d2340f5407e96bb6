"""Everything the site wrote to everything the daemon needs, or to all that is wrong with it."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ccd.config import campaign_rules, site
from ccd.config.campaign import GLOBAL
from ccd.config.campaign_review import check_campaigns
from ccd.config.document import Document, read_file
from ccd.config.flow import FlowFile, compile_flow, flow_name
from ccd.config.problem import ConfigurationErrors, Place, Problem, expectation, shown
from ccd.config.review import review_flows, review_site
from ccd.config.scope import Scope, SoundName, Text
from ccd.config.settings import ADAPTER, Settings
from ccd.config.switch import check_switches
from ccd.config.validation import validate
from ccd.core.configuration import Configuration
from ccd.model.campaign import ContactRules
from ccd.model.ids import AgentId, CampaignId, Moment

SETTINGS_FILE = "ccd.yaml"
FLOW_FILE_LIMIT = 500


@dataclass(frozen=True)
class Loaded:
    """A site that can be run.

    `texts` are all (text, language) that must be rendered before; their sounds are where `sound_name` said. `base` is
    the folder that the paths of `settings` count from, `pins` the agents' PINs, hashed. `inputs` are the files read.
    `shadow` is the policy that looks on; one with mistakes is none, and they are among the warnings. By
    `contact_rules` each campaign's contacts are chosen, which is nothing that the engine must know.
    """

    configuration: Configuration
    settings: Settings
    base: Path
    pins: Mapping[AgentId, str]
    texts: tuple[Text, ...]
    warnings: tuple[Problem, ...]
    inputs: tuple[Path, ...]
    shadow: Configuration | None = None
    contact_rules: Mapping[CampaignId, ContactRules] = field(default_factory=dict)


@dataclass
class Reading:
    """What was read so far, mistakes included."""

    scope: Scope
    documents: list[Document] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def read(self, path: Path) -> Document | None:
        """A file's document, None where it is no YAML."""
        try:
            document = read_file(path)
        except ConfigurationErrors as error:
            self.problems += error.problems
            return None
        self.documents.append(document)
        return document

    def error(self, place: Place, message: str) -> None:
        """Note a mistake."""
        self.problems.append(Problem(place, message))

    def raise_errors(self) -> None:
        """Raise all mistakes, if there are any."""
        problems = [*self.problems, *(problem for document in self.documents for problem in document.problems)]
        if problems:
            raise ConfigurationErrors(problems)


def load(path: Path, now: Moment, sound_name: SoundName, *, has_shadow: bool = True) -> Loaded:
    """Load `ccd.yaml` (or the folder it is in) and its flows. Raises `ConfigurationErrors` with all mistakes."""
    file = path / SETTINGS_FILE if path.is_dir() else path
    reading = Reading(Scope(sound_name))
    document = reading.read(file)
    if document is None:
        reading.raise_errors()
        raise AssertionError
    data = document.data if isinstance(document.data, dict) else {}
    base = file.resolve().parent
    files = flow_documents(reading, flow_paths(reading, document, base))
    learn(reading.scope, data, files)
    settings: Settings | None = validate(ADAPTER, document, reading.scope)
    flows = compile_flows(reading.scope, files)
    if settings is not None:
        check_site(document, settings)
    reading.raise_errors()
    assert settings is not None
    configuration = configured(settings, flows, reading.scope, now)
    warnings = [
        *review_flows(flows.values(), settings, reading.scope, base),
        *review_site(document, settings),
    ]
    inputs = (file, *(Path(flow.document.file) for flow in flows.values()))
    pins = {AgentId(name): agent.pin_hash for name, agent in settings.agents.items() if agent.pin_hash}
    shadow = None
    if settings.shadow is not None and has_shadow:
        shadow, mistakes = load_shadow(base / settings.shadow.policy, now)
        warnings += mistakes
    texts, told = tuple(reading.scope.texts), tuple(sorted(set(warnings)))
    contact_rules = campaign_rules.compile_contact_rules(settings)
    return Loaded(configuration, settings, base, pins, texts, told, inputs, shadow, contact_rules)


def load_shadow(path: Path, now: Moment) -> tuple[Configuration | None, list[Problem]]:
    """The policy that looks on. Its mistakes hold up nobody."""
    try:
        return load(path, now, lambda text, language: "speech", has_shadow=False).configuration, []
    except ConfigurationErrors as error:
        return None, [replace(problem, severity="warning") for problem in error.problems]


def load_flows(paths: Iterable[Path], sound_name: SoundName) -> tuple[dict[str, FlowFile], tuple[Problem, ...]]:
    """Flows by themselves: queues, calendars and languages of a site are not known, so they are not checked.

    Returns them with warnings; raises `ConfigurationErrors` with all mistakes.
    """
    reading = Reading(Scope(sound_name))
    files = flow_documents(reading, paths)
    reading.scope.known["flow"] = dict.fromkeys(files)
    flows = compile_flows(reading.scope, files)
    reading.raise_errors()
    return flows, tuple(sorted(set(review_flows(flows.values(), None, reading.scope, Path()))))


def flow_paths(reading: Reading, document: Document, base: Path) -> list[Path]:
    """The flows' files, in order of their names."""
    folders = document.data.get("folders") if isinstance(document.data, dict) else None
    written = folders.get("flows") if isinstance(folders, dict) else None
    folder = base / (written if isinstance(written, str) and "\0" not in written else "flows")
    place = document.place(("folders", "flows"))
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml") and path.is_file())
    except OSError as error:
        told = f"there is no folder {shown(folder, 200)} of flows to read: {error.strerror}"
        reading.error(place, told + expectation("a folder of flows, `folders: {flows: …}`"))
        return []
    if len(found) > FLOW_FILE_LIMIT:
        reading.error(place, f"more than {FLOW_FILE_LIMIT} flows")
    return found[:FLOW_FILE_LIMIT]


def flow_documents(reading: Reading, paths: Iterable[Path]) -> dict[str, Document]:
    """Name to document; a name that comes twice is an error."""
    files: dict[str, Document] = {}
    for path in paths:
        document = reading.read(path)
        if document is None:
            continue
        name = flow_name(document)
        if name is None:
            reading.error(document.place(), "this is no flow" + expectation("`flow: name`"))
        elif name in files:
            reading.error(document.place(("flow",)), f"there is a flow `{name}` already, in {files[name].file}")
        else:
            files[name] = document
    return files


def learn(scope: Scope, data: Mapping[str, Any], flows: Iterable[str]) -> None:
    """The names that other places may use, taken before anything is validated so that all mistakes come at once."""
    for kind, section in (
        ("queue", "queues"),
        ("calendar", "calendars"),
        ("agent", "agents"),
        ("switch", "switches"),
        ("set of calling hours", "calling_hours"),
    ):
        names = data.get(section)
        scope.known[kind] = dict.fromkeys(names) if isinstance(names, dict) else ()
    scope.known["flow"] = dict.fromkeys(flows)
    lists = data.get("do_not_call")
    named = [name for name in lists if isinstance(name, str)] if isinstance(lists, list) else []
    scope.known["do-not-call list"] = dict.fromkeys([*named, GLOBAL])
    speech = data.get("speech")
    voices = speech.get("voices") if isinstance(speech, dict) else None
    scope.known["language"] = tuple(voices) if isinstance(voices, dict) else ("en",)
    own = data.get("site")
    language = own.get("language") if isinstance(own, dict) else None
    scope.language = language if isinstance(language, str) else "en"


def compile_flows(scope: Scope, files: Mapping[str, Document]) -> dict[str, FlowFile]:
    """All flows that have no mistakes."""
    compiled = ((name, compile_flow(document, scope)) for name, document in files.items())
    return {name: flow for name, flow in compiled if flow is not None}


def check_site(document: Document, settings: Settings) -> None:
    """Mistakes between sections."""
    numbers: dict[str, str] = {}
    for name, agent in settings.agents.items():
        if agent.number in settings.dial_policy.emergency:
            place = document.place(("agents", name, "number"))
            document.error(place, f"{agent.number} is an emergency number" + expectation("another number"))
        other = numbers.setdefault(agent.number, name)
        if other != name:
            place = document.place(("agents", name, "number"))
            document.error(place, f"agent `{other}` has the number {agent.number} already")
    names: dict[str, int] = {}
    for index, token in enumerate(settings.http.tokens):
        if names.setdefault(token.name, index) != index:
            place = document.place(("http", "tokens", index, "name"))
            document.error(place, f"there is a token `{token.name}` already")
    check_switches(document, settings)
    check_campaigns(document, settings)


def configured(settings: Settings, flows: Mapping[str, FlowFile], scope: Scope, now: Moment) -> Configuration:
    """The engine's part; its hash names the content."""
    network = site.compile_network(settings)
    calendars = site.compile_calendars(settings, now)
    campaigns = campaign_rules.compile_campaigns(settings, calendars, scope, now)
    own_flows = {campaign.flow.name: campaign.flow for campaign in campaigns.values()}
    parts: dict[str, Any] = {
        "site": site.compile_site(settings),
        "numbers": {number: site.compile_route(route) for number, route in settings.numbers.items()},
        "flows": {name: file.flow for name, file in flows.items()} | own_flows,
        "queues": site.compile_queues(settings, scope),
        "agents": site.compile_agents(settings.agents, network),
        "calendars": calendars,
        "dial_policy": site.compile_dial_policy(settings.dial_policy, network),
        "feature_codes": site.compile_feature_codes(settings),
        "phone_prompts": site.compile_phone_prompts(settings.phone_prompts, scope),
        "default_route": site.compile_route(settings.default_route) if settings.default_route else None,
        "campaigns": campaigns,
        "trunk_limits": campaign_rules.compile_trunk_limits(settings.trunk_limits, network),
        "network": network,
    }
    digest = hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return Configuration(hash=digest, **parts)
