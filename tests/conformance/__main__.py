"""`make conformance`: the same scripts on each switch must give the same transcripts. Says what differs."""

import argparse
import asyncio
import difflib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ccd.config.problem import ConfigurationErrors
from ccd.lab import packages
from tests.conformance.coverage import table
from tests.conformance.difference import golden, read_differences
from tests.conformance.live import play_all
from tests.conformance.live_centre import live_centre
from tests.conformance.scenario import Scenario, read_all
from tests.conformance.simulated import Simulated
from tests.conformance.stage import ScriptError
from tests.conformance.switch import ASTERISK, FREESWITCH, KINDS, SIMULATED, SwitchKind

PREFIX = "FREESWITCH_PREFIX"
Told = Callable[[Scenario, str | ScriptError], None]


async def run(kind: SwitchKind, scenarios: Sequence[Scenario], told: Told) -> None:
    """All scenarios that can be played on it."""
    if kind is SIMULATED:
        simulated = Simulated(scenarios)
        await simulated.play_all(told)
        return
    with tempfile.TemporaryDirectory() as folder:
        async with live_centre(scenarios, kind, packages.get(), Path(folder)) as centre:
            await play_all(centre, lambda member, text: told(member.scenario, text))


class Report:
    """Tells of each scenario whether it is the same, and what differs. With `records` the transcript is kept."""

    def __init__(self, kind: SwitchKind, *, records: bool) -> None:
        self.failures = 0
        self._kind = kind
        self._records = records
        self._known = read_differences()
        self._began = time.monotonic()

    def told(self, scenario: Scenario, text: str | ScriptError) -> None:
        """One more."""
        verdict, detail = self._judged(scenario, text)
        print(f"{time.monotonic() - self._began:6.1f} s  {self._kind.name:10}  {scenario.name:30}  {verdict}")
        if detail:
            print(detail)

    def _judged(self, scenario: Scenario, text: str | ScriptError) -> tuple[str, str]:
        if isinstance(text, ScriptError):
            return self._fails("not played"), f"    {text}"
        if self._records:
            scenario.golden.write_text(text)
            return "recorded", ""
        wanted = golden(scenario, self._kind)
        if not wanted.exists():
            return self._fails("no transcript to compare with (--record)"), ""
        if text != wanted.read_text():
            return self._fails("different"), differing(wanted, text, self._kind)
        why = self._known.get((scenario.name, self._kind.name))
        if why is None:
            return "same", ""
        if text == scenario.golden.read_text():
            return self._fails(f"known to differ, and does not: {why}"), ""
        return f"differs as known: {why}", ""

    def _fails(self, verdict: str) -> str:
        self.failures += 1
        return verdict.upper()


def differing(wanted: Path, text: str, kind: SwitchKind) -> str:
    """The lines that differ."""
    lines = difflib.unified_diff(
        wanted.read_text().splitlines(), text.splitlines(), wanted.name, kind.name, n=2, lineterm=""
    )
    return "\n".join(f"    {line}" for line in lines)


def kinds(named: str) -> list[SwitchKind]:
    """Those that were asked for; of all of them, those that are there."""
    if named != "all":
        return [KINDS[named]]  # type: ignore[index]  # one of the choices
    if os.environ.get(PREFIX):
        return [SIMULATED, ASTERISK, FREESWITCH]
    print(f"freeswitch: not run, {PREFIX} is not set")
    return [SIMULATED, ASTERISK]


def main() -> int:
    """Exit code 1 where something differs that is not known to."""
    parser = argparse.ArgumentParser(prog="make conformance", description=__doc__)
    parser.add_argument("--switch", choices=[*KINDS, "all"], default="all")
    parser.add_argument("--only", help="scenarios by the beginning of their names")
    parser.add_argument("--record", action="store_true", help="keep what the simulated switch gives, to be reviewed")
    wanted = parser.parse_args()
    try:
        every = read_all()
    except ConfigurationErrors as error:
        print(error)
        return 2
    scenarios = [one for one in every if one.name.startswith(wanted.only or "")]
    failures = 0
    for kind in [SIMULATED] if wanted.record else kinds(wanted.switch):
        report = Report(kind, records=wanted.record)
        asyncio.run(run(kind, scenarios, report.told))
        failures += report.failures
    print("", *table(every, read_differences()), "", sep="\n")
    print(f"{len(scenarios)} scenarios, {failures} differ" if failures else f"{len(scenarios)} scenarios, all the same")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
