"""The alert rules: a file as Prometheus reads it, on metrics and labels that are there."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from ccd.model.view import CallPhase
from ccd.web.metrics import GAUGES, Metrics
from tests.web.centre import SmallCentre

ROOT = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "config/prometheus/ccd.rules.yml").read_text())
RULES: list[dict[str, Any]] = [rule for group in DOCUMENT["groups"] for rule in group["rules"]]
FUNCTIONS = {"absent", "histogram_quantile", "rate", "increase", "changes", "or", "m", "h", "e"}
PARTS = set(re.findall(r'HealthPart\("(\w+)"', (ROOT / "ccd/daemon/health.py").read_text()))
LABELS = {"part": PARTS, "phase": set(get_args(CallPhase))}
DURATION = re.compile(r"[1-9][0-9]*[smh]")


def by_name(rule: dict[str, Any]) -> str:
    return str(rule["alert"])


def test_the_file_has_the_structure_of_a_rule_file() -> None:
    assert DOCUMENT.keys() == {"groups"}
    assert all(group.keys() == {"name", "rules"} for group in DOCUMENT["groups"])
    names = list(map(by_name, RULES))
    assert len(names) == len(set(names)) > 10


@pytest.mark.parametrize("rule", RULES, ids=by_name)
def test_a_rule_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule.keys() - {"for"} == {"alert", "expr", "labels", "annotations"}
    assert re.fullmatch(r"Ccd[A-Z][A-Za-z]+", rule["alert"])
    assert DURATION.fullmatch(rule.get("for", "1m"))
    assert rule["labels"].keys() == {"severity"}
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"].keys() == {"summary", "runbook"}
    assert all(text == text.strip() and len(text) > 20 for text in rule["annotations"].values())


@pytest.mark.parametrize("rule", RULES, ids=by_name)
async def test_a_rule_asks_for_what_is_there(rule: dict[str, Any], tmp_path: Path) -> None:
    metrics = Metrics()
    for name, text in GAUGES.items():
        metrics.watch(name, text, lambda: 0)
    exposed = await metrics.exposed(SmallCentre(tmp_path).view())
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", exposed, re.MULTILINE))
    for name in re.findall(r"\bccd_\w+", rule["expr"]):
        base = name.removesuffix("_bucket")
        assert base in kinds, name
        assert (kinds[base] == "histogram") == (base != name), name
    for label, value in re.findall(r'(\w+)="([^"]*)"', rule["expr"]):
        assert value in LABELS[label], (label, value)


@pytest.mark.parametrize("rule", RULES, ids=by_name)
def test_an_expression_is_made_of_what_promql_knows(rule: dict[str, Any]) -> None:
    """No parser of PromQL is at hand: words, brackets and comparisons are checked."""
    rest = re.sub(r'\bccd_\w+|{\w+="\w+"}|\[[0-9]+[smh]\]', " ", rule["expr"])
    assert set(re.findall(r"[a-z_]+", rest)) <= FUNCTIONS
    assert re.sub(r"[a-z_0-9\s.+,/]|==|>|<", "", rest).replace("()", "").replace("()", "") == ""
    assert re.search(r"absent\(|==|<|>", rule["expr"])


@pytest.mark.parametrize(
    "word",
    [
        "StuckLeg",
        "Invariant",
        "SwitchDown",
        "LoopLag",
        "Disk",
        "JournalGap",
        "Backlog",
        "RecordingsLost",
        "AbandonRate",
        "DialsRefused",
        "ContactsAway",
    ],
)
def test_what_must_be_watched_is(word: str) -> None:
    assert any(word in rule["alert"] for rule in RULES)


def test_counters_that_a_rule_wants_the_increase_of_begin_at_zero() -> None:
    """The first sample of a series makes no increase, so such a counter must be there before it counts."""
    from ccd.web.exposition import Counter

    counters = [value for value in vars(Metrics()).values() if isinstance(value, Counter)]
    labelled = {counter.name for counter in counters if counter.labels}
    for rule in RULES:
        assert not labelled & set(re.findall(r"increase\((\w+)", rule["expr"])), rule["alert"]
