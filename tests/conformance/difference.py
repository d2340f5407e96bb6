"""What a switch is known to do otherwise, and why: one list. A difference that is not there any more is an error."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ccd.config.document import read_file
from tests.conformance.scenario import Scenario
from tests.conformance.switch import KINDS, SwitchKind

FILE = Path(__file__).parent / "differences.yaml"


@dataclass(frozen=True)
class Differences:
    """`known` gives the reason by (scenario, switch), `not_run` those of switches on which nothing has been run."""

    known: Mapping[tuple[str, str], str]
    not_run: Mapping[str, str]


def read_differences(file: Path = FILE) -> Differences:
    """The list. Raises ValueError for a switch that there is not."""
    data = read_file(file).data
    differences, not_run = data.get("differences") or {}, data.get("not_run") or {}
    known = {(name, switch): why for name, reasons in differences.items() for switch, why in reasons.items()}
    unknown = {switch for _, switch in known} | set(not_run)
    if unknown - set(KINDS):
        raise ValueError(f"{file}: no such switch: {sorted(unknown - set(KINDS))}")
    return Differences(known, not_run)


def golden(scenario: Scenario, kind: SwitchKind) -> Path:
    """The transcript that this switch must give: everybody's, or its own where it is known to differ."""
    own = scenario.golden.with_suffix(f".{kind.name}.txt")
    return own if own.exists() else scenario.golden
