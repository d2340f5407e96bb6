"""A site as a whole."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from ccd.config.load import load, load_flows
from ccd.config.problem import ConfigurationErrors
from ccd.core.flow.prompt import Sound
from ccd.model.ids import AgentId, QueueId
from tests.config.site import FLOW, NOW, SITE, errors, loaded, sound_name, written


def test_a_small_site(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    configuration = found.configuration
    assert configuration.numbers["+34910000001"].flow == "main"
    assert configuration.queues[QueueId("sales")].requires == (("sales", 2),)
    assert configuration.agents[AgentId("ana")].skills == {"sales": 2}
    assert configuration.flows["main"].following == {"hello": "wait"}
    assert ("Hello.", "en") in found.texts
    assert configuration.phone_prompts.pin.pieces("en", "en") == (Sound("en:Please enter your PIN, then hash."),)
    assert found.warnings == ()
    assert [path.name for path in found.inputs] == ["ccd.yaml", "main.yaml"]


def test_the_file_can_be_named_too(tmp_path: Path) -> None:
    folder = written(tmp_path)
    assert load(folder / "ccd.yaml", NOW, sound_name).configuration == load(folder, NOW, sound_name).configuration


def test_all_mistakes_of_all_files_come_at_once_in_order(tmp_path: Path) -> None:
    site = SITE.replace("main}", "mian}").replace("sales: 2}}}\nagents", "sales: two}}}\nagents")
    other = "flow: other\nsteps:\n  a: {gotto: a}\n"
    found = errors(tmp_path, site, main=FLOW.replace("queue: sales", "queue: sals"), other=other)
    assert found == [
        "ccd.yaml:2:27: error: there is no flow `mian` (expected one of main, other; did you mean main?)",
        "ccd.yaml:3:36: error: `two` is no whole number (expected as 3)",
        "flows/main.yaml:4:25: error: there is no queue `sals` (expected one of sales; did you mean sales?)",
        "flows/other.yaml:3:7: error: unknown key `gotto` (expected answer, call, caller, collect, do_not_call, goto,"
        " hangup, hours, if, menu, next, play, queue, set, transfer, voicemail; did you mean goto?)",
    ]


def test_a_broken_file_does_not_hide_the_others(tmp_path: Path) -> None:
    found = errors(tmp_path, SITE, main=FLOW.replace("2m", "2"), broken="a: [")
    assert [line.partition(": error")[0] for line in found] == ["flows/broken.yaml:2:1", "flows/main.yaml:4:42"]


@pytest.mark.parametrize(
    ("site", "message"),
    [
        (SITE.replace("agents:", "agnets:"), "ccd.yaml:4:1: error: unknown key `agnets`"),
        (SITE.replace("secret_env: CCD_AMI, ", ""), "ccd.yaml:1:17: error: a switch has either"),
        (SITE + "folders: {flows: nowhere}\n", "ccd.yaml:6:18: error: there is no folder"),
        (SITE.replace('number: "1001"', 'number: "10a1"'), "`10a1` does not fit (expected up to 16 digits)"),
        (SITE.replace("Ana, ", "Ana, pin: 4711, "), "unknown key `pin`"),
        (SITE + "site: {time_zone: Europe/Madird}\n", "did you mean Europe/Madrid?"),
        (SITE + "site: {language: fr}\n", "there is no language `fr` (expected one of en)"),
        (SITE + "http: {listen: 8080}\n", "`8080` is no address"),
        (SITE + "redis: {url: 'redis://:password@host'}\n", "does not fit (expected as redis://127.0.0.1:6379/0)"),
        (SITE + "recording: {quota: {size: 5}}\n", "`5` is no size (expected as 500MB, 50GB)"),
        (SITE + "recording: {share: 1.5}\n", "1.5 is out of bounds (expected 0 to 1)"),
        (SITE + "dial_policy: {rules: [{name: all, pattern: '+*'}]}\n", "`trunk` is missing"),
        (SITE + "dial_policy: {rules: [{name: all, pattern: '.*', allow: false}]}\n", "`.*` does not fit"),
        (SITE.replace("09:00-18:00", "9-18"), "`9-18` is no opening (expected as 09:00-18:00, or closed)"),
        (SITE.replace("09:00-18:00", "09:00-25:00"), "`09:00-25:00` is no opening"),
        (SITE.replace("monday-friday", "monday-fryday"), "did you mean friday?"),
        (SITE.replace("{sales: 2}}}\nag", "{sales: 2, tax: -1}}}\nag"), "-1 is out of bounds (expected 0 to 1000)"),
        (SITE + 'http: {tokens: [{name: a, role: agent, hash: "sha256:0"}]}\n', "a hash as `ccd token` prints it"),
        ("[]", "a list is not possible here (expected a mapping)"),
        ("x", "`x` is not possible here (expected a mapping)"),
    ],
)
def test_mistakes(tmp_path: Path, site: str, message: str) -> None:
    assert any(message in line for line in errors(tmp_path, site)), errors_again(tmp_path)


def errors_again(folder: Path) -> list[str]:
    """The same, for the message of a test that failed."""
    try:
        load(folder, NOW, sound_name)
    except ConfigurationErrors as found:
        return [str(problem) for problem in found.problems]
    return []


def test_mistakes_between_sections(tmp_path: Path) -> None:
    twice = SITE.replace("agents: {", 'agents: {ben: {name: Ben, number: "1001"}, ')
    assert errors(tmp_path, twice) == ["ccd.yaml:4:69: error: agent `ben` has the number 1001 already"]


def test_no_agent_is_called_by_an_emergency_number(tmp_path: Path) -> None:
    site = SITE.replace('number: "1001"', 'number: "112"') + "dial_policy: {emergency: ['112']}\n"
    said = "ccd.yaml:4:35: error: 112 is an emergency number (expected another number)"
    assert errors(tmp_path, site) == [said]


def test_two_flows_of_one_name(tmp_path: Path) -> None:
    found = errors(tmp_path, SITE, main=FLOW, zweite=FLOW)
    assert re.match(r"flows/zweite.yaml:1:7: error: there is a flow `main` already, in .*main.yaml", found[0])


def test_the_hash_names_the_content(tmp_path: Path) -> None:
    folder = written(tmp_path)
    first = load(folder, NOW, sound_name).configuration.hash
    assert load(folder, NOW, sound_name).configuration.hash == first
    for name, old, new in (("ccd.yaml", "Ana", "Eva"), ("flows/main.yaml", "2m", "3m")):
        (folder / name).write_text((folder / name).read_text().replace(old, new))
        changed = load(folder, NOW, sound_name).configuration.hash
        assert changed != first
        first = changed


def test_the_version_of_a_flow_changes_with_it_alone(tmp_path: Path) -> None:
    folder = written(tmp_path)
    before = load(folder, NOW, sound_name).configuration.flows["main"].version
    (folder / "ccd.yaml").write_text(SITE.replace("Ana", "Eva"))
    assert load(folder, NOW, sound_name).configuration.flows["main"].version == before
    (folder / "flows/main.yaml").write_text(FLOW.replace("2m", "3m"))
    assert load(folder, NOW, sound_name).configuration.flows["main"].version != before


def test_announcements_are_texts_in_every_language_with_a_voice(tmp_path: Path) -> None:
    voices = "speech: {voices: {en: {}, es: {program: espeak-ng, voice: es}}}\n"
    site = SITE.replace("{sales: 2}}}\nag", "{sales: 2}, announcements: {every: 1m}}}\nag") + voices
    found = loaded(tmp_path, site)
    rules = found.configuration.queues[QueueId("sales")].announcements
    assert rules is not None
    assert {language: len(sounds) for language, sounds in rules.position.items()} == {"en": 20, "es": 20}
    assert {language: len(sounds) for language, sounds in rules.expected_wait.items()} == {"en": 30, "es": 30}
    assert rules.position["es"][0] == "es:Usted es el siguiente."
    assert ("You are number 20 in line.", "en") in found.texts


def test_flows_alone_do_not_know_the_site(tmp_path: Path) -> None:
    folder = written(tmp_path, SITE, main=FLOW.replace("queue: sales", "queue: anything"))
    flows, warnings = load_flows([folder / "flows" / "main.yaml"], sound_name)
    assert (list(flows), warnings) == (["main"], ())


def test_a_flow_that_is_none(tmp_path: Path) -> None:
    assert "flows/x.yaml:1:1: error: this is no flow (expected `flow: name`)" in errors(tmp_path, SITE, x="a: 1\n")


TOKENS = re.findall(r"[a-z_]+|[{}:,\[\]\"]|[0-9]+", SITE + FLOW)
WORDS = st.sampled_from([*TOKENS, " ", "  ", "\n", "- ", "&a ", "*a", "true", "é"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(WORDS, max_size=6).map("".join), st.integers(0, 400), st.integers(0, 20))
def test_any_damage_gives_a_site_or_configuration_errors(tmp_path: Path, junk: str, at: int, cut: int) -> None:
    if not (tmp_path / "flows").exists():
        written(tmp_path)
    for name, text in (("ccd.yaml", SITE), ("flows/main.yaml", FLOW)):
        (tmp_path / name).write_text(text[:at] + junk + text[at + cut :])
    try:
        load(tmp_path, NOW, sound_name)
    except ConfigurationErrors as error:
        event(f"{min(len(error.problems), 5)} problems")
