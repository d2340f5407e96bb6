"""The scenarios show every verb, outcome and feature code; what the README says of them is so."""

from dataclasses import fields
from pathlib import Path
from typing import get_args

from ccd.config.verb import VERBS
from ccd.core.acd import offer
from ccd.core.configuration import FeatureCodes
from ccd.core.flow import steps
from ccd.model.fact import OfferOutcome, VisitOutcome
from tests.conformance.coverage import shown_by, table
from tests.conformance.difference import golden, read_differences
from tests.conformance.scenario import FOLDER, read_all
from tests.conformance.switch import KINDS

SCENARIOS = read_all()
README = Path(__file__).parents[2] / "README.md"
NEVER_YET = {"voicemail", "callback", "handed_back"}
"""Outcomes of a visit that nothing gives yet: a caller leaves a queue for voicemail by `overflowed`."""
BY_CHANCE = {"lost", "unreachable"}
"""Outcomes of an offer that need a race: a phone or caller that goes in the moment in which he is dialled or joined."""
TEXTS = "\n".join(one.golden.read_text() for one in SCENARIOS)


def test_there_are_many_and_each_says_what_it_is_for() -> None:
    assert len(SCENARIOS) >= 60
    for one in SCENARIOS:
        assert one.reason.endswith("."), one.name
    assert len({one.reason for one in SCENARIOS}) == len(SCENARIOS)


def test_every_verb_and_feature_is_shown() -> None:
    shown = shown_by(SCENARIOS)
    assert [what for what, names in shown.items() if not names] == []
    files = {path.stem.rstrip("_") for path in Path(str(steps.__file__)).parent.glob("[a-z]*.py")}
    assert files == set(VERBS)


def test_every_outcome_is_shown() -> None:
    for outcome in set(get_args(VisitOutcome)) - NEVER_YET:
        assert f": {outcome}\n" in TEXTS, outcome
    for made in set(get_args(OfferOutcome)) - BY_CHANCE:
        assert any(f"offer to {who}: {made}" in TEXTS for who in ("anna", "ben")), made
    assert set(get_args(OfferOutcome)) >= set(offer.OUTCOME_OF_CAUSE.values())


def test_every_feature_code_is_dialled_or_pressed() -> None:
    said = "\n".join(line.text for one in SCENARIOS for line in one.script) + "\n"
    for code in fields(FeatureCodes):
        value = getattr(FeatureCodes(), code.name)
        assert f" {value}\n" in said, code.name


def test_the_readmes_table_is_that_of_the_scenarios() -> None:
    text = README.read_text()
    assert "\n".join(table(SCENARIOS, read_differences())) in text


def test_known_differences_have_their_own_transcripts_and_no_others() -> None:
    known = read_differences()
    own = {(one.name, kind) for one in SCENARIOS for kind in KINDS if (FOLDER / f"{one.name}.{kind}.txt").exists()}
    assert own == set(known)
    for one in SCENARIOS:
        for kind in KINDS.values():
            if (one.name, kind.name) in known:
                assert golden(one, kind).read_text() != one.golden.read_text(), f"{one.name} does not differ"


def test_no_transcript_is_without_its_scenario() -> None:
    assert {path.name.partition(".")[0] for path in FOLDER.glob("*.txt")} == {one.name for one in SCENARIOS}
