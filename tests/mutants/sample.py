"""The sample, in the folder that is at hand: `tests/mutants/__main__.py` runs it in a copy."""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import pytest
import typer
from hypothesis import Phase, settings

from tests.mutants.mutant import Explained, Mutant, explanations, mutants
from tests.mutants.trial import Trial, Verdict

TESTS = (
    "core",
    "dialplans",
    "config/test_calendar.py",
    "config/test_expression.py",
    "config/test_verb.py",
    "simulation/test_world.py::test_days_with_every_fault_break_no_rule_and_leave_nothing",
)
"""The pure ones that are about `ccd/core`, and two days of simulation."""
GOAL = 0.9


class Result:
    """The verdicts, told as they come."""

    def __init__(self, explained: Sequence[Explained]) -> None:
        self._explained = explained
        self.count: Counter[Verdict] = Counter()
        self.explained = 0

    def take(self, mutant: Mutant, verdict: Verdict) -> None:
        """One more; a survivor is shown."""
        self.count[verdict] += 1
        if verdict == "survived":
            reason = next((one.reason for one in self._explained if one.is_of(mutant)), "")
            self.explained += bool(reason)
            typer.echo(f"{mutant.name} survived{f': {reason}' if reason else ', not explained'}\n{mutant.diff()}")
        if self.count.total() % 50 == 0:
            typer.echo(f"{self.count.total()} tried", err=True)

    @property
    def noticed(self) -> float:
        """The share that does not survive, explained or not."""
        return 1 - self.count["survived"] / self.count.total()

    def report(self) -> None:
        """The figures."""
        typer.echo(f"{self.count['killed']} killed by a failing test, {self.count['timeout']} by one that does not end")
        typer.echo(f"{self.count['survived']} survived, {self.explained} of them explained")
        typer.echo(f"{100 * self.noticed:.1f} % killed, goal {100 * GOAL:.0f} %")


def main(
    seed: Annotated[int, typer.Option("--seed", help="Of the sample.")] = 1,
    sample: Annotated[int, typer.Option("--sample", min=1, help="So many mutants.")] = 300,
    only: Annotated[str, typer.Option("--only", help="Functions whose names begin so, like ccd.core.talk.")] = "",
) -> None:
    """Try a sample of the mutants. Ends with 1 if fewer than 90 % are noticed, or an explanation is of no mutant."""
    everything = list(mutants())
    explained = explanations()
    stale = [one for one in explained if not any(one.is_of(mutant) for mutant in everything)]
    for one in stale:
        typer.echo(f"explained, but no mutant any more: {one}")
    whole = [mutant for mutant in everything if mutant.name.startswith(only)]
    chosen = sorted(random.Random(seed).sample(range(len(whole)), min(sample, len(whole))))
    result = Result(explained)
    # The property tests try the same examples every time, and do not look for the smallest that fails.
    settings.register_profile("mutants", derandomize=True, database=None, phases=[Phase.explicit, Phase.generate])
    settings.load_profile("mutants")
    options = ["-s", "-qq", "-p", "no:cacheprovider", "-p", "no:warnings", "--no-summary"]
    typer.echo(f"seed {seed}: {len(chosen)} of {len(whole)} mutants")
    ended = pytest.main(
        [*options, *(f"tests/{name}" for name in TESTS)], [Trial([whole[n] for n in chosen], result.take)]
    )
    if ended:
        raise typer.Exit(1)
    result.report()
    if stale or result.noticed < GOAL:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
