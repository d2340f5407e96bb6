"""Every verb: its file, its class, a good document and a bad one agree."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import ccd.core.flow.steps
from ccd.config.document import Document, read, read_file
from ccd.config.flow import FlowFile, compile_flow
from ccd.config.problem import Problem
from ccd.config.review import review_flows
from ccd.config.scope import Scope
from ccd.config.verb import VERBS, StepDocument, documented, key_of
from ccd.config.way import onward

FLOWS = Path(__file__).parent.parent / "flows"
KNOWN: dict[str, Any] = {
    "queue": ("sales",),
    "calendar": ("office",),
    "flow": ("play", "hangup", "call"),
    "language": ("en", "es"),
    "do-not-call list": ("global", "offers"),
}


def compiled(path: Path) -> tuple[Document, FlowFile | None]:
    """A fixture through the whole of validation."""
    document = read_file(path)
    return document, compile_flow(document, Scope(lambda text, language: text, KNOWN))


def told(problem: Problem) -> str:
    """A problem as the bad documents list it at their end."""
    return f"# {problem.place.line}:{problem.place.column}: {problem.message.split(' (expected')[0]}"


def test_a_verb_is_a_file_a_class_and_two_documents() -> None:
    steps = Path(ccd.core.flow.steps.__path__[0])
    files = {path.stem.rstrip("_") for path in steps.glob("*.py")} - {"init"} - {"__init"}
    assert files == set(VERBS)
    assert [verb.__name__ for verb in VERBS.values()] == [name.title().replace("_", "") for name in VERBS]
    for kind in ("good", "bad"):
        assert {path.stem for path in (FLOWS / kind).glob("*.yaml")} == set(VERBS)


@pytest.mark.parametrize("name", VERBS)
def test_the_good_document_is_right_and_uses_every_setting(name: str) -> None:
    document, file = compiled(FLOWS / "good" / f"{name}.yaml")
    assert document.problems == []
    assert file is not None
    bodies = [step[name] for step in document.data["steps"].values() if name in step]
    used = {key for body in bodies if isinstance(body, dict) for key in body}
    assert {key_of(field.name) for field in fields(VERBS[name])} <= used


@pytest.mark.parametrize("name", VERBS)
def test_the_bad_document_tells_all_its_mistakes_with_their_places(name: str) -> None:
    path = FLOWS / "bad" / f"{name}.yaml"
    document, file = compiled(path)
    assert file is None
    wrong = path.read_text().partition("# What is wrong:\n")[2].splitlines()
    found = [
        f"# {p.place.line}:{p.place.column}: {p.message.split(' (expected')[0]}" for p in sorted(document.problems)
    ]
    assert found == wrong


@pytest.mark.parametrize("name", VERBS)
def test_every_setting_is_documented(name: str) -> None:
    verb = VERBS[name]
    assert verb.__doc__
    assert {field.name for field in fields(verb)} <= set(documented(verb))


@pytest.mark.parametrize("name", VERBS)
def test_the_ways_onward_of_every_verb_are_known(name: str) -> None:
    _, file = compiled(FLOWS / "good" / f"{name}.yaml")
    assert file is not None
    for step in file.flow.steps:
        assert set(onward(file.flow, step)) <= {*file.flow.steps, ""}


def test_a_step_has_exactly_one_verb() -> None:
    for body in ({}, {"next": "a"}, {"answer": None, "hangup": None}):
        with pytest.raises(ValueError, match="a step has one verb"):
            StepDocument.model_validate(body)


def test_the_manual_of_flows_knows_every_verb_and_setting() -> None:
    manual = (FLOWS.parent.parent / "dialplans" / "flows" / "README.md").read_text()
    rows = {row.split("`")[1]: row for row in manual.splitlines() if row.startswith("| `") and ".yaml" not in row}
    assert set(rows) == set(VERBS)
    for name, verb in VERBS.items():
        assert [field.name for field in fields(verb) if f"`{key_of(field.name)}`" not in rows[name]] == []


def test_the_example_in_the_manual_is_right() -> None:
    manual = (FLOWS.parent.parent / "dialplans" / "flows" / "README.md").read_text()
    example = manual.partition("```yaml\n")[2].partition("```")[0]
    document = read(example.encode(), "README.md")
    scope = Scope(lambda text, language: text, {"queue": ("sales", "repairs"), "language": ("en",)})
    file = compile_flow(document, scope)
    assert document.problems == []
    assert file is not None
    assert list(review_flows([file], None, scope, Path())) == []
