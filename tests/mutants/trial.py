"""Mutants tried against the tests that run them, each in a fork of one process that has loaded all tests."""

import inspect
import os
import pickle
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import coverage
import pytest

from tests.mutants.mutant import CORE, Mutant, function_of, plant

AT_A_TIME = 2
PATIENCE, SLACK = 3, 10
"""A mutant has so many times the processor time of its tests, and so many seconds more."""
MOST_MEMORY = 4 << 30
SURVIVED, KILLED, BROKEN = 0, 1, 2

Verdict = Literal["killed", "timeout", "survived"]


@dataclass
class Plain:
    """The tests without a mutant: how long each takes, which of them run a line, and the first that fails."""

    lengths: dict[str, float] = field(default_factory=dict)
    by_line: dict[str, dict[int, list[str]]] = field(default_factory=dict)
    failed: str = ""

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Those that run the mutant's function, the quick ones first."""
        function = function_of(mutant)
        lines, start = inspect.getsourcelines(function)
        by_line = self.by_line.get(inspect.getfile(function), {})
        found = {test for line in range(start, start + len(lines)) for test in by_line.get(line, ()) if test}
        return sorted(found, key=lambda test: (self.lengths[test], test))


class Trial:
    """A plugin for pytest that tries mutants where it would run the tests."""

    def __init__(self, sample: Sequence[Mutant], tell: Callable[[Mutant, Verdict], None]) -> None:
        self._sample = sample
        self._tell = tell
        self._items: dict[str, pytest.Item] = {}
        self._failed = ""
        self._forks: dict[int, Mutant] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """In a fork: a test failed."""
        if report.failed:
            self._failed = self._failed or report.nodeid

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """All tests are loaded."""
        if session.testsfailed:
            raise pytest.UsageError("the tests do not load")
        self._items = {item.nodeid: item for item in session.items}
        plain = self._plain()
        if plain.failed:
            raise pytest.UsageError(f"without a mutant {plain.failed} fails")
        for mutant in self._sample:
            if len(self._forks) == AT_A_TIME:
                self._take()
            tests = plain.tests_of(mutant)
            most = SLACK + PATIENCE * sum(plain.lengths[test] for test in tests)
            self._forks[self._try(mutant, tests, int(most))] = mutant
        while self._forks:
            self._take()
        return True

    def _plain(self) -> Plain:
        """All tests once; in a fork, too, so that what they leave in memory is gone."""
        read, write = os.pipe()
        process = os.fork()
        if not process:
            with os.fdopen(write, "wb") as answer:
                pickle.dump(self._measured(), answer)
            os._exit(0)
        os.close(write)
        with os.fdopen(read, "rb") as answer:
            made: Plain = pickle.load(answer)
        os.waitpid(process, 0)
        return made

    def _measured(self) -> Plain:
        silence()
        made = Plain()
        watch = coverage.Coverage(data_file=None, include=[f"{CORE}/*"])
        watch.start()
        for name in self._items:
            watch.switch_context(name)
            began = time.process_time()
            self._passes(name)
            made.lengths[name] = time.process_time() - began
        watch.stop()
        data = watch.get_data()
        made.by_line = {path: data.contexts_by_lineno(path) for path in data.measured_files()}
        made.failed = self._failed
        return made

    def _passes(self, test: str) -> bool:
        item = self._items[test]
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        return not self._failed

    def _try(self, mutant: Mutant, tests: Sequence[str], seconds: int) -> int:
        """The process that runs the tests until one fails, or time or memory are used up."""
        process = os.fork()
        if process:
            return process
        try:
            plant(mutant)
        except Exception:
            traceback.print_exc()
            os._exit(BROKEN)
        try:
            silence()
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + SLACK))
            resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
            os._exit(SURVIVED if all(map(self._passes, tests)) else KILLED)
        finally:
            os._exit(KILLED)

    def _take(self) -> None:
        """The verdict on the mutant whose process ends first."""
        process, status = os.wait()
        mutant = self._forks.pop(process)
        code = os.waitstatus_to_exitcode(status)
        if code == BROKEN:
            raise pytest.UsageError(f"{mutant.name} cannot be changed:\n{mutant.diff()}")
        if code in (-signal.SIGKILL, -signal.SIGTERM):
            raise pytest.UsageError(f"somebody ended the process that tried {mutant.name}")
        if code == -signal.SIGXCPU:
            self._tell(mutant, "timeout")
        else:
            self._tell(mutant, "survived" if code == SURVIVED else "killed")


def silence() -> None:
    """What the tests say is for nobody."""
    sys.stdout.flush()
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
