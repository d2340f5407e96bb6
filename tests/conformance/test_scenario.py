"""Scenarios are read with clear errors, each with its place."""

from datetime import date
from pathlib import Path

import pytest

from ccd.config.problem import ConfigurationErrors
from tests.conformance.company import company
from tests.conformance.scenario import Scenario, read, read_all
from tests.conformance.switch import FREESWITCH, KINDS

GOOD = """reason: It works.
numbers: {"4930001": shop}
queues: {sales: {requires: {selling: 1}}}
agents: {anna: {name: Anna, number: "1001", skills: {selling: 5}, endpoint: PJSIP/1001}}
flows: {shop: {steps: {hello: {play: {sound: hello}}, wait: {queue: sales}, bye: {transfer: {to: "911000001"}}}}}
sounds: {hello: 1500ms}
callers: {lucia: {number: "600000001", name: Lucia}}
outside: {bank: "911000001"}
script:
  - lucia calls 4930001
  - lucia hears hello for 1 s
  - lucia presses 1001#
  - 2 s pass
  - lucia hangs up
"""


def made(tmp_path: Path, text: str = GOOD) -> Scenario:
    """The scenario of this text."""
    path = tmp_path / "one.yaml"
    path.write_text(text)
    return read(path)


def test_a_good_one(tmp_path: Path) -> None:
    one = made(tmp_path)
    assert [line.what for line in one.script] == ["calls", "hears", "presses", "passes", "hangs_up"]
    assert one.sounds == {"hello": 1.5}
    assert {name: person.kind for name, person in one.people.items()} == {
        "lucia": "caller",
        "anna": "phone",
        "bank": "outside",
    }


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (
            "reason: It works.",
            "raison: It works.",
            "one.yaml:1:1: error: unknown key `raison` (expected one; did you mea",
        ),
        ("reason: It works.", "numbers: {}", "the key `numbers` is there already"),
        ("reason: It works.\n", "", "`reason` is missing"),
        (
            "lucia calls",
            "lucas calls",
            "one.yaml:10:5: error: nobody is called `lucas` (expected one of the scenario's peo",
        ),
        (
            "lucia hangs up",
            "lucia flies",
            "one.yaml:14:5: error: `flies` is nothing that `lucia` can do (expected `calls",
        ),
        (
            "hears hello",
            "hears hallo",
            "one.yaml:11:5: error: nothing is called `hallo` (expected a sound or a person; did",
        ),
        ("1500ms", "1.5 s", "one.yaml:6:17: error: `1.5 s` is no length (expected as 2s, 400ms)"),
        ("lucia: {", "Lucia: {", "`Lucia` is no name (expected small letters)"),
        (
            "lucia calls 4930001",
            "daemon sleeps",
            "`sleeps` is nothing that `daemon` can do (expected `dies`, `is back`)",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, old: str, new: str, error: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigurationErrors) as raised:
        made(tmp_path, GOOD.replace(old, new))
    assert error in str(raised.value)


def test_names_and_numbers_are_a_scenarios_own_and_found_again(tmp_path: Path) -> None:
    one = made(tmp_path)
    joined = company([one, one], Path("/sounds"), FREESWITCH, date(2026, 11, 27))
    names = joined.members[1].names
    assert joined.settings["numbers"] == {"4930011": "shop_01", "4930021": "shop_02"}
    assert joined.settings["agents"]["anna_02"] == {
        "name": "Anna",
        "number": "1021",
        "skills": {"selling_02": "5"},
        "endpoint": "user/1021",
    }
    assert joined.settings["dial_policy"]["rules"][-1]["trunk"] == "gateway/trunk"
    assert "/sounds/hello_02" in joined.flows["shop_02"]
    assert names.there("1001#") == "1021#"
    assert names.here("anna_02 at user/1021 dials +34911022221 for 602000001") == (
        "anna at user/1001 dials +34911000001 for 600000001"
    )


def test_no_two_people_have_the_same_number() -> None:
    for kind in KINDS.values():
        joined = company(read_all(), Path("/sounds"), kind, date(2026, 11, 27))
        numbers = [
            (kind.name, member.number(person))
            for member in joined.members
            for person in {one.number: one for one in member.scenario.people.values()}.values()
            if len(person.number) > 3
        ]
        assert len(numbers) == len(set(numbers))
