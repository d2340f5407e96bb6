"""What a switch is known to do otherwise, and why: one list. A difference that is not there any more is an error."""

from collections.abc import Mapping
from pathlib import Path

from ccd.config.document import read_file
from tests.conformance.scenario import Scenario
from tests.conformance.switch import KINDS, SwitchKind

FILE = Path(__file__).parent / "differences.yaml"
Differences = Mapping[tuple[str, str], str]
"""The reason by scenario and switch."""


def read_differences(file: Path = FILE) -> Differences:
    """The list. Raises ValueError for a switch that there is not."""
    differences = read_file(file).data.get("differences") or {}
    known = {(name, switch): why for name, reasons in differences.items() for switch, why in reasons.items()}
    unknown = {switch for _, switch in known} - set(KINDS)
    if unknown:
        raise ValueError(f"{file}: no such switch: {sorted(unknown)}")
    return known


def golden(scenario: Scenario, kind: SwitchKind) -> Path:
    """The transcript that this switch must give: everybody's, or its own where it is known to differ."""
    own = scenario.golden.with_suffix(f".{kind.name}.txt")
    return own if own.exists() else scenario.golden
