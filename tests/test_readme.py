"""The README is the manual: what it names is there, what is there it names, and its examples hold."""

import os
import re
import shlex
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
import yaml

from ccd.cli.main import COMMANDS, LazyGroup, app
from ccd.config.campaign import CampaignSection
from ccd.config.campaign_rules import RETRY
from ccd.config.load import load
from ccd.config.settings import Settings
from ccd.config.verb import VERBS, key_of
from ccd.model.campaign import AttemptOutcome

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text()
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES: list[tuple[str, str]] = FENCE.findall(TEXT)
PROSE = FENCE.sub("", TEXT)
SHELL = "\n".join(text.replace("\\\n", " ") for kind, text in EXAMPLES if kind == "sh")


def section(title: str) -> str:
    """A chapter's text, its sub-chapters included."""
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(text: str) -> dict[str, str]:
    """The table rows that begin with a word in backticks: that word to the rest of its row."""
    return dict(re.findall(r"^\| `([^`]+)` \|(.*)\|$", text, re.MULTILINE))


def quoted(text: str) -> set[str]:
    """All words in backticks."""
    return set(re.findall(r"`([^`]+)`", text))


def test_every_verb_has_its_line_with_all_settings_and_outcomes() -> None:
    found = rows(section("Flows"))
    assert list(found) == list(VERBS)
    for name, verb in VERBS.items():
        settings = {key_of(field.name) for field in fields(verb)}
        assert settings <= quoted(found[name].split("|")[1]), name
        assert quoted(found[name].split("|")[1]) <= settings, name


def test_outcomes_are_those_of_the_verbs() -> None:
    for name, row in rows(section("Flows")).items():
        outcomes = VERBS[name].__dataclass_fields__.get("on")
        if outcomes is not None:
            module = __import__(VERBS[name].__module__, fromlist=["x"])
            known = getattr(module, f"{VERBS[name].__name__}Outcome").__args__
            assert quoted(row.split("|")[2]) == set(known), name


def test_every_section_of_the_configuration_is_named() -> None:
    assert set(rows(section("Configuration"))) == set(Settings.model_fields)


def test_every_command_is_named() -> None:
    assert set(rows(section("Commands"))) == {f"ccd {name}" for name in COMMANDS}


def command_of(name: str) -> Any:
    """The command itself, as `ccd NAME` finds it."""
    group = typer.main.get_command(app)
    assert isinstance(group, LazyGroup)
    return group.resolve_command(typer.Context(group), [name])[1]


def test_every_subcommand_is_named() -> None:
    named = quoted(PROSE)
    for name in COMMANDS:
        for inner in getattr(command_of(name), "commands", {}):
            assert {inner, f"ccd {name} {inner}"} & named, f"ccd {name} {inner}"


def make_targets() -> set[str]:
    """Those that `make help` lists."""
    # a make above this one would have it tell which folder it enters
    clean = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", "-s", "help"], cwd=ROOT, env=clean, capture_output=True, text=True, check=True)
    return {line.split()[0] for line in done.stdout.splitlines()}


def test_every_make_target_is_named() -> None:
    named = {name.removeprefix("make ").replace("bench-NAME", "bench-%") for name in rows(section("Development"))}
    assert {name for name in named if not name.startswith(("ccd/", "bench-"))} | {"bench-%"} == make_targets()
    for benchmark in re.findall(r"`make bench-([a-z]+)`", TEXT):
        assert (ROOT / f"benchmarks/{benchmark}.py").exists(), benchmark


def documents() -> list[dict[str, Any]]:
    """The YAML examples, numbers and dates as they are written."""
    return [yaml.load(text, yaml.BaseLoader) for kind, text in EXAMPLES if kind == "yaml"]


def test_the_yaml_examples_make_a_site_without_a_mistake(tmp_path: Path) -> None:
    """One is a whole `ccd.yaml`; flows lie beside it; others are sections, each put in place of the site's own."""
    texts = [text for kind, text in EXAMPLES if kind == "yaml"]
    whole = next(text for text in texts if "\nswitches:" in text)
    others = ("switches:", "campaigns:")
    sections = [text for text in texts if not any(one in text for one in others) and not text.startswith("flow:")]
    replaced = {name for text in sections for name in yaml.load(text, yaml.BaseLoader)}
    assert not replaced & set(yaml.load(whole, yaml.BaseLoader))
    (tmp_path / "ccd.yaml").write_text("\n".join([whole, *sections]))
    (tmp_path / "ami.secret").write_text("x")
    (tmp_path / "flows").mkdir()
    for document, text in zip(documents(), texts, strict=True):
        if "flow" in document:
            (tmp_path / "flows" / f"{document['flow']}.yaml").write_text(text)
    loaded = load(tmp_path, 0, lambda text, language: "speech")
    assert [str(problem) for problem in loaded.warnings] == []
    assert len(loaded.configuration.flows) == 2


def test_the_example_of_several_switches_is_right_in_place_of_the_one(tmp_path: Path) -> None:
    texts = [text for kind, text in EXAMPLES if kind == "yaml"]
    whole = next(text for text in texts if "\nswitches:" in text)
    several = next(text for text in texts if text.startswith("switches:"))
    site = re.sub(r"(?ms)^switches:.*?^(?=\w)", lambda found: several + "\n", whole)
    for name in ("endpoint: PJSIP/1001", "trunk: PJSIP/trunk"):
        key, value = name.split(": ")
        site = site.replace(name, f'{key}: "annex:{value}"')
    (tmp_path / "ccd.yaml").write_text(site)
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "welcome.yaml").write_text(next(text for text in texts if text.startswith("flow: welcome")))
    found = load(tmp_path, 0, lambda text, language: "speech")
    assert list(found.configuration.network.trunks) == ["main", "annex"]
    said = [problem.message for problem in found.warnings]
    assert said == ["nobody on switch `main` can call out: no rule of the dial policy has a trunk of it"]


def sections_of(text: str) -> dict[str, str]:
    """The text of each section by its name."""
    parts = [part for part in re.split(r"(?m)^(?=[a-z_]+:)", text) if part.strip()]
    return {part.partition(":")[0]: part for part in parts}


def test_the_examples_of_campaigns_are_right_in_place_of_the_sections(tmp_path: Path) -> None:
    """The second one is for the site of the first."""
    texts = [text for kind, text in EXAMPLES if kind == "yaml"]
    site = sections_of(next(text for text in texts if "\nswitches:" in text))
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "welcome.yaml").write_text(next(text for text in texts if text.startswith("flow: welcome")))
    examples = [text for text in texts if "campaigns:" in text]
    assert len(examples) == 2
    for text in examples:
        new = sections_of(text)
        queues = site["queues"].rstrip() + "\n" + new.pop("queues", "").removeprefix("queues:\n")
        site |= new | {"queues": queues}
        (tmp_path / "ccd.yaml").write_text("".join(site.values()))
        found = load(tmp_path, 0, lambda text, language: "speech")
        assert [str(problem) for problem in found.warnings] == []
        assert list(found.contact_rules) == list(found.configuration.campaigns)
    assert [campaign.name for campaign in found.configuration.campaigns.values()] == ["Renewals 2027"]


def test_every_setting_of_a_campaign_is_in_its_table() -> None:
    cells = [cell.split("|")[0] for cell in re.findall(r"^\| (`[^\n]*)$", section("Campaigns"), re.MULTILINE)]
    assert {name for cell in cells for name in quoted(cell)} == set(CampaignSection.model_fields)


def test_the_outcomes_of_attempts_are_told_with_what_holds_for_them() -> None:
    said = section("Campaigns").partition("\nOutcomes are ")[2].partition("\n\n")[0]
    assert quoted(said) == set(get_args(AttemptOutcome))
    assert {name for name in quoted(said) if name != "talked"} == set(RETRY)


def test_the_flow_of_the_number_is_there() -> None:
    flows = {document["flow"] for document in documents() if "flow" in document}
    assert {flow for document in documents() for flow in document.get("numbers", {}).values()} <= flows


def ccd_lines() -> list[str]:
    """Every command of ours in a shell example, and what the running text says in backticks."""
    typed = re.findall(r"(?:^|[(|;] ?)(ccd [^|>;)\n]*)", SHELL, re.MULTILINE)
    said = [text for text in quoted(PROSE) if text.startswith("ccd ") and text.split()[1] in COMMANDS and " --" in text]
    return sorted({line.strip() for line in (*typed, *said)})


@pytest.mark.parametrize("line", ccd_lines())
def test_the_commands_parse(line: str) -> None:
    """With the options and arguments that they are given."""
    name, *arguments = shlex.split(line)[1:]
    command = command_of(name)
    inner: dict[str, Any] = getattr(command, "commands", {})
    if arguments and arguments[0] in inner:
        command = inner[arguments[0]]
        arguments = arguments[1:]
    command.make_context(name, arguments)
    with pytest.raises(typer.Exit) as ended:
        command.make_context(name, ["--help"])
    assert ended.value.exit_code == 0


def test_there_are_commands_to_parse() -> None:
    assert len(ccd_lines()) > 12


def test_the_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (ROOT / target).exists(), target
    heads = {
        re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in re.findall(r"^#+ (.*)$", TEXT, re.M)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= heads


def test_the_files_that_are_named_are_there() -> None:
    for name in quoted(PROSE):
        if re.fullmatch(r"(dialplans|config|systemd|docs|tests|benchmarks|ccd)/[A-Za-z0-9_./-]+", name):
            assert (ROOT / name).exists(), name


def test_the_metrics_that_are_named_are_there() -> None:
    source = (ROOT / "ccd/web/metrics.py").read_text()
    for name in re.findall(r"`(ccd_[a-z_]+)", section("Health and metrics")):
        assert f'"{name}"' in source, name
